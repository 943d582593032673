import type { AgentState } from '../../contract/heartbeat.ts';
import type { Transaction } from '../database/database.ts';
import { recordTransitions } from '../database/queries/record-transitions.ts';

/** A server (`agentId` null) or an AI agent is in another state than before, or in the same for another reason. */
export interface Transition {
  readonly server: string;
  readonly agentId: string | null;
  /** Null: it was not known before. */
  readonly from: AgentState | null;
  readonly to: AgentState;
  readonly reason: string;
  /** From when on it holds; where `from` and `to` are the same: since when it has another reason. */
  readonly at: Date;
}

/**
 * Told of transitions in the transaction that stores them, so that what is stored of them (an alert) stands or falls with them. Several at a time:
 * all that were found in one round, at most a thousand. A rejection undoes the round, which is repeated: it must never be for one transition's sake.
 */
export type OnTransitions = (transaction: Transaction, transitions: readonly Transition[]) => Promise<void>;

/** Where every change of state goes, whoever makes it. */
export class Transitions {
  readonly #onTransitions: OnTransitions;

  constructor(onTransitions: OnTransitions = async () => {}) {
    this.#onTransitions = onTransitions;
  }

  /** Stores them and tells of them, within the transaction that changes the states. */
  async record(transaction: Transaction, transitions: readonly Transition[]): Promise<void> {
    if (transitions.length === 0) return;
    const moved = transitions.filter(({ from, to }) => from !== to);
    if (moved.length > 0) await recordTransitions(transaction, moved);
    await this.#onTransitions(transaction, transitions);
  }
}
