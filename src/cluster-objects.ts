/** The part of the composition root that wires a cluster: its objects, its statuses and Events, and who writes them. */

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';

import type { CompileResult } from './compile/result.ts';
import { compileOptions } from './config/compile-options.ts';
import type { ServeConfig } from './config/serve.ts';
import { systemClock } from './config/system-clock.ts';
import { createProblemLog } from './control/problem-log.ts';
import type { ObjectSource, OnChange } from './decode/source.ts';
import { createAccessReviewer, type AccessReviewer } from './kube/access-review.ts';
import { serviceAccountNamespace, type ClusterAccess } from './kube/cluster.ts';
import { createEventWriter } from './kube/event-writer.ts';
import { SOLE_LEAD } from './kube/lead.ts';
import { createLeaderElection, type LeaderElection } from './kube/leader-election.ts';
import type { Scope } from './kube/scope.ts';
import { createOwnPods, type OwnPods } from './kube/own-pods.ts';
import {
  fixedAddresses,
  watchServiceAddresses,
  type PublishedAddresses,
} from './kube/published-addresses.ts';
import { openKubeSource, type KubeSource } from './kube/source.ts';
import { createStatusWriter } from './kube/status-writer.ts';
import { worthTelling } from './kube/worth-telling.ts';
import type { Clock } from './model/clock.ts';
import type { Broker } from './oauth/broker.ts';
import { issuerStates } from './oauth/issuer-states.ts';
import type { Logger, WatchTelemetry } from './telemetry/ports.ts';

/** Where objects come from, and where what is found out about them goes. */
export interface Objects {
  readonly open: (onChange: OnChange) => ObjectSource;
  /** Told of every result that every proxy thread serves. */
  readonly report: (result: CompileResult) => void;
  /** Judges tokens of the cluster that callers of the admin server bring; `undefined`: none is taken. */
  readonly reviewer: AccessReviewer | undefined;
  readonly close: () => Promise<void>;
}

export interface ClusterParts {
  readonly config: ServeConfig;
  readonly logger: Logger;
  readonly telemetry: WatchTelemetry;
  readonly broker: Broker;
  readonly access: ClusterAccess;
}

export function clusterObjects({ config, logger, telemetry, broker, access }: ClusterParts): Objects {
  const problems = createProblemLog(logger);
  const client = { access, clock: systemClock, logger, telemetry };
  let source: KubeSource | undefined;
  let live: CompileResult | undefined;
  const election = config['leader-election'] ? electionFor(config, client) : undefined;
  if (election === undefined) telemetry.leader(true);
  const lead = election ?? SOLE_LEAD;
  const pods = ownPodsOf(config, client);
  const addresses = addressesOf(config, client, pods, () => statuses.recheck());
  const statuses = createStatusWriter({
    ...client,
    lead,
    addresses,
    findLive: (kind, key) => source?.findLive(kind, key),
  });
  const events = createEventWriter({
    ...client,
    lead,
    instance: hostname(),
    findMeta: (kind, key) => source?.findMeta(kind, key),
  });
  const audience = config['admin-token-audience'];
  const reviewer = audience === undefined ? undefined : createAccessReviewer(access, audience);
  const writeStatuses = (): void => {
    if (live === undefined) return;
    statuses.update({ result: live, issuerState: issuerStates(live.policies, broker) });
  };
  broker.onIssuerStateChange(writeStatuses);
  return {
    reviewer,
    open(onChange) {
      source = openKubeSource({ ...client, onChange, scope: scopeOf(config) });
      return source;
    },
    report(result) {
      live = result;
      const told = source === undefined ? result : worthTelling(result, source.snapshot().namespaces);
      problems.update(told.problems);
      events.update(told);
      writeStatuses();
      // Whoever leads must serve: what it writes says so.
      election?.start();
    },
    async close() {
      // Another pod serves on, or nobody knows: then what is published stays true.
      const isLast =
        lead.isHeld() &&
        (pods === undefined ? election === undefined : (await pods.isAnotherReady()) === false);
      if (isLast) await statuses.withdraw();
      await Promise.all([statuses.close(), events.close(), addresses.close(), pods?.close()]);
      await election?.close();
      reviewer?.close();
    },
  };
}

function scopeOf(config: ServeConfig): Scope {
  const namespaces = config['watch-namespaces'];
  return {
    namespaces: namespaces.length === 0 ? undefined : namespaces,
    secrets: config['secret-mode'] === 'named' ? 'named' : 'tls',
    compileOptions: compileOptions(config, 'cluster'),
  };
}

/** What everything that talks to the API server is given. */
type Client = Pick<ClusterParts, 'access' | 'logger' | 'telemetry'> & { readonly clock: Clock };

function addressesOf(
  config: ServeConfig,
  client: Client,
  pods: OwnPods | undefined,
  onChange: () => void,
): PublishedAddresses {
  const service = config['publish-service'];
  if (config['publish-address'].length > 0) return fixedAddresses(config['publish-address']);
  if (service !== undefined) return watchServiceAddresses({ ...client, service, onChange });
  return pods ?? fixedAddresses([]);
}

/** `undefined` outside of a pod. */
function ownPodsOf(config: ServeConfig, client: Client): OwnPods | undefined {
  const inPod = serviceAccountNamespace() === undefined ? undefined : hostname();
  const name = config['pod-name'] ?? process.env['POD_NAME'] ?? inPod;
  return name === undefined ? undefined : createOwnPods({ ...client, namespace: podNamespace(config), name });
}

function podNamespace(config: ServeConfig): string {
  return config['pod-namespace'] ?? process.env['POD_NAMESPACE'] ?? serviceAccountNamespace() ?? 'default';
}

function electionFor(config: ServeConfig, client: Client): LeaderElection {
  return createLeaderElection({
    ...client,
    namespace: podNamespace(config),
    name: config['leader-election-id'],
    identity: `${hostname()}_${randomUUID()}`,
  });
}
