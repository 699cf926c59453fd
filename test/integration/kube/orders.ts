/** A protected Ingress of a Service that has no endpoints: where the issuer is out of reach too, a gateway has much to tell. */

export const HOST = 'orders.example.com';

export const ORDERS = `
apiVersion: v1
kind: Service
metadata: { name: orders, namespace: shop }
spec: { ports: [{ port: 80 }] }
---
apiVersion: oidc-ingress.io/v1alpha1
kind: OIDCPolicy
metadata: { name: orders, namespace: shop }
spec:
  provider: { issuer: https://127.0.0.1:9/ }
  clientCredentials: { audience: https://orders.example.com/ }
---
${ingress('shop/orders', HOST, { policy: 'orders' })}`;

/** An Ingress of the Service `orders` in its namespace; `annotations`: ours, without their prefix. */
export function ingress(
  key: string,
  host: string,
  annotations: Readonly<Record<string, string>> = {},
): string {
  const [namespace, name] = key.split('/', 2);
  const said = Object.entries(annotations).map(([about, value]) => `oidc-ingress.io/${about}: ${value}`);
  return `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: ${name}, namespace: ${namespace}, annotations: { ${said.join(', ')} } }
spec:
  ingressClassName: oidc-ingress
  rules:
    - host: ${host}
      http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: orders, port: { number: 80 } } } }] }
`;
}
