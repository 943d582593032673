import type { AgentId } from '../../../contract/ids.ts';
import type { Clock } from '../../../platform/clock.ts';
import { buildPrompt, parseAnswer } from './prompt.ts';
import type { LanguageModel, ModelVerdict } from './types.ts';

/** Lines of which nobody is in doubt; the loudest word stands in a harmless one. */
const SAMPLES: readonly { readonly line: string; readonly template: string; readonly expected: ModelVerdict }[] = [
  {
    line: 'Backup of volume data3 finished in 412 s, 0 errors',
    template: 'Backup of volume <*> finished in <*> s, <*> errors',
    expected: 'ordinary',
  },
  {
    line: 'Cannot write /var/spool/queue/17: no space left on device, 240 jobs lost',
    template: 'Cannot write <*>: no space left on device, <*> jobs lost',
    expected: 'critical',
  },
  {
    line: 'Worker 4 was killed by signal 9 and will not be started again',
    template: 'Worker <*> was killed by signal <*> and will not be started again',
    expected: 'critical',
  },
];

export interface ModelTrial {
  readonly line: string;
  readonly expected: ModelVerdict;
  readonly verdict: ModelVerdict;
  readonly reason: string;
  /** Of the first: with the loading. */
  readonly tookMs: number;
}

/** Asks a model about the samples, one after the other. Rejects with its first failure. */
export async function tryModel(
  model: LanguageModel,
  deadlineMs: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly ModelTrial[]> {
  const trials: ModelTrial[] = [];
  for (const { line, template, expected } of SAMPLES) {
    const startedAt = clock.monotonic();
    const prompt = buildPrompt({ text: template, example: line, agentId: 'SAMPLE' as AgentId, similar: [] });
    const answer = parseAnswer(await model.ask(prompt, { deadlineMs, signal }));
    trials.push({ line, expected, ...answer, tookMs: Math.round(clock.monotonic() - startedAt) });
  }
  return trials;
}
