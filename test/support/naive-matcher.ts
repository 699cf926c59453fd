/** Matching by the letter of the Ingress documentation, slow and plain: what the real matcher is compared with. */

import type { Match } from '../../src/match/matcher.ts';
import { pathMatches } from '../../src/model/path-pattern.ts';
import type { Route, RoutingTable } from '../../src/model/table.ts';

/** Looks at every host and every route, in whatever order they stand. */
export function naiveMatch(table: RoutingTable, host: string, path: string): Match | undefined {
  const declared = ['exact', 'wildcard', 'any']
    .map((kind) => Object.keys(table.hosts).find((candidate) => hostMatches(kind, candidate, host)))
    .find((found) => found !== undefined);
  const routes = declared === undefined ? [] : (table.hosts[declared]?.routes ?? []);
  const best = routes
    .filter((route) => pathMatches(route, path))
    .reduce<Route | undefined>((a, b) => (a === undefined || isBetter(b, a) ? b : a), undefined);
  if (best !== undefined && declared !== undefined) return { route: best, host: declared };
  return table.defaultRoute === undefined ? undefined : { route: table.defaultRoute, host: '' };
}

function hostMatches(kind: string, declared: string, host: string): boolean {
  if (kind === 'any') return declared === '';
  if (kind === 'exact') return declared === host && declared !== '';
  const [first = '', ...rest] = host.split('.');
  return declared.startsWith('*.') && first !== '' && declared === `*.${rest.join('.')}`;
}

/** "Precedence is given first to the longest matching path", by elements; then to Exact. */
function isBetter(a: Route, b: Route): boolean {
  const elements = ({ path }: Route): number => path.split('/').filter((element) => element !== '').length;
  if (elements(a) !== elements(b)) return elements(a) > elements(b);
  if (a.pathType !== b.pathType) return a.pathType === 'Exact';
  return a.path.length > b.path.length;
}
