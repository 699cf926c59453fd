/** The servers of `dev` beside the gateway: the emulated Auth0 tenant and the sample API, together or one alone. */

import { CannotListen } from '../../src/config/cannot-listen.ts';
import type { DEV_FLAGS } from '../../src/config/commands.ts';
import type { FlagValues } from '../../src/config/flags.ts';
import type { ListenAddress } from '../../src/config/values.ts';
import { startAuth0Emulator, type Auth0Emulator } from '../../src/dev/auth0-emulator.ts';
import { DEMO_TENANT } from '../../src/dev/demo-tenant.ts';
import { startEchoUpstream, type EchoUpstream } from '../../src/dev/echo-upstream.ts';

export type DevFlags = FlagValues<typeof DEV_FLAGS>;

/** @throws {CannotListen} */
export async function startEmulator(flags: DevFlags): Promise<Auth0Emulator> {
  const issuer = flags['emulator-issuer'];
  return listening('emulator-address', flags, (address) =>
    startAuth0Emulator({ tenant: DEMO_TENANT, ...address, ...(issuer === undefined ? {} : { issuer }) }),
  );
}

/** @throws {CannotListen} */
export async function startUpstream(flags: DevFlags): Promise<EchoUpstream> {
  return listening('upstream-address', flags, startEchoUpstream);
}

async function listening<T>(
  flag: 'emulator-address' | 'upstream-address',
  flags: DevFlags,
  open: (address: { readonly host: string; readonly port: number }) => Promise<T>,
): Promise<T> {
  const { host = '127.0.0.1', port = 0 }: Partial<ListenAddress> = flags[flag] ?? {};
  try {
    return await open({ host, port });
  } catch (error) {
    throw new CannotListen(flag, { host, port }, error);
  }
}
