/** The `tokenFile` of a user in a kubeconfig, which the client library does not know. */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';

import { parse } from 'yaml';
import { z } from 'zod';

const kubeconfigSchema = z.object({
  users: z
    .array(z.object({ name: z.string(), user: z.object({ tokenFile: z.string().nullish() }).nullish() }))
    .nullish(),
});

/** The files of a configuration, in the order in which they count: `path`, else `KUBECONFIG`, else `~/.kube/config`. */
export function kubeconfigFiles(path: string | undefined): readonly string[] {
  const files = path === undefined ? process.env['KUBECONFIG']?.split(delimiter) : [path];
  return (files ?? [join(homedir(), '.kube', 'config')]).filter((file) => file !== '' && existsSync(file));
}

/** @returns the absolute path that the first file gives that knows `user`; a relative one is relative to that file */
export async function findTokenFile(files: readonly string[], user: string): Promise<string | undefined> {
  for (const file of files) {
    const parsed = kubeconfigSchema.safeParse(parse(await readFile(file, 'utf8')));
    const found = parsed.data?.users?.find(({ name }) => name === user);
    if (found === undefined) continue;
    const tokenFile = found.user?.tokenFile;
    return tokenFile ? resolve(dirname(file), tokenFile) : undefined;
  }
  return undefined;
}
