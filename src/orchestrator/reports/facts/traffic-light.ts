import type { AgentState } from '../../../contract/heartbeat.ts';
import { type AgentFacts, LIGHT_REASONS, type LightReason, type TrafficLight } from '../../../contract/report-facts.ts';

/** What an AI agent's light is judged by. */
export type LightFacts = Pick<
  AgentFacts,
  'state' | 'seconds' | 'level_counts' | 'errors' | 'error_rate' | 'error_rate_habit' | 'alerts_critical'
> & {
  /** Of its server: whose they were isn't known. */
  readonly lostRecords: number;
  /** Opened in the period, and those of before that weren't over at its end. */
  readonly alertsWarning: number;
  readonly alertsCriticalOpen: number;
};

export interface Light {
  readonly light: TrafficLight;
  /** The worst first; none where it is green. */
  readonly reasons: readonly LightReason[];
}

/** Down for so long is red, and shorter yellow: of a day ten minutes; of a longer period half a percent of it. */
const DOWN_SECONDS = 600;
const DOWN_SHARE = 0.005;
/** Late or degraded for less is a hiccup: an orchestrator is restarted, an agent is upgraded. */
const TROUBLE_SECONDS = 300;
/** Errors above habit: twice as many, and by a tenth of a percent, and more than a handful. */
const HABIT_FACTOR = 2;
const HABIT_MARGIN = 0.001;
const ERRORS_LEAST = 10;
/** Where less is known than this share of the time, it can't be green. */
const KNOWN_SHARE = 0.5;

/** How an AI agent did over a period. Pure. */
export function trafficLight(facts: LightFacts): Light {
  const found = new Map<LightReason, 'red' | 'yellow'>();
  const { state, seconds, errors, error_rate: rate, error_rate_habit: habit, level_counts: counts } = facts;
  const { up = 0, degraded = 0, late = 0, down = 0, unknown = 0 } = seconds;
  const judged = up + degraded + late + down;

  if (down > 0) {
    const isLong = down >= Math.max(DOWN_SECONDS, (judged + unknown) * DOWN_SHARE) || state === 'down';
    found.set('down', isLong ? 'red' : 'yellow');
  }
  if (facts.alerts_critical > 0 || facts.alertsCriticalOpen > 0) found.set('critical_alert', 'red');
  if (facts.lostRecords > 0) found.set('lost_records', 'red');
  if (isTrouble('degraded', degraded, state)) found.set('degraded', 'yellow');
  if (isTrouble('late', late, state)) found.set('late', 'yellow');
  if (errors !== null && rate !== null && habit !== null && errors >= ERRORS_LEAST) {
    if (rate > habit * HABIT_FACTOR && rate > habit + HABIT_MARGIN) found.set('errors_above_habit', 'yellow');
  }
  if (counts !== null && counts.CRITICAL > 0) found.set('critical_records', 'yellow');
  if (facts.alertsWarning > 0) found.set('warning_alert', 'yellow');

  const isKnown = judged > 0 && unknown <= (judged + unknown) * KNOWN_SHARE;
  const reasons = LIGHT_REASONS.filter((reason) => found.has(reason) || (reason === 'unknown' && !isKnown));
  const lights = [...found.values()];
  return { light: lights.includes('red') ? 'red' : lights.length > 0 ? 'yellow' : isKnown ? 'green' : 'grey', reasons };
}

function isTrouble(which: AgentState, seconds: number, state: AgentState | null): boolean {
  return seconds >= TROUBLE_SECONDS || (state === which && seconds > 0);
}

const RANKS: readonly TrafficLight[] = ['red', 'yellow', 'grey', 'green'];

/** The order of AI agents in facts: by trouble, the worst first, then by name. */
export function agentTrouble(a: AgentFacts, b: AgentFacts): number {
  const reasonOf = ({ light_reasons: [first] }: AgentFacts) =>
    first === undefined ? LIGHT_REASONS.length : LIGHT_REASONS.indexOf(first);
  return (
    RANKS.indexOf(a.light) - RANKS.indexOf(b.light) ||
    reasonOf(a) - reasonOf(b) ||
    (b.seconds.down ?? 0) - (a.seconds.down ?? 0) ||
    b.alerts_critical - a.alerts_critical ||
    (b.seconds.late ?? 0) - (a.seconds.late ?? 0) ||
    compare(a.agent_id, b.agent_id) ||
    compare(a.server, b.server)
  );
}

/** By code units, so that it is the same on every machine. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
