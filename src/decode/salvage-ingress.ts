/** Salvages from an Ingress that cannot be decoded which requests it meant, so that they can be refused. */

import type { IngressObject, IngressPath, IngressRule } from '../model/objects.ts';
import { isRawObject, type RawObject } from './metadata.ts';

/**
 * Hosts and paths as far as they can be read; a rule whose paths cannot be read means its whole host. Backends and
 * certificates are left out: nothing is served. `undefined` where no host and no path can be read.
 */
export function salvageIngress(
  raw: RawObject,
  annotations: Readonly<Record<string, string>>,
): IngressObject | undefined {
  const spec = isRawObject(raw['spec']) ? raw['spec'] : {};
  const rules = entriesOf(spec['rules']).flatMap(salvageRule);
  const defaultBackend =
    spec['defaultBackend'] === undefined || spec['defaultBackend'] === null ? undefined : NOWHERE;
  if (rules.length === 0 && defaultBackend === undefined) return undefined;
  const name = spec['ingressClassName'];
  return {
    annotations,
    foreignAnnotations: [],
    ingressClassName: typeof name === 'string' ? name : undefined,
    defaultBackend,
    rules,
    tls: [],
  };
}

const NOWHERE = { kind: 'resource', description: 'what cannot be read' } as const;
const EVERY_PATH: IngressPath = { path: '/', pathType: 'Prefix', backend: NOWHERE };

function salvageRule(raw: unknown): readonly IngressRule[] {
  if (!isRawObject(raw)) return [];
  const { host, http } = raw;
  // Without its host, a rule would refuse what others serve.
  if (host !== undefined && host !== null && typeof host !== 'string') return [];
  const paths = http === undefined || http === null ? undefined : salvagePaths(http);
  return [{ host: host ?? undefined, paths }];
}

function salvagePaths(http: unknown): readonly IngressPath[] {
  const paths = isRawObject(http) ? http['paths'] : undefined;
  return Array.isArray(paths) ? paths.map(salvagePath) : [EVERY_PATH];
}

function salvagePath(raw: unknown): IngressPath {
  if (!isRawObject(raw) || (typeof raw['path'] !== 'string' && raw['path'] !== undefined)) return EVERY_PATH;
  const pathType = typeof raw['pathType'] === 'string' ? raw['pathType'] : 'Prefix';
  return { path: raw['path'], pathType, backend: NOWHERE };
}

function entriesOf(list: unknown): readonly unknown[] {
  return Array.isArray(list) ? list : [];
}
