/** Explains what annotations ask of the routes of an Ingress. */

import type { Canary, HeaderEdits, RouteOptions } from '../model/route-options.ts';
import type { Line } from './lines.ts';

export interface ExplainedOptions {
  readonly lines: readonly Line[];
  /** `308 to https://a.com/`; `undefined` where the request is not redirected. */
  readonly redirect: string | undefined;
}

export function explainOptions(options: RouteOptions | undefined, url: URL): ExplainedOptions {
  if (options === undefined) return { lines: [], redirect: undefined };
  const lines: Line[] = [];
  const say = (name: string, text: string | undefined): void => {
    if (text !== undefined && text !== '') lines.push([name, text]);
  };
  say('rewrite', options.rewritePrefix && `the matching path becomes ${options.rewritePrefix}`);
  say('timeouts', describeTimeouts(options.timeouts));
  say('body', options.maxBodyBytes === undefined ? undefined : `at most ${options.maxBodyBytes} bytes`);
  say('sources', describeSources(options.sources));
  say('rate', describeRate(options.rateLimit));
  say('cors', options.cors && `for ${options.cors.allowOrigins.join(', ')}`);
  say('request', describeEdits(options.requestHeaders));
  say('response', describeEdits(options.responseHeaders));
  say('affinity', options.sessionAffinity && `by the cookie ${options.sessionAffinity.cookie}`);
  return { lines, redirect: redirectOf(options, url) };
}

export function describeCanary({ backend, ingress, when }: Canary): string {
  const share = when.kind === 'weight' ? `${when.percent} % of requests` : `requests with ${headerOf(when)}`;
  return `${share} to ${backend}, by Ingress ${ingress}`;
}

function redirectOf({ redirect, sslRedirect }: RouteOptions, url: URL): string | undefined {
  if (sslRedirect && url.protocol === 'http:')
    return `308 to https://${url.hostname}${url.pathname}${url.search}`;
  return redirect && `${redirect.status} to ${redirect.location}`;
}

function describeTimeouts({ connectMs, firstByteMs, idleMs }: RouteOptions['timeouts']): string {
  const times = { connect: connectMs, 'first byte': firstByteMs, idle: idleMs };
  return Object.entries(times)
    .flatMap(([name, ms]) => (ms === undefined ? [] : [`${name} ${ms / 1_000} s`]))
    .join(', ');
}

function describeSources({ allow, deny }: RouteOptions['sources']): string {
  return [
    ...(deny.length > 0 ? [`not from ${deny.join(', ')}`] : []),
    ...(allow.length > 0 ? [`only from ${allow.join(', ')}`] : []),
  ].join('; ');
}

function describeRate(limit: RouteOptions['rateLimit']): string | undefined {
  return limit && `${limit.requests} requests in ${limit.windowMs / 1_000} s for each ${limit.by}`;
}

/** Values may be secret: a header for the Service often is. */
function describeEdits({ set, remove }: HeaderEdits): string {
  return [...set.map(({ name }) => `sets ${name}`), ...remove.map((name) => `removes ${name}`)].join(', ');
}

function headerOf({ name, value }: Extract<Canary['when'], { readonly kind: 'header' }>): string {
  return value === undefined ? name : `${name}: ${value}`;
}
