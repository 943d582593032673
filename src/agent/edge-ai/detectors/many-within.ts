import type { TimesWithin } from '../../../contract/triage-settings.ts';
import { formatDuration } from '../../../platform/quantity.ts';
import type { Finding } from './detector.ts';

/** The finding of whoever only counts; `undefined` below the threshold. */
export function manyWithin(
  count: number,
  { times, withinMs }: TimesWithin,
  words: {
    readonly title: (count: number, time: string) => string;
    readonly reason: (count: number) => string;
    readonly said: string | undefined;
  },
): Finding | undefined {
  if (count < times) return undefined;
  return {
    subject: '',
    calmMs: withinMs,
    describe: () => ({
      title: words.title(count, formatDuration(withinMs)),
      reason: words.reason(count),
      detail: { refused: count, latest: words.said ?? null, times, within_seconds: withinMs / 1_000 },
    }),
  };
}
