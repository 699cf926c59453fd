/** Decodes `networking.k8s.io/v1` Ingress. What hosts, paths and path types mean is judged by compile, one rule at a time. */

import { z } from 'zod';

import { ANNOTATION_PREFIX, FOREIGN_ANNOTATION_PREFIXES, LEGACY_CLASS_ANNOTATION } from '../model/names.ts';
import type {
  IngressBackend,
  IngressObject,
  IngressPath,
  IngressRule,
  IngressTls,
} from '../model/objects.ts';
import { decodeBody, type BodyDecoder } from './body.ts';
import { salvageIngress } from './salvage-ingress.ts';

const backendSchema = z.object({
  service: z
    .object({
      name: z.string(),
      port: z.object({ name: z.string().nullish(), number: z.int().nullish() }).nullish(),
    })
    .nullish(),
  resource: z.object({ kind: z.string(), name: z.string() }).nullish(),
});

const pathSchema = z.object({
  path: z.string().nullish(),
  pathType: z.string().nullish(),
  backend: backendSchema.nullish(),
});

const ruleSchema = z.object({
  host: z.string().nullish(),
  http: z.object({ paths: z.array(pathSchema).nullish() }).nullish(),
});

const tlsSchema = z.object({ hosts: z.array(z.string()).nullish(), secretName: z.string().nullish() });

const ingressSchema = z.object({
  spec: z
    .object({
      ingressClassName: z.string().nullish(),
      defaultBackend: backendSchema.nullish(),
      rules: z.array(ruleSchema).nullish(),
      tls: z.array(tlsSchema).nullish(),
    })
    .nullish(),
});

export const decodeIngress: BodyDecoder<IngressObject> = (raw, { annotations }) => {
  const relevant = relevantAnnotations(annotations);
  const foreign = foreignAnnotations(annotations);
  const body = decodeBody(ingressSchema, raw, ({ spec }): IngressObject => ({
    annotations: relevant,
    foreignAnnotations: foreign,
    ingressClassName: spec?.ingressClassName ?? undefined,
    defaultBackend: spec?.defaultBackend ? toBackend(spec.defaultBackend) : undefined,
    rules: (spec?.rules ?? []).map(toRule),
    tls: (spec?.tls ?? []).map(toTls),
  }));
  return body.kind === 'valid' ? body : { ...body, salvaged: salvageIngress(raw, relevant) };
};

/** Ours and the deprecated class; every other annotation may change without changing a route. */
function relevantAnnotations(annotations: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(annotations).filter(
      ([name]) => name.startsWith(ANNOTATION_PREFIX) || name === LEGACY_CLASS_ANNOTATION,
    ),
  );
}

/** By name only: what they say may change without changing what is told of them. */
function foreignAnnotations(annotations: Readonly<Record<string, string>>): readonly string[] {
  const isForeign = (name: string): boolean =>
    FOREIGN_ANNOTATION_PREFIXES.some((prefix) => name.startsWith(prefix));
  return Object.keys(annotations).filter(isForeign).sort();
}

function toRule(rule: z.output<typeof ruleSchema>): IngressRule {
  return {
    host: rule.host ?? undefined,
    paths: rule.http ? (rule.http.paths ?? []).map(toPath) : undefined,
  };
}

function toPath({ path, pathType, backend }: z.output<typeof pathSchema>): IngressPath {
  return { path: path ?? undefined, pathType: pathType ?? '', backend: toBackend(backend ?? {}) };
}

/** A backend that names no usable Service refuses its own path, not the whole Ingress: it becomes a `resource`. */
function toBackend({ service, resource }: z.output<typeof backendSchema>): IngressBackend {
  if (resource) return { kind: 'resource', description: `${resource.kind}/${resource.name}` };
  if (!service) return { kind: 'resource', description: 'neither service nor resource' };
  const { name, number } = service.port ?? {};
  if (typeof number === 'number' && number !== 0) {
    return { kind: 'service', name: service.name, port: { number } };
  }
  if (typeof name === 'string' && name !== '') return { kind: 'service', name: service.name, port: { name } };
  return { kind: 'resource', description: `service ${service.name} without a port` };
}

function toTls({ hosts, secretName }: z.output<typeof tlsSchema>): IngressTls {
  return { hosts: hosts ?? [], secretName: secretName ?? undefined };
}
