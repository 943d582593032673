import type { ReportFacts } from '../../../contract/report-facts.ts';
import type { Mood } from './words.ts';

/** Below this share of the time in which AI agents worked, a period is bad whatever else it was. */
const AVAILABILITY_BAD = 0.95;
/** From this share of red AI agents on, where there are enough of them to speak of a share. */
const RED_BAD = 1 / 3;
const AGENTS_FOR_SHARE = 3;

/** Where more than this share of the time isn't known, nobody can say that it was quiet. */
const UNKNOWN_MOST = 0.5;

/** How the period was as a whole. A short outage that is over and lost nothing doesn't spoil a quiet day: the lights decide. */
export function moodOf({ totals, agents, alerts }: ReportFacts): Mood {
  if (agents.length === 0 || totals.availability === null) return 'unknown';
  const red = agents.filter(({ light }) => light === 'red').length;
  const isBad =
    (totals.lost_records ?? 0) > 0 ||
    totals.availability < AVAILABILITY_BAD ||
    (agents.length >= AGENTS_FOR_SHARE && red / agents.length >= RED_BAD);
  if (isBad) return 'bad';
  const isCritical = alerts.list.some(({ severity, resolved_at }) => severity === 'critical' && resolved_at === null);
  if (red > 0 || (totals.alerts_critical ?? 0) > 0 || isCritical) return 'troubled';
  return unknownShare(agents) > UNKNOWN_MOST ? 'unclear' : 'quiet';
}

/** Of the time in which AI agents were in service, or may have been. */
function unknownShare(agents: ReportFacts['agents']): number {
  const sum = (states: readonly AgentSeconds[]) =>
    agents.reduce((total, { seconds }) => total + states.reduce((own, state) => own + (seconds[state] ?? 0), 0), 0);
  const all = sum(['up', 'degraded', 'late', 'down', 'unknown']);
  return all === 0 ? 0 : sum(['unknown']) / all;
}

type AgentSeconds = keyof ReportFacts['agents'][number]['seconds'];
