/** The caches never hold more than their bounds, whatever is put into them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import type { Grant } from '../../../src/authz/ports.ts';
import { compactToken } from '../../../src/oauth/compact-token.ts';
import { OutcomeStore } from '../../../src/oauth/outcome-store.ts';
import { ThreadGrants } from '../../../src/oauth/thread-grants.ts';

const KEYS = Array.from({ length: 40 }, (_, index) => `key-${index}`);
const TOKEN = `e30.${Buffer.from('{"azp":"a"}').toString('base64url')}.c2ln`;
const steps = fc.array(
  fc.record({ key: fc.constantFrom(...KEYS), kind: fc.constantFrom('token', 'refusal', 'look', 'drop') }),
  { maxLength: 200 },
);

test('the broker holds no more tokens and refusals than it may', () => {
  fc.assert(
    fc.property(
      steps,
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 8 }),
      (given, maxTokens, maxRefusals) => {
        const entries = { tokens: 0, refusals: 0 };
        const store = new OutcomeStore({
          maxTokens,
          maxRefusals,
          telemetry: {
            cacheEntries: (cache: keyof typeof entries, count: number) => (entries[cache] = count),
            cacheEvicted: () => {},
          } as unknown as ConstructorParameters<typeof OutcomeStore>[0]['telemetry'],
        });
        for (const { key, kind } of given) {
          if (kind === 'token') {
            const held = { issuer: 'i', providerKey: 'p', clientId: 'a', secretTag: 't', keyId: undefined };
            store.keepToken(key, {
              ...held,
              token: compactToken(TOKEN),
              usableUntilMs: 1_000,
              refreshFromMs: 900,
            });
          } else if (kind === 'refusal') {
            const refusal = {
              kind: 'refused',
              reason: 'InvalidClient',
              detail: '',
              keepUntilMs: 1_000,
              retryAtMs: undefined,
            } as const;
            store.keepRefusal(key, 'a', refusal);
          } else if (kind === 'look') store.token(key, 0);
          else store.dropToken(key, 'purged');
          assert.ok(entries.tokens <= maxTokens && entries.refusals <= maxRefusals);
          assert.ok(KEYS.filter((known) => store.token(known, 0) !== undefined).length <= maxTokens);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('a proxy thread holds no more tokens than it may, and the latest in full beside them', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 8 }), (given, maxTokens) => {
      const grants = new ThreadGrants(maxTokens);
      const grant: Grant = {
        kind: 'granted',
        token: TOKEN,
        claims: { azp: 'a' },
        keyId: 'k',
        issuer: 'i',
        usableUntilMs: 1,
        refreshFromMs: 1,
      };
      for (const { key, kind } of given) {
        if (kind === 'drop') grants.delete(key);
        else if (kind === 'look') grants.get(key);
        else grants.set(key, grant);
      }
      const found = KEYS.filter((key) => grants.get(key) !== undefined);
      assert.ok(found.length <= 2 * maxTokens, `${found.length} of ${maxTokens}`);
      grants.deleteClient('a');
      assert.ok(KEYS.every((key) => grants.get(key) === undefined));
    }),
  );
});
