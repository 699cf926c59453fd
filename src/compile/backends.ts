/** Turns the backend of a path into a backend of the table, or into the reason why there is none. */

import { annotation, type AnnotationName } from '../model/annotations.ts';
import {
  objectKey,
  type Decoded,
  type IngressBackend,
  type ObjectKey,
  type ServiceObject,
  type ServicePort,
  type ServicePortRef,
  type Snapshot,
} from '../model/objects.ts';
import type { Backend, BackendKey, BackendTls } from '../model/table.ts';
import type { Dialling } from './dialling.ts';
import {
  endpointsOf,
  type MergedEndpoints,
  type ReadSlice,
  type SliceIndex,
  type ToldOfSlice,
} from './endpoints.ts';
import { judgeExternalName } from './external-name.ts';
import { startRun, type Findings } from './memoize.ts';
import type { Cause } from './problem-list.ts';
import { propertyKey } from './property-key.ts';
import type { CompileOptions } from './result.ts';
import { choosePort, portText, protocolOf } from './service-ports.ts';

export type ResolvedBackend =
  | {
      readonly kind: 'backend';
      readonly key: BackendKey;
      readonly backend: Backend;
      /** Worth telling wherever the backend is named. */
      readonly warning: Cause | undefined;
    }
  | { readonly kind: 'none'; readonly cause: Cause };

export type ResolveBackend = (named: NamedBackend, dialling: Dialling | undefined) => ResolvedBackend;

export interface BackendResolver {
  readonly resolve: ResolveBackend;
  /** What was asked for so far. */
  readonly findings: Findings<Resolution>;
}

/** What resolving reads beside what it is asked. */
export interface BackendSources {
  readonly services: Snapshot['services'];
  readonly slices: SliceIndex;
  readonly options: CompileOptions;
}

export type NamedBackend = NamedPort | { readonly kind: 'resource'; readonly description: string };

/** A port of a Service as a backend names it. */
interface NamedPort {
  readonly kind: 'port';
  /** `namespace/name` of the Service. */
  readonly service: ObjectKey;
  readonly ref: ServicePortRef;
  /** `namespace/service:port` */
  readonly label: BackendKey;
}

/** `namespace`: of the Ingress. */
export function nameBackend(backend: IngressBackend, namespace: string): NamedBackend {
  if (backend.kind === 'resource') return backend;
  const service = objectKey({ namespace, name: backend.name });
  const label = propertyKey(`${service}:${portText(backend.port)}`);
  return { kind: 'port', service, ref: backend.port, label };
}

export interface Resolution {
  readonly resolved: ResolvedBackend;
  readonly told: readonly ToldOfSlice[];
}

/** Each Service port is looked up once, however many paths name it. `before`: what was found the last time. */
export function createBackendResolver(
  { services, slices, options }: BackendSources,
  before: Findings<Resolution> | undefined,
): BackendResolver {
  const known = startRun(before);

  function lookUp(named: NamedPort, key: BackendKey, dialling: Dialling | undefined): ResolvedBackend {
    const service = services.get(named.service);
    const own = slices.get(named.service) ?? NO_SLICES;
    const inputs = [service as unknown].concat(wishesOf(dialling), own);
    const { resolved } =
      known.recall(key, inputs) ??
      known.keep(key, inputs, resolveService({ named, key, dialling }, service, own, options));
    return resolved;
  }

  function resolve(named: NamedBackend, dialling: Dialling | undefined): ResolvedBackend {
    if (named.kind === 'resource') {
      return none('UnsupportedBackend', `must be a Service with a port, found ${named.description}`);
    }
    const key = dialling === undefined ? named.label : `${named.label} @${dialling.owner}`;
    return known.find(key)?.resolved ?? lookUp(named, key, dialling);
  }

  return { resolve, findings: known.findings };
}

/** What the Ingress that names a backend changes in it. */
function wishesOf(dialling: Dialling | undefined): readonly unknown[] {
  if (dialling === undefined) return NO_WISHES;
  return [dialling.protocol, dialling.ca, dialling.serverName, dialling.clientCertificate];
}

const NO_WISHES: readonly unknown[] = [];
const NO_SLICES: readonly ReadSlice[] = [];

interface Request {
  readonly named: NamedPort;
  readonly key: BackendKey;
  readonly dialling: Dialling | undefined;
}

function resolveService(
  request: Request,
  decoded: Decoded<ServiceObject> | undefined,
  slices: readonly ReadSlice[],
  options: CompileOptions,
): Resolution {
  const { named, dialling } = request;
  if (decoded?.kind !== 'valid') {
    return decoded === undefined
      ? refuse({ reason: 'ServiceNotFound', message: `Service ${named.service} does not exist` })
      : refuse({ reason: 'InvalidObject', message: `Service ${named.service} cannot be read` });
  }
  const service = decoded.value;
  const isExternal = service.type === 'ExternalName';
  const port = isExternal ? externalPort(service, named) : choosePort(service, named.service, named.ref);
  if ('reason' in port) return refuse(port);
  const protocol = dialling?.protocol ?? protocolOf(port, named.service, named.ref);
  if (typeof protocol === 'object') return refuse(protocol);
  const found = isExternal ? externalEndpoints(service, named, port, options) : endpointsOf(slices, port);
  if ('reason' in found) return refuse(found);
  const { endpoints, told } = found;
  return { resolved: toBackend(request, endpoints, protocol), told };
}

function refuse(cause: Cause): Resolution {
  return { resolved: { kind: 'none', cause }, told: [] };
}

function none(reason: Cause['reason'], message: string): ResolvedBackend {
  return { kind: 'none', cause: { reason, message } };
}

function toBackend(
  { named: { service, label }, key, dialling }: Request,
  endpoints: Backend['endpoints'],
  protocol: Backend['protocol'],
): ResolvedBackend {
  const asked = tlsAnnotation(dialling);
  if (asked !== undefined && protocol !== 'HTTPS') {
    return none(
      'InvalidAnnotation',
      `${annotation(asked)} has no effect: ${label} is spoken to by ${protocol}, not HTTPS`,
    );
  }
  const warning: Cause | undefined =
    endpoints.length === 0
      ? { reason: 'NoEndpoints', message: `Service ${label} has no endpoint that can serve` }
      : undefined;
  const tls = dialling && asked && pickTls(dialling);
  return { kind: 'backend', key, backend: { service, endpoints, protocol, tls }, warning };
}

function pickTls({ ca, serverName, clientCertificate }: Dialling): BackendTls {
  return { ca, serverName, clientCertificate };
}

/** One of those that ask for something of TLS. */
function tlsAnnotation(dialling: Dialling | undefined): AnnotationName | undefined {
  if (dialling?.ca !== undefined) return 'backend-tls-ca';
  if (dialling?.clientCertificate !== undefined) return 'backend-tls-client-certificate';
  return dialling?.serverName === undefined ? undefined : 'backend-tls-server-name';
}

/** Such a Service need not declare the port that it is called at. */
function externalPort(service: ServiceObject, { service: key, ref }: NamedPort): ServicePort | Cause {
  return 'number' in ref && service.ports.length === 0
    ? { name: undefined, port: ref.number, protocol: 'TCP', appProtocol: undefined }
    : choosePort(service, key, ref);
}

function externalEndpoints(
  { externalName }: ServiceObject,
  { service }: NamedPort,
  { port }: ServicePort,
  { allowExternalNames, allowLoopbackEndpoints }: CompileOptions,
): MergedEndpoints | Cause {
  const unsupported = (message: string): Cause => ({
    reason: 'UnsupportedBackend',
    message: `Service ${service} ${message}`,
  });
  if (!allowExternalNames) {
    return unsupported('must not be of type ExternalName: only --allow-external-name permits it');
  }
  const judged = judgeExternalName(externalName ?? '', allowLoopbackEndpoints);
  if (judged.kind === 'refused') return unsupported(`cannot be called: ${judged.message}`);
  return { endpoints: [{ address: judged.name, port }], told: [] };
}
