import type { DetectorSettings } from '../../../contract/triage-settings.ts';
import { formatDuration } from '../../../platform/quantity.ts';
import type { Finding } from './detector.ts';
import { shown } from './marks.ts';
import type { TemplateHabit } from './template-habit.ts';

/** A known template comes far more often than is its habit. */
export function rateChange(
  habit: TemplateHabit,
  { factor, linesMin, withinMs }: DetectorSettings['rateChange'],
): Finding {
  return {
    subject: habit.id,
    calmMs: withinMs,
    describe: () => {
      const lines = habit.before + habit.current;
      const { usual } = habit;
      const times = usual > 0 ? Math.round(lines / usual) : lines;
      return {
        title: `${lines} lines of one kind within ${formatDuration(withinMs)}, ${times} times as many as usual: ${shown(habit.text) ?? ''}`,
        reason: `${times} times as often as usual`,
        detail: {
          template: habit.id,
          lines,
          usual: Math.round(usual * 100) / 100,
          factor,
          least: linesMin,
          within_seconds: withinMs / 1_000,
        },
      };
    },
  };
}
