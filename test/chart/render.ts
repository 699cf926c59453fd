/** Renders the chart with Helm, as its users do. */

import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { basename } from 'node:path';
import { promisify } from 'node:util';

import { parseAllDocuments } from 'yaml';

export const CHART = 'charts/oidc-ingress';
const RELEASE = 'oidc-ingress';

/** By name: `default` is `ci/default-values.yaml`. */
export const VALUES_FILES: ReadonlyMap<string, string> = new Map(
  globSync(`${CHART}/ci/*-values.yaml`)
    .sort()
    .map((path) => [basename(path, '-values.yaml'), path]),
);

/** As far as the tests look into objects. */
export interface RenderedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly rules?: readonly Rule[];
  readonly data?: Readonly<Record<string, string>>;
}

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

export interface HelmResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function runHelm(helm: string, ...args: readonly string[]): Promise<HelmResult> {
  try {
    return { code: 0, ...(await promisify(execFile)(helm, args, { maxBuffer: 16 * 1024 * 1024 })) };
  } catch (error) {
    const { code, stdout, stderr } = error as HelmResult;
    return { code, stdout, stderr };
  }
}

/** `helm template` with further arguments such as `--values=FILE` and `--set=NAME=VALUE`. */
export function template(helm: string, ...args: readonly string[]): Promise<HelmResult> {
  return runHelm(helm, 'template', RELEASE, CHART, '--namespace=oidc-ingress', ...args);
}

/** @throws with what Helm says, and where a document is no YAML, such as with a key given twice */
export async function render(helm: string, ...args: readonly string[]): Promise<readonly RenderedObject[]> {
  const { code, stdout, stderr } = await template(helm, ...args);
  if (code !== 0) throw new Error(stderr);
  const documents = parseAllDocuments(stdout);
  if ('empty' in documents) return [];
  for (const { errors } of documents) if (errors[0] !== undefined) throw errors[0];
  return documents.map((document) => document.toJS() as RenderedObject);
}
