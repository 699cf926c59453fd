/** Turns the backend of a path into a backend of the table, or into the reason why there is none. */

import {
  objectKey,
  type IngressBackend,
  type ServiceObject,
  type ServicePort,
  type ServicePortRef,
  type Snapshot,
} from '../model/objects.ts';
import type { Backend, BackendKey } from '../model/table.ts';
import { endpointsOf, indexSlices } from './endpoints.ts';
import type { Cause, ProblemList, Report } from './problem-list.ts';
import type { CompileOptions } from './result.ts';

type ResolvedBackend =
  | { readonly kind: 'backend'; readonly key: BackendKey; readonly backend: Backend }
  | { readonly kind: 'none'; readonly cause: Cause };

/** Where a backend is named: what is wrong with it is reported there. */
interface BackendReference {
  readonly namespace: string;
  readonly field: string;
  readonly report: Report;
}

export type BackendResolver = (backend: IngressBackend, reference: BackendReference) => ResolvedBackend;

const HTTP_APP_PROTOCOLS: ReadonlySet<string | undefined> = new Set([undefined, 'http', 'kubernetes.io/ws']);

/** Each Service port is looked up once, however many paths name it. */
export function createBackendResolver(
  snapshot: Snapshot,
  options: CompileOptions,
  problems: ProblemList,
): BackendResolver {
  const slices = indexSlices(snapshot.endpointSlices);
  const endpointOptions = { allowLoopback: options.allowLoopbackEndpoints, problems };
  const known = new Map<BackendKey, ResolvedBackend>();

  function resolve(service: string, key: BackendKey, ref: ServicePortRef): ResolvedBackend {
    const port = findPort(snapshot.services, service, ref);
    if ('reason' in port) return { kind: 'none', cause: port };
    const endpoints = endpointsOf(slices.get(service) ?? [], port, endpointOptions);
    return { kind: 'backend', key, backend: { service, endpoints, protocol: 'HTTP', tls: undefined } };
  }

  return (backend, { namespace, field, report }) => {
    if (backend.kind === 'resource') {
      const message = `must be a Service with a port, found ${backend.description}`;
      return noBackend({ reason: 'UnsupportedBackend', message }, field, report);
    }
    const service = objectKey({ namespace, name: backend.name });
    const key = `${service}:${portText(backend.port)}`;
    const resolved = known.get(key) ?? resolve(service, key, backend.port);
    known.set(key, resolved);
    if (resolved.kind === 'none') return noBackend(resolved.cause, field, report);
    if (resolved.backend.endpoints.length === 0) {
      report(field, { reason: 'NoEndpoints', message: `Service ${key} has no endpoint that can serve` });
    }
    return resolved;
  };
}

function noBackend(cause: Cause, field: string, report: Report): ResolvedBackend {
  report(field, cause);
  return { kind: 'none', cause };
}

function findPort(services: Snapshot['services'], key: string, ref: ServicePortRef): ServicePort | Cause {
  const service = services.get(key);
  if (service === undefined) return { reason: 'ServiceNotFound', message: `Service ${key} does not exist` };
  if (service.kind === 'invalid')
    return { reason: 'InvalidObject', message: `Service ${key} cannot be read` };
  if (service.value.type === 'ExternalName') {
    return { reason: 'UnsupportedBackend', message: `Service ${key} must not be of type ExternalName` };
  }
  return choosePort(service.value, key, ref);
}

/** The same number may stand once for each transport protocol. */
function choosePort({ ports }: ServiceObject, key: string, ref: ServicePortRef): ServicePort | Cause {
  const matching = ports.filter((port) =>
    'number' in ref ? port.port === ref.number : port.name === ref.name,
  );
  const tcp = matching.find(({ protocol }) => protocol === 'TCP');
  const [any] = matching;
  if (any === undefined) {
    return { reason: 'PortNotFound', message: `Service ${key} has no port ${portText(ref)}` };
  }
  if (tcp === undefined) return unsupported(key, ref, `protocol must be TCP, found ${any.protocol}`);
  if (!HTTP_APP_PROTOCOLS.has(tcp.appProtocol)) {
    return unsupported(key, ref, `appProtocol must be http or kubernetes.io/ws, found ${tcp.appProtocol}`);
  }
  return tcp;
}

function unsupported(key: string, ref: ServicePortRef, message: string): Cause {
  return { reason: 'UnsupportedProtocol', message: `port ${portText(ref)} of Service ${key}: ${message}` };
}

function portText(ref: ServicePortRef): string {
  return 'number' in ref ? String(ref.number) : ref.name;
}
