/** What is told of annotations that another controller would heed: whoever moves an Ingress here may rely on them. */

import { annotation } from '../../model/annotations.ts';
import type { Cause } from '../problem-list.ts';
import type { Protection } from '../protection.ts';

/** Named one by one; of more than these the number is told. */
const MAX_NAMED = 5;

/** `names`: with their prefixes. @returns `undefined` where there is none */
export function foreignAnnotationFault(
  names: readonly string[],
  { kind }: Pick<Protection, 'kind'>,
): Cause | undefined {
  if (names.length === 0) return undefined;
  const rest = names.length - MAX_NAMED;
  const listed = names.slice(0, MAX_NAMED).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
  const verb = names.length === 1 ? 'has' : 'have';
  const warning =
    kind === 'open' ? `; nothing protects the routes: to name a policy, use ${annotation('policy')}` : '';
  return { reason: 'ForeignAnnotation', message: `${listed} ${verb} no effect here${warning}` };
}
