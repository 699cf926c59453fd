/** Finds the port of a Service that a backend names, and the protocol that is spoken to it. */

import type { ServiceObject, ServicePort, ServicePortRef } from '../model/objects.ts';
import type { Backend } from '../model/table.ts';
import type { Cause } from './problem-list.ts';

const PROTOCOLS: Readonly<Record<string, Backend['protocol']>> = {
  http: 'HTTP',
  HTTP: 'HTTP',
  'kubernetes.io/ws': 'HTTP',
  https: 'HTTPS',
  HTTPS: 'HTTPS',
  'kubernetes.io/wss': 'HTTPS',
  'kubernetes.io/h2c': 'H2C',
};

const MAX_LISTED = 8;

/** The same number may stand once for each transport protocol. `key`: of the Service, for messages. */
export function choosePort({ ports }: ServiceObject, key: string, ref: ServicePortRef): ServicePort | Cause {
  let other: ServicePort | undefined;
  for (const port of ports) {
    if ('number' in ref ? port.port !== ref.number : port.name !== ref.name) continue;
    if (port.protocol === 'TCP') return port;
    other ??= port;
  }
  return other === undefined
    ? {
        reason: 'PortNotFound',
        message: `Service ${key} has no port ${portText(ref)}, ${listed(ports)}`,
      }
    : unsupported(key, ref, `protocol must be TCP, found ${other.protocol}`);
}

export function protocolOf(
  { appProtocol = 'http' }: ServicePort,
  key: string,
  ref: ServicePortRef,
): Backend['protocol'] | Cause {
  const protocol = Object.hasOwn(PROTOCOLS, appProtocol) ? PROTOCOLS[appProtocol] : undefined;
  const known = 'http, https, kubernetes.io/h2c, kubernetes.io/ws or kubernetes.io/wss';
  return protocol ?? unsupported(key, ref, `appProtocol must be ${known}, found ${appProtocol}`);
}

/** As a person would look for them; the first few are hint enough. */
function listed(ports: readonly ServicePort[]): string {
  if (ports.length === 0) return 'nor any other';
  const texts = ports.map(({ name, port }) => (name === undefined ? String(port) : `${port} (${name})`));
  return `only ${texts.slice(0, MAX_LISTED).join(', ')}${texts.length > MAX_LISTED ? ', …' : ''}`;
}

/** Another text for every other port: a name is quoted that could be taken for a number, or for more than a name. */
export function portText(ref: ServicePortRef): string {
  if ('number' in ref) return String(ref.number);
  return PLAIN_NAME.test(ref.name) ? ref.name : JSON.stringify(ref.name);
}

const PLAIN_NAME = /^(?!\d+$)[\w-]+$/;

function unsupported(key: string, ref: ServicePortRef, message: string): Cause {
  return { reason: 'UnsupportedProtocol', message: `port ${portText(ref)} of Service ${key}: ${message}` };
}
