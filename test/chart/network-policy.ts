/** What a NetworkPolicy lets through, as its API describes it: for one pod that it selects. */

import { BlockList, isIPv6 } from 'node:net';

type Labels = Readonly<Record<string, string>>;

interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: 'In';
    readonly values: readonly string[];
  }[];
}

interface Peer {
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
  readonly namespaceSelector?: Selector;
  readonly podSelector?: Selector;
}

interface NetworkRule {
  readonly ports?: readonly { readonly port: number | string; readonly protocol?: string }[] | null;
  readonly from?: readonly Peer[] | null;
  readonly to?: readonly Peer[] | null;
}

export interface NetworkPolicySpec {
  readonly podSelector: Selector;
  readonly policyTypes: readonly string[];
  readonly ingress: readonly NetworkRule[];
  readonly egress: readonly NetworkRule[];
}

/** The other end of a connection: a pod, or an address outside of the cluster. */
export type Other =
  | { readonly namespace: string; readonly labels?: Labels; readonly namespaceLabels?: Labels }
  | { readonly address: string };

export interface Connection {
  readonly direction: 'ingress' | 'egress';
  readonly other: Other;
  readonly port: number;
  /** Default: TCP. */
  readonly protocol?: 'TCP' | 'UDP';
}

export interface SelectedPod {
  readonly namespace: string;
  /** By name, as its containers declare them. */
  readonly ports: Readonly<Record<string, number>>;
}

export function allows(spec: NetworkPolicySpec, pod: SelectedPod, connection: Connection): boolean {
  const { direction, other, port, protocol = 'TCP' } = connection;
  return spec[direction].some((rule) => {
    // As the API has it, an empty list lets everything through, like none.
    const peers = (direction === 'ingress' ? rule.from : rule.to) ?? [];
    const ports = rule.ports ?? [];
    const isPeer = peers.length === 0 || peers.some((peer) => meets(peer, other, pod.namespace));
    const isPort =
      ports.length === 0 ||
      ports.some((open) => numberOf(open.port, pod) === port && (open.protocol ?? 'TCP') === protocol);
    return isPeer && isPort;
  });
}

/** @throws where no container declares a port of that name: the rule would then let nothing through */
function numberOf(port: number | string, { ports }: SelectedPod): number {
  if (typeof port === 'number') return port;
  const declared = ports[port];
  if (declared === undefined) throw new Error(`no container declares the port ${port}`);
  return declared;
}

function meets(peer: Peer, other: Other, ownNamespace: string): boolean {
  if ('address' in other) {
    if (peer.ipBlock === undefined) return false;
    const { cidr, except = [] } = peer.ipBlock;
    return isIn(cidr, other.address) && !except.some((block) => isIn(block, other.address));
  }
  if (peer.ipBlock !== undefined) return false;
  const { namespace, labels = {}, namespaceLabels = {} } = other;
  const isNamespace =
    peer.namespaceSelector === undefined
      ? namespace === ownNamespace
      : selects(peer.namespaceSelector, { 'kubernetes.io/metadata.name': namespace, ...namespaceLabels });
  return isNamespace && (peer.podSelector === undefined || selects(peer.podSelector, labels));
}

export function selects({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, values }) => values.includes(labels[key] ?? ''))
  );
}

function isIn(cidr: string, address: string): boolean {
  const [network = '', bits] = cidr.split('/');
  if (isIPv6(network) !== isIPv6(address)) return false;
  const family = isIPv6(network) ? 'ipv6' : 'ipv4';
  const block = new BlockList();
  block.addSubnet(network, Number(bits), family);
  return block.check(address, family);
}
