/**
 * The routes of one host by path. What many routes say lies in memory once: a request then finds it in the caches of the
 * processor, where there is no room for thousands of routes.
 */

import type { HostRoutes, Route } from '../model/table.ts';

export interface RouteIndex {
  /** `undefined`: the host has none. */
  readonly exact: ReadonlyMap<string, Route> | undefined;
  /** By path without its trailing slash; `undefined` as above. */
  readonly prefix: ReadonlyMap<string, Route> | undefined;
  /** Lengths of the keys of `prefix`, and the greatest of them. */
  readonly prefixLengths: ReadonlySet<number>;
  readonly longestPrefix: number;
}

/** Texts that are kept for routes to come. */
const MAX_SHARED = 16_384;
const NO_CANARIES: readonly never[] = [];

/** A host is indexed at its first request. */
export class RouteIndexes {
  readonly #known = new WeakMap<HostRoutes, RouteIndex>();
  readonly #shared = new Map<string, string>();

  get(routes: HostRoutes): RouteIndex | undefined {
    return this.#known.get(routes);
  }

  of(routes: HostRoutes): RouteIndex {
    const known = this.#known.get(routes);
    if (known !== undefined) return known;
    const index = this.#index(routes);
    this.#known.set(routes, index);
    return index;
  }

  /** The table is sorted by precedence: what comes first is kept. */
  #index({ routes }: HostRoutes): RouteIndex {
    const exact = new Map<string, Route>();
    const prefix = new Map<string, Route>();
    const copyOf = this.#copying();
    for (const each of routes) {
      const route = copyOf(each);
      const isExact = route.pathType === 'Exact';
      const isSlashed = !isExact && route.path.endsWith('/');
      const key = isSlashed ? this.#share(route.path.slice(0, -1)) : route.path;
      const index = isExact ? exact : prefix;
      if (!index.has(key)) index.set(key, route);
    }
    const prefixLengths = new Set([...prefix.keys()].map((key) => key.length));
    return {
      exact: exact.size === 0 ? undefined : exact,
      prefix: prefix.size === 0 ? undefined : prefix,
      prefixLengths,
      longestPrefix: Math.max(-1, ...prefixLengths),
    };
  }

  /**
   * Copies beside each other, with what they have in common. In a table that came from another thread each text is there
   * as often as it is said.
   */
  #copying(): (route: Route) => Route {
    const ingresses = new Map<Route['ingress'], Route['ingress']>();
    const actions = new Map<Route['action'], Route['action']>();
    return ({ path, pathType, ingress, action, options }) => ({
      path: this.#share(path),
      pathType,
      ingress: once(ingresses, ingress, ({ namespace, name }) => ({ namespace, name })),
      action: once(actions, action, (original) => this.#copyAction(original)),
      options: options === undefined ? undefined : this.#share(options),
    });
  }

  #copyAction(action: Route['action']): Route['action'] {
    if (action.kind === 'refuse') return { ...action };
    const { backend, plan, canaries } = action;
    return {
      kind: 'forward',
      backend: this.#share(backend),
      plan: plan === undefined ? undefined : this.#share(plan),
      canaries: canaries.length === 0 ? NO_CANARIES : canaries,
    };
  }

  #share(text: string): string {
    const known = this.#shared.get(text);
    if (known !== undefined) return known;
    if (this.#shared.size >= MAX_SHARED) this.#shared.clear();
    this.#shared.set(text, text);
    return text;
  }
}

/** What was one object is one copy. */
function once<T>(copies: Map<T, T>, original: T, copy: (original: T) => T): T {
  const known = copies.get(original);
  if (known !== undefined) return known;
  const made = copy(original);
  copies.set(original, made);
  return made;
}
