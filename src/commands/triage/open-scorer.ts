import type { LineScorer, ScoreInput } from '../../agent/edge-ai/types.ts';

/** What judges templates in an evaluation. */
export async function openScorer(): Promise<LineScorer> {
  return { score: byLevel };
}

function byLevel({ level }: ScoreInput): ReturnType<LineScorer['score']> {
  const score = level === 'CRITICAL' ? 0.9 : level === 'ERROR' ? 0.6 : 0.1;
  return { score, isAlert: score >= 0.5, isUnsure: false, reason: level ?? 'no level' };
}
