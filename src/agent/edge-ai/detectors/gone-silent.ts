import type { DetectorSettings } from '../../../contract/triage-settings.ts';
import { formatDuration } from '../../../platform/quantity.ts';
import type { Finding } from './detector.ts';
import { shown } from './marks.ts';
import type { TemplateHabit } from './template-habit.ts';

const NAMED_MAX = 5;

/** Templates that came steadily come no longer. Those that fall silent together are one trouble. */
export function goneSilent(
  silent: readonly { readonly habit: TemplateHabit; readonly sinceMs: number }[],
  { times, factor, silentMs }: DetectorSettings['goneSilent'],
): Finding {
  const { habit, sinceMs } = silent[0]!;
  const more = silent.length - 1;
  const said = silent.slice(0, NAMED_MAX).map((one) => ({ template: one.habit.id, text: shown(one.habit.text) ?? '' }));
  const interval = formatDuration(Math.max(habit.interval, 1_000));
  const others = more === 0 ? '' : `, and of ${more} more kind${more === 1 ? '' : 's'}`;
  const title = `Lines that came every ${interval} have not come for ${formatDuration(sinceMs)}${others}: ${said[0]!.text}`;
  const detail = {
    template: habit.id,
    templates: silent.length,
    silent: said,
    interval_seconds: Math.round(habit.interval / 1_000),
    silent_seconds: Math.round(sinceMs / 1_000),
    arrivals: habit.arrivals,
    times,
    factor,
    least_seconds: silentMs / 1_000,
  };
  return {
    subject: habit.id,
    calmMs: silentMs,
    describe: () => ({ title, reason: `silent for ${formatDuration(sinceMs)}, came every ${interval}`, detail }),
  };
}
