/** The sample manifests for an emulator and an upstream that listen elsewhere than the files say. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { parseAllDocuments, type Document } from 'yaml';

import { findManifests } from '../files/find-manifests.ts';

/** What the sample manifests say. */
const SAMPLE: DemoAddresses = {
  issuer: 'http://127.0.0.1:4000/',
  upstream: { address: '127.0.0.1', port: 3000 },
};

export interface DemoAddresses {
  readonly issuer: string;
  readonly upstream: { readonly address: string; readonly port: number };
}

export interface DemoManifests {
  /** The samples themselves where they fit, so that they can be edited while the gateway follows; else a copy. */
  readonly directory: string;
  /** Removes the copy. */
  remove(): Promise<void>;
}

export async function prepareManifests(samples: string, addresses: DemoAddresses): Promise<DemoManifests> {
  const { issuer, upstream } = addresses;
  const isFitting =
    issuer === SAMPLE.issuer &&
    upstream.address === SAMPLE.upstream.address &&
    upstream.port === SAMPLE.upstream.port;
  if (isFitting) return { directory: samples, remove: () => Promise.resolve() };
  const directory = await mkdtemp(join(tmpdir(), 'oidc-ingress-dev-'));
  const { files } = await findManifests(samples);
  for (const file of files) {
    const text = await readFile(join(samples, file), 'utf8');
    await writeFile(join(directory, basename(file)), rewriteManifest(text, addresses));
  }
  return { directory, remove: () => rm(directory, { recursive: true, force: true }) };
}

/** Replaces the issuer and the endpoint of the samples, and nothing else. */
export function rewriteManifest(text: string, { issuer, upstream }: DemoAddresses): string {
  const documents = parseAllDocuments(text);
  if ('empty' in documents) return text;
  for (const document of documents) {
    replace(document, ['spec', 'provider', 'issuer'], SAMPLE.issuer, issuer);
    if (document.get('kind') !== 'EndpointSlice') continue;
    replace(document, ['endpoints', 0, 'addresses', 0], SAMPLE.upstream.address, upstream.address);
    replace(document, ['ports', 0, 'port'], SAMPLE.upstream.port, upstream.port);
  }
  return documents.map(String).join('');
}

function replace(
  document: Document.Parsed,
  path: readonly (string | number)[],
  from: unknown,
  to: unknown,
): void {
  if (document.getIn(path) === from) document.setIn(path, to);
}
