/** `spec.provider`: who issues the tokens, and how it is reached. */

import { z } from 'zod';

import { duration, list, objectName, patterned, text, withCel, type CelRule } from './fields.ts';

/** Host name or bracketed address, and port; printable ASCII only. */
const ORIGIN = 'https?://([A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9])?|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?';

const ISSUER_RULES: readonly (CelRule & { readonly holds: (issuer: string) => boolean })[] = [
  {
    rule: "!self.contains('/.well-known/')",
    message:
      'must be the issuer itself, not its discovery document: write the part before /.well-known/ (Auth0: https://TENANT.REGION.auth0.com/)',
    holds: (issuer) => !issuer.includes('/.well-known/'),
  },
  {
    rule: "!self.contains('?') && !self.contains('#')",
    message: 'must hold no query and no fragment',
    holds: (issuer) => !/[?#]/.test(issuer),
  },
];

function issuerUrl(description: string): z.ZodString {
  let schema = patterned(description, {
    source: `^${ORIGIN}(/[!-~]*)?$`,
    max: 2048,
    message: 'must be a URL such as https://TENANT.REGION.auth0.com/, without user name and password',
  });
  for (const { holds, message, rule } of ISSUER_RULES) {
    schema = withCel(schema.refine(holds, { error: message }), { rule, message });
  }
  return schema;
}

function endpointUrl(description: string): z.ZodString {
  return patterned(description, {
    source: `^${ORIGIN}(/[!"$-~]*)?$`,
    max: 2048,
    message:
      'must be a URL such as https://TENANT.REGION.auth0.com/oauth/token, without user name and password',
  });
}

function keyRef(description: string) {
  return z
    .strictObject({
      name: objectName('Name of the object, in the namespace of the policy.'),
      key: text('Key within `data`.', 253),
    })
    .describe(description)
    .optional();
}

const CA_MESSAGE = 'must hold exactly one of secretRef and configMapRef';

const certificateAuthorities = withCel(
  z
    .strictObject({
      secretRef: keyRef('Where it is in a Secret.'),
      configMapRef: keyRef('Where it is in a ConfigMap.'),
    })
    .refine((ca) => (ca.secretRef === undefined) !== (ca.configMapRef === undefined), { error: CA_MESSAGE }),
  { rule: 'has(self.secretRef) != has(self.configMapRef)', message: CA_MESSAGE },
).describe(
  'PEM bundle of the authorities that may sign the certificate of the provider. Default: system roots.',
);

const clientCertificate = z
  .strictObject({
    secretRef: z
      .strictObject({
        name: objectName('Name of a Secret of type `kubernetes.io/tls`, in the namespace of the policy.'),
      })
      .describe('Where certificate and key are.'),
  })
  .describe('Client certificate for mutual TLS with the provider.');

export const provider = z
  .strictObject({
    issuer: issuerUrl('Exact issuer URL, as the `iss` claim holds it. The issuer of Auth0 ends with `/`.'),
    tokenEndpoint: endpointUrl('Token endpoint, instead of the one from discovery.').optional(),
    jwksUri: endpointUrl(
      'JWKS URL, instead of the one from discovery. With `tokenEndpoint` also set, no discovery is made.',
    ).optional(),
    additionalIssuers: list(
      issuerUrl('An accepted `iss` value.'),
      'Further accepted `iss` values, for custom-domain migrations.',
      8,
    ).default([]),
    timeout: duration('Deadline of one call to the provider.', { min: '100ms', max: '60s' }).default('5s'),
    ca: certificateAuthorities.optional(),
    clientCertificate: clientCertificate.optional(),
  })
  .describe('The OpenID provider that issues the tokens.');
