/**
 * What the agent and the process of a local model say to each other: JSON objects, one a line, questions on its standard input and answers on
 * its standard output. It answers one at a time, and ends when its standard input does: so it never outlives the agent.
 */

export interface LoadRequest {
  readonly type: 'load';
  /** Of the GGUF file. */
  readonly path: string;
  /** In GBNF; every answer follows it. */
  readonly grammar: string;
}

export interface AskRequest {
  readonly type: 'ask';
  readonly id: number;
  readonly system: string;
  readonly user: string;
}

export type ServeRequest = LoadRequest | AskRequest;

export type ServeReply =
  | { readonly type: 'ready' }
  | { readonly type: 'answer'; readonly id: number; readonly text: string }
  /** `code`: an `NSV_MODEL_…`. The process ends after it when it could not load. */
  | { readonly type: 'failed'; readonly code: string; readonly message: string; readonly hint?: string }
  /** Each second, where the agent can't see for itself. */
  | { readonly type: 'memory'; readonly rssBytes: number };

/** A longer line is none of ours, in either direction. */
export const SERVE_LINE_BYTES_MAX = 64_000;
/** More than this is no answer to one request, and what comes beside it. */
export const SERVE_BYTES_MAX = 1_000_000;
