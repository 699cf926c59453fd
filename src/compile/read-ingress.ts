/** What one Ingress says by itself: read once for each object, however the rest of the cluster changes. */

import type { IngressBackend, IngressObject, IngressRule } from '../model/objects.ts';
import type { PathPattern } from '../model/table.ts';
import { readAnnotations, type IngressAnnotations } from './annotations/read-annotations.ts';
import { nameBackend, type NamedBackend } from './backends.ts';
import { parseHost, type DeclaredHost } from './hosts.ts';
import { areDistinct, compareRoutes, inOrder } from './order.ts';
import { parsePath, type DeclaredPath } from './paths.ts';
import { portText } from './service-ports.ts';

export interface ReadIngress {
  readonly annotations: IngressAnnotations;
  readonly rules: readonly ReadRule[];
  readonly defaultBackend: BackendIndex | undefined;
  /** Each Service port once. */
  readonly backends: readonly NamedBackend[];
}

/** A position in `backends`. */
export type BackendIndex = number;

export interface ReadRule {
  readonly host: DeclaredHost;
  /** The one that wins first. `undefined`: the host goes to the default backend. */
  readonly paths: readonly ReadPath[] | undefined;
  /** Whether no two of them are for the same requests. */
  readonly areDistinct: boolean;
  /** Those that no request can match. */
  readonly dropped: readonly DroppedPath[];
}

export interface DroppedPath {
  /** Position in the rule. */
  readonly index: number;
  readonly declared: DeclaredPath;
  readonly backend: BackendIndex;
}

export interface ReadPath extends DroppedPath, PathPattern {}

export function readIngress(
  { annotations, rules, defaultBackend }: IngressObject,
  namespace: string,
): ReadIngress {
  const { indexOf, backends } = collectBackends(namespace);
  return {
    annotations: readAnnotations(annotations, namespace),
    rules: rules.map((rule) => readRule(rule, indexOf)),
    defaultBackend: defaultBackend && indexOf(defaultBackend),
    backends,
  };
}

function readRule(
  { host, paths }: IngressRule,
  indexOf: (backend: IngressBackend) => BackendIndex,
): ReadRule {
  const matched: ReadPath[] = [];
  const dropped: DroppedPath[] = [];
  paths?.forEach((path, index) => {
    const declared = parsePath(path);
    const pattern = declared.kind === 'valid' ? declared.pattern : declared.meant;
    const read = { index, declared, backend: indexOf(path.backend) };
    if (pattern === undefined) dropped.push(read);
    else matched.push({ ...read, ...pattern });
  });
  const sorted = inOrder(matched, compareRoutes);
  return {
    host: parseHost(host),
    paths: paths && sorted,
    areDistinct: areDistinct(sorted, compareRoutes),
    dropped,
  };
}

function collectBackends(namespace: string) {
  const backends: NamedBackend[] = [];
  const indexes = new Map<string, BackendIndex>();
  let last: { readonly backend: IngressBackend; readonly index: BackendIndex } | undefined;

  function find(backend: IngressBackend): BackendIndex {
    const named = nameBackend(backend, namespace);
    // No label begins with a word and a space.
    const name = named.kind === 'port' ? named.label : `resource ${named.description}`;
    const index = indexes.get(name) ?? backends.push(named) - 1;
    indexes.set(name, index);
    return index;
  }

  function indexOf(backend: IngressBackend): BackendIndex {
    // Most Ingresses lead all of their paths to one Service.
    if (last !== undefined && isSamePort(last.backend, backend)) return last.index;
    const index = find(backend);
    last = { backend, index };
    return index;
  }

  return { backends, indexOf };
}

function isSamePort(a: IngressBackend, b: IngressBackend): boolean {
  if (a.kind === 'resource' || b.kind === 'resource') return false;
  return a.name === b.name && portText(a.port) === portText(b.port);
}
