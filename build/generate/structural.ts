/** Turns a zod schema into the structural OpenAPI schema that the API server accepts. */

import { z } from 'zod';

/** A node of an OpenAPI 3.0 schema. */
export interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly items?: SchemaNode;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: SchemaNode | boolean;
  readonly anyOf?: readonly SchemaNode[];
  readonly not?: SchemaNode;
  readonly 'x-kubernetes-preserve-unknown-fields'?: true;
  readonly 'x-kubernetes-validations'?: readonly { readonly rule: string; readonly message: string }[];
}

/** What people write: fields with a default are optional. */
export function openApiSchema(schema: z.ZodType): SchemaNode {
  const { $schema: _, ...root } = z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input' });
  return root as SchemaNode;
}

/** Drops what a structural schema must not hold; unknown fields are the business of field validation. */
export function structural(node: SchemaNode): SchemaNode {
  if (node.anyOf !== undefined) return choice(node, node.anyOf);
  const { items, properties, additionalProperties, minimum, maximum, pattern, ...rest } = node;
  return {
    ...(node.type === 'integer' ? { ...rest, format: 'int64' } : rest),
    ...explained(node),
    // JavaScript escapes the slash in the source of an expression; RE2 and readers need no escape.
    ...(pattern === undefined ? {} : { pattern: pattern.replaceAll('\\/', '/') }),
    ...(minimum === undefined || minimum === Number.MIN_SAFE_INTEGER ? {} : { minimum }),
    ...(maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? {} : { maximum }),
    ...(items === undefined ? {} : { items: structural(items) }),
    ...(properties === undefined ? {} : { properties: mapValues(properties, structural) }),
    ...(typeof additionalProperties === 'object'
      ? { additionalProperties: structural(additionalProperties) }
      : {}),
  };
}

/** Of longer lists of words, and of those of the entries of a list, `kubectl explain` shows not all. */
const MAX_EXPLAINED_WORDS = 4;

/** The description with what `kubectl explain` does not show by itself: words to choose from, and the default. */
function explained(node: SchemaNode): Pick<SchemaNode, 'description'> {
  const { description, items, default: fallback } = node;
  if (description === undefined) return {};
  const words = (items?.enum ?? node.enum ?? []).map(quoted);
  const isShown = items === undefined && words.length <= MAX_EXPLAINED_WORDS;
  const isSaid = isShown || words.every((word) => description.includes(word));
  const choices = isSaid ? '' : ` ${items === undefined ? 'One' : 'Any'} of ${words.join(', ')}.`;
  return { description: `${description}${choices}${defaultText(fallback)}` };
}

/** Empty lists, and objects whose fields have the defaults, go without saying. */
function defaultText(fallback: unknown): string {
  const values: readonly unknown[] = Array.isArray(fallback) ? fallback : [fallback];
  const isPlain = values.every((value) => value !== undefined && typeof value !== 'object');
  return isPlain && values.length > 0 ? ` Default: ${values.map(quoted).join(', ')}.` : '';
}

function quoted(value: unknown): string {
  return `\`${String(value)}\``;
}

/** Validations that no number, list or boolean can pass, and that say nothing of strings and objects. */
const STRING_OR_OBJECT = {
  minimum: 1,
  maximum: 0,
  minItems: 1,
  maxItems: 0,
  not: { enum: [true, false] },
} as const;

/**
 * One of some words, or an object. A structural schema knows no unions, so the node gets no type; each validation
 * speaks of one type of JSON only, so that they can stand side by side and give messages of their own. Seen to work on
 * API server 1.36. CEL is blind below such a node: a rule there would be lost, and is an error here.
 */
function choice(node: SchemaNode, branches: readonly SchemaNode[]): SchemaNode {
  const { anyOf: _, ...rest } = node;
  const words = branches.find((branch) => branch.type === 'string')?.enum;
  const object = branches.find((branch) => branch.type === 'object');
  const properties = object?.properties;
  if (branches.length !== 2 || words === undefined || properties === undefined) {
    throw new Error('only a union of words and one object has a structural form');
  }
  if (JSON.stringify(properties).includes('x-kubernetes-validations')) {
    throw new Error('CEL rules are not evaluated inside a union: use a pattern');
  }
  return {
    ...rest,
    ...explained(rest),
    ...STRING_OR_OBJECT,
    'x-kubernetes-preserve-unknown-fields': true,
    pattern: `^(${words.join('|')})$`,
    maxProperties: Object.keys(properties).length,
    properties: mapValues(properties, structural),
    ...(object?.required === undefined ? {} : { required: object.required }),
  };
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
