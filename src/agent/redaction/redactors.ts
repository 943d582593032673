import type { AgentId } from '../../contract/ids.ts';
import { REDACTION_DEFAULT, type RedactionSettings } from '../../contract/redaction.ts';
import { type RedactionCounts, Redactor } from './redactor.ts';

/** Which redactor a record goes through: its AI agent decides. */
export interface Redaction {
  for(agentId: string): Redactor;
}

interface RedactedAgent {
  readonly agentId: AgentId | string;
  readonly redaction: RedactionSettings;
}

/** The redactors of a server: one for the defaults, one for each AI agent that is configured otherwise. */
export class Redactors implements Redaction {
  readonly counts: RedactionCounts = { records: 0, failed: 0 };
  #own: ReadonlyMap<string, Redactor> = new Map();
  #default: Redactor;

  constructor(defaults: RedactionSettings, agents: readonly RedactedAgent[]) {
    this.#default = new Redactor(defaults, this.counts);
    this.use(defaults, agents);
  }

  /** Other settings from the next record on; the counts go on. Throws what a pattern that can't be compiled throws, and changes nothing then. */
  use(defaults: RedactionSettings, agents: readonly RedactedAgent[]): void {
    const same = JSON.stringify(defaults);
    const own = new Map(
      agents
        .filter(({ redaction }) => JSON.stringify(redaction) !== same)
        .map(({ agentId, redaction }) => [agentId, new Redactor(redaction, this.counts)] as const),
    );
    this.#default = new Redactor(defaults, this.counts);
    this.#own = own;
  }

  for(agentId: string): Redactor {
    return this.#own.size === 0 ? this.#default : (this.#own.get(agentId) ?? this.#default);
  }
}

/** What a source gets that was given no configuration: all credentials are replaced, so forgetting to hand it on leaks nothing. */
export const BUILT_IN_REDACTION: Redaction = new Redactors(REDACTION_DEFAULT, []);
