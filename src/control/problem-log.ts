/** Logs problems when they appear and when they are gone, not each time that they are found. */

import { PROBLEM_REASONS, type Problem } from '../model/problems.ts';
import type { Logger } from '../telemetry/ports.ts';

export interface ProblemLog {
  update(problems: readonly Problem[]): void;
}

export function createProblemLog(logger: Logger): ProblemLog {
  let known: ReadonlyMap<string, Problem> = new Map();
  return {
    update(problems) {
      const now = new Map(problems.map((problem) => [identity(problem), problem]));
      for (const [key, problem] of now) {
        if (known.has(key)) continue;
        const level = PROBLEM_REASONS[problem.reason] === 'error' ? 'error' : 'warn';
        logger[level](fields(problem), problem.message);
      }
      for (const [key, problem] of known) {
        if (!now.has(key)) logger.info(fields(problem), `gone: ${problem.message}`);
      }
      known = now;
    },
  };
}

function identity(problem: Problem): string {
  const { kind, namespace, name } = problem.object;
  return JSON.stringify([kind, namespace, name, problem.field, problem.reason, problem.message]);
}

function fields({ reason, object, field }: Problem) {
  return { reason, object: `${object.kind} ${object.namespace}/${object.name}`, field };
}
