/** What every step of a request can reach: the ports, the limits and the state of one proxy thread. */

import type { HeaderNameOf } from '../http/header-names.ts';
import type { Caller as TraceCaller, RequestTrace } from '../http/trace-context.ts';
import type { Logger, ProxyTelemetry } from '../telemetry/ports.ts';
import type { Affinity } from './affinity.ts';
import type { AskedHosts } from './asked-hosts.ts';
import type { createCallers, IsTrusted } from './caller.ts';
import type { ConnectionGate } from './connection-gate.ts';
import type { Deadlines } from './deadlines.ts';
import type { Deciders } from './decision.ts';
import type { EdgeSettings } from './edge.ts';
import type { IdentityOf } from './identity.ts';
import type { ProxyLimits } from './limits.ts';
import type { ProxyProtocol } from './proxy-protocol.ts';
import type { RateLimiter } from './rate-limiter.ts';
import type { createRouteSettings } from './route-settings.ts';
import type { Routing } from './routing.ts';
import type { Tunnels } from './tunnels.ts';
import type { UpstreamSlots } from './upstream-slots.ts';
import type { Backends } from './upstream/backends.ts';

export interface ProxyContext extends Deciders {
  readonly telemetry: ProxyTelemetry;
  readonly logger: Logger;
  readonly limits: ProxyLimits;
  readonly edge: EdgeSettings;
  readonly proxyProtocol: ProxyProtocol;
  readonly deadlines: Deadlines;
  readonly backends: Backends;
  readonly tunnels: Tunnels;
  readonly isTrusted: IsTrusted;
  /** Unique over threads and restarts. */
  readonly nextRequestId: () => string;
  readonly traceOf: (caller: TraceCaller) => RequestTrace;
  readonly identityOf: IdentityOf;
  readonly settingsOf: ReturnType<typeof createRouteSettings>;
  readonly rateLimiter: RateLimiter;
  /** `undefined`: there is no limit. */
  readonly upstreamSlots: UpstreamSlots | undefined;
  readonly connectionGate: ConnectionGate;
  readonly affinity: Affinity;
  /** In [0, 1). */
  readonly random: () => number;
  readonly callerOf: ReturnType<typeof createCallers>;
  readonly hosts: AskedHosts;
  readonly headerNameOf: HeaderNameOf;
  /** The value of Date, now. */
  readonly date: () => string;
  /** As it is now; a request asks once. */
  readonly routing: () => Routing;
}
