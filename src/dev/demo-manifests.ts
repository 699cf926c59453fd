/** The sample manifests for an emulator and an upstream that listen elsewhere than the files say. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { isScalar, parseAllDocuments, type Document } from 'yaml';

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
  readonly remove: () => Promise<void>;
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

/** Replaces the issuer and the endpoint of the samples, and not one other byte. */
export function rewriteManifest(text: string, { issuer, upstream }: DemoAddresses): string {
  const documents = parseAllDocuments(text);
  if ('empty' in documents) return text;
  const replacements: readonly Replacement[] = [
    { path: ['spec', 'provider', 'issuer'], from: SAMPLE.issuer, to: issuer },
    { path: ['endpoints', 0, 'addresses', 0], from: SAMPLE.upstream.address, to: upstream.address },
    { path: ['ports', 0, 'port'], from: SAMPLE.upstream.port, to: upstream.port },
  ];
  const edits = documents.flatMap((document) => replacements.flatMap((change) => edit(document, change)));
  // From the end, so that the places of those before stay as they are.
  return edits
    .toSorted((a, b) => b.start - a.start)
    .reduce((edited, { start, end, value }) => edited.slice(0, start) + value + edited.slice(end), text);
}

interface Replacement {
  readonly path: readonly (string | number)[];
  readonly from: string | number;
  readonly to: string | number;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly value: string;
}

function edit(document: Document.Parsed, { path, from, to }: Replacement): readonly Edit[] {
  const node = document.getIn(path, true);
  if (!isScalar(node) || node.value !== from || !node.range) return [];
  const [start, end] = node.range;
  return [{ start, end, value: String(to) }];
}
