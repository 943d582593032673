import type { ChannelSettings } from '../../../config/index.ts';
import { type AlertSeverity, severityRank } from '../../../contract/alert.ts';
import { matchesServerPattern as matches } from '../../../contract/server-pattern.ts';

/** Whether a channel is told of such an alert at all, by its `severity` and `only`; when is another question. */
export function wantsAlert(
  { severity, only }: Pick<ChannelSettings, 'severity' | 'only'>,
  alert: {
    readonly severity: AlertSeverity;
    readonly kind: string;
    readonly server: string;
    readonly agent_id: string | null;
  },
): boolean {
  const within = (patterns: readonly string[] | undefined, value: string | null) =>
    patterns === undefined || (value !== null && patterns.some((pattern) => matches(pattern, value)));
  return (
    severityRank(alert.severity) >= severityRank(severity) &&
    within(only.agents, alert.agent_id) &&
    within(only.servers, alert.server) &&
    within(only.kinds, alert.kind)
  );
}
