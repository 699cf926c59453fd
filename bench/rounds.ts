/** Rounds over several runs, each in the other direction: what heats up or drifts meets everyone alike. */

export async function inRounds<T>(
  rounds: number,
  names: readonly string[],
  run: (name: string) => Promise<T>,
): Promise<ReadonlyMap<string, readonly T[]>> {
  const results = new Map<string, T[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      results.get(name)?.push(await run(name));
    }
  }
  return results;
}
