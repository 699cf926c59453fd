/** What the gateway says about a provider: condition IssuerReady, its warnings, and `check`. */

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';

import { Redacted } from '../../../src/model/redacted.ts';
import type { ClientCredentialsPlan, PolicyPlan, ProviderSettings } from '../../../src/model/table.ts';
import { preflight } from '../../../src/oauth/preflight.ts';
import {
  LOOPBACK_ALLOWED,
  createBench,
  exchangeRequest,
  planFor,
  type BrokerBench,
} from '../../support/broker-bench.ts';
import { eventually } from '../../support/eventually.ts';
import { createKeyPair, NOT_AFTER, NOT_BEFORE } from '../../support/key-pair.ts';
import {
  startScriptedProvider,
  type ScriptedAnswer,
  type ScriptedProvider,
} from '../../support/scripted-provider.ts';

let provider: ScriptedProvider;
let bench: BrokerBench;
let defaults: Pick<ScriptedProvider, 'onDiscovery' | 'onJwks' | 'onToken'>;

before(async () => {
  provider = await startScriptedProvider(() => bench.clock.nowMs());
  const { onDiscovery, onJwks, onToken } = provider;
  defaults = { onDiscovery, onJwks, onToken };
});
after(() => provider.stop());
beforeEach(() => {
  bench = createBench();
  Object.assign(provider, defaults);
  provider.fetches.discovery = 0;
  provider.fetches.jwks = 0;
});

const withProvider = (changes: Partial<ProviderSettings>): PolicyPlan => {
  const plan = planFor(provider.issuer);
  return { ...plan, provider: { ...plan.provider, ...changes } };
};

const withGrant = (changes: Partial<ClientCredentialsPlan>): PolicyPlan => {
  const plan = planFor(provider.issuer);
  assert.ok(plan.clientCredentials !== undefined);
  return { ...plan, clientCredentials: { ...plan.clientCredentials, ...changes } };
};

const discovery = (changes: Readonly<Record<string, unknown>>) => (): ScriptedAnswer => {
  const { body } = defaults.onDiscovery();
  return { body: { ...(body as object), ...changes } };
};

/** The state after the first look. */
async function look(plan: PolicyPlan) {
  bench.broker.observe([plan]);
  const state = await eventually('the provider is looked at', async () => {
    const seen = bench.broker.issuerState(plan);
    return seen.status !== 'Unknown' && seen;
  });
  await bench.broker.close();
  return state;
}

describe('the state of an issuer', () => {
  it('is pending before anything is known, and tells its listeners when that changes', async () => {
    const plan = planFor(provider.issuer);
    assert.deepEqual(bench.broker.issuerState(plan), {
      status: 'Unknown',
      reason: 'Pending',
      message: `${provider.issuer} has not been looked at yet`,
      warnings: [],
    });
    const { promise: told, resolve } = Promise.withResolvers<void>();
    bench.broker.onIssuerStateChange(resolve);
    bench.broker.observe([plan]);
    await told;
    await eventually('it is ready', async () => bench.broker.issuerState(plan).reason === 'Ready');
    await bench.broker.close();
    assert.deepEqual(bench.clock.pending(), [], 'nothing is left running');
  });

  interface Case {
    readonly name: string;
    readonly given: () => Partial<Pick<ScriptedProvider, 'onDiscovery' | 'onJwks'>>;
    readonly plan?: () => PolicyPlan;
    readonly want: () => readonly [string, string, string];
  }
  const configuration = (): string => `${provider.origin}/.well-known/openid-configuration`;
  const CASES: readonly Case[] = [
    {
      name: 'well',
      given: () => ({}),
      want: () => ['True', 'Ready', `${provider.issuer} publishes 1 signing key`],
    },
    {
      name: 'without discovery document',
      given: () => ({ onDiscovery: () => ({ status: 404 }) }),
      want: () => ['False', 'DiscoveryFailed', `${configuration()}: answered 404`],
    },
    {
      name: 'with a redirect in place of the document',
      given: () => ({ onDiscovery: () => ({ status: 301, headers: { location: provider.issuer } }) }),
      want: () => [
        'False',
        'DiscoveryFailed',
        `${configuration()}: answered 301, and redirects are not followed`,
      ],
    },
    {
      name: 'with HTML in place of the document',
      given: () => ({ onDiscovery: () => ({ body: '<html>' }) }),
      want: () => ['False', 'DiscoveryFailed', `${configuration()}: did not answer with JSON`],
    },
    {
      name: 'named without the slash at its end',
      given: () => ({}),
      plan: () => withProvider({ issuer: provider.origin }),
      want: () => [
        'False',
        'IssuerMismatch',
        `${configuration()}: spec.provider.issuer must be "${provider.issuer}", with the same slash at the end; found "${provider.origin}"`,
      ],
    },
    {
      name: 'behind a custom domain',
      given: () => ({ onDiscovery: discovery({ issuer: 'https://acme.eu.auth0.com/' }) }),
      want: () => [
        'False',
        'IssuerMismatch',
        `${configuration()}: the provider calls itself "https://acme.eu.auth0.com/", not "${provider.issuer}": name the domain that issues the tokens`,
      ],
    },
    {
      name: 'without a JWKS URL',
      given: () => ({ onDiscovery: discovery({ jwks_uri: undefined }) }),
      want: () => [
        'False',
        'DiscoveryFailed',
        `${configuration()} holds no jwks_uri: set spec.provider.jwksUri`,
      ],
    },
    {
      name: 'without a token endpoint',
      given: () => ({ onDiscovery: discovery({ token_endpoint: undefined }) }),
      want: () => [
        'False',
        'DiscoveryFailed',
        `${configuration()} holds no token_endpoint: set spec.provider.tokenEndpoint`,
      ],
    },
    {
      name: 'without keys',
      given: () => ({ onJwks: () => ({ body: { keys: [] } }) }),
      want: () => [
        'False',
        'NoKeys',
        `${provider.origin}/.well-known/jwks.json: holds no public signing key`,
      ],
    },
    {
      name: 'with keys that are too short',
      given: () => ({
        onJwks: () => ({ body: { keys: [{ kty: 'RSA', kid: 'k1', n: 'x'.repeat(171), e: 'AQAB' }] } }),
      }),
      want: () => [
        'False',
        'NoKeys',
        `${provider.origin}/.well-known/jwks.json: holds no public signing key but RSA keys of fewer than 2048 bits`,
      ],
    },
    {
      name: 'with keys of another algorithm',
      given: () => ({}),
      plan: () => ({
        ...planFor(provider.issuer),
        verification: { algorithms: ['ES256', 'RS512'], clockToleranceSeconds: 0, bindClient: true },
      }),
      want: () => [
        'False',
        'UnsupportedAlgorithm',
        `no key of ${provider.issuer} can sign with ES256, RS512, but with RS256: see spec.verification.algorithms`,
      ],
    },
    {
      name: 'with keys that no policy could use',
      given: () => ({
        onJwks: () => ({ body: { keys: [{ kty: 'EC', crv: 'P-521', x: 'AA', y: 'AA' }] } }),
      }),
      want: () => [
        'False',
        'UnsupportedAlgorithm',
        `no key of ${provider.issuer} can sign with RS256, nor with any other algorithm that a policy may name: see spec.verification.algorithms`,
      ],
    },
    {
      name: 'at an address that a provider may not have',
      given: () => ({}),
      plan: () => withProvider({ issuer: 'http://169.254.169.254/' }),
      want: () => [
        'False',
        'DiscoveryFailed',
        'http://169.254.169.254/.well-known/openid-configuration: 169.254.169.254 is not an address that a provider may have: see --allow-provider-cidrs',
      ],
    },
  ];
  for (const { name, given, plan = () => planFor(provider.issuer), want } of CASES) {
    it(`${name} is told in words`, async () => {
      Object.assign(provider, given());
      const { status, reason, message } = await look(plan());
      assert.deepEqual([status, reason, message], want());
    });
  }

  it('without a token endpoint will do for bearer tokens alone', async () => {
    provider.onDiscovery = discovery({ token_endpoint: undefined });
    const state = await look({ ...planFor(provider.issuer), clientCredentials: undefined });
    assert.equal(state.reason, 'Ready');
  });

  it('is found without discovery where both endpoints are given', async () => {
    const plan = withProvider({
      issuer: 'https://issuer.test/',
      tokenEndpoint: `${provider.origin}/oauth/token`,
      jwksUri: `${provider.origin}/.well-known/jwks.json`,
    });
    provider.onToken = (call) => provider.grant(call, { claims: { iss: 'https://issuer.test/' } });
    const outcome = await bench.broker.obtain(exchangeRequest({ plan }));
    await bench.broker.close();
    assert.equal(outcome.kind, 'granted');
    assert.equal(provider.fetches.discovery, 0);
  });

  it('is asked with the longest time-out that its policies give', async () => {
    const message = (plan: PolicyPlan): string => bench.broker.issuerState(plan).message;
    provider.onDiscovery = () => ({ after: new Promise<void>(() => {}) });
    const short = withProvider({ timeoutMs: 100 });
    const long = { ...withProvider({ timeoutMs: 200 }), policy: 'shop/long' };
    bench.broker.observe([short]);
    await eventually('it fails', async () => message(short).endsWith('did not answer within 100 ms'));
    bench.broker.observe([short, long]);
    await eventually('it fails after the longer one', async () => {
      bench.clock.advance(1_000);
      return message(short).endsWith('did not answer within 200 ms');
    });
    bench.broker.observe([short]);
    await eventually('it fails after the one that is left', async () => {
      bench.clock.advance(10_000);
      return message(short).endsWith('did not answer within 100 ms');
    });
    await bench.broker.close();
  });

  it('is not down for others because one policy has no patience', async () => {
    const { promise: opened, resolve: open } = Promise.withResolvers<void>();
    const patient = withProvider({ timeoutMs: 5_000 });
    const hasty = { ...withProvider({ timeoutMs: 100 }), policy: 'shop/hasty' };
    bench.broker.observe([patient, hasty]);
    provider.onToken = async (call) => ({ ...(await provider.grant(call)), after: opened });
    const late = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        bench.broker.obtain(exchangeRequest({ plan: hasty, clientId: `hasty-${index}` })),
      ),
    );
    open();
    const outcome = await bench.broker.obtain(exchangeRequest({ plan: patient }));
    await bench.broker.close();
    assert.ok(late.every((each) => each.kind === 'refused' && each.reason === 'ProviderUnavailable'));
    assert.equal(outcome.kind, 'granted');
  });

  it('has another token endpoint where the gateway shows a certificate', async () => {
    const aliases = { token_endpoint: `${provider.origin}/oauth/token`, jwks_uri: 7 };
    provider.onDiscovery = discovery({
      token_endpoint: `${provider.origin}/elsewhere`,
      mtls_endpoint_aliases: aliases,
    });
    const { certificate, privateKey } = createKeyPair('gateway');
    const clientCertificate = {
      secret: 'shop/gateway',
      chain: certificate,
      digest: 'd',
      notBeforeMs: NOT_BEFORE,
      notAfterMs: NOT_AFTER,
    };
    const outcomeOf = async (plan: PolicyPlan) => {
      bench = createBench({ providerKey: () => new Redacted(privateKey) });
      const outcome = await bench.broker.obtain(exchangeRequest({ plan }));
      await bench.broker.close();
      return outcome.kind === 'granted' ? 'granted' : outcome.reason;
    };
    assert.equal(await outcomeOf(withProvider({ clientCertificate })), 'granted');
    assert.equal(await outcomeOf(withProvider({})), 'ProviderMisconfigured');
  });

  it('recovers by itself', async () => {
    const plan = planFor(provider.issuer);
    provider.onDiscovery = () => ({ status: 503 });
    bench.broker.observe([plan]);
    await eventually('it fails', async () => bench.broker.issuerState(plan).status === 'False');
    Object.assign(provider, defaults);
    await eventually('it recovers', async () => {
      bench.clock.advance(1_000);
      return bench.broker.issuerState(plan).status === 'True';
    });
    await bench.broker.close();
    const messages = bench.recorded.logs.map(({ level, message }) => `${level} ${message}`);
    assert.deepEqual(messages, ['warn provider cannot be read', 'info provider is well again']);
  });

  it('stays ready through an outage, with a warning', async () => {
    const plan = planFor(provider.issuer);
    bench.broker.observe([plan]);
    await eventually('it is ready', async () => bench.broker.issuerState(plan).status === 'True');
    provider.onJwks = () => ({ status: 500 });
    bench.clock.advance(660_000);
    const state = await eventually('it warns', async () => {
      const seen = bench.broker.issuerState(plan);
      return seen.warnings.length > 0 && seen;
    });
    await bench.broker.close();
    assert.equal(state.status, 'True');
    assert.deepEqual(state.warnings, [
      {
        reason: 'ProviderStale',
        message: `the last good copy is used: ${provider.origin}/.well-known/jwks.json: answered 500`,
      },
    ]);
  });

  it('shows the last failure that no caller can cure, until an exchange succeeds', async () => {
    const plan = planFor(provider.issuer);
    provider.onToken = () => ({ status: 400, body: { error: 'invalid_target' } });
    await bench.broker.obtain(exchangeRequest({ plan }));
    assert.deepEqual(bench.broker.issuerState(plan).warnings, [
      {
        reason: 'ProviderMisconfigured',
        message: 'the provider refused the token request with 400 (error: invalid_target)',
      },
    ]);
    provider.onToken = (call) => provider.grant(call);
    bench.clock.advance(5_000);
    await bench.broker.obtain(exchangeRequest({ plan }));
    assert.deepEqual(bench.broker.issuerState(plan).warnings, []);
    await bench.broker.close();
  });

  it('shows a token endpoint at which no provider may be', async () => {
    const plan = withProvider({ tokenEndpoint: 'http://169.254.169.254/token' });
    const outcome = await bench.broker.obtain(exchangeRequest({ plan }));
    const { warnings } = bench.broker.issuerState(plan);
    await bench.broker.close();
    assert.equal(outcome.kind === 'refused' && outcome.reason, 'ProviderMisconfigured');
    assert.deepEqual(warnings, [
      {
        reason: 'ProviderMisconfigured',
        message:
          'the token endpoint may not be called: 169.254.169.254 is not an address that a provider may have: see --allow-provider-cidrs',
      },
    ]);
  });

  it('is forgotten with its tokens when no policy names it any more', async () => {
    const plan = planFor(provider.issuer);
    bench.broker.observe([plan]);
    await bench.broker.obtain(exchangeRequest({ plan }));
    bench.broker.observe([]);
    assert.equal(bench.broker.issuerState(plan).reason, 'Pending');
    assert.ok(bench.recorded.lines.includes('tokens 0'));
    await bench.broker.close();
    assert.deepEqual(bench.clock.pending(), []);
  });

  it('says nothing more once the broker is closed', async () => {
    const { promise: opened, resolve: open } = Promise.withResolvers<void>();
    provider.onDiscovery = () => ({ after: opened });
    bench.broker.observe([planFor(provider.issuer)]);
    await eventually('the document is asked for', async () => provider.fetches.discovery === 1);
    await bench.broker.close();
    open();
    const outcome = await bench.broker.obtain(exchangeRequest({ plan: planFor(provider.issuer) }));
    assert.deepEqual(
      [outcome.kind === 'refused' && outcome.reason, bench.recorded.logs],
      ['ProviderUnavailable', []],
    );
  });

  it('that will not do is the reason of a refusal', async () => {
    provider.onDiscovery = discovery({ issuer: 'https://acme.eu.auth0.com/' });
    const outcome = await bench.broker.obtain(exchangeRequest({ plan: planFor(provider.issuer) }));
    await bench.broker.close();
    assert.equal(outcome.kind === 'refused' && outcome.reason, 'ProviderMisconfigured');
  });
});

describe('preflight', () => {
  const check = (plan: PolicyPlan) =>
    preflight(plan, { network: LOOPBACK_ALLOWED, providerKey: () => undefined });

  it('finds everything in order', async () => {
    assert.deepEqual(await check(planFor(provider.issuer)), [
      {
        level: 'ok',
        reason: 'Discovered',
        message: `${provider.origin}/.well-known/openid-configuration names its endpoints`,
      },
      { level: 'ok', reason: 'Ready', message: `${provider.issuer} publishes 1 signing key` },
    ]);
  });

  it('warns of a grant that the provider does not offer', async () => {
    provider.onDiscovery = discovery({ grant_types_supported: ['authorization_code'] });
    const findings = await check(planFor(provider.issuer));
    assert.deepEqual(
      findings.filter(({ level }) => level === 'warning'),
      [
        {
          level: 'warning',
          reason: 'GrantNotOffered',
          message: 'the provider does not list client_credentials among its grant_types_supported',
        },
      ],
    );
  });

  it('warns of a way of authentication that the provider does not offer', async () => {
    provider.onDiscovery = discovery({ token_endpoint_auth_methods_supported: ['client_secret_basic'] });
    const warnings = (await check(planFor(provider.issuer))).filter(({ level }) => level === 'warning');
    assert.deepEqual(warnings, [
      {
        level: 'warning',
        reason: 'AuthMethodNotOffered',
        message:
          'the provider offers client_secret_basic, not client_secret_post: see spec.clientCredentials.tokenEndpointAuthMethod',
      },
    ]);
    const other = await check(withGrant({ tokenEndpointAuthMethod: 'client_secret_basic' }));
    assert.ok(other.every(({ level }) => level === 'ok'));
  });

  it('finds a document without a token endpoint', async () => {
    provider.onDiscovery = discovery({ token_endpoint: undefined });
    const [, finding] = await check(planFor(provider.issuer));
    assert.equal(finding?.level, 'error');
    assert.match(finding?.message ?? '', /holds no token_endpoint: set spec\.provider\.tokenEndpoint/);
  });

  it('finds a provider that does not answer', async () => {
    const plan = withProvider({ issuer: 'http://127.0.0.1:1/' });
    assert.deepEqual(await check(plan), [
      {
        level: 'error',
        reason: 'DiscoveryFailed',
        message: 'http://127.0.0.1:1/.well-known/openid-configuration: 127.0.0.1:1 refuses the connection',
      },
    ]);
  });
});
