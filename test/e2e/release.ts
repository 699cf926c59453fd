/** The release of the chart under test: changes of its values, and its pods. */

import { join } from 'node:path';

import { eventually } from '../support/eventually.ts';
import type { Tools } from './tools.ts';

/** Release and namespace, as the documentation calls them. */
export const GATEWAY = 'oidc-ingress';

export const TIMEOUT = '--timeout=180s';

export type Values = Readonly<Record<string, unknown>>;

export interface Release {
  /** Sets exactly these values, with the chart of `checkout`, and waits until pods that have them serve. */
  upgrade(checkout: string, values: Values): Promise<void>;
  rollout(): Promise<void>;
  /** Names of the pods that run. */
  pods(): Promise<readonly string[]>;
  /** Waits until none of `pods` runs. */
  gone(pods: readonly string[]): Promise<void>;
}

export function settings(values: Values): readonly string[] {
  return Object.entries(values).map(([name, value]) => `--set=${name}=${String(value)}`);
}

export function createRelease(tools: Tools): Release {
  const release: Release = {
    async upgrade(checkout, values) {
      const chart = join(checkout, 'charts/oidc-ingress');
      await tools.helm('upgrade', GATEWAY, chart, `-n=${GATEWAY}`, '--wait', TIMEOUT, ...settings(values));
      await release.rollout();
    },
    async rollout() {
      await tools.kubectl('-n', GATEWAY, 'rollout', 'status', `deployment/${GATEWAY}`, TIMEOUT);
    },
    async pods() {
      const label = `app.kubernetes.io/name=${GATEWAY}`;
      const isRunning = '--field-selector=status.phase=Running';
      const { items } = await tools.get('pods', '-n', GATEWAY, '-l', label, isRunning);
      return items.map(({ metadata }) => metadata.name);
    },
    async gone(pods) {
      await eventually(
        'the old pods are gone',
        async () => !(await release.pods()).some((pod) => pods.includes(pod)),
        120_000,
      );
    },
  };
  return release;
}
