/** The CustomResourceDefinition of OIDCPolicy, from its zod schemas. */

import { stringify } from 'yaml';

import { API_GROUP, API_VERSION, POLICY_KIND, POLICY_PLURAL } from '../../src/model/names.ts';
import { policySpecSchema } from '../../src/policy/schema.ts';
import { policyStatusSchema } from '../../src/policy/status-schema.ts';
import { openApiSchema, structural } from './structural.ts';

const PRINTER_COLUMNS = [
  { name: 'Issuer', type: 'string', jsonPath: '.spec.provider.issuer' },
  {
    name: 'Accepted',
    type: 'string',
    jsonPath: '.status.conditions[?(@.type=="Accepted")].status',
  },
  {
    name: 'Issuer-Ready',
    type: 'string',
    jsonPath: '.status.conditions[?(@.type=="IssuerReady")].status',
  },
  { name: 'Ingresses', type: 'integer', jsonPath: '.status.ingresses.total' },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  // With `-o wide`: what looks well and yet protects nothing, or refuses.
  { name: 'Mode', type: 'string', jsonPath: '.spec.mode', priority: 1 },
  { name: 'Refused', type: 'integer', jsonPath: '.status.ingresses.refused', priority: 1 },
  {
    name: 'Warnings',
    type: 'string',
    jsonPath: '.status.conditions[?(@.type=="Warnings")].reason',
    priority: 1,
  },
];

function customResourceDefinition(): object {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${POLICY_PLURAL}.${API_GROUP}` },
    spec: {
      group: API_GROUP,
      scope: 'Namespaced',
      names: {
        kind: POLICY_KIND,
        listKind: `${POLICY_KIND}List`,
        plural: POLICY_PLURAL,
        singular: POLICY_KIND.toLowerCase(),
        shortNames: ['oidcp'],
        // Not `ingress`: kubectl reads a category before a kind, and would show policies to who asks for Ingresses.
        categories: ['oidc-ingress'],
      },
      versions: [
        {
          name: API_VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: PRINTER_COLUMNS,
          schema: { openAPIV3Schema: rootSchema() },
        },
      ],
    },
  };
}

export function renderCrd(): string {
  return `# Generated from src/policy/schema.ts by \`npm run generate\`.\n${stringify(
    customResourceDefinition(),
    {
      lineWidth: 0,
      aliasDuplicateObjects: false,
    },
  )}`;
}

function rootSchema(): object {
  return {
    type: 'object',
    description: 'Protects the Ingresses that name it: callers need a client ID and secret of its provider.',
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string', description: 'Version of the schema of this object.' },
      kind: { type: 'string', description: 'Kind of this object.' },
      metadata: { type: 'object' },
      spec: structural(openApiSchema(policySpecSchema)),
      status: structural(openApiSchema(policyStatusSchema)),
    },
  };
}
