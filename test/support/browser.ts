/** A real Chromium, if this machine has one. */

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { chromium, type Browser } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** Works as root, and speaks to nobody but the page. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Path of the executable; `undefined` where there is none. @throws under CI, where there has to be one */
export function findChromium(): string | undefined {
  const directories = (process.env['PATH'] ?? '').split(delimiter);
  const candidates = directories.flatMap((directory) => NAMES.map((name) => join(directory, name)));
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found === undefined && process.env['CI'] === 'true') {
    throw new Error('no Chromium on PATH: install the package chromium');
  }
  return found;
}

/** With a profile of its own, which goes when it is closed. */
export function startBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, headless: true, args: ARGUMENTS });
}
