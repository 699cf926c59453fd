/** What `explain` says of a request. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { explainRequest } from '../../../src/match/explain.ts';
import {
  backendOf,
  compileManifests,
  ingressOf,
  OUR_CLASS,
  policyOf,
  ruleOf,
  serviceOf,
} from '../../support/snapshot.ts';

const POLICY = { 'oidc-ingress.io/policy': 'api' };

const { table, problems } = compileManifests([
  OUR_CLASS,
  ...serviceOf('web'),
  policyOf({
    bearer: {},
    transport: 'TlsOnly',
    require: {
      scopes: ['read admin', 'use'],
      claims: [{ path: ['org', 'id'], operator: 'OneOf', values: ['a', 'b'] }],
      clients: ['c1', 'c2'],
    },
    rules: [{ methods: ['POST'], require: { scopes: ['write'], scopesClaim: 'permissions' } }],
    exempt: [{ path: '/healthz', pathType: 'Exact' }],
  }),
  policyOf({ mode: 'DryRun', clientCredentials: { sources: ['Query', 'Body'] } }, 'trial'),
  policyOf({ clientCredentials: { parameterNames: { clientId: 'user', clientSecret: 'key' } } }, 'renamed'),
  ingressOf({ annotations: POLICY, spec: { rules: [ruleOf('a.com', 'Prefix /')] } }),
  ingressOf({
    name: 'trial',
    annotations: { 'oidc-ingress.io/policy': 'trial' },
    spec: { rules: [ruleOf('trial.com', 'Prefix /')] },
  }),
  ingressOf({
    name: 'renamed',
    annotations: { 'oidc-ingress.io/policy': 'renamed' },
    spec: { rules: [ruleOf('renamed.com', 'Prefix /')] },
  }),
  ingressOf({
    name: 'open',
    spec: { rules: [ruleOf('*.open.com', 'Exact /x'), ruleOf(undefined, 'Exact /y')] },
  }),
  ingressOf({
    name: 'broken',
    annotations: { 'oidc-ingress.io/policy': 'missing' },
    spec: { rules: [ruleOf('broken.com', 'Prefix /admin')] },
  }),
  ingressOf({
    name: 'down',
    spec: {
      rules: [
        {
          host: 'down.com',
          http: { paths: [{ path: '/', pathType: 'Prefix', backend: backendOf('gone', 80) }] },
        },
      ],
    },
  }),
]);

function explain(url: string, method = 'GET') {
  const { text, isServed } = explainRequest(table, problems, { url: new URL(url), method });
  return { lines: text.trimEnd().split('\n'), isServed };
}

describe('explain', () => {
  it('tells what a protected request needs, and where it goes', () => {
    assert.deepEqual(explain('https://a.com/v1'), {
      isServed: true,
      lines: [
        'GET https://a.com/v1',
        '  host         a.com, by a rule for exactly this host',
        '  path         /v1, by Prefix /',
        '  ingress      shop/web',
        '  policy       shop/api',
        '  issuer       https://acme.eu.auth0.com/',
        '  credentials  client ID and secret by HTTP Basic or a bearer token',
        '  audience     https://api.acme.com/',
        '  scopes       read or admin and use, in the claim scope',
        '  claims       org.id OneOf "a" "b"',
        '  clients      c1 or c2',
        '  rule         none of the policy matches this request',
        '  transport    credentials are accepted over TLS only',
        '  backend      shop/web:80',
        '  endpoints    10.0.0.1:8080',
        '  result       is served',
      ],
    });
  });

  it('tells what the rule that matches adds', () => {
    const { lines } = explain('https://a.com/v1', 'POST');
    assert.ok(lines.includes('  rule scopes  write, in the claim permissions'), lines.join('\n'));
  });

  it('tells that a request is exempt', () => {
    const { lines, isServed } = explain('http://a.com/healthz');
    assert.ok(isServed);
    assert.ok(lines.includes('  exempt     yes: no credentials are needed'), lines.join('\n'));
  });

  it('tells that a policy in DryRun refuses nothing', () => {
    const { lines, isServed } = explain('http://trial.com/');
    assert.ok(isServed);
    assert.ok(lines.includes('  policy       shop/trial (DryRun: nothing is refused)'), lines.join('\n'));
    assert.ok(lines.includes('  audience     any'));
    assert.ok(lines.includes('  credentials  client ID and secret in the query or in the body'));
  });

  const withSecret: readonly { name: string; given: string; want: string }[] = [
    {
      name: 'of a policy',
      given: 'https://a.com/v1?client_id=c1&client_secret=s3&a=b',
      want: 'https://a.com/v1?a=b',
    },
    { name: 'that are encoded', given: 'https://a.com/v1?client%5Fsecret=s3', want: 'https://a.com/v1' },
    {
      name: 'under names of its own',
      given: 'https://renamed.com/?user=c1&key=s3',
      want: 'https://renamed.com/',
    },
    { name: 'of another policy', given: 'https://a.com/?key=s3', want: 'https://a.com/' },
    { name: 'in front of the host', given: 'https://c1:s3@a.com/v1', want: 'https://a.com/v1' },
    {
      name: 'for a route that asks for none',
      given: 'https://b.open.com/x?client_secret=s3',
      want: 'https://b.open.com/x',
    },
  ];
  for (const { name, given, want } of withSecret) {
    it(`does not repeat credentials ${name}`, () => {
      const { lines } = explain(given);
      assert.equal(lines[0], `GET ${want}`);
      assert.doesNotMatch(lines.join('\n'), /s3|c1$/m);
    });
  }

  const refused: readonly { name: string; given: string; want: readonly string[] }[] = [
    {
      name: 'clear text where TLS is required',
      given: 'http://a.com/v1',
      want: ['  result       403 TlsRequired'],
    },
    {
      name: 'a host that nobody declares',
      given: 'https://nobody.org/z',
      want: [
        '  host    nobody.org, by a rule for any host',
        '  path    /z: no path of this host covers it, and no Ingress has a default backend',
        '  result  404 NoRoute',
      ],
    },
    {
      name: 'a path that a wildcard host lacks',
      given: 'https://b.open.com/y',
      want: ['  host    b.open.com, by the wildcard *.open.com', '  result  404 NoRoute'],
    },
    {
      name: 'a policy that is missing, with its name and the cause',
      given: 'https://broken.com/admin/x',
      want: [
        '  policy   shop/missing',
        '  cause    PolicyNotFound: OIDCPolicy shop/missing does not exist',
        '  result   503 PolicyUnavailable',
      ],
    },
    {
      name: 'a Service that is missing',
      given: 'https://down.com/',
      want: ['  cause    ServiceNotFound: Service shop/gone does not exist', '  result   503 NoEndpoints'],
    },
    {
      name: 'a path that the proxy takes for an attack',
      given: 'https://a.com/x%2fy',
      want: ['  cause   path must not hold an encoded slash, backslash or NUL', '  result  400 BadRequest'],
    },
  ];
  for (const { name, given, want } of refused) {
    it(`tells of ${name}`, () => {
      const { lines, isServed } = explain(given);
      assert.ok(!isServed);
      for (const line of want) assert.ok(lines.includes(line), `${line}\nnot in\n${lines.join('\n')}`);
    });
  }

  it('tells that only the default backend takes a request', () => {
    const spec = { defaultBackend: backendOf('web', 80) };
    const withDefault = compileManifests([OUR_CLASS, ...serviceOf('web'), ingressOf({ spec })]).table;
    const request = { url: new URL('http://nobody.org/z'), method: 'GET' };
    const { text, isServed } = explainRequest(withDefault, [], request);
    assert.ok(isServed);
    assert.match(text, /host +nobody\.org: no rule names it\n/);
    assert.match(text, /path +\/z: no rule covers it, so the default backend takes it\n/);
  });

  it('tells the problems of the Ingress that the request meets, and of no other', () => {
    const { lines } = explain('https://down.com/');
    assert.deepEqual(
      lines.filter((line) => line.includes('problem')),
      ['  problem  ServiceNotFound at spec.rules[0].http.paths[0].backend: Service shop/gone does not exist'],
    );
  });

  it('tells of an open route that it is open', () => {
    const { lines, isServed } = explain('http://b.open.com/x');
    assert.ok(isServed);
    assert.ok(lines.includes('  policy     none: the route is open to everyone'), lines.join('\n'));
  });
});

describe('explain of an Ingress with options', () => {
  const annotate = (annotations: Readonly<Record<string, string>>) =>
    Object.fromEntries(
      Object.entries(annotations).map(([name, value]) => [`oidc-ingress.io/${name}`, value]),
    );
  const asked = compileManifests([
    OUR_CLASS,
    ...serviceOf('web'),
    ...serviceOf('next'),
    ingressOf({
      annotations: annotate({
        'ssl-redirect': 'true',
        'rewrite-prefix': '/v2',
        timeouts: 'connect=500ms,idle=5m',
        'max-body-size': '1k',
        'allow-source-ranges': '10.0.0.0/8',
        'deny-source-ranges': '10.1.0.0/16',
        'rate-limit': '10/1m client',
        'cors-allow-origins': 'https://app.example.com',
        'request-headers': 'set X-Key: secret\nremove X-Debug',
        'session-affinity': 'route',
      }),
      spec: { rules: [ruleOf('a.com', 'Prefix /')] },
    }),
    ingressOf({
      name: 'next',
      annotations: annotate({ canary: 'header=X-Next:yes' }),
      spec: {
        rules: [
          {
            host: 'a.com',
            http: { paths: [{ path: '/', pathType: 'Prefix', backend: backendOf('next', 80) }] },
          },
        ],
      },
    }),
    ingressOf({
      name: 'moved',
      annotations: annotate({ redirect: '301 https://a.com/' }),
      spec: { rules: [ruleOf('old.com', 'Prefix /')] },
    }),
  ]);
  const linesOf = (url: string) => {
    const { text, isServed } = explainRequest(asked.table, asked.problems, {
      url: new URL(url),
      method: 'GET',
    });
    return { lines: text.trimEnd().split('\n').slice(4), isServed };
  };

  it('tells every option, no value of a header, and the canaries', () => {
    assert.deepEqual(linesOf('https://a.com/v1'), {
      isServed: true,
      lines: [
        '  policy     none: the route is open to everyone',
        '  backend    shop/web:80',
        '  endpoints  10.0.0.1:8080',
        '  canary     requests with x-next: yes to shop/next:80, by Ingress shop/next',
        '  rewrite    the matching path becomes /v2',
        '  timeouts   connect 0.5 s, idle 300 s',
        '  body       at most 1024 bytes',
        '  sources    not from 10.1.0.0/16; only from 10.0.0.0/8',
        '  rate       10 requests in 60 s for each client',
        '  cors       for https://app.example.com',
        '  request    sets X-Key, removes x-debug',
        '  affinity   by the cookie route',
        '  result     is served',
      ],
    });
  });

  it('tells where a request is redirected to', () => {
    const clear = linesOf('http://a.com/v1?a=b&client_secret=s3');
    assert.deepEqual(
      [clear.lines.at(-1), clear.isServed],
      ['  result     308 to https://a.com/v1?a=b', false],
    );
    const moved = linesOf('https://old.com/');
    assert.deepEqual([moved.lines.at(-1), moved.isServed], ['  result     301 to https://a.com/', false]);
  });
});
