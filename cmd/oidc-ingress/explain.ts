/** `oidc-ingress explain`: which Ingress, path, policy and backend a request meets, and why. */

import { compile } from '../../src/compile/compile.ts';
import { EXPLAIN_FLAGS } from '../../src/config/commands.ts';
import { decodeFlags, type FlagValues } from '../../src/config/flags.ts';
import { systemClock } from '../../src/config/system-clock.ts';
import type { SourceFault } from '../../src/decode/source.ts';
import { loadManifests } from '../../src/files/load-manifests.ts';
import { openCluster } from '../../src/kube/cluster.ts';
import { openKubeSource } from '../../src/kube/source.ts';
import { explainRequest } from '../../src/match/explain.ts';
import type { Fault } from '../../src/model/faults.ts';
import type { Snapshot } from '../../src/model/objects.ts';
import { assumeClass } from './assume-class.ts';
import { reportFaults, type Command } from './command.ts';
import { compileOptions } from '../../src/config/compile-options.ts';
import { createConsoleLogger } from './console-logger.ts';

const CLUSTER_DEADLINE_MS = 30_000;
const SAMPLE = 'https://shop.example.com/v1/orders';

interface Objects {
  readonly snapshot: Snapshot;
  readonly faults: readonly SourceFault[];
  /** Name of the IngressClass that is in none of the files. */
  readonly assumed: string | undefined;
}

export const explain: Command = {
  usage: 'explain URL --manifests DIR|--kubeconfig FILE [FLAGS]',
  summary:
    'Says which Ingress, path, policy and backend a request meets, and why. Ends with 1 if it is not served.',
  notes: [
    'Give it the flags that the gateway runs with: what is served depends on them. No request is made, and credentials in the URL are not repeated. Where no IngressClass is among the manifests, the one that the product is installed with counts as there.',
  ],
  examples: [
    'oidc-ingress explain https://orders.example.com/v1/orders --kubeconfig ~/.kube/config',
    'oidc-ingress explain https://orders.example.com/v1/orders --manifests examples --method POST --allow-insecure-issuers',
  ],
  flags: EXPLAIN_FLAGS,
  async run(argv) {
    const decoded = decodeFlags(EXPLAIN_FLAGS, argv, process.env);
    if (decoded.kind === 'invalid') return reportFaults('explain', decoded.faults);
    const { values, positionals } = decoded;
    const faults = [...faultsOfUrl(positionals), ...faultsOfSource(values)];
    if (faults.length > 0) return reportFaults('explain', faults);
    try {
      const { snapshot, faults: hidden, assumed } = await readObjects(values);
      for (const { location, message } of hidden) console.error(`cannot be read: ${location}: ${message}`);
      if (assumed !== undefined)
        console.error(`assumed: IngressClass ${assumed}, which is in none of the files`);
      // What is said of no objects would be wrong of those that are hidden.
      if (hidden.length > 0 && snapshot.ingresses.size === 0) return 1;
      const options = compileOptions(values, values.manifests === undefined ? 'cluster' : 'files');
      const { table, problems } = compile(snapshot, options);
      const request = { url: new URL(positionals[0] ?? ''), method: values.method };
      const { text, isServed } = explainRequest(table, problems, request);
      console.log(text);
      return isServed ? 0 : 1;
    } catch (error) {
      console.error(`oidc-ingress explain: ${error instanceof Error ? error.message : String(error)}`);
      return 1;
    }
  },
};

function faultsOfUrl([url, ...rest]: readonly string[]): readonly Fault[] {
  if (url === undefined || rest.length > 0) {
    return [{ path: 'URL', message: `expected exactly one, such as ${SAMPLE}` }];
  }
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    return [{ path: 'URL', message: `must be an http or https URL such as ${SAMPLE}, found "${url}"` }];
  }
  const { username, password } = new URL(url);
  return username === '' && password === ''
    ? []
    : [
        {
          path: 'URL',
          message: 'must hold no user name and no password: credentials do not change the route',
        },
      ];
}

function faultsOfSource({ manifests, kubeconfig }: FlagValues<typeof EXPLAIN_FLAGS>): readonly Fault[] {
  return (manifests === undefined) === (kubeconfig === undefined)
    ? [{ path: '--manifests', message: 'exactly one of --manifests and --kubeconfig must be set' }]
    : [];
}

async function readObjects(values: FlagValues<typeof EXPLAIN_FLAGS>): Promise<Objects> {
  const { manifests, kubeconfig } = values;
  if (manifests === undefined) return readCluster(kubeconfig);
  const { snapshot, faults } = await loadManifests([manifests]);
  return { faults, ...assumeClass(snapshot, values['ingress-class']) };
}

/** @throws when the cluster does not give everything in time */
async function readCluster(kubeconfig: string | undefined): Promise<Objects> {
  const source = openKubeSource({
    access: await openCluster(kubeconfig),
    clock: systemClock,
    logger: createConsoleLogger('explain'),
    telemetry: {
      reconnected: ignore,
      relisted: ignore,
      eventReceived: ignore,
      statusWritten: ignore,
      leader: ignore,
    },
    onChange: ignore,
  });
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new Error(`the cluster did not give everything within ${CLUSTER_DEADLINE_MS / 1_000} s`));
  }, CLUSTER_DEADLINE_MS);
  try {
    await Promise.race([source.synced, late.promise]);
    return { snapshot: source.snapshot(), faults: source.faults(), assumed: undefined };
  } finally {
    clearTimeout(timer);
    await source.close();
  }
}

function ignore(): void {}
