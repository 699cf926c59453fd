/** Constant load while the configuration changes: not one request fails. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from 'node:tls';

import { stringify } from 'yaml';

import { eventually } from '../../support/eventually.ts';
import { startGracefulUpstream, type GracefulUpstream } from '../../support/graceful-upstream.ts';
import { createKeyPair, tlsSecretOf, type TestKeyPair } from '../../support/key-pair.ts';
import { loadDuring } from '../../support/steady-load.ts';
import type { WebSocketClient } from '../../support/websocket-client.ts';
import { AUDIENCE, ingress, policy, startWorld, surroundings, type World } from '../../support/world.ts';
import { applied } from './applied.ts';
import {
  assertNothingLost,
  http1Callers,
  http2Callers,
  OPEN_HOST,
  PROTECTED_HOST,
  webSocketCallers,
  type Ways,
} from './callers.ts';

const CHANGES = 1_000;
const BURST = 8;
const RENEWALS = 10;

let world: World;
let pod: GracefulUpstream;

before(async () => {
  pod = await startGracefulUpstream();
  world = await startWorld({
    manifests: ({ issuer }) => manifests(issuer, pod.port),
    flags: ['--access-log=errors'],
  });
});
after(async () => {
  await world?.close();
  await pod.stop();
});

function manifests(issuer: string, upstreamPort: number, change = 0, secret = ''): string {
  const provider = `{ issuer: "${issuer}" }`;
  return [
    surroundings(upstreamPort),
    ingress(OPEN_HOST),
    // Its options, its plan and its host are those that the load uses, and others come and go beside it.
    ingress(PROTECTED_HOST, 'orders-api').replace('{ oidc-ingress', `{ ${scopes(change)}oidc-ingress`),
    policy(
      'orders-api',
      `{ provider: ${provider}, realm: "change ${change}", clientCredentials: { audience: "${AUDIENCE}" } }`,
    ),
    ...Array.from({ length: change % 5 }, (_, index) => ingress(`shop-${index}.example.com`, 'orders-api')),
    secret,
  ].join('\n');
}

/** Scopes that the client has, in every other version. */
function scopes(change: number): string {
  return change % 2 === 0 ? '' : 'oidc-ingress.io/scopes: "read:orders", ';
}

const write = (change: number, secret?: string): void =>
  world.write(manifests(world.auth0.issuer, pod.port, change, secret));

const ways = (ca?: string): Ways => ({
  http: () => world.gateway.ports.http,
  https: () => world.gateway.ports.https,
  ...(ca !== undefined && { ca }),
});

describe('under constant load', () => {
  it(`${CHANGES} changes of the manifests, in bursts, lose no request`, async () => {
    const webSockets: WebSocketClient[] = [];
    const callers = [
      ...http1Callers(ways()),
      ...http2Callers(ways()),
      ...webSocketCallers(ways(), webSockets),
    ];
    const report = await loadDuring(callers, async () => {
      for (let change = 1; change <= CHANGES; change += BURST) {
        await applied(world.gateway, () => write(change));
        for (let more = 1; more < BURST; more += 1) {
          write(change + more);
          await pause(more);
        }
      }
    });
    assertNothingLost(report, callers);
    assertUnbroken(webSockets);
    await eventually('the last change is live', async () => {
      const { headers } = await world.call({ host: PROTECTED_HOST });
      return String(headers['www-authenticate']).includes(`realm="change ${CHANGES}"`);
    });
  });

  it('certificates that are renewed break no connection, and new ones get the new certificate', async () => {
    const pairs = Array.from({ length: RENEWALS + 1 }, (_, index) =>
      // The first name is that of the issuer, by which a caller finds the authority.
      createKeyPair(`renewal-${index}.example.com`, OPEN_HOST, PROTECTED_HOST),
    );
    const authorities = pairs.map(({ certificate }) => certificate).join('\n');
    const renew = (index: number): void => write(index, secretFor(pairs[index]));
    await applied(world.gateway, () => renew(0));
    const webSockets: WebSocketClient[] = [];
    const callers = [
      ...http1Callers(ways(authorities)),
      ...http2Callers(ways(authorities)),
      ...webSocketCallers(ways(authorities), webSockets),
    ];
    const report = await loadDuring(callers, async () => {
      for (let index = 1; index <= RENEWALS; index += 1) {
        await applied(world.gateway, () => renew(index));
        // Each handshake may meet another proxy thread.
        const offered = await Promise.all(Array.from({ length: 8 }, offeredCertificate));
        assert.deepEqual(
          new Set(offered),
          new Set([pairs[index]?.certificate.replaceAll(/-----.*|\s/g, '')]),
        );
      }
    });
    assertNothingLost(report, callers);
    assertUnbroken(webSockets);
  });
});

/** Each has had one connection all the time. */
function assertUnbroken(clients: readonly WebSocketClient[]): void {
  assert.deepEqual(
    clients.map(({ opened }) => opened),
    [1, 1, 1, 1],
  );
}

function secretFor(pair: TestKeyPair | undefined): string {
  assert.ok(pair !== undefined);
  const hosts = `tls: [{ secretName: shop-tls, hosts: [${OPEN_HOST}, ${PROTECTED_HOST}] }]`;
  return `---\n${stringify(tlsSecretOf('shop-tls', pair))}${ingress('tls.example.com').replace('rules:', `${hosts}\n  rules:`)}`;
}

/** Base64, as PEM has it. */
async function offeredCertificate(): Promise<string> {
  const { https } = world.gateway.ports;
  const socket = connect({
    host: '127.0.0.1',
    port: https,
    servername: OPEN_HOST,
    rejectUnauthorized: false,
  });
  await once(socket, 'secureConnect');
  const { raw } = socket.getPeerCertificate();
  socket.destroy();
  return raw.toString('base64');
}
