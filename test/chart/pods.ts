/** The pods that rendered objects make, and the rules of the restricted Pod Security Standard on them. */

import type { RenderedObject } from './render.ts';

interface SecurityContext {
  readonly runAsNonRoot?: boolean;
  readonly runAsUser?: number;
  readonly allowPrivilegeEscalation?: boolean;
  readonly privileged?: boolean;
  readonly readOnlyRootFilesystem?: boolean;
  readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] };
  readonly seccompProfile?: { readonly type: string };
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly command?: readonly string[];
  readonly ports?: readonly {
    readonly name: string;
    readonly containerPort: number;
    readonly hostPort?: number;
  }[];
  readonly securityContext?: SecurityContext;
}

export interface PodSpec {
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly hostIPC?: boolean;
  readonly enableServiceLinks?: boolean;
  readonly terminationGracePeriodSeconds?: number;
  readonly securityContext?: SecurityContext;
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly Readonly<Record<string, unknown>>[];
}

/** With the name of the object that each comes from. */
export function podSpecs(objects: readonly RenderedObject[]): readonly (readonly [string, PodSpec])[] {
  return objects.flatMap(({ kind, metadata, spec }) => {
    const pod = kind === 'Pod' ? spec : (spec?.['template'] as { readonly spec?: object } | undefined)?.spec;
    return pod === undefined ? [] : [[`${kind} ${metadata.name}`, pod as unknown as PodSpec] as const];
  });
}

const ALLOWED_VOLUMES = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
]);

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/, level restricted. */
export function restrictedViolations(pod: PodSpec): readonly string[] {
  const violations: string[] = [];
  for (const field of ['hostNetwork', 'hostPID', 'hostIPC'] as const) {
    if (pod[field] === true) violations.push(field);
  }
  for (const volume of pod.volumes ?? []) {
    const kinds = Object.keys(volume).filter((key) => key !== 'name');
    violations.push(...kinds.filter((kind) => !ALLOWED_VOLUMES.has(kind)).map((kind) => `volume ${kind}`));
  }
  for (const container of [...pod.containers, ...(pod.initContainers ?? [])]) {
    violations.push(...containerViolations(container, pod.securityContext ?? {}));
  }
  return violations;
}

function containerViolations(container: Container, ofPod: SecurityContext): readonly string[] {
  const { name, ports = [], securityContext: own = {} } = container;
  const isSafeProfile = ['RuntimeDefault', 'Localhost'].includes(
    (own.seccompProfile ?? ofPod.seccompProfile)?.type ?? '',
  );
  const checks: Readonly<Record<string, boolean>> = {
    hostPort: ports.every(({ hostPort }) => hostPort === undefined),
    privileged: own.privileged !== true,
    allowPrivilegeEscalation: own.allowPrivilegeEscalation === false,
    runAsNonRoot: (own.runAsNonRoot ?? ofPod.runAsNonRoot) === true,
    runAsUser: (own.runAsUser ?? ofPod.runAsUser) !== 0,
    seccompProfile: isSafeProfile,
    'capabilities.drop': own.capabilities?.drop?.includes('ALL') === true,
    'capabilities.add': (own.capabilities?.add ?? []).every((added) => added === 'NET_BIND_SERVICE'),
  };
  return Object.entries(checks).flatMap(([field, isKept]) => (isKept ? [] : [`${name}: ${field}`]));
}
