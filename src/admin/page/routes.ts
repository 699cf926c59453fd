/** Hosts and their routes, each with its policy and its state. */

import type { HostStatus, RouteState, RouteStatus } from '../status/routes.ts';
import type { Status } from '../status/status.ts';
import { badge, code, formatCount, name, note, stack, type Tone } from './format.ts';
import { html, type Content, type Html } from './html.ts';
import { andMore, nothing, section } from './section.ts';
import { table, type Group, type Row } from './table.ts';

const MAX_ROUTES = 300;
const COLUMNS = ['Path', 'State', 'Policy', 'Service', 'Ingress'];

const STATES: Readonly<Record<RouteState, readonly [Tone, string]>> = {
  Protected: ['good', 'protected'],
  DryRun: ['calm', 'dry run'],
  Open: ['calm', 'open'],
  NoEndpoints: ['warn', 'no endpoints'],
  Refused: ['bad', 'refused'],
};

export function routesSection(
  { hosts, defaultRoute }: Pick<Status, 'hosts' | 'defaultRoute'>,
  isFiltered: boolean,
): Html {
  const last: readonly Group[] =
    defaultRoute === undefined
      ? []
      : [{ key: 'default', heading: 'What no rule covers', rows: [row(defaultRoute, undefined)] }];
  const all = hosts.reduce((sum, { routes }) => sum + routes.length, 0) + last.length;
  const shown = [...firstGroups(hosts), ...last];
  const count = shown.reduce((sum, { rows }) => sum + rows.length, 0);
  return section({
    id: 'routes',
    title: 'Hosts and routes',
    count: all,
    content:
      shown.length === 0
        ? nothing('No route is served: no Ingress is of a class of this gateway.', isFiltered)
        : html`${table({ id: 'routes', label: 'Hosts and routes', columns: COLUMNS }, shown)}${andMore(count, all)}`,
  });
}

function firstGroups(hosts: readonly HostStatus[]): readonly Group[] {
  const groups: Group[] = [];
  let room = MAX_ROUTES;
  for (const { host, routes } of hosts) {
    if (room <= 0) break;
    const rows = routes.slice(0, room).map((route) => row(route, host));
    room -= rows.length;
    groups.push({ key: `host ${host}`, heading: host === '' ? 'Any host' : host, rows });
  }
  return groups;
}

function row(route: RouteStatus, host: string | undefined): Row {
  const { path, pathType, state, cause, policy, ingress, backend, endpoints } = route;
  const [tone, words] = STATES[state];
  const service: Content =
    backend === undefined ? note('none') : stack(name(backend), note(formatCount(endpoints, 'endpoint')));
  return {
    key: `${pathType} ${path}`,
    cells: [
      html`${code(path)} ${note(pathType)} ${explainLink(host, path)}`,
      stack(badge(tone, words), cause === undefined ? undefined : note(cause)),
      policy === undefined ? note('none: open to everyone') : name(policy),
      service,
      name(ingress),
    ],
  };
}

/** Nothing to explain where no host is named: any would do. */
function explainLink(host: string | undefined, path: string): Html | undefined {
  if (host === undefined || host === '') return undefined;
  const address = `https://${host.replace('*', 'any')}${path}`;
  return html`<a
    class="explain"
    href="/debug/explain?url=${encodeURIComponent(address)}"
    aria-label="Explain ${address}"
    >explain</a
  >`;
}
