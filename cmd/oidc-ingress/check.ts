/** `oidc-ingress check`: whether a policy, its provider and, if asked, one client work together. */

import { judgePolicies, type JudgedPolicy, type UsablePolicy } from '../../src/compile/policies.ts';
import type { ProviderOptions } from '../../src/compile/result.ts';
import { CHECK_FLAGS } from '../../src/config/commands.ts';
import { decodeFlags, type FlagValues } from '../../src/config/flags.ts';
import { providerNetwork, proxyFaults } from '../../src/config/provider-network.ts';
import { loadManifests } from '../../src/files/load-manifests.ts';
import type { Fault } from '../../src/model/faults.ts';
import { Redacted } from '../../src/model/redacted.ts';
import { preflight } from '../../src/oauth/preflight.ts';
import type { NetworkRules } from '../../src/oauth/provider-http.ts';
import type { Finding } from '../../src/oauth/provider-findings.ts';
import { reportFaults, type Command } from './command.ts';
import { describeClaims, describeRefusal, judgeToken } from './check-report.ts';
import { exchangeOnce } from './exchange-once.ts';
import { readSecret } from './read-secret.ts';

type CheckFlags = FlagValues<typeof CHECK_FLAGS>;

export const check: Command = {
  usage: 'check POLICY-FILE [FLAGS]',
  summary:
    'Looks at the provider of a policy as the gateway does, and with --client-id makes one real token request. Ends with 1 if anything is wrong.',
  notes: [
    'POLICY-FILE is a manifest file or directory; Secrets and ConfigMaps that the policy names are read from it too.',
    'The client secret comes from OIDC_INGRESS_CLIENT_SECRET, else from standard input; never from a flag, which other users of the machine could see. HTTPS_PROXY, HTTP_PROXY and NO_PROXY are honoured.',
  ],
  examples: ['oidc-ingress check policy.yaml', 'oidc-ingress check policy.yaml --client-id="$CLIENT_ID"'],
  flags: CHECK_FLAGS,
  async run(argv) {
    const decoded = decodeFlags(CHECK_FLAGS, argv, process.env);
    if (decoded.kind === 'invalid') return reportFaults('check', decoded.faults);
    const { values, positionals } = decoded;
    const [file, ...rest] = positionals;
    if (file === undefined || rest.length > 0)
      return reportFaults('check', [{ path: 'POLICY-FILE', message: 'expected exactly one' }]);
    const proxies = proxyFaults(process.env);
    if (proxies.length > 0) return reportFaults('check', proxies);
    const { snapshot, faults } = await loadManifests([file]);
    for (const { location, message } of faults) print('error', `${location}: ${message}`);
    const { judged } = judgePolicies(snapshot, providerOptions(values));
    const chosen = choosePolicy([...judged.values()], values.policy);
    if ('path' in chosen) return faults.length > 0 ? 1 : reportFaults('check', [chosen]);
    return (await checkPolicy(chosen, values)) && faults.length === 0 ? 0 : 1;
  },
};

function providerOptions(values: CheckFlags): ProviderOptions {
  return { allowInsecureIssuers: values['allow-insecure-issuers'], allowedIssuers: [] };
}

function choosePolicy(policies: readonly JudgedPolicy[], wanted: string | undefined): JudgedPolicy | Fault {
  const names = policies.map(({ key }) => key).join(', ');
  const found =
    wanted === undefined
      ? policies
      : policies.filter(({ key, meta }) => key === wanted || meta.name === wanted);
  const [first, ...others] = found;
  if (first !== undefined && others.length === 0) return first;
  if (policies.length === 0) return { path: 'POLICY-FILE', message: 'holds no OIDCPolicy' };
  if (first === undefined) return { path: '--policy', message: `no such policy; there are ${names}` };
  return { path: '--policy', message: `must name one of ${names}` };
}

/** @returns whether everything is well. */
async function checkPolicy(policy: JudgedPolicy, values: CheckFlags): Promise<boolean> {
  console.log(`policy ${policy.key}`);
  if (policy.kind === 'unusable') {
    print('error', `${policy.message} (${policy.reason})`);
    return false;
  }
  print('ok', 'the policy can be enforced');
  for (const warning of policy.warnings) printFinding({ level: 'warning', ...warning });
  const network = providerNetwork(values, process.env);
  const findings = await preflight(policy.plan, { network, providerKey: () => policy.providerKey });
  for (const finding of findings) printFinding(finding);
  if (findings.some(({ level }) => level === 'error')) return false;
  const clientId = values['client-id'];
  return clientId === undefined || (await checkClient(policy, clientId, network));
}

async function checkClient(policy: UsablePolicy, clientId: string, network: NetworkRules): Promise<boolean> {
  console.log(`client ${clientId}`);
  const { plan, providerKey } = policy;
  if (plan.clientCredentials === undefined) {
    print('error', 'spec.clientCredentials is not set: this policy makes no token requests');
    return false;
  }
  const secret = await readSecret();
  if (secret === undefined) {
    print('error', 'no client secret: set OIDC_INGRESS_CLIENT_SECRET, or pipe it to standard input');
    return false;
  }
  const client = { clientId, clientSecret: new Redacted(secret) };
  const outcome = await exchangeOnce(plan, client, { network, providerKey: () => providerKey });
  const nowMs = Date.now();
  if (outcome.kind === 'refused') {
    const [summary, ...more] = describeRefusal(outcome, nowMs);
    print('error', summary, ...more);
    return false;
  }
  const claims = describeClaims(outcome.claims, nowMs);
  print('ok', 'the provider issued a token, and its signature and claims hold', ...claims);
  const verdicts = judgeToken(plan, outcome.claims, clientId);
  for (const finding of verdicts) printFinding(finding);
  return verdicts.every(({ level }) => level !== 'error');
}

function printFinding({ level, reason, message }: Finding): void {
  print(level, level === 'ok' ? message : `${message} (${reason})`);
}

function print(level: Finding['level'], first: string, ...more: readonly string[]): void {
  console.log(`  ${level.padEnd('warning'.length)}  ${first}`);
  for (const line of more) console.log(`${' '.repeat(13)}${line}`);
}
