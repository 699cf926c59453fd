/** Loaded before the gateway by `--import`: SIGUSR2 ends one of its proxy threads, as a defect would. */

import { BroadcastChannel, isMainThread, workerData } from 'node:worker_threads';

import type { ThreadSettings } from '../../src/control/protocol.ts';

const VICTIM = 'proxy-0';

const channel = new BroadcastChannel('die');
channel.unref();
if (isMainThread) process.on('SIGUSR2', () => channel.postMessage(VICTIM));
else {
  channel.addEventListener('message', () => {
    // In a thread this ends the thread alone.
    if ((workerData as ThreadSettings | undefined)?.name === VICTIM) process.exit(1);
  });
}
