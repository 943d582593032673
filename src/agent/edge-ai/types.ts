import type { Level } from '../../contract/record.ts';
import type { TemplateId } from '../../contract/triage.ts';

/** A group of lines of the same making, as the miner holds it. Its text becomes more general while it lives. */
export interface Template {
  /** Of `text`; made when first asked for. */
  readonly id: TemplateId;
  /** With `<*>` where its lines differ. */
  readonly text: string;
  /** Grows by one each time that `text` becomes another: what was concluded from it is to be concluded again. */
  readonly generation: number;
  /** Older ids, the oldest first. */
  readonly aliases: readonly TemplateId[];
  readonly lines: number;
  /** Epoch ms. */
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  /** For whoever judges templates: what was concluded. Not kept over a restart. */
  conclusion: unknown;
}

/** The template miner (tier 1). */
export interface Miner {
  /** The template of a message, learning from it. Never throws, whatever the text. `now`: epoch ms. */
  place(message: string, now: number): Template;
  /** Of the message placed last: the same for messages that differ only in what is a value by its shape. */
  readonly shape: number;
  /** A template by its id or an older one of it. */
  find(id: TemplateId): Template | undefined;
  readonly size: number;
  templates(): Iterable<Template>;
}

/** What the scorer (tier 2) looks at. */
export interface ScoreInput {
  /** The message, or its beginning. */
  readonly message: string;
  /** The text of its template. */
  readonly template: string;
  /** As the source gave it; `undefined`: nobody said. */
  readonly level: Level | undefined;
}

export interface Score {
  /** From 0 to 1; how likely people want to be told. */
  readonly score: number;
  /** At or above the threshold. */
  readonly isAlert: boolean;
  /** Near the threshold: the model may be asked. */
  readonly isUnsure: boolean;
  /** For people: the words and signs that decided. */
  readonly reason: string;
}

export interface LineScorer {
  score(input: ScoreInput): Score;
}
