/** Waiting until a change is live in every proxy thread. */

import { eventually } from '../../support/eventually.ts';
import { call } from '../../support/http-client.ts';
import { seriesOf } from '../../support/metrics-page.ts';
import type { Gateway } from '../../support/gateway.ts';

/** Runs `change`, and resolves when a table was applied after it. */
export async function applied(gateway: Gateway, change: () => void): Promise<void> {
  const before = await appliedAt(gateway);
  change();
  await eventually('the change is live', async () => (await appliedAt(gateway)) > before);
}

async function appliedAt({ ports }: Gateway): Promise<number> {
  const { text } = await call({ port: ports.admin, path: '/metrics' });
  return seriesOf(text).get('oidc_ingress_config_last_success_timestamp') ?? 0;
}
