/** Reads one manifest file within bounds, once whoever writes it is done. */

import { open, type FileHandle } from 'node:fs/promises';

import { parseManifest, type ParsedManifest } from './parse-manifest.ts';

const MAX_FILE_BYTES = 4 * 1024 * 1024;

export type ReadManifest =
  | { readonly kind: 'read'; readonly stamp: string; readonly manifest: ParsedManifest }
  /** It still has the stamp that is known. */
  | { readonly kind: 'unchanged' }
  /** It is being written: what would be read may be half of it. */
  | { readonly kind: 'unsettled' }
  | { readonly kind: 'missing' };

export interface ReadOptions {
  /** As people should see it. */
  readonly name: string;
  /** Stamp of the state that is known already. */
  readonly known?: string | undefined;
  /** How old the last change must be; 0 reads in any case. */
  readonly settledForMs: number;
}

/** Never rejects: what goes wrong is a fault of the manifest. */
export async function readManifest(path: string, options: ReadOptions): Promise<ReadManifest> {
  const { name, known, settledForMs } = options;
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    const { stamp, size, ageMs } = await stateOf(file);
    if (stamp === known) return { kind: 'unchanged' };
    // A clock that differs between file system and machine must not hold a file back for ever.
    if (ageMs >= 0 && ageMs < settledForMs) return { kind: 'unsettled' };
    if (size > MAX_FILE_BYTES) {
      return { kind: 'read', stamp, manifest: faulty(name, `must be at most ${MAX_FILE_BYTES} bytes`) };
    }
    const bytes = await file.readFile();
    if (settledForMs > 0 && (await stateOf(file)).stamp !== stamp) return { kind: 'unsettled' };
    return { kind: 'read', stamp, manifest: parseBytes(name, bytes) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return { kind: 'missing' };
    const message = code === 'EACCES' ? 'permission denied' : `cannot be read: ${String(code ?? error)}`;
    return { kind: 'read', stamp: message, manifest: faulty(name, message) };
  } finally {
    await file?.close();
  }
}

async function stateOf(
  file: FileHandle,
): Promise<{ readonly stamp: string; readonly size: bigint; readonly ageMs: number }> {
  const { dev, ino, size, mtimeNs, ctimeNs, mtimeMs } = await file.stat({ bigint: true });
  return { stamp: [dev, ino, size, mtimeNs, ctimeNs].join(' '), size, ageMs: Date.now() - Number(mtimeMs) };
}

function parseBytes(name: string, bytes: Buffer): ParsedManifest {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return faulty(name, 'must be UTF-8 text');
  }
  return parseManifest(name, text);
}

function faulty(location: string, message: string): ParsedManifest {
  return { objects: [], ignored: [], faults: [{ location, message }] };
}
