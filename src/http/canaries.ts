/** Chooses the canary that takes a request, where one does. */

import type { Canary } from '../model/route-options.ts';
import { headerValue } from './header-list.ts';

/**
 * The first whose header the request has; else one by weight, each with its share of all requests as far as a hundred
 * percent go. `undefined`: the backend of the route.
 *
 * @param draw in [0, 1)
 */
export function chooseCanary(
  canaries: readonly Canary[],
  rawHeaders: readonly string[],
  draw: number,
): Canary | undefined {
  let left = draw * 100;
  for (const canary of canaries) {
    const { when } = canary;
    if (when.kind === 'header') {
      const value = headerValue(rawHeaders, when.name);
      if (value !== undefined && (when.value === undefined || when.value === value)) return canary;
    } else if (left < when.percent) {
      return canary;
    } else {
      left -= when.percent;
    }
  }
  return undefined;
}
