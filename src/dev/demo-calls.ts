/** The calls that `dev` suggests, and what each of them shows. */

import type { Reason } from '../model/reasons.ts';
import { DEMO_CLIENTS, type DemoClient } from './demo-tenant.ts';

export interface DemoCall {
  /** To be copied into a shell. */
  readonly line: string;
  readonly status: number;
  /** `undefined`: the call is served. */
  readonly reason: Reason | undefined;
  readonly shows: string;
}

export interface DemoPorts {
  readonly http: number;
  readonly admin: number | undefined;
}

export function demoCalls({ http, admin }: DemoPorts): readonly DemoCall[] {
  const { writer, reader, stranger } = DEMO_CLIENTS;
  const gateway = `http://127.0.0.1:${http}`;
  const orders = `-H 'Host: orders.example.com' ${gateway}`;
  const served = (line: string, shows: string): DemoCall => ({
    line: `curl ${line}`,
    status: 200,
    reason: undefined,
    shows,
  });
  const refused = (line: string, status: number, reason: Reason, shows: string): DemoCall => ({
    line: `curl ${line}`,
    status,
    reason,
    shows,
  });
  return [
    served(
      `-u ${pairOf(writer)} ${orders}/v1/orders`,
      'the right secret: the API sees a verified token with these claims, and no secret',
    ),
    refused(`-u ${writer.clientId}:guess ${orders}/v1/orders`, 401, 'InvalidClient', 'a wrong secret'),
    refused(`${orders}/v1/orders`, 401, 'MissingCredentials', 'no credentials'),
    served(
      `-H 'Host: orders.example.com' '${gateway}/v1/orders?page=2&${parametersOf(writer)}'`,
      'credentials in the query: the API sees page=2 only',
    ),
    served(
      `-d '${parametersOf(writer)}&note=hello' ${orders}/v1/orders`,
      'credentials in a form: the API sees note=hello only',
    ),
    served(`-u ${pairOf(reader)} ${orders}/v1/orders`, 'a client that may read, reading'),
    refused(
      `-u ${pairOf(reader)} -d '{}' ${orders}/v1/orders`,
      403,
      'InsufficientScope',
      'the same client, writing',
    ),
    refused(
      `-u ${pairOf(stranger)} ${orders}/v1/orders`,
      403,
      'GrantMissing',
      'a client that is not authorised for this API',
    ),
    served(`${orders}/healthz`, 'an exempt path needs no credentials'),
    served(`-H 'Host: www.example.com' ${gateway}/`, 'an Ingress without a policy is open'),
    refused(
      `-u ${pairOf(writer)} -H 'Host: broken.example.com' ${gateway}/`,
      503,
      'PolicyUnavailable',
      'an Ingress whose policy does not exist is closed',
    ),
    refused(`-H 'Host: nowhere.example.com' ${gateway}/`, 404, 'NoRoute', 'no Ingress for this host'),
    ...(admin === undefined ? [] : [served(`http://127.0.0.1:${admin}/metrics`, 'what was counted')]),
  ];
}

/** One comment and one line for each call, in the order in which they tell a story. */
export function renderDemoCalls(calls: readonly DemoCall[]): string {
  return calls
    .map(({ line, status, reason, shows }) => {
      const outcome = reason === undefined ? String(status) : `${status} ${reason}`;
      return `  # ${outcome}: ${shows}\n  ${line}`;
    })
    .join('\n\n');
}

function pairOf({ clientId, clientSecret }: DemoClient): string {
  return `${clientId}:${clientSecret}`;
}

function parametersOf({ clientId, clientSecret }: DemoClient): string {
  return `client_id=${clientId}&client_secret=${clientSecret}`;
}
