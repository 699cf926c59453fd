/**
 * Runs in every thread of a gateway, by `--import`, and writes down each time that its event loop stood still: for how long,
 * and for how long the thread itself was computing meanwhile. The rest it waited, nearly always for a core.
 */

import { appendFile } from 'node:fs';
import { isMainThread, threadName } from 'node:worker_threads';

import { PAUSES_FILE } from './pauses.ts';

/** How often the loop is looked at; a pause is what a look is late. */
const LOOK_MS = 1;
/** Shorter ones are not worth a line. */
const SHORTEST_MS = 0.5;
const WRITE_MS = 200;

const file = process.env[PAUSES_FILE];
const name = isMainThread ? 'control' : threadName;
let lines = '';
let lastMs = performance.now();
let lastCpu = process.threadCpuUsage();

function look(): void {
  const nowMs = performance.now();
  const cpu = process.threadCpuUsage();
  const pauseMs = nowMs - lastMs - LOOK_MS;
  if (pauseMs > SHORTEST_MS) {
    const ownMs = (cpu.user + cpu.system - lastCpu.user - lastCpu.system) / 1_000;
    lines += `${JSON.stringify({ thread: name, atMs: performance.timeOrigin + nowMs, pauseMs, ownMs })}\n`;
  }
  lastMs = nowMs;
  lastCpu = cpu;
}

function write(): void {
  if (file === undefined || lines === '') return;
  appendFile(file, lines, () => {});
  lines = '';
}

setInterval(look, LOOK_MS).unref();
setInterval(write, WRITE_MS).unref();
