/** A checkout from before the newest field and the newest rule of OIDCPolicy: what an upgrade begins with. */

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { parse, stringify } from 'yaml';

const CHART = 'charts/oidc-ingress';
const CRD = `${CHART}/crds/oidcpolicies.oidc-ingress.io.yaml`;

interface SpecSchema {
  readonly properties: { realm?: object };
  'x-kubernetes-validations'?: readonly { readonly message: string }[];
}

interface Crd {
  readonly spec: {
    readonly versions: readonly {
      readonly schema: { readonly openAPIV3Schema: { readonly properties: { readonly spec: SpecSchema } } };
    }[];
  };
}

export interface OlderCheckout {
  readonly directory: string;
  remove(): void;
}

/** Its chart is an older version whose CRD knows no `realm`, and does not demand `clientCredentials` or `bearer`. */
export function makeOlderCheckout(): OlderCheckout {
  const directory = mkdtempSync(join(tmpdir(), 'oidc-ingress-older-'));
  cpSync(CHART, join(directory, CHART), { recursive: true });
  const chart = readFileSync(`${CHART}/Chart.yaml`, 'utf8');
  writeFileSync(join(directory, CHART, 'Chart.yaml'), chart.replace(/^version: .*$/m, 'version: 0.0.1'));
  writeFileSync(join(directory, CRD), stringify(olderCrd()));
  return { directory, remove: () => rmSync(directory, { recursive: true }) };
}

function olderCrd(): Crd {
  const crd = parse(readFileSync(CRD, 'utf8')) as Crd;
  for (const { schema } of crd.spec.versions) {
    const { spec } = schema.openAPIV3Schema.properties;
    if (spec.properties.realm === undefined || spec['x-kubernetes-validations'] === undefined) {
      throw new Error('spec of OIDCPolicy: has no realm or no rule that an older version could lack');
    }
    delete spec.properties.realm;
    delete spec['x-kubernetes-validations'];
  }
  return crd;
}
