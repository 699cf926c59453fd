/** The checker of Prometheus rules, as Debian's package `prometheus` and every release of Prometheus bring it. */

import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';

const PROMTOOL = 'promtool';

/** Why tests that need it are skipped; `false`: they run. */
export function promtoolMissing(): string | false {
  try {
    execFileSync(PROMTOOL, ['--version'], { stdio: 'ignore' });
    return false;
  } catch {
    if (process.env['CI'] === 'true') throw new Error('promtool is missing: install prometheus');
    return 'promtool is missing: install prometheus to check alerts and dashboard';
  }
}

/** @returns what it wrote, which is also in the error where it finds a fault. */
export async function promtool(...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(PROMTOOL, args).catch((error: unknown) => {
    const { stdout = '', stderr = '' } = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`promtool ${args.join(' ')}\n${stdout}${stderr}`);
  });
  return stdout + stderr;
}
