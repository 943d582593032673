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
  | (Told & Outcome & { readonly type: 'tool_result'; readonly call: ToolCall; readonly text: string })
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
 * What a record without any of these can't be: half a microsecond tells it, and nothing is parsed. Without the first letters, for they come
 * large and small.
 */
const HINT =
  /ool|oken|xit|eturn.?code|ermission|enied|ejected|ate.?limit|oo many|too long|ontext.?(?:len|win)|xceed|en_ai|llm|pi[._]|etry|uccess|ucceed|ll tests|omplet|ssistant|בהצלחה|הושל|הסתיימ|עברו/g;

/** Pure. Never throws: what can't be read tells nothing. */
export function aiEventOf(view: RecordView): AiEvent | undefined {
  try {
    if (!mayTell(view)) return undefined;
    return readFields(view) ?? readLine(view);
  } catch {
    return undefined; // such as a record whose JSON was cut by whoever made it
  }
}

function mayTell(view: RecordView): boolean {
  if (view.isChanged) return true;
  const { json } = view;
  // What stands before it names time, level, server and AI agent, none of which tells anything.
  HINT.lastIndex = Math.max(json.indexOf('"action":'), 0);
  return HINT.test(json);
}
