/** What logs and Events say of a result: nothing of a namespace that is being deleted. */

import { endingNamespaces } from '../compile/namespaces.ts';
import type { CompileResult } from '../compile/result.ts';
import type { Snapshot } from '../model/objects.ts';

/**
 * Kubernetes deletes what is in such a namespace in any order, Services before the Ingresses that name them: what is then
 * missing is meant to be, nobody is to mend it, and no Event can be made there any more.
 */
export function worthTelling(result: CompileResult, namespaces: Snapshot['namespaces']): CompileResult {
  const ending = endingNamespaces(namespaces);
  if (ending.size === 0) return result;
  return {
    ...result,
    problems: result.problems.filter(({ object }) => !ending.has(object.namespace)),
    ingresses: result.ingresses.filter(({ namespace }) => !ending.has(namespace)),
  };
}
