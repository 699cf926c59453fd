/** What `validate` says: routes as a table, problems with the place of their object. */

import type { CompileResult } from '../../src/compile/result.ts';
import type { LoadedManifests } from '../../src/files/load-manifests.ts';
import { objectKey } from '../../src/model/objects.ts';
import { PROBLEM_REASONS, type Problem } from '../../src/model/problems.ts';
import type { Route, RoutingTable } from '../../src/model/table.ts';

/** One route; `host` is empty for any host. */
interface RouteRow {
  readonly host: string;
  readonly path: string;
  readonly pathType: string;
  readonly ingress: string;
  readonly state: 'enforced' | 'dry-run' | 'open' | 'refused';
  /** `namespace/name`. */
  readonly policy: string | undefined;
  /** `namespace/service:port`; absent where the route is refused. */
  readonly backend: string | undefined;
  readonly endpoints: number | undefined;
  /** Why the route is refused. */
  readonly cause: string | undefined;
}

interface ProblemRow {
  readonly severity: 'error' | 'warning';
  /** A reason of the routing table, or `Unreadable` for what is no object at all. */
  readonly reason: Problem['reason'] | 'Unreadable';
  /** `orders.yaml:12`. */
  readonly location: string | undefined;
  /** `Ingress shop/orders`; absent where there is no object. */
  readonly object: string | undefined;
  readonly field: string;
  readonly message: string;
}

export interface ValidateReport {
  readonly files: number;
  readonly errors: number;
  readonly warnings: number;
  readonly routes: readonly RouteRow[];
  readonly problems: readonly ProblemRow[];
  /** `orders.yaml:12: apps/v1 Deployment`: kinds that the gateway does not read. */
  readonly ignored: readonly string[];
  /** `IngressClass oidc-ingress`: objects that are in no file and count as there. */
  readonly assumed: readonly string[];
}

export function buildReport(
  loaded: LoadedManifests,
  result: CompileResult,
  assumedClass: string | undefined,
): ValidateReport {
  const problems: readonly ProblemRow[] = [
    ...loaded.faults.map(({ location, message }): ProblemRow => ({
      severity: 'error',
      reason: 'Unreadable',
      location,
      object: undefined,
      field: '',
      message,
    })),
    ...result.problems.map((problem) => problemRow(problem, loaded.locations)),
  ];
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  return {
    files: loaded.files,
    errors,
    warnings: problems.length - errors,
    routes: routeRows(result.table),
    problems,
    ignored: loaded.ignored.map(({ location, apiVersion, kind }) => `${location}: ${apiVersion} ${kind}`),
    assumed: assumedClass === undefined ? [] : [`IngressClass ${assumedClass}`],
  };
}

function problemRow(
  { reason, object: { kind, ...meta }, field, message }: Problem,
  locations: ReadonlyMap<string, string>,
): ProblemRow {
  const object = `${kind} ${objectKey(meta)}`;
  return {
    severity: PROBLEM_REASONS[reason],
    reason,
    location: locations.get(object),
    object,
    field,
    message,
  };
}

function routeRows(table: RoutingTable): readonly RouteRow[] {
  const rows = Object.entries(table.hosts).flatMap(([host, { routes }]) =>
    routes.map((route) => routeRow(host, route, table)),
  );
  return table.defaultRoute === undefined ? rows : [...rows, routeRow('', table.defaultRoute, table)];
}

function routeRow(host: string, route: Route, table: RoutingTable): RouteRow {
  const { path, pathType, action } = route;
  const base = { host, path, pathType, ingress: objectKey(route.ingress) };
  if (action.kind === 'refuse') {
    const { policy, cause } = action;
    return { ...base, state: 'refused', policy, backend: undefined, endpoints: undefined, cause };
  }
  const plan = action.plan === undefined ? undefined : table.plans[action.plan];
  const enforced = plan?.mode === 'DryRun' ? 'dry-run' : 'enforced';
  return {
    ...base,
    state: plan === undefined ? 'open' : enforced,
    policy: plan?.policy,
    backend: action.backend,
    endpoints: table.backends[action.backend]?.endpoints.length ?? 0,
    cause: undefined,
  };
}

export function renderReport(report: ValidateReport): string {
  return [
    `${count(report.files, 'file')}, ${count(report.routes.length, 'route')}, ${count(report.errors, 'error')}, ${count(report.warnings, 'warning')}`,
    ...renderRoutes(report.routes),
    ...section(report.problems.map(renderProblem)),
    ...section([
      ...report.ignored.map((entry) => `ignored  ${entry}`),
      ...report.assumed.map((entry) => `assumed  ${entry}, which is in none of the files`),
    ]),
  ].join('\n');
}

function renderRoutes(routes: readonly RouteRow[]): readonly string[] {
  const lines: string[] = [];
  const widthOf = (cell: (row: RouteRow) => string): number =>
    Math.max(0, ...routes.map((row) => cell(row).length));
  const pathWidth = widthOf(({ path }) => path);
  const targetWidth = widthOf(target);
  const protectionWidth = widthOf(protection);
  let host: string | undefined;
  for (const row of routes) {
    if (row.host !== host) lines.push('', row.host === '' ? 'any host' : row.host);
    host = row.host;
    const cells = [
      row.path.padEnd(pathWidth),
      row.pathType.padEnd('Prefix'.length),
      '→',
      target(row).padEnd(targetWidth),
      protection(row).padEnd(protectionWidth),
      `Ingress ${row.ingress}`,
    ];
    lines.push(`  ${cells.join('  ')}`);
    if (row.cause !== undefined) lines.push(`      ${row.cause}`);
  }
  return lines;
}

function target({ backend, endpoints }: RouteRow): string {
  return backend === undefined ? '503' : `${backend} (${count(endpoints ?? 0, 'endpoint')})`;
}

function protection({ state, policy }: RouteRow): string {
  if (state === 'open') return 'open';
  const named = policy === undefined ? '' : ` policy ${policy}`;
  return state === 'enforced' ? named.trim() : `${state}${named}`;
}

function renderProblem({ severity, reason, location, object, field, message }: ProblemRow): string {
  const place = [location, object, field].filter((part) => part !== undefined && part !== '').join('  ');
  const named = reason === 'Unreadable' ? '' : ` (${reason})`;
  return `${severity.padEnd('warning'.length)}  ${place}\n         ${message}${named}`;
}

function section(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', ...lines];
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
