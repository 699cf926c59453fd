/** One protected route as `validate` and `explain` read it; in block style, so that problems have lines of their own. */

import { surroundings } from '../../support/world.ts';

export const ORDERS = `${surroundings(3000, '10.1.2.3').trimStart()}---
apiVersion: oidc-ingress.io/v1alpha1
kind: OIDCPolicy
metadata: {name: api, namespace: shop}
spec:
  provider: {issuer: https://acme.eu.auth0.com/}
  clientCredentials: {audience: https://orders.example.com/}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: orders, namespace: shop, annotations: {oidc-ingress.io/policy: api}}
spec:
  ingressClassName: oidc-ingress
  rules:
    - host: orders.example.com
      http:
        paths:
          - {path: /v1, pathType: Prefix, backend: {service: {name: orders, port: {number: 80}}}}
`;
