/** The CustomResourceDefinition on a real API server: it must judge every spec as the decoder does. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { parse } from 'yaml';

import { decodePolicySpec } from '../../../src/policy/decode.ts';
import { celMessages } from '../../support/cel-messages.ts';
import { findApiServerBinaries } from '../../support/api-server-binaries.ts';
import { startApiServer, type ApiAnswer, type ApiObject, type ApiServer } from '../../support/api-server.ts';
import { eventually } from '../../support/eventually.ts';
import { CRD } from '../../support/product.ts';
import { skipWithout } from '../../support/tools.ts';
import { ACCEPTED } from '../../unit/policy/accepted-specs.ts';
import { REFUSED } from '../../unit/policy/refused-specs.ts';
import { policy } from '../../unit/policy/spec-builders.ts';

const CEL_MESSAGES: ReadonlySet<string> = celMessages(parse(CRD));
const POLICIES = '/apis/oidc-ingress.io/v1alpha1/namespaces/default/oidcpolicies';
const binaries = await findApiServerBinaries();

interface Refusal {
  readonly message: string;
  readonly details?: { readonly causes?: readonly { readonly field?: string; readonly message?: string }[] };
}

describe('the CRD of OIDCPolicy', { skip: skipWithout(binaries) }, () => {
  let server: ApiServer;

  before(async () => {
    server = await startApiServer(binaries);
    await server.apply(CRD);
    await eventually(
      'OIDCPolicy is served',
      async () => (await server.request('GET', POLICIES)).status === 200,
    );
  });
  after(() => server.stop());

  function create(spec: unknown, name = 'case', dryRun = true): Promise<ApiAnswer> {
    const query = `fieldValidation=Strict${dryRun ? '&dryRun=All' : ''}`;
    const object = {
      apiVersion: 'oidc-ingress.io/v1alpha1',
      kind: 'OIDCPolicy',
      metadata: { name, namespace: 'default' },
      spec,
    };
    return server.request('POST', `${POLICIES}?${query}`, object);
  }

  for (const { name, spec } of ACCEPTED) {
    test(`the API server accepts ${name}, with the defaults of the decoder`, async () => {
      const { status, body } = await create(spec);
      assert.equal(status, 201, JSON.stringify(body));
      const decoded = decodePolicySpec(spec);
      assert.ok(decoded.kind === 'valid');
      // What is absent is `undefined` here and missing there.
      assert.deepEqual((body as { readonly spec: unknown }).spec, JSON.parse(JSON.stringify(decoded.spec)));
    });
  }

  for (const { name, spec, want, serverField } of REFUSED) {
    test(`the API server refuses ${name} and names the field`, async () => {
      const { status, body } = await create(spec);
      assert.ok(status === 422 || status === 400, `${status} ${JSON.stringify(body)}`);
      const texts = textsOf(body as Refusal);
      const [field = '', message = ''] = splitFault(want);
      assert.ok(
        texts.some((text) => text.includes(serverField ?? field)),
        `nothing about ${serverField ?? field}: ${texts.join('\n')}`,
      );
      // What the CRD states in CEL is explained in the words of the decoder. Below a union CEL is blind.
      if (CEL_MESSAGES.has(message) && !field.startsWith('spec.upstream.token')) {
        assert.ok(
          texts.some((text) => text.includes(message)),
          `not said: ${message}: ${texts.join('\n')}`,
        );
      }
    });
  }

  test('an unknown field is dropped where the client asks for no strictness, never kept', async () => {
    const spec = policy({ exampt: [{ path: '/' }], upstream: { haeders: {} } });
    const object = {
      apiVersion: 'oidc-ingress.io/v1alpha1',
      kind: 'OIDCPolicy',
      metadata: { name: 'case' },
      spec,
    };
    const { status, body } = await server.request(
      'POST',
      `${POLICIES}?dryRun=All&fieldValidation=Ignore`,
      object,
    );
    assert.equal(status, 201);
    assert.equal(JSON.stringify(body).match(/exampt|haeders/), null);
  });

  test('the status is a subresource: a writer of specs cannot set it, and a status write changes no spec', async () => {
    const { body } = await create(policy({}), 'with-status', false);
    const { metadata } = body as ApiObject;
    const conditions = [
      {
        type: 'Accepted',
        status: 'True',
        reason: 'Accepted',
        message: '',
        lastTransitionTime: '2026-01-01T00:00:00Z',
        observedGeneration: 1,
      },
    ];
    const rows = [{ namespace: 'shop', name: 'orders', state: 'Enforced', reason: 'Enforced' }];
    const written = await server.request('PATCH', `${POLICIES}/${metadata.name}/status?fieldManager=test`, {
      apiVersion: 'oidc-ingress.io/v1alpha1',
      kind: 'OIDCPolicy',
      metadata: { name: metadata.name },
      status: { observedGeneration: 1, conditions, ingresses: { total: 1, enforced: 1, refused: 0, rows } },
    });
    assert.equal(written.status, 200, JSON.stringify(written.body));
    const after = written.body as ApiObject & { readonly spec: unknown };
    assert.equal(after.metadata.generation, 1);
    assert.deepEqual(after.spec, (body as { readonly spec: unknown }).spec);
  });

  test('a table shows issuer, conditions and Ingresses', async () => {
    const name = 'with-columns';
    await create(policy({}), name, false);
    const crd = await server.request(
      'GET',
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/oidcpolicies.oidc-ingress.io',
    );
    const { spec } = crd.body as {
      readonly spec: {
        readonly names: { readonly shortNames: readonly string[]; readonly categories: readonly string[] };
        readonly versions: readonly {
          readonly additionalPrinterColumns: readonly {
            readonly name: string;
            readonly priority?: number;
          }[];
        }[];
      };
    };
    assert.deepEqual(spec.names.shortNames, ['oidcp']);
    assert.deepEqual(spec.names.categories, ['oidc-ingress']);
    const columns = spec.versions[0]?.additionalPrinterColumns ?? [];
    const named = (isWide: boolean): readonly string[] =>
      columns
        .filter(({ priority = 0 }) => priority > 0 === isWide)
        .map((column) => column.name.toUpperCase());
    assert.deepEqual(named(false), ['ISSUER', 'ACCEPTED', 'ISSUER-READY', 'INGRESSES', 'AGE']);
    assert.deepEqual(named(true), ['MODE', 'REFUSED', 'WARNINGS']);
  });
});

/** Everything that a refusal says, one text for each cause. */
function textsOf({ message, details }: Refusal): readonly string[] {
  return [message, ...(details?.causes ?? []).map((cause) => `${cause.field}: ${cause.message}`)];
}

/** The first fault of a text, without what was found. */
function splitFault(text: string): readonly string[] {
  const [first = ''] = text.split('; spec');
  const end = first.indexOf(': ');
  return [first.slice(0, end), first.slice(end + 2).replace(/, found .*$/, '')];
}
