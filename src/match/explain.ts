/** Explains in plain words what a request meets: which rule, which policy, which backend, and why it is refused. */

import { hideQueryCredentials } from '../http/credentials.ts';
import { DEFAULT_NAMES } from '../http/presented.ts';
import { describeHeaderName } from '../http/header-names.ts';
import { readRequestFields } from '../http/request-fields.ts';
import { parseRequestHead } from '../http/request-head.ts';
import { objectKey } from '../model/objects.ts';
import type { Problem } from '../model/problems.ts';
import { REASONS, type Reason } from '../model/reasons.ts';
import type { BackendKey, Route, RouteAction, RoutingTable } from '../model/table.ts';
import { describeCanary, explainOptions } from './explain-options.ts';
import { explainPlan } from './explain-plan.ts';
import { createMatcher, declaredHost, type Match } from './matcher.ts';
import { formatLines, type Line } from './lines.ts';

export interface Explanation {
  /** Several lines for a person to read. */
  readonly text: string;
  /** Whether a request with good credentials reaches an endpoint. */
  readonly isServed: boolean;
}

export interface ExplainedRequest {
  readonly url: URL;
  readonly method: string;
}

interface Outcome {
  readonly lines: readonly Line[];
  /** `undefined`: the request is served. */
  readonly refusal: Reason | undefined;
  /** The answer, where it is a redirect. */
  readonly redirect?: string | undefined;
}

/** Credentials in the URL change nothing about the route, and are not repeated. */
export function explainRequest(
  table: RoutingTable,
  problems: readonly Problem[],
  { url: given, method }: ExplainedRequest,
): Explanation {
  const url = withoutCredentials(given, table);
  const { lines, refusal, redirect } = explainHead(table, problems, { url, method });
  const result = redirect ?? (refusal === undefined ? 'is served' : `${REASONS[refusal].status} ${refusal}`);
  return {
    text: formatLines(`${method} ${url.href}`, [...lines, ['result', result]]),
    isServed: refusal === undefined && redirect === undefined,
  };
}

/** Whatever any policy calls them: a secret that is meant for one route is none for the reader of another. */
function withoutCredentials(given: URL, { plans }: RoutingTable): URL {
  const url = new URL(given);
  url.username = '';
  url.password = '';
  const ownNames = Object.values(plans).flatMap(
    ({ clientCredentials }) => clientCredentials?.parameterNames ?? [],
  );
  let query: string | undefined = url.search.slice(1);
  for (const names of [DEFAULT_NAMES, ...ownNames]) query = hideQueryCredentials(query, names);
  url.search = query ?? '';
  return url;
}

function explainHead(
  table: RoutingTable,
  problems: readonly Problem[],
  { url, method }: ExplainedRequest,
): Outcome {
  const parsed = parseRequestHead(
    method,
    `${url.pathname}${url.search}`,
    readRequestFields(['Host', url.host], describeHeaderName),
  );
  if (parsed.kind === 'invalid') return { lines: [['cause', parsed.fault]], refusal: 'BadRequest' };
  const { host, path } = parsed.head;
  const match = createMatcher(table).match(host, path);
  const declared = declaredHost(table.hosts, host);
  const lines: Line[] = [['host', describeHost(host, declared)]];
  if (match === undefined) {
    const uncovered = declared === undefined ? '' : 'no path of this host covers it, and ';
    lines.push(['path', `${path}: ${uncovered}no Ingress has a default backend`]);
    return { lines, refusal: 'NoRoute' };
  }
  const key = objectKey(match.route.ingress);
  lines.push(['path', describePath(path, match, table)], ['ingress', key]);
  const action = explainAction(table, match.route, { method, path, isTls: url.protocol === 'https:' });
  const { options } = match.route;
  const asked = explainOptions(options === undefined ? undefined : table.options[options], url);
  return {
    lines: [...lines, ...action.lines, ...asked.lines, ...problemLines(problems, match.route)],
    refusal: action.refusal,
    redirect: match.route.action.kind === 'forward' ? asked.redirect : undefined,
  };
}

function describeHost(host: string, declared: string | undefined): string {
  switch (declared) {
    case undefined:
      return `${host}: no rule names it`;
    case '':
      return `${host}, by a rule for any host`;
    case host:
      return `${host}, by a rule for exactly this host`;
    default:
      return `${host}, by the wildcard ${declared}`;
  }
}

function describePath(path: string, { route }: Match, { defaultRoute }: RoutingTable): string {
  return route === defaultRoute
    ? `${path}: no rule covers it, so the default backend takes it`
    : `${path}, by ${route.pathType} ${route.path}`;
}

function explainAction(
  table: RoutingTable,
  { action }: Route,
  request: { readonly method: string; readonly path: string; readonly isTls: boolean },
): Outcome {
  if (action.kind === 'refuse') return explainRefusal(action);
  const main = explainBackend(table, action.backend);
  const canaries = action.canaries.map((canary): Line => ['canary', describeCanary(canary)]);
  const backend = { ...main, lines: [...main.lines, ...canaries] };
  if (action.plan === undefined) {
    const open: Line = ['policy', 'none: the route is open to everyone'];
    return { lines: [open, ...backend.lines], refusal: backend.refusal };
  }
  const plan = table.plans[action.plan];
  if (plan === undefined) return { lines: [['policy', action.plan]], refusal: 'PolicyUnavailable' };
  const policy = explainPlan(plan, request);
  return {
    lines: [...policy.lines, ...backend.lines],
    refusal: policy.needsTls ? 'TlsRequired' : backend.refusal,
  };
}

function explainRefusal({ reason, cause, policy }: Extract<RouteAction, { kind: 'refuse' }>): Outcome {
  const named: readonly Line[] = policy === undefined ? [] : [['policy', policy]];
  return { lines: [...named, ['cause', cause]], refusal: reason };
}

function explainBackend({ backends }: RoutingTable, key: BackendKey): Outcome {
  const endpoints = backends[key]?.endpoints ?? [];
  const addresses = endpoints.map(({ address, port }) =>
    address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`,
  );
  return {
    lines: [
      ['backend', key],
      ['endpoints', addresses.length === 0 ? 'none that can serve' : addresses.join(', ')],
    ],
    refusal: addresses.length === 0 ? 'NoEndpoints' : undefined,
  };
}

/** What else is wrong with the Ingress: the cause of a surprise is often its neighbour. */
function problemLines(problems: readonly Problem[], { ingress }: Route): readonly Line[] {
  const own = problems.filter(
    ({ object }) =>
      object.kind === 'Ingress' && object.namespace === ingress.namespace && object.name === ingress.name,
  );
  return own.map(({ reason, field, message }) => ['problem', `${reason} at ${field}: ${message}`]);
}
