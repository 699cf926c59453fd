/** The five features and 30 scenarios of the Ingress conformance suite of Kubernetes, as data. */

export interface Scenario {
  readonly name: string;
  readonly request: {
    readonly scheme: 'http' | 'https';
    readonly method: string;
    /** Empty: the address of the gateway. */
    readonly host: string;
    readonly path: string;
  };
  /** The Service that answers; `404`: none does. */
  readonly want: string | 404;
}

export interface Feature {
  readonly name: string;
  /** `spec` of its Ingress. */
  readonly spec: Readonly<Record<string, unknown>>;
  /** A host that {@link Feature.spec} names, and a path that is served: they show when it is live. */
  readonly probe: { readonly host: string; readonly path: string };
  readonly scenarios: readonly Scenario[];
}

export const TLS_SECRET = 'conformance-tls';
const PORT = 8080;

function backend(
  name: string,
  port: { readonly number: number } | { readonly name: string } = { number: PORT },
) {
  return { service: { name, port } };
}

/** Paths as `Exact /foo foo-exact`. */
function rule(host: string, ...paths: readonly string[]) {
  const entries = paths.map((text) => {
    const [pathType, path, service = ''] = text.split(' ');
    return { path, pathType, backend: backend(service) };
  });
  return { host, http: { paths: entries } };
}

/** A request as `GET http://host/path`. */
function scenario(name: string, request: string, want: Scenario['want']): Scenario {
  const [, method = '', scheme = '', host = '', path = ''] =
    /^([A-Z]+) (https?):\/\/([^/]*)(\/.*)$/.exec(request) ?? [];
  return { name, request: { method, scheme: scheme === 'https' ? 'https' : 'http', host, path }, want };
}

const DEFAULT_BACKEND: Feature = {
  name: 'default backend',
  spec: { defaultBackend: backend('echo-service') },
  probe: { host: 'probe', path: '/' },
  scenarios: [
    'GET http://my-host/',
    'GET http://my-host/sub-path',
    'POST http://some-host/',
    'PUT http:///resource',
    'DELETE http://some-host/resource',
    'PATCH http://my-host/resource',
  ].map((request) => scenario(`takes ${request}`, request, 'echo-service')),
};

const HOST_RULES: Feature = {
  name: 'host rules',
  spec: {
    tls: [{ hosts: ['foo.bar.com'], secretName: TLS_SECRET }],
    rules: [
      rule('*.foo.com', 'Prefix / wildcard-foo-com'),
      {
        host: 'foo.bar.com',
        http: {
          paths: [{ path: '/', pathType: 'Prefix', backend: backend('foo-bar-com', { name: 'http' }) }],
        },
      },
    ],
  },
  probe: { host: 'foo.bar.com', path: '/' },
  scenarios: [
    scenario('send TLS traffic of their host to its Service', 'GET https://foo.bar.com/', 'foo-bar-com'),
    scenario('send traffic of their host to its Service', 'GET http://foo.bar.com/', 'foo-bar-com'),
    scenario('send no traffic of another host', 'GET http://subdomain.bar.com/', 404),
    scenario('with a wildcard match one label', 'GET http://bar.foo.com/', 'wildcard-foo-com'),
    scenario('with a wildcard do not match two labels', 'GET http://baz.bar.foo.com/', 404),
    scenario('with a wildcard do not match no label', 'GET http://foo.com/', 404),
  ],
};

const PATH_RULES: Feature = {
  name: 'path rules',
  spec: {
    rules: [
      rule('exact-path-rules', 'Exact /foo foo-exact'),
      rule(
        'prefix-path-rules',
        'Prefix /foo foo-prefix',
        'Prefix /aaa/bbb aaa-slash-bbb-prefix',
        'Prefix /aaa aaa-prefix',
      ),
      rule('mixed-path-rules', 'Prefix /foo foo-prefix', 'Exact /foo foo-exact'),
      rule(
        'trailing-slash-path-rules',
        'Prefix /aaa/bbb/ aaa-slash-bbb-slash-prefix',
        'Exact /foo/ foo-slash-exact',
      ),
    ],
  },
  probe: { host: 'exact-path-rules', path: '/foo' },
  scenarios: [
    scenario('exact /foo matches /foo', 'GET http://exact-path-rules/foo', 'foo-exact'),
    scenario('exact /foo does not match /foo/', 'GET http://exact-path-rules/foo/', 404),
    scenario('exact /foo does not match /FOO', 'GET http://exact-path-rules/FOO', 404),
    scenario('exact /foo does not match /bar', 'GET http://exact-path-rules/bar', 404),
    scenario('prefix /foo matches /foo', 'GET http://prefix-path-rules/foo', 'foo-prefix'),
    scenario('prefix /foo matches /foo/', 'GET http://prefix-path-rules/foo/', 'foo-prefix'),
    scenario('prefix /foo does not match /FOO', 'GET http://prefix-path-rules/FOO', 404),
    scenario(
      'prefix /aaa/bbb matches /aaa/bbb',
      'GET http://prefix-path-rules/aaa/bbb',
      'aaa-slash-bbb-prefix',
    ),
    scenario(
      'prefix /aaa/bbb matches /aaa/bbb/ccc',
      'GET http://prefix-path-rules/aaa/bbb/ccc',
      'aaa-slash-bbb-prefix',
    ),
    scenario('prefix /aaa matches /aaa/ccc', 'GET http://prefix-path-rules/aaa/ccc', 'aaa-prefix'),
    scenario('prefix /aaa does not match /aaaccc', 'GET http://prefix-path-rules/aaaccc', 404),
    scenario('prefix /foo matches /foo/ among others', 'GET http://prefix-path-rules/foo/', 'foo-prefix'),
    scenario('exact /foo goes before prefix /foo', 'GET http://mixed-path-rules/foo', 'foo-exact'),
    scenario(
      'prefix /aaa/bbb/ matches /aaa/bbb',
      'GET http://trailing-slash-path-rules/aaa/bbb',
      'aaa-slash-bbb-slash-prefix',
    ),
    scenario(
      'prefix /aaa/bbb/ matches /aaa/bbb/',
      'GET http://trailing-slash-path-rules/aaa/bbb/',
      'aaa-slash-bbb-slash-prefix',
    ),
    scenario('exact /foo/ does not match /foo', 'GET http://trailing-slash-path-rules/foo', 404),
  ],
};

/** Those that are requests and answers; ingress class and load balancing are tests of their own. */
export const FEATURES: readonly Feature[] = [DEFAULT_BACKEND, HOST_RULES, PATH_RULES];
