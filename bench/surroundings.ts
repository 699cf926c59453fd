/** What every subject needs around it: an upstream, an issuer, and a certificate. */

import { createKeyPair, type TestKeyPair } from '../test/support/key-pair.ts';
import { HOST, startIssuer, type Issuer } from './issuer.ts';
import { startUpstream } from './nginx.ts';

export interface Surroundings {
  readonly issuer: Issuer;
  readonly upstreamPort: number;
  readonly keyPair: TestKeyPair;
}

export interface RunningSurroundings extends Surroundings {
  close(): Promise<void>;
}

export async function startSurroundings(): Promise<RunningSurroundings> {
  // An exit is what all that was started waits for.
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
  const [issuer, upstream] = [await startIssuer(), await startUpstream()];
  return {
    issuer,
    upstreamPort: upstream.port,
    keyPair: createKeyPair(HOST),
    async close() {
      await Promise.all([issuer.close(), upstream.close()]);
    },
  };
}
