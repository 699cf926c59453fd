/** Which API server to talk to, and with which credentials: kubeconfig files, service accounts, exec plugins. */

import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Agent } from 'node:http';
import type { RequestOptions } from 'node:https';
import { delimiter } from 'node:path';

import type { KubeConfig } from '@kubernetes/client-node';

import { findTokenFile, kubeconfigFiles } from './token-file.ts';

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const SERVICE_ACCOUNT_TOKEN = `${SERVICE_ACCOUNT}/token`;

export interface ClusterAccess {
  /** Base URL of the API server. */
  readonly server: URL;
  /** TLS settings and headers for one request; tokens that rotate are read anew. */
  authorize(): Promise<Authorization>;
  /** Forgets cached credentials, after the API server refused them. */
  reload(): void;
}

export interface Authorization {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>;
  /** User name and password, as `node:http` takes them. */
  readonly auth: string | undefined;
  /** Where the cluster is reached through a proxy. */
  readonly agent: Agent | undefined;
}

/**
 * `path` names a kubeconfig; without it the service account of the pod counts, else `KUBECONFIG`, else
 * `~/.kube/config`. The client library is loaded here and not before: it costs 250 ms and 80 MB, which a gateway that
 * serves files has no use for.
 * @throws when there is no usable configuration
 */
export async function openCluster(path: string | undefined): Promise<ClusterAccess> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const isInPod = path === undefined && existsSync(SERVICE_ACCOUNT_TOKEN);
  const load = async (): Promise<Loaded> => {
    const config = loadConfig(new KubeConfig(), path, isInPod);
    const user = config.getCurrentUser()?.name ?? '';
    const tokenFile = isInPod ? SERVICE_ACCOUNT_TOKEN : await findTokenFile(kubeconfigFiles(path), user);
    return { config, tokenFile };
  };
  let loaded = load();
  return {
    server: serverOf((await loaded).config),
    authorize: async () => await authorize(await loaded),
    reload: () => {
      const before = loaded;
      // A file that is being written may be broken for a moment: what was read last still counts.
      loaded = load().catch(() => before);
    },
  };
}

interface Loaded {
  readonly config: KubeConfig;
  /** Where the token is, to be read for each request: it is replaced every hour or so. */
  readonly tokenFile: string | undefined;
}

function loadConfig(config: KubeConfig, path: string | undefined, isInPod: boolean): KubeConfig {
  if (!isInPod) assertThere(path);
  try {
    if (path !== undefined) config.loadFromFile(path);
    else if (isInPod) config.loadFromCluster();
    else config.loadFromDefault();
  } catch (error) {
    throwWithoutLines(error, path);
  }
  return config;
}

/** Says who named a file that is not there; the library does not. */
function assertThere(path: string | undefined): void {
  const named = path === undefined ? (process.env['KUBECONFIG'] ?? '').split(delimiter) : [path];
  const missing = named.find((file) => file !== '' && !existsSync(file));
  if (missing === undefined) return;
  throw new Error(`${path === undefined ? 'KUBECONFIG' : '--kubeconfig'}: there is no file "${missing}"`);
}

/** The namespace of the service account that is mounted into this pod; `undefined` outside of pods. */
export function serviceAccountNamespace(): string | undefined {
  try {
    return readFileSync(`${SERVICE_ACCOUNT}/namespace`, 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}

function serverOf(config: KubeConfig): URL {
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    const context: string | undefined = config.getCurrentContext();
    throw new Error(
      context
        ? `kubeconfig: the current context "${context}" names no cluster`
        : 'kubeconfig: current-context must be set',
    );
  }
  // What the library falls back to where it finds nothing at all.
  if (cluster.name === 'cluster' && cluster.server === 'http://localhost:8080') {
    throw new Error(
      'no Kubernetes cluster is configured: run in a pod, or set --kubeconfig or KUBECONFIG, or use --manifests',
    );
  }
  const server = URL.parse(cluster.server);
  if (server === null || !['http:', 'https:'].includes(server.protocol)) {
    throw new Error(`kubeconfig: server "${cluster.server}" must be an http or https URL`);
  }
  return server;
}

async function authorize({ config, tokenFile }: Loaded): Promise<Authorization> {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options).catch(throwWithoutQuote);
  const headers = Object.entries(options.headers ?? {}).map(([name, value]) => [name, String(value).trim()]);
  const { ca, cert, key, servername, rejectUnauthorized } = options;
  const token = tokenFile === undefined ? undefined : (await readFile(tokenFile, 'utf8')).trim();
  return {
    headers: {
      ...Object.fromEntries(headers),
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    },
    tls: {
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(servername !== undefined && { servername }),
      ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
    },
    auth: options.auth ?? undefined,
    agent: config.getCurrentCluster()?.proxyUrl === undefined ? undefined : (options.agent as Agent),
  };
}

/** The message of the YAML library quotes the lines around a fault, which may hold a token or a key. */
function throwWithoutLines(error: unknown, path: string | undefined): never {
  const file = path === undefined ? 'KUBECONFIG: the file' : `--kubeconfig: "${path}"`;
  const isYaml = error instanceof Error && error.name === 'YAMLException';
  throw isYaml ? new Error(`${file} is not valid YAML`) : error;
}

/** The message of `JSON.parse` quotes what an exec plugin printed, which may be a token. */
function throwWithoutQuote(error: unknown): never {
  throw error instanceof SyntaxError ? new Error('kubeconfig: the exec plugin must print JSON') : error;
}
