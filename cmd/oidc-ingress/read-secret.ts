/** Takes a client secret from where other users of the machine cannot see it: never from the command line. */

import { text } from 'node:stream/consumers';

/** @returns `undefined` where there is none. */
export async function readSecret(): Promise<string | undefined> {
  const fromEnvironment = process.env['OIDC_INGRESS_CLIENT_SECRET'];
  if (fromEnvironment !== undefined && fromEnvironment !== '') return fromEnvironment;
  // A terminal would show what is typed.
  if (process.stdin.isTTY) return undefined;
  const piped = await text(process.stdin);
  const secret = piped.replace(/\r?\n$/, '');
  return secret === '' ? undefined : secret;
}
