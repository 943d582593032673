import type { AgentId } from '../../../contract/ids.ts';
import type { TemplateId } from '../../../contract/triage.ts';

export const MODEL_VERDICTS = ['critical', 'ordinary'] as const;
export type ModelVerdict = (typeof MODEL_VERDICTS)[number];

/** A template of which a verdict is known already, to show the model what is meant. */
export interface KnownTemplate {
  readonly text: string;
  readonly verdict: ModelVerdict;
}

export interface ModelQuestion {
  readonly templateId: TemplateId;
  /** Of the template, with `<*>`. */
  readonly text: string;
  /** One line of it, redacted. */
  readonly example: string;
  readonly agentId: AgentId;
  /** The three nearest of them are shown. A function is called only when the question is really asked: walking all templates is for then. */
  readonly similar: Iterable<KnownTemplate> | (() => Iterable<KnownTemplate>);
}

export interface ModelAnswer {
  readonly templateId: TemplateId;
  readonly verdict: ModelVerdict;
  /** The model's words, at most twenty, on one line. Not to be trusted more than the line that it was asked about. */
  readonly reason: string;
  /** As people know the model. */
  readonly model: string;
  /** 0 where it was remembered. */
  readonly tookMs: number;
  readonly fromCache: boolean;
}

/** What a model is asked: the beginning is always the same, so that a model that keeps what it has read reads it once. */
export interface Prompt {
  readonly system: string;
  readonly user: string;
}

/** A model that can be asked, one question at a time. */
export interface LanguageModel extends AsyncDisposable {
  /** As people know it. */
  readonly name: string;
  /** Another one: the answers may be others. Without blanks. */
  readonly identity: string;
  /** Whether it holds memory on this host now. */
  readonly isAwake: boolean;
  /** Of its process, as last seen; `undefined`: it has none here. */
  readonly memoryBytes: number | undefined;
  /** The text of the answer, unchecked. Rejects with an `NSV_MODEL_…`, or with the signal's reason. */
  ask(prompt: Prompt, limits: { readonly deadlineMs: number; readonly signal: AbortSignal }): Promise<string>;
  /** Gives its memory back; the next question wakes it again. */
  rest(): Promise<void>;
}
