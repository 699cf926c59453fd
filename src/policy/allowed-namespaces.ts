/** `spec.allowedNamespaces`: whose Ingresses may name a policy. */

import { z } from 'zod';

import { list, text, withCel } from './fields.ts';

const LABELS_MESSAGE = 'must hold at most 32 labels with keys of at most 317 characters';
const VALUES_MESSAGE =
  'values must be empty for Exists and DoesNotExist, and hold at least one entry for In and NotIn';
const SELECTOR_MESSAGE = 'selector must be set exactly when from is Selector';

const matchLabels = withCel(
  z
    .record(z.string(), z.string().max(63))
    .refine(
      (labels) => Object.keys(labels).length <= 32 && Object.keys(labels).every((key) => key.length <= 317),
      { error: LABELS_MESSAGE },
    )
    .meta({ description: 'Labels that must be equal.', maxProperties: 32 }),
  { rule: 'self.all(key, size(key) <= 317)', message: LABELS_MESSAGE },
);

const matchExpression = withCel(
  z
    .strictObject({
      key: text('Label key.', 317),
      operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']).describe('How the label is compared.'),
      values: list(z.string().max(63), 'Values to compare with.', 32).default([]),
    })
    .refine(
      ({ operator, values }) =>
        (operator === 'Exists' || operator === 'DoesNotExist') === (values.length === 0),
      { error: VALUES_MESSAGE },
    ),
  {
    rule: "(self.operator in ['Exists', 'DoesNotExist']) == (size(self.values) == 0)",
    message: VALUES_MESSAGE,
  },
);

export const allowedNamespaces = withCel(
  z
    .strictObject({
      from: z
        .enum(['Same', 'All', 'Selector'])
        .describe('Whose Ingresses may name this policy.')
        .default('Same'),
      selector: z
        .strictObject({
          matchLabels: matchLabels.optional(),
          matchExpressions: list(matchExpression, 'All must hold.', 16).optional(),
        })
        .describe('Labels of the namespaces, with `from: Selector`.')
        .optional(),
    })
    .refine((allowed) => (allowed.from === 'Selector') === (allowed.selector !== undefined), {
      error: SELECTOR_MESSAGE,
    }),
  { rule: "(self.from == 'Selector') == has(self.selector)", message: SELECTOR_MESSAGE },
).describe('Namespaces whose Ingresses may name this policy.');
