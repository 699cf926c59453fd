/** Paths and path types as Ingress rules declare them: strict, because what is ambiguous can be got around. */

import { pathFault } from '../http/target-rules.ts';
import type { IngressPath } from '../model/objects.ts';
import type { PathPattern } from '../model/table.ts';
import { quote } from './quote.ts';

export type DeclaredPath =
  | { readonly kind: 'valid'; readonly pattern: PathPattern }
  | {
      readonly kind: 'invalid';
      /** The field that is at fault. */
      readonly part: 'path' | 'pathType';
      readonly message: string;
      /** The requests that the path would have served, where there can be any. */
      readonly meant: PathPattern | undefined;
    };

const RULES: readonly { readonly broken: RegExp; readonly message: string }[] = [
  { broken: /^[^/]/, message: 'must start with /' },
  { broken: /[?#]/, message: 'must not hold a query or a fragment' },
  {
    broken: /[^\x21-\x7e]/,
    message: 'must be printable ASCII without spaces; percent-encode other characters',
  },
  { broken: /\/\//, message: 'must not hold an empty segment' },
];

/** What the rule of a request says and the name of the field says already. */
const SUBJECT = /^(?:path|request target) /;

/** As nearly all paths are: nothing in it is against any rule. */
const PLAIN = /^\/(?:[\w-][\w.-]*\/)*(?:[\w-][\w.-]*)?$/;

export function parsePath({ path = '', pathType }: Pick<IngressPath, 'path' | 'pathType'>): DeclaredPath {
  const type = toPathType(pathType);
  if (type === undefined) {
    const found = pathType === '' ? 'none' : quote(pathType);
    const message = `must be Exact, Prefix or ImplementationSpecific, found ${found}`;
    return { kind: 'invalid', part: 'pathType', message, meant: meantBy(path, 'Prefix') };
  }
  // Only an ImplementationSpecific path may be left out; it then means every path.
  const text = path === '' && pathType === 'ImplementationSpecific' ? '/' : path;
  const message = faultOf(text, pathType);
  return message === undefined
    ? { kind: 'valid', pattern: { path: text, pathType: type } }
    : { kind: 'invalid', part: 'path', message, meant: meantBy(text, type) };
}

function toPathType(pathType: string): PathPattern['pathType'] | undefined {
  if (pathType === 'Exact' || pathType === 'Prefix') return pathType;
  // Never a regular expression: that is what made paths of others surprising.
  return pathType === 'ImplementationSpecific' ? 'Prefix' : undefined;
}

function faultOf(text: string, pathType: string): string | undefined {
  if (PLAIN.test(text)) return undefined;
  if (text === '') return `must be set with pathType ${pathType}`;
  const rule = RULES.find(({ broken }) => broken.test(text));
  // What the proxy refuses in a request can match nothing in a rule.
  const message = rule === undefined ? pathFault(text) : rule.message;
  return message === undefined ? undefined : `${quote(text)} ${message.replace(SUBJECT, '')}`;
}

function meantBy(text: string, pathType: PathPattern['pathType']): PathPattern | undefined {
  const [beforeQuery = ''] = text.split(/[?#]/, 1);
  const absolute = beforeQuery.startsWith('/') ? beforeQuery : `/${beforeQuery}`;
  const path = absolute.replace(/[^\x21-\x7e]+/g, (run) => encodeURIComponent(run.toWellFormed()));
  return pathFault(path) === undefined ? { path, pathType } : undefined;
}
