import type { AlertSeverity } from '../../contract/alert.ts';
import type { AgentState, AgentStatus } from '../../contract/heartbeat.ts';
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

/** A number with its unit, which reads left to right in any language. */
export function Figure({ text }: { readonly text: string }) {
  return (
    <bdi dir="ltr" class="figure">
      {text}
    </bdi>
  );
}
