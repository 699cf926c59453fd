/** The addresses of a Service, outermost first: of its load balancer and its external IPs, else of the Service itself. */

import { z } from 'zod';

const strings = z.array(z.string()).nullish();

const serviceSchema = z.object({
  spec: z
    .object({
      type: z.string().nullish(),
      externalIPs: strings,
      clusterIPs: strings,
      externalName: z.string().nullish(),
    })
    .nullish(),
  status: z
    .object({
      loadBalancer: z
        .object({
          ingress: z.array(z.object({ ip: z.string().nullish(), hostname: z.string().nullish() })).nullish(),
        })
        .nullish(),
    })
    .nullish(),
});

export function serviceAddresses(raw: unknown): readonly string[] {
  const parsed = serviceSchema.safeParse(raw);
  if (!parsed.success) return [];
  const { spec, status } = parsed.data;
  const balancers = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '');
  const outer = [...balancers, ...(spec?.externalIPs ?? [])].filter((address) => address !== '');
  // A load balancer that is still being made will have an address; that of the Service is not for callers.
  if (outer.length > 0 || spec?.type === 'LoadBalancer') return outer;
  if (spec?.type === 'ExternalName') return spec.externalName ? [spec.externalName] : [];
  return (spec?.clusterIPs ?? []).filter((address) => address !== '' && address !== 'None');
}
