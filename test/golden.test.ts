/**
 * Golden cases: objects in, routing table and statuses out, and what requests meet. `UPDATE_GOLDEN=1` writes
 * `table.yaml` and `status.yaml` anew; `requests.yaml` is written by hand and says what is right.
 */

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { parse, parseAllDocuments, stringify } from 'yaml';
import { z } from 'zod';

import type { CompileOptions, CompileResult } from '../src/compile/result.ts';
import { createMatcher } from '../src/match/matcher.ts';
import { objectKey } from '../src/model/objects.ts';
import { PROBLEM_REASONS, type ProblemReason } from '../src/model/problems.ts';
import type { RoutingTable } from '../src/model/table.ts';
import { compileManifests } from './support/snapshot.ts';

const FOLDER = fileURLToPath(new URL('./golden/', import.meta.url));
const FILES = ['in.yaml', 'requests.yaml', 'status.yaml', 'table.yaml'];
const SENTENCE = /^[a-z0-9]+(-[a-z0-9]+){2,}$/;

const want = z.union([
  z.literal('NoRoute'),
  z.strictObject({
    ingress: z.string(),
    backend: z.string(),
    plan: z.string().optional(),
    options: z.string().optional(),
    canaries: z.array(z.string()).optional(),
  }),
  z.strictObject({
    ingress: z.string(),
    refuse: z.enum(['PolicyUnavailable', 'NoEndpoints']),
    cause: z.enum(Object.keys(PROBLEM_REASONS) as [ProblemReason]),
  }),
]);

const requestsSchema = z.strictObject({
  options: z
    .strictObject({
      ingressClass: z.string(),
      watchIngressWithoutClass: z.boolean(),
      allowInsecureIssuers: z.boolean(),
      allowedIssuers: z.array(z.string()),
      allowLoopbackEndpoints: z.boolean(),
      allowExternalNames: z.boolean(),
      sslRedirectByDefault: z.boolean(),
      hostOwnership: z.enum(['none', 'namespace']),
    })
    .partial()
    .default({}),
  requests: z.array(z.strictObject({ host: z.string(), path: z.string(), want })).min(1),
});

interface Requests {
  readonly options: Partial<CompileOptions>;
  readonly requests: z.output<typeof requestsSchema>['requests'];
}

function readRequests(file: string): Requests {
  const { options, requests } = requestsSchema.parse(parse(readFileSync(file, 'utf8')));
  return { options: options as Partial<CompileOptions>, requests };
}

/** What a request meets, in the words of `requests.yaml`. */
function outcome(table: RoutingTable, host: string, path: string): z.output<typeof want> {
  const route = createMatcher(table).match(host, path)?.route;
  if (route === undefined) return 'NoRoute';
  const ingress = objectKey(route.ingress);
  if (route.action.kind === 'forward') {
    const { backend, plan, canaries } = route.action;
    const { options } = route;
    return {
      ingress,
      backend,
      ...(plan === undefined ? {} : { plan }),
      ...(options === undefined ? {} : { options }),
      ...(canaries.length === 0 ? {} : { canaries: canaries.map((canary) => canary.backend) }),
    };
  }
  const cause = (route.action.cause.split(':', 1)[0] ?? '') as ProblemReason;
  return { ingress, refuse: route.action.reason, cause };
}

function statusOf({ problems, policies, ingresses }: CompileResult) {
  return {
    problems: problems.map(({ reason, object, field, message }) => ({
      object: `${object.kind} ${objectKey(object)}`,
      field,
      reason,
      message,
    })),
    policies: Object.fromEntries(
      Object.entries(policies).map(([key, { meta: _meta, plan: _plan, ...verdict }]) => [key, verdict]),
    ),
    ingresses: ingresses.map(objectKey),
  };
}

/** Through JSON, so that `undefined` and absent are the same. */
function assertGolden(file: string, actual: unknown): void {
  const plain: unknown = JSON.parse(JSON.stringify(actual));
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, stringify(plain, { lineWidth: 0 }));
  assert.ok(existsSync(file), `${file} is missing: run with UPDATE_GOLDEN=1`);
  assert.deepEqual(plain, parse(readFileSync(file, 'utf8')));
}

function readManifests(file: string): readonly unknown[] {
  return parseAllDocuments(readFileSync(file, 'utf8')).map((document) => {
    assert.deepEqual(document.errors, [], file);
    return document.toJS() as unknown;
  });
}

const cases = readdirSync(FOLDER).toSorted();

describe('golden cases', () => {
  it('are folders named by a sentence, each with exactly the four files', () => {
    assert.ok(cases.length >= 25, `only ${cases.length} cases`);
    for (const name of cases) {
      assert.match(name, SENTENCE);
      assert.deepEqual(readdirSync(join(FOLDER, name)).sort(), FILES, name);
    }
  });

  for (const name of cases) {
    describe(name, () => {
      const file = (base: string): string => join(FOLDER, name, base);
      const { options, requests } = readRequests(file('requests.yaml'));
      const manifests = readManifests(file('in.yaml'));
      const result = compileManifests(manifests, options);

      it('compiles to the table and the statuses that are on file', () => {
        assertGolden(file('table.yaml'), result.table);
        assertGolden(file('status.yaml'), statusOf(result));
      });
      it('does so in the opposite order, too', () => {
        assert.equal(
          JSON.stringify(compileManifests(manifests.toReversed(), options)),
          JSON.stringify(result),
        );
      });
      for (const { host, path, want } of requests) {
        it(`answers ${host || 'no host'} ${path}`, () =>
          assert.deepEqual(outcome(result.table, host, path), want));
      }
    });
  }
});
