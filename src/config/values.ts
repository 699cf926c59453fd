/** The kinds of values that flags take, as zod schemas from text. */

import { BlockList, isIP } from 'node:net';

import { z } from 'zod';

import { parseDuration } from '../model/duration.ts';

/** RFC 1123. */
const OBJECT_NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** Where a server listens. `host` `undefined`: every address of the machine, IPv6 and IPv4. */
export interface ListenAddress {
  readonly host: string | undefined;
  readonly port: number;
}

/** `:8080`, `127.0.0.1:8080`, `[::1]:8080`, or `off`. Port 0 takes a free one. */
export const listenAddress = z.string().transform((text, context): ListenAddress | undefined => {
  if (text === 'off') return undefined;
  const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3]);
  const isHostValid = host === '' || host === 'localhost' || isIP(host) !== 0;
  if (match !== null && port <= 65_535 && isHostValid) return { host: host === '' ? undefined : host, port };
  context.addIssue({ code: 'custom', message: 'must be :PORT, ADDRESS:PORT, [IPV6]:PORT or off' });
  return z.NEVER;
});

/** A comma-separated list of addresses and CIDR blocks. */
export const cidrList = z.string().transform((text, context): BlockList => {
  const blocks = new BlockList();
  for (const entry of entriesOf(text)) {
    if (!addBlock(blocks, entry)) {
      context.addIssue({
        code: 'custom',
        message: `must be addresses or CIDR blocks separated by commas; ${JSON.stringify(entry)} is neither`,
      });
    }
  }
  return blocks;
});

function addBlock(blocks: BlockList, entry: string): boolean {
  const [address = '', prefix, ...rest] = entry.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  const type = family === 4 ? 'ipv4' : 'ipv6';
  if (prefix === undefined) {
    blocks.addAddress(address, type);
    return true;
  }
  const bits = Number(prefix);
  if (!/^\d{1,3}$/.test(prefix) || bits > (family === 4 ? 32 : 128)) return false;
  blocks.addSubnet(address, bits, type);
  return true;
}

/** A comma-separated list of IP addresses and host names, possibly empty. */
export const addressList = z.string().transform((text, context): readonly string[] => {
  const entries = entriesOf(text);
  for (const entry of entries) {
    if (isIP(entry) === 0 && !OBJECT_NAME.test(entry)) {
      context.addIssue({
        code: 'custom',
        message: `must be IP addresses or host names separated by commas; ${JSON.stringify(entry)} is neither`,
      });
    }
  }
  return entries;
});

/** A comma-separated list of exact issuer URLs, possibly empty. */
export const issuerList = z.string().transform((text, context): readonly string[] => {
  const issuers = entriesOf(text);
  for (const issuer of issuers.filter((entry) => !/^https?:\/\//.test(entry) || !URL.canParse(entry))) {
    context.addIssue({
      code: 'custom',
      message: `must be issuer URLs separated by commas; ${JSON.stringify(issuer)} is none`,
    });
  }
  return issuers;
});

/** A comma-separated list of namespaces, possibly empty. */
export const namespaceList = z.string().transform((text, context): readonly string[] => {
  const names = [...new Set(entriesOf(text))];
  for (const name of names.filter((entry) => !NAMESPACE.test(entry))) {
    context.addIssue({
      code: 'custom',
      message: `must be namespaces separated by commas; ${JSON.stringify(name)} is none`,
    });
  }
  return names;
});

/** The name of a Kubernetes object. */
export const objectName = z
  .string()
  .max(253, { error: 'must be at most 253 characters' })
  .regex(OBJECT_NAME, { error: 'must be the name of a Kubernetes object: a-z, 0-9, - and .' });

/** `NAMESPACE/NAME` of a Kubernetes object. */
export const namespacedName = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\/[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/, {
    error: 'must be NAMESPACE/NAME',
  });

function entriesOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** `true` or `false`. */
export const toggle = z
  .enum(['true', 'false'], { error: 'must be true or false' })
  .transform((text) => text === 'true');

/** A duration such as `10s`, in milliseconds, at most `maxMs`. */
export function durationMs(maxMs: number): z.ZodType<number, string> {
  return z.string().transform((text, context): number => {
    const ms = parseDuration(text);
    if (ms !== undefined && ms <= maxMs) return ms;
    context.addIssue({
      code: 'custom',
      message: `must be a duration such as 500ms, 10s or 5m, at most ${maxMs / 1_000}s`,
    });
    return z.NEVER;
  });
}

/** A whole number from 1 to `max`, or `off`, which is no bound. */
export function bound(max: number): z.ZodType<number, string> {
  return z.string().transform((text, context): number => {
    if (text === 'off') return Infinity;
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= 1 && value <= max) return value;
    context.addIssue({ code: 'custom', message: `must be a whole number from 1 to ${max}, or off` });
    return z.NEVER;
  });
}

/** A whole number from `min` to `max`. */
export function wholeNumber(min: number, max: number): z.ZodType<number, string> {
  return z.string().transform((text, context): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    context.addIssue({ code: 'custom', message: `must be a whole number from ${min} to ${max}` });
    return z.NEVER;
  });
}
