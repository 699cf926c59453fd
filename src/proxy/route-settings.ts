/** The options of a route made ready for requests, once for each change of them. */

import { prepareEdits, type PreparedEdits } from '../http/header-edits.ts';
import { sourceFilter, type IsSourceAllowed } from '../http/source-ranges.ts';
import type { RouteOptions } from '../model/route-options.ts';
import type { UpstreamTimeouts } from './limits.ts';

export interface RouteSettings {
  readonly options: RouteOptions;
  /** `undefined`: every source may call. */
  readonly isSourceAllowed: IsSourceAllowed | undefined;
  readonly requestEdits: PreparedEdits | undefined;
  readonly responseEdits: PreparedEdits | undefined;
  /** With those of the process where the route has none. */
  readonly timeouts: UpstreamTimeouts;
}

export function createRouteSettings(limits: UpstreamTimeouts): (options: RouteOptions) => RouteSettings {
  const known = new WeakMap<RouteOptions, RouteSettings>();
  return (options) => {
    const settings = known.get(options) ?? settingsOf(options, limits);
    known.set(options, settings);
    return settings;
  };
}

function settingsOf(options: RouteOptions, limits: UpstreamTimeouts): RouteSettings {
  const { connectMs, firstByteMs, idleMs } = options.timeouts;
  return {
    options,
    isSourceAllowed: sourceFilter(options.sources),
    requestEdits: prepareEdits(options.requestHeaders),
    responseEdits: prepareEdits(options.responseHeaders),
    timeouts: {
      connectTimeoutMs: connectMs ?? limits.connectTimeoutMs,
      firstByteTimeoutMs: firstByteMs ?? limits.firstByteTimeoutMs,
      idleTimeoutMs: idleMs ?? limits.idleTimeoutMs,
    },
  };
}
