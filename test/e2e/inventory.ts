/** What there is in a cluster, so that what is left behind is found whatever kind it has. */

import type { Tools } from './tools.ts';

/** `kind/name` of every object that belongs to no namespace. */
export async function clusterWideObjects(tools: Tools): Promise<readonly string[]> {
  return names(await tools.kubectl('get', await kinds(tools, '--namespaced=false'), '-o', 'name'));
}

/** `kind/name` of every object in `namespace`. */
export async function objectsIn(tools: Tools, namespace: string): Promise<readonly string[]> {
  return names(await tools.kubectl('-n', namespace, 'get', await kinds(tools, '--namespaced'), '-o', 'name'));
}

/** `kind/name` of every object with `label`, wherever it is. */
export async function objectsWith(tools: Tools, label: string): Promise<readonly string[]> {
  return names(await tools.kubectl('get', await kinds(tools), '--all-namespaces', '-l', label, '-o', 'name'));
}

/** Every kind but those that tell of the past or of health. */
async function kinds(tools: Tools, ...flags: readonly string[]): Promise<string> {
  const all = await tools.kubectl('api-resources', '--verbs=list', '-o', 'name', ...flags);
  return lines(all)
    .filter((kind) => !/^(?:events|componentstatuses)\b/.test(kind))
    .join(',');
}

function names(text: string): readonly string[] {
  return lines(text).toSorted((a, b) => a.localeCompare(b));
}

function lines(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}
