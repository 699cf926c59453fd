/** A real Kubernetes API server for tests, and what `kubectl` would do with it. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { parseAllDocuments, stringify } from 'yaml';

import { createKubeHttp } from '../../src/kube/http.ts';
import { findApiServerBinaries, type ApiServerBinaries } from './api-server-binaries.ts';
import { startControlPlane, type ControlPlane } from './control-plane.ts';
import { eventually } from './eventually.ts';

const READY_DEADLINE_MS = 90_000;
const CALL_TIMEOUT_MS = 20_000;

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** An object as the API server gives it. */
export interface ApiObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation?: number;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

export interface ApiServer {
  readonly url: string;
  /** PEM. */
  readonly ca: string;
  readonly adminToken: string;
  /** For the administrator. */
  readonly kubeconfigPath: string;
  /** Any call, as administrator. The type of a PATCH is that of its body: server-side apply. */
  request(method: Method, path: string, body?: unknown, contentType?: string): Promise<ApiAnswer>;
  /** Server-side apply of each document of `manifest`, as `kubectl apply`. Fails with the words of the server. */
  apply(manifest: string | object): Promise<readonly ApiObject[]>;
  /** Deletes what each document names. */
  delete(manifest: string | object): Promise<void>;
  /** A token for a service account, as its pods hold it; with `audience` one that is for another than the API server. */
  tokenFor(namespace: string, serviceAccount: string, audience?: string): Promise<string>;
  /** Writes a kubeconfig for another token. @returns its path. */
  kubeconfigFor(token: string): Promise<string>;
  /** Ends the API server at once; its data stay. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** After {@link ApiServer.kill}, or without it: ends the server and starts it at the same address over the same data. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

interface Named {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** Resolves when the server is ready. `binaries` as {@link findApiServerBinaries} found them. */
export async function startApiServer(binaries?: ApiServerBinaries): Promise<ApiServer> {
  const found = binaries ?? (await findApiServerBinaries());
  if (found.kind === 'none') throw new Error(found.why);
  const plane = found.kind === 'k3s' ? await startK3s(found.image) : await startControlPlane(found.path);
  const directory = await mkdtemp(join(tmpdir(), 'oidc-ingress-kubeconfig-'));
  const { url, ca, adminToken } = plane;
  const http = createKubeHttp({
    server: new URL(url),
    authorize: () =>
      Promise.resolve({
        headers: { authorization: `Bearer ${adminToken}` },
        tls: { ca },
        auth: undefined,
        agent: undefined,
      }),
    reload: () => {},
  });
  let configs = 0;

  async function kubeconfigFor(token: string): Promise<string> {
    configs += 1;
    const path = join(directory, `${configs}.yaml`);
    await writeFile(path, kubeconfig(plane, token), { mode: 0o600 });
    return path;
  }

  async function request(
    method: Method,
    path: string,
    body?: unknown,
    contentType = method === 'PATCH' ? 'application/apply-patch+yaml' : 'application/json',
  ): Promise<ApiAnswer> {
    const [before = '', search = ''] = path.split('?');
    const query = Object.fromEntries(new URLSearchParams(search));
    const timeoutMs = CALL_TIMEOUT_MS;
    return await http.request({ method, path: before, query, body, contentType, timeoutMs });
  }

  async function mustSucceed(what: string, answer: ApiAnswer): Promise<unknown> {
    if (answer.status >= 200 && answer.status < 300) return answer.body;
    const { message } = (answer.body ?? {}) as { readonly message?: string };
    throw new Error(`${what}: ${answer.status}: ${message ?? JSON.stringify(answer.body)}`);
  }

  async function pathOf({ apiVersion, kind, metadata }: Named): Promise<string> {
    const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    // A CustomResourceDefinition is served some time after it was accepted.
    return await eventually(`${apiVersion} serves ${kind}`, async () => {
      const { resources } = (await mustSucceed(group, await request('GET', group))) as {
        readonly resources: readonly {
          readonly name: string;
          readonly kind: string;
          readonly namespaced: boolean;
        }[];
      };
      const resource = resources.find((row) => row.kind === kind && !row.name.includes('/'));
      if (resource === undefined) return undefined;
      const namespace = metadata.namespace ?? 'default';
      const place = resource.namespaced ? `/namespaces/${namespace}` : '';
      return `${group}${place}/${resource.name}/${metadata.name}`;
    });
  }

  async function ready(): Promise<void> {
    try {
      await eventually(
        'the API server is ready',
        async () => (await request('GET', '/readyz')).status === 200,
        READY_DEADLINE_MS,
      );
    } catch (error) {
      const lines = await plane.lastLines();
      await plane.stop();
      throw new Error(`the API server does not come up:\n${lines}`, { cause: error });
    }
  }

  await ready();
  // Made by the server a moment after it is ready; without it namespaced objects are refused.
  await eventually('namespace default', async () => {
    return (await request('GET', '/api/v1/namespaces/default')).status === 200;
  });

  return {
    url,
    ca,
    adminToken,
    kubeconfigPath: await kubeconfigFor(adminToken),
    request,
    async apply(manifest) {
      const applied: ApiObject[] = [];
      for (const object of documentsOf(manifest)) {
        const path = `${await pathOf(object)}?fieldManager=test&force=true`;
        const answer = await request('PATCH', path, object);
        applied.push(
          (await mustSucceed(`apply ${object.kind} ${object.metadata.name}`, answer)) as ApiObject,
        );
      }
      return applied;
    },
    async delete(manifest) {
      for (const object of documentsOf(manifest)) {
        const answer = await request('DELETE', await pathOf(object));
        await mustSucceed(`delete ${object.kind} ${object.metadata.name}`, answer);
      }
    },
    async tokenFor(namespace, serviceAccount, audience) {
      const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`;
      const spec = audience === undefined ? {} : { audiences: [audience] };
      const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec };
      const answer = await request('POST', path, body);
      const { status } = (await mustSucceed('TokenRequest', answer)) as {
        readonly status: { readonly token: string };
      };
      return status.token;
    },
    kubeconfigFor,
    kill: (signal = 'SIGKILL') => plane.kill(signal),
    async restart() {
      await plane.kill('SIGKILL');
      await plane.start();
      await ready();
    },
    async stop() {
      http.close();
      await plane.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function startK3s(image: string): Promise<ControlPlane> {
  const k3s = await import('./control-plane-k3s.ts');
  return await k3s.startK3s(image);
}

function documentsOf(manifest: string | object): readonly Named[] {
  if (typeof manifest === 'object') return [manifest as Named];
  return parseAllDocuments(manifest)
    .map((document) => document.toJS() as Named | null)
    .filter((object) => object !== null);
}

function kubeconfig({ url, ca }: ControlPlane, token: string): string {
  const authority = Buffer.from(ca).toString('base64');
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server: url, 'certificate-authority-data': authority } }],
    users: [{ name: 'test', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    'current-context': 'test',
  });
}
