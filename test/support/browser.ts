/** A real Chromium, if this machine has one. */

import { chromium, type Browser } from 'playwright-core';

import { findInstalled, type FoundBinary } from './tools.ts';

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

export function findChromium(): FoundBinary {
  return findInstalled(NAMES, 'the status page is looked at with it');
}

/** With a profile of its own, which goes when it is closed. */
export function startBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, headless: true, args: ARGUMENTS });
}
