/** Turns the backend of a path into a backend of the table, or into the reason why there is none. */

import { annotation } from '../model/annotations.ts';
import {
  objectKey,
  type IngressBackend,
  type ServiceObject,
  type ServicePort,
  type ServicePortRef,
  type Snapshot,
} from '../model/objects.ts';
import type { Backend, BackendKey, Endpoint } from '../model/table.ts';
import type { Dialling } from './dialling.ts';
import { endpointsOf, indexSlices } from './endpoints.ts';
import { judgeExternalName } from './external-name.ts';
import type { Cause, ProblemList } from './problem-list.ts';
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

export type BackendResolver = (
  backend: IngressBackend,
  namespace: string,
  dialling: Dialling | undefined,
) => ResolvedBackend;

/** A port of a Service as a backend names it. */
interface NamedPort {
  /** `namespace/name` of the Service. */
  readonly service: string;
  readonly ref: ServicePortRef;
}

/** Each Service port is looked up once, however many paths name it. */
export function createBackendResolver(
  snapshot: Snapshot,
  options: CompileOptions,
  problems: ProblemList,
): BackendResolver {
  const slices = indexSlices(snapshot.endpointSlices);
  const endpointOptions = { allowLoopback: options.allowLoopbackEndpoints, problems };
  const known = new Map<BackendKey, ResolvedBackend>();

  function resolve(named: NamedPort, key: BackendKey, dialling: Dialling | undefined): ResolvedBackend {
    const { service: name } = named;
    const service = snapshot.services.get(name);
    if (service === undefined) return none('ServiceNotFound', `Service ${name} does not exist`);
    if (service.kind === 'invalid') return none('InvalidObject', `Service ${name} cannot be read`);
    const isExternal = service.value.type === 'ExternalName';
    const port = isExternal ? externalPort(service.value, named) : choosePort(service.value, name, named.ref);
    if ('reason' in port) return { kind: 'none', cause: port };
    const protocol = dialling?.protocol ?? protocolOf(port, name, named.ref);
    if (typeof protocol === 'object') return { kind: 'none', cause: protocol };
    const endpoints = isExternal
      ? externalEndpoints(service.value, named, port, options)
      : endpointsOf(slices.get(name) ?? [], port, endpointOptions);
    if ('reason' in endpoints) return { kind: 'none', cause: endpoints };
    return toBackend({ service: name, endpoints, protocol, tls: undefined }, named, key, dialling);
  }

  return (backend, namespace, dialling) => {
    if (backend.kind === 'resource') {
      return none('UnsupportedBackend', `must be a Service with a port, found ${backend.description}`);
    }
    const service = objectKey({ namespace, name: backend.name });
    const plain = `${service}:${portText(backend.port)}`;
    const key = dialling === undefined ? plain : `${plain} @${dialling.owner}`;
    const found = known.get(key) ?? resolve({ service, ref: backend.port }, key, dialling);
    known.set(key, found);
    return found;
  };
}

function none(reason: Cause['reason'], message: string): ResolvedBackend {
  return { kind: 'none', cause: { reason, message } };
}

function toBackend(
  backend: Backend,
  { service, ref }: NamedPort,
  key: BackendKey,
  dialling: Dialling | undefined,
): ResolvedBackend {
  const label = `${service}:${portText(ref)}`;
  const { ca, serverName } = dialling ?? {};
  const { endpoints, protocol } = backend;
  const asksForTls = ca !== undefined || serverName !== undefined;
  if (asksForTls && protocol !== 'HTTPS') {
    const name = annotation(ca === undefined ? 'backend-tls-server-name' : 'backend-tls-ca');
    return none(
      'InvalidAnnotation',
      `${name} has no effect: ${label} is spoken to by ${protocol}, not HTTPS`,
    );
  }
  const warning: Cause | undefined =
    endpoints.length === 0
      ? { reason: 'NoEndpoints', message: `Service ${label} has no endpoint that can serve` }
      : undefined;
  const tls = asksForTls ? { ca, serverName } : undefined;
  return { kind: 'backend', key, backend: { ...backend, tls }, warning };
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
): readonly Endpoint[] | Cause {
  const unsupported = (message: string): Cause => ({
    reason: 'UnsupportedBackend',
    message: `Service ${service} ${message}`,
  });
  if (!allowExternalNames) {
    return unsupported('must not be of type ExternalName: only --allow-external-name permits it');
  }
  const judged = judgeExternalName(externalName ?? '', allowLoopbackEndpoints);
  if (judged.kind === 'refused') return unsupported(`cannot be called: ${judged.message}`);
  return [{ address: judged.name, port }];
}
