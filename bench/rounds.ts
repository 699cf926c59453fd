/** Rounds over several subjects, each in the other direction: what heats up or drifts meets everyone alike. */

/** @returns what `run` found, by name, a value for each round. */
export async function inRounds<S, T>(
  rounds: number,
  subjects: ReadonlyMap<string, S>,
  run: (subject: S, name: string) => Promise<T>,
): Promise<ReadonlyMap<string, readonly T[]>> {
  const results = new Map<string, T[]>([...subjects.keys()].map((name) => [name, []]));
  const order = [...subjects];
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, subject] of round % 2 === 0 ? order : order.toReversed()) {
      results.get(name)?.push(await run(subject, name));
    }
  }
  return results;
}
