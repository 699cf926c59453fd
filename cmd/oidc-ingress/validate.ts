/** `oidc-ingress validate`: what the gateway would make of manifest files, without a cluster. */

import { compile } from '../../src/compile/compile.ts';
import { VALIDATE_FLAGS } from '../../src/config/commands.ts';
import { decodeFlags } from '../../src/config/flags.ts';
import { loadManifests } from '../../src/files/load-manifests.ts';
import { assumeClass } from './assume-class.ts';
import { reportFaults, type Command } from './command.ts';
import { compileOptions } from '../../src/config/compile-options.ts';
import { buildReport, renderReport } from './validate-report.ts';

export const validate: Command = {
  usage: 'validate FILES… [FLAGS]',
  summary:
    'Decodes and compiles manifests as the gateway does; prints the routing table and every problem. Ends with 1 if any is an error.',
  notes: [
    'FILES are manifest files and directories. No cluster and no provider is asked. Where no IngressClass is among them, the one that the product is installed with counts as there. Anything else that is in none of them does not exist: an Ingress whose Service or policy is missing is an error.',
  ],
  examples: [
    'oidc-ingress validate manifests/',
    'oidc-ingress validate examples --allow-insecure-issuers --output=json',
  ],
  flags: VALIDATE_FLAGS,
  async run(argv) {
    const decoded = decodeFlags(VALIDATE_FLAGS, argv, process.env);
    if (decoded.kind === 'invalid') return reportFaults('validate', decoded.faults);
    const { values, positionals } = decoded;
    if (positionals.length === 0) {
      return reportFaults('validate', [
        { path: 'FILES', message: 'expected at least one file or directory' },
      ]);
    }
    const loaded = await loadManifests(positionals);
    const { snapshot, assumed } = assumeClass(loaded.snapshot, values['ingress-class']);
    const result = compile(snapshot, compileOptions(values, 'files'));
    const report = buildReport(loaded, result, assumed);
    console.log(values.output === 'json' ? JSON.stringify(report, undefined, 2) : renderReport(report));
    return report.errors === 0 ? 0 : 1;
  },
};
