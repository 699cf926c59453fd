/** The zod schema of `OIDCPolicy.status`, which the controller writes and `kubectl` shows. */

import { z } from 'zod';

/** Rows of `status.ingresses.rows`; further Ingresses are only counted. */
export const MAX_STATUS_ROWS = 50;

const condition = z.object({
  type: z.string().max(316).describe('`Accepted`, `IssuerReady`, `Programmed` or `Warnings`.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether the condition holds.'),
  reason: z.string().max(1024).describe('A CamelCase reason for machines.'),
  message: z.string().max(32_768).describe('What a person should know.'),
  lastTransitionTime: z.string().meta({ format: 'date-time', description: 'When the status last changed.' }),
  observedGeneration: z.int().describe('Generation of the spec that the condition speaks of.').optional(),
});

export const policyStatusSchema = z
  .object({
    observedGeneration: z.int().describe('Generation of the spec that the status speaks of.').optional(),
    conditions: z
      .array(condition)
      .max(16)
      .meta({
        description: 'State of the policy.',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['type'],
      })
      .optional(),
    ingresses: z
      .object({
        total: z.int().describe('Ingresses that name this policy.'),
        enforced: z.int().describe('Of those, how many are served.'),
        refused: z.int().describe('Of those, how many are refused.'),
        rows: z
          .array(
            z.object({
              namespace: z.string().max(63).describe('Namespace of the Ingress.'),
              name: z.string().max(253).describe('Name of the Ingress.'),
              state: z.enum(['Enforced', 'Refused', 'DryRun']).describe('What its requests meet.'),
              reason: z.string().max(1024).describe('The state once more, or which problem refuses it.'),
            }),
          )
          .max(MAX_STATUS_ROWS)
          .meta({
            description: 'The first 50 of them, by namespace and name.',
            'x-kubernetes-list-type': 'atomic',
          }),
      })
      .describe('The Ingresses that name this policy.')
      .optional(),
  })
  .describe('What the controller found.');

export type PolicyStatus = z.output<typeof policyStatusSchema>;
