/** Puts the API server and etcd, as far as one machine can, on another one. */

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/**
 * Lets the processes that this one has started run only while nobody else wants the core (SCHED_IDLE, by `chrt` of
 * util-linux): in a cluster they are elsewhere, and delay no thread of a gateway.
 * @returns whether that could be done
 */
export function giveWay(): boolean {
  const pids = children();
  const isDone = (pid: string): boolean =>
    spawnSync('chrt', ['--idle', '--all-tasks', '--pid', '0', pid]).status === 0;
  return pids.length > 0 && pids.every(isDone);
}

function children(): readonly string[] {
  try {
    return readdirSync('/proc/self/task').flatMap((task) =>
      readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
    );
  } catch {
    return [];
  }
}
