import type { RecordView } from '../../rules/record-view.ts';
import { readFields } from './event-fields.ts';
import { readLine } from './event-lines.ts';

/*
 * What a record tells of an AI agent's work, in one form, whoever wrote it: OpenTelemetry's GenAI conventions and what came before them,
 * OpenInference, Vercel's SDK, Claude Code, Codex, Gemini CLI, structured logs of people's own, and plain lines as far as it is reasonable.
 */

/** A tool that was called. `mark` names the call by tool and arguments; absent: the arguments are not known. */
export interface ToolCall {
  readonly tool: string;
  readonly id?: string | undefined;
  readonly mark?: string | undefined;
  /** The arguments' beginning, for people. */
  readonly shown?: string | undefined;
}

interface Told {
  /** The conversation; empty where nobody says. */
  readonly session: string;
  /** What of it is to be counted. Absent: nothing, such as of a plain line, which only speaks of it. */
  readonly work?: AiWork | undefined;
}

/** A call of a model with its usage, or one that failed; or a tool that was called, or has ended. */
export type AiWork = WorkTold &
  (
    | {
        readonly type: 'call';
        readonly model?: string | undefined;
        readonly inputTokens: number;
        readonly outputTokens: number;
        /** US dollars. */
        readonly cost?: number | undefined;
        readonly isFailed: boolean;
      }
    | { readonly type: 'tool'; readonly tool: string; readonly hasEnded: boolean; readonly isFailed: boolean }
  );

/** By which another record is known to tell of the same. */
export interface WorkTold {
  /** Of the call, as whoever answered it names it. */
  readonly id?: string | undefined;
  /** Of the span that the record is, or that it was written within. */
  readonly span?: string | undefined;
  readonly isSpan: boolean;
}

/** What is known of how something ended; absent: nothing is. */
export interface Outcome {
  readonly isFailure?: boolean | undefined;
  /** Of a process. */
  readonly exitStatus?: number | undefined;
  /** Somebody or something said no. */
  readonly isRefused?: boolean | undefined;
}

export type AiEvent =
  | (Told & { readonly type: 'tool_call'; readonly calls: readonly ToolCall[] })
  /** It stands for its call as well, where that was not told before. */
  | (Told &
      Outcome & {
        readonly type: 'tool_result';
        readonly call: ToolCall;
        readonly text: string;
        /** It is told as a success, and the result itself says that it failed. */
        readonly isContradicted?: boolean;
      })
  | (Told & {
      readonly type: 'llm_call';
      /** In and out, once each. */
      readonly tokens: number;
      /** By which the same one is known again. */
      readonly id?: string | undefined;
      readonly model?: string | undefined;
      readonly calls: readonly ToolCall[];
      /** What it answered. */
      readonly text: string;
      /** The tool results that it was given last. */
      readonly given: string;
    })
  | (Told & { readonly type: 'llm_error'; readonly trouble: LlmTrouble; readonly text: string })
  | (Told & {
      readonly type: 'permission';
      readonly isRefused: boolean;
      readonly tool: string;
      readonly id?: string | undefined;
    })
  /** What it says to people. */
  | (Told & Outcome & { readonly type: 'output'; readonly text: string })
  | (Told & { readonly type: 'retry'; readonly attempt: number; readonly text: string });

export type LlmTrouble = 'context_length' | 'rate_limit' | 'other';

/**
 * What a record without any of these can't be, so that most are not looked at any further: a few hundred nanoseconds tell it. Pieces of words,
 * of a like length and from their rarer ends, for that is what the engine of regular expressions is quick at. Two more of them, or whole words,
 * take more than twice as long (measured); a table of groups of characters in our own code three times.
 */
const HINT =
  /n_ai|nied|riev|ject|rmis|urn.?code|ss":f|ool|oo ma|oken|xt.?len|xt.?win|pi_er|te.?limit|oo lo|ttemp|xit|llm|nfere|uncti|bserv|vokin|quota/g;
/** What a claim of success can't be without; Hebrew is a hint of everything. */
const CLAIM = /ucce|mple|nish|ests|\bdone|eplo|ixed|solv|nsta|uilt|orks|pass|sent|save|✅/i;
const HEBREW = /[\u05d0-\u05ea]/;

/**
 * Pure. Never throws: what can't be read tells nothing. `isClaimAwaited`: also a record that may do no more than claim success is worth reading;
 * many programs write those, and they mean something only after a failure.
 */
export function aiEventOf(view: RecordView, isClaimAwaited = false): AiEvent | undefined {
  try {
    if (!mayTell(view) && !(isClaimAwaited && CLAIM.test(view.json))) return undefined;
    return (hasFields(view) ? readFields(view) : undefined) ?? readLine(view, isClaimAwaited);
  } catch {
    return undefined; // such as a record whose JSON was cut by whoever made it
  }
}

function mayTell(view: RecordView): boolean {
  if (view.isChanged) return true;
  HINT.lastIndex = BEFORE_NAMES;
  return HINT.test(view.json) || HEBREW.test(view.json);
}

/** Time and level come first, and tell nothing here. */
const BEFORE_NAMES = 55;

function hasFields(view: RecordView): boolean {
  return view.isChanged || view.action !== '' || !view.json.endsWith(NO_CONTEXT);
}

const NO_CONTEXT = '"context":{}}';
