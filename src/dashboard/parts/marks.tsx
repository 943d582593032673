import type { AlertSeverity } from '../../contract/alert.ts';
import type { AlertView } from '../../contract/fleet.ts';
import type { AgentState, AgentStatus } from '../../contract/heartbeat.ts';
import type { TrafficLight } from '../../contract/report-facts.ts';
import type { ReportDeliveryView, ShelfView } from '../../contract/reports.ts';
import type { RevisionState, RolloutState } from '../../contract/rollout.ts';
import { LIGHT_WORDS } from '../messages/report-words.ts';
import type { TextKey } from '../messages/words.ts';
import { useWords } from './page-context.ts';

export const STATE_WORDS: Readonly<Record<AgentState, TextKey>> = {
  up: 'stateUp',
  degraded: 'stateDegraded',
  late: 'stateLate',
  down: 'stateDown',
  revoked: 'stateRevoked',
  retired: 'stateRetired',
};

export const STATUS_WORDS: Readonly<Record<AgentStatus, TextKey>> = {
  healthy: 'statusHealthy',
  degraded: 'statusDegraded',
  critical: 'statusCritical',
  stopped: 'statusStopped',
};

export const SEVERITY_WORDS: Readonly<Record<AlertSeverity, TextKey>> = {
  info: 'severityInfo',
  warning: 'severityWarning',
  critical: 'severityCritical',
};

const ALERT_MARKS: Readonly<Record<AlertView['state'], Mark>> = {
  open: ['down', 'alertOpen'],
  acknowledged: ['degraded', 'alertAcknowledged'],
  resolved: ['up', 'alertResolved'],
};

export function AlertMark({ state }: { readonly state: AlertView['state'] }) {
  return <LabelledMark mark={ALERT_MARKS[state]} />;
}

/** The orchestrator's judgement: a mark whose shape differs as well as its colour, and the word. */
export function StateMark({ state }: { readonly state: AgentState }) {
  const words = useWords();
  return (
    <span class={`mark mark-${state}`}>
      <span class="dot" aria-hidden="true" />
      {words.say(STATE_WORDS[state])}
    </span>
  );
}

/** How a mark looks, and what it says. */
type Mark = readonly [look: string, key: TextKey];

const REVISION_MARKS: Readonly<Record<RevisionState, Mark>> = {
  refused: ['down', 'revisionRefused'],
  checked: ['plain', 'revisionChecked'],
  rolling: ['rolling', 'revisionRolling'],
  everywhere: ['up', 'revisionEverywhere'],
  replaced: ['plain', 'revisionReplaced'],
  rolled_back: ['down', 'revisionRolledBack'],
};

const ROLLOUT_MARKS: Readonly<Record<RolloutState, Mark>> = {
  rolling: ['rolling', 'revisionRolling'],
  paused: ['late', 'rolloutPaused'],
  done: ['up', 'rolloutDone'],
  replaced: ['plain', 'revisionReplaced'],
  halted: ['down', 'rolloutHalted'],
  rolled_back: ['down', 'revisionRolledBack'],
};

export function RevisionMark({ state }: { readonly state: RevisionState }) {
  return <LabelledMark mark={REVISION_MARKS[state]} />;
}

export function RolloutMark({ state }: { readonly state: RolloutState }) {
  return <LabelledMark mark={ROLLOUT_MARKS[state]} />;
}

const LIGHT_LOOKS: Readonly<Record<TrafficLight, string>> = {
  green: 'up',
  yellow: 'degraded',
  red: 'down',
  grey: 'grey',
};

/** How a time was at a glance: by shape and word, not by colour alone. */
export function LightMark({ light }: { readonly light: TrafficLight }) {
  return <LabelledMark mark={[LIGHT_LOOKS[light], LIGHT_WORDS[light]]} />;
}

const DELIVERY_MARKS: Readonly<Record<ReportDeliveryView['state'], Mark>> = {
  delivered: ['up', 'deliveryDelivered'],
  waiting: ['late', 'deliveryOnItsWay'],
  failed: ['down', 'deliveryGivenUp'],
};

export function DeliveryMark({ state }: { readonly state: ReportDeliveryView['state'] }) {
  return <LabelledMark mark={DELIVERY_MARKS[state]} />;
}

const SHELF_MARKS: Readonly<Record<ShelfView['state'], Mark>> = {
  ready: ['up', 'shelfReady'],
  unconfigured: ['late', 'shelfUnconfigured'],
  failing: ['down', 'shelfFailing'],
};

export function ShelfMark({ state }: { readonly state: ShelfView['state'] }) {
  return <LabelledMark mark={SHELF_MARKS[state]} />;
}

function LabelledMark({ mark: [look, key] }: { readonly mark: Mark }) {
  const words = useWords();
  return (
    <span class={`mark mark-${look}`}>
      <span class="dot" aria-hidden="true" />
      {words.say(key)}
    </span>
  );
}

/** A revision's name, which reads left to right in any language. */
export function Revision({ name }: { readonly name: string }) {
  return (
    <bdi dir="ltr" class="revision-name">
      {name}
    </bdi>
  );
}

/** A number with its unit, which reads left to right in any language. */
export function Figure({ text }: { readonly text: string }) {
  return (
    <bdi dir="ltr" class="figure">
      {text}
    </bdi>
  );
}
