/** Decodes command-line flags and their `OIDC_INGRESS_*` environment variables against a table of flags, all faults at once. */

import { parseArgs } from 'node:util';

import type { z } from 'zod';

import type { Fault } from '../model/faults.ts';
import { nearestName } from '../model/nearest-name.ts';

/** One flag: its schema turns the text into the value; the rest is what help and documentation show. */
export interface Flag<T extends z.ZodType = z.ZodType> {
  readonly schema: T;
  readonly description: string;
  /** What stands for the value in help, such as `ADDRESS`. `undefined`: a switch, `true` or `false`. */
  readonly placeholder: string | undefined;
  /** As a person would write it; `undefined`: the flag has no value unless given. */
  readonly defaultText: string | undefined;
}

export type FlagTable = Readonly<Record<string, Flag>>;

export type FlagValues<T extends FlagTable> = { readonly [K in keyof T]: z.output<T[K]['schema']> };

export type DecodedFlags<T extends FlagTable> =
  | { readonly kind: 'valid'; readonly values: FlagValues<T>; readonly positionals: readonly string[] }
  | { readonly kind: 'invalid'; readonly faults: readonly Fault[] };

/** `http-address` → `OIDC_INGRESS_HTTP_ADDRESS`. */
export function environmentName(flag: string): string {
  return `OIDC_INGRESS_${flag.toUpperCase().replaceAll('-', '_')}`;
}

/**
 * A flag given on the command line wins over its environment variable, and that over the default. Unknown flags,
 * missing values and bad values are all reported together, each under the name by which it came in; unknown environment
 * variables are not ours to judge.
 */
export function decodeFlags<T extends FlagTable>(
  table: T,
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): DecodedFlags<T> {
  const { given, positionals, faults } = readArguments(table, argv);
  const values: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(table)) {
    const variable = environmentName(name);
    const text = given.get(name) ?? environment[variable] ?? flag.defaultText;
    const result = flag.schema.safeParse(text);
    if (result.success) {
      values[name] = result.data;
      continue;
    }
    const isFromEnvironment = !given.has(name) && environment[variable] !== undefined;
    const path = isFromEnvironment ? variable : `--${name}`;
    for (const issue of result.error.issues) faults.push({ path, message: describe(issue.message, text) });
  }
  return faults.length > 0
    ? { kind: 'invalid', faults }
    : { kind: 'valid', values: values as FlagValues<T>, positionals };
}

function describe(message: string, text: string | undefined): string {
  return text === undefined ? message : `${message}, found ${JSON.stringify(text)}`;
}

function unknownFlag(name: string, table: FlagTable): string {
  const nearest = nearestName(name, Object.keys(table));
  return nearest === undefined ? 'unknown flag' : `unknown flag; the nearest is --${nearest}`;
}

function readArguments(table: FlagTable, argv: readonly string[]) {
  const given = new Map<string, string>();
  const positionals: string[] = [];
  const faults: Fault[] = [];
  const options = Object.fromEntries(
    Object.entries(table).map(([name, flag]) => [
      name,
      { type: flag.placeholder === undefined ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  const { tokens } = parseArgs({
    args: [...argv],
    options,
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const flag = table[token.name];
    if (flag === undefined) faults.push({ path: token.rawName, message: unknownFlag(token.name, table) });
    else if (given.has(token.name)) faults.push({ path: token.rawName, message: 'given twice' });
    else if (flag.placeholder === undefined) given.set(token.name, token.value ?? 'true');
    else if (token.value === undefined)
      faults.push({ path: token.rawName, message: `expected a value: ${flag.placeholder}` });
    else given.set(token.name, token.value);
  }
  return { given, positionals, faults };
}
