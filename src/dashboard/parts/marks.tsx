import type { AlertSeverity } from '../../contract/alert.ts';
import type { AlertView } from '../../contract/fleet.ts';
import type { AgentState, AgentStatus } from '../../contract/heartbeat.ts';
import type { RevisionState, RolloutState } from '../../contract/rollout.ts';
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
