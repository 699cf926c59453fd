/** `docs/reference/policy.md`: every field of OIDCPolicy with its type, bounds, default and meaning. */

import { DURATION_PATTERN } from '../../src/model/duration.ts';
import { API_GROUP, API_VERSION, POLICY_KIND, POLICY_PLURAL } from '../../src/model/names.ts';
import { policySpecSchema } from '../../src/policy/schema.ts';
import { policyStatusSchema } from '../../src/policy/status-schema.ts';
import { code, generatedFrom, page, table } from './markdown.ts';
import { openApiSchema, type SchemaNode } from './structural.ts';

const HEADER = ['field', 'type', 'default', 'meaning'];

export function renderPolicyReference(): string {
  const spec = openApiSchema(policySpecSchema);
  const status = openApiSchema(policyStatusSchema);
  return page(
    generatedFrom('src/policy/schema.ts'),
    `# ${POLICY_KIND}`,
    `\`${API_GROUP}/${API_VERSION}\`, namespaced, \`kubectl get ${POLICY_PLURAL}\` or \`kubectl get oidcp\`; \`-o wide\` shows mode, refused Ingresses and warnings too. An unknown field is an error, not ignored. A duration is a whole number and a unit: \`300ms\`, \`5s\`, \`10m\`, \`1h\`. Lengths count characters.`,
    `## spec\n\n${rulesOf(spec)}`,
    ...sections(spec),
    '## status\n\nWritten by the controller. An outage of the provider never makes `Accepted` false. What each condition can say: [conditions](conditions.md).',
    table(
      HEADER.toSpliced(2, 1),
      rows('', status).map((row) => row.toSpliced(2, 1)),
    ),
  );
}

/** One section for each field of the spec that holds fields, one table for the rest. */
function sections(spec: SchemaNode): readonly string[] {
  const fields = Object.entries(spec.properties ?? {});
  const isGroup = (node: SchemaNode): boolean => fieldsOf(node) !== undefined;
  const plain = fields.filter(([, node]) => !isGroup(node));
  return [
    ...fields
      .filter(([, node]) => isGroup(node))
      .flatMap(([name, node]) => [
        `### ${name}\n\n${heading(node, spec.required?.includes(name) ?? false)}`,
        table(HEADER, rows(node.type === 'array' ? `${name}[]` : name, node)),
      ]),
    '### Further fields',
    table(
      HEADER,
      plain.flatMap(([name, node]) => row(name, node, false)),
    ),
  ];
}

function heading(node: SchemaNode, isRequired: boolean): string {
  const facts = [isRequired ? 'Required.' : '', node.type === 'array' ? `${capital(typeOf(node))}.` : ''];
  return [node.description ?? '', ...facts, rulesOf(node)].filter((text) => text !== '').join(' ');
}

/** The fields inside `node`, and inside the entries of `node`. */
function rows(path: string, node: SchemaNode): readonly (readonly string[])[] {
  const inner = fieldsOf(node);
  return Object.entries(inner?.properties ?? {}).flatMap(([name, field]) =>
    row(path === '' ? name : `${path}.${name}`, field, inner?.required?.includes(name) ?? false),
  );
}

function row(path: string, node: SchemaNode, isRequired: boolean): readonly (readonly string[])[] {
  const fallback = isRequired ? 'required' : defaultOf(node);
  const meaning = [
    node.description ?? '',
    rulesOf(node),
    node.type === 'array' ? rulesOf(node.items ?? {}) : '',
  ];
  return [
    [code(path), typeOf(node), fallback, meaning.filter((text) => text !== '').join(' ')],
    ...rows(node.type === 'array' ? `${path}[]` : path, node),
  ];
}

/** `node` itself, its entries or its object alternative: whichever holds fields. */
function fieldsOf(node: SchemaNode): SchemaNode | undefined {
  const holder = node.anyOf?.find((branch) => branch.properties !== undefined) ?? node.items ?? node;
  return Object.keys(holder.properties ?? {}).length > 0 ? holder : undefined;
}

/** The defaults of an object are those of its fields. */
function defaultOf(node: SchemaNode): string {
  if (node.default === undefined || (fieldsOf(node) !== undefined && node.type === 'object')) return '';
  return code(typeof node.default === 'string' ? node.default : JSON.stringify(node.default));
}

function typeOf(node: SchemaNode): string {
  if (node.anyOf !== undefined) return node.anyOf.map(typeOf).join(', or ');
  if (node.enum !== undefined) return node.enum.map((word) => code(String(word))).join(', ');
  switch (node.type) {
    case 'string':
      return node.pattern === DURATION_PATTERN ? 'duration' : `string${lengths(node)}`;
    case 'integer':
      return node.minimum === Number.MIN_SAFE_INTEGER
        ? 'integer'
        : `integer, ${node.minimum}–${node.maximum}`;
    case 'array':
      return `list of ${amounts(node)}: ${typeOf(node.items ?? {})}`;
    case 'object':
      return typeof node.additionalProperties === 'object'
        ? `map of string to ${typeOf(node.additionalProperties)}`
        : 'object';
    case undefined:
      return 'any';
    default:
      return node.type;
  }
}

function lengths({ minLength = 0, maxLength, pattern }: SchemaNode): string {
  const isNeverEmpty = minLength > 0 || (pattern !== undefined && !new RegExp(pattern).test(''));
  if (maxLength === undefined) return '';
  return isNeverEmpty ? `, 1–${maxLength} characters` : `, at most ${maxLength} characters`;
}

function amounts({ minItems, maxItems }: SchemaNode): string {
  return minItems === undefined ? `at most ${maxItems}` : `${minItems}–${maxItems}`;
}

/** Rules that bind several fields or forbid some values; bounds of durations are in their descriptions. */
function rulesOf(node: SchemaNode): string {
  if (node.pattern === DURATION_PATTERN) return '';
  return (node['x-kubernetes-validations'] ?? []).map(({ message }) => `${sentence(message)}.`).join(' ');
}

/** A message may begin with the name of a field, which keeps its spelling. */
function sentence(message: string): string {
  return message.startsWith('must') ? capital(message) : `Rule: ${message}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
