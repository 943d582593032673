import type { LlmTrouble, Outcome, ToolCall } from './ai-event.ts';

/*
 * How tools, models and people say how something ended. All patterns are linear: no part of them that repeats without a bound stands
 * next to one that may match the same.
 */

/** Of a process, as programs and shells put it: `exit code 1`, `exited with status 2`, `returned non-zero exit status 1`. */
const EXIT_STATUS =
  /\b(?:exit(?:ed)?|return(?:ed)?)[ _-]?(?:with )?(?:non-?zero )?(?:exit )?(?:code|status)(?: was| is| of)?[ =:]{0,3}\(?(-?\d{1,5})\b/i;
/** The same where the number comes without a word of its own. */
const EXITED_WITH = /\b(?:exit(?:ed)? with|finished with exit)[ :]{1,2}(-?\d{1,5})\b/i;
/** Where a tool's result begins with it: a file that a tool has read may hold anything further down. */
const RESULT_BEGINS =
  /^\s{0,20}(?:\[?(?:error|failed|failure)\b[\]:! ]|traceback \(most recent call last\)|exit code:? ?[1-9])/i;

export function exitStatusIn(text: string): number | undefined {
  const found = EXIT_STATUS.exec(text) ?? EXITED_WITH.exec(text);
  return found === null ? undefined : Number(found[1]);
}

/** What a tool's result says of itself, by its fields or its first line. `isStated`: by a field that is there to say so. */
export function resultOutcome(result: unknown, text: string): Outcome & { readonly isStated?: boolean } {
  const group = groupOf(result);
  if (group !== undefined) {
    const status = ['exit_code', 'exitCode', 'returncode', 'return_code', 'exit_status'].map((key) => group[key]);
    const exitStatus = status.find((one) => typeof one === 'number');
    if (typeof exitStatus === 'number') return { exitStatus, isFailure: exitStatus !== 0, isStated: true };
    if (group['is_error'] === true || group['isError'] === true || group['success'] === false || group['ok'] === false)
      return { isFailure: true, isStated: true };
    if (group['success'] === true || group['ok'] === true) return { isFailure: false };
    const { error, status: word } = group;
    if (typeof word === 'string' && /^(?:error|failed|failure)$/i.test(word))
      return { isFailure: true, isStated: true };
    if ((typeof error === 'string' && error !== '') || (typeof error === 'object' && error !== null))
      return { isFailure: true };
    return {};
  }
  const beginning = text.slice(0, 200);
  const exitStatus = exitStatusIn(/^[^\n]{0,80}/.exec(beginning.trimStart())?.[0] ?? '');
  if (exitStatus !== undefined) return { exitStatus, isFailure: exitStatus !== 0 };
  return RESULT_BEGINS.test(beginning) ? { isFailure: true } : {};
}

const REFUSAL =
  /\b(?:reject(?:ed)?|den(?:y|ied)|refused?|declined?|abort(?:ed)?|disallowed|forbidden|not (?:allowed|permitted|authori[sz]ed)|EACCES|EPERM)\b|הרשאה נדחתה|אין הרשאה|נדחתה? על ידי/i;

/** Whether a decision, or the error of a tool, is a refusal. */
export function isRefusal(text: string): boolean {
  return REFUSAL.test(text);
}

const CONTEXT_LENGTH =
  /context[ _-]?(?:length|window)[ _-](?:exceeded|overflow|limit|is full|too)|maximum context (?:length|size)|(?:prompt|input|request) is too long|exceed(?:s|ed)? (?:the )?(?:model'?s? )?(?:maximum )?(?:allowed )?(?:input )?(?:context|token|prompt)s?\b|too many (?:input |prompt )?tokens|reduce the length of (?:the|your) (?:messages|prompt|input)|exceed context (?:limit|length|window)/i;
const RATE_LIMIT =
  /rate[ _-]?limit(?:s|ed)?[ _-]?(?:error|exceeded|reached|hit)|\bratelimit(?:error|ed)|\brate[ _-]limited\b|too many requests|(?:hit|exceed(?:ed|s)?|reach(?:ed)?|over) (?:the |your |its )?(?:[\w'’]{1,20} )?(?:rate[ _-]?limit|quota)|(?:^|(?:http|status|code|error)[ :=_]{0,3}(?:code[ :=]{0,2})?)429\b|resource[_ ]exhausted|quota exceeded/i;

export function llmTroubleIn(text: string): Exclude<LlmTrouble, 'other'> | undefined {
  if (CONTEXT_LENGTH.test(text)) return 'context_length';
  return RATE_LIMIT.test(text) ? 'rate_limit' : undefined;
}

function groupOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  let given = value;
  if (typeof given === 'string' && /^\s{0,8}\{/.test(given))
    try {
      given = JSON.parse(given) as unknown;
    } catch {
      return undefined;
    }
  return typeof given === 'object' && given !== null && !Array.isArray(given)
    ? (given as Record<string, unknown>)
    : undefined;
}

/**
 * Commands whose exit status 1 is an answer, not a failure: nothing was found, or there is a difference. Wherever they stand in the command,
 * for the last one of a pipe decides.
 */
const ANSWERING =
  /(?:^|["'`]|[|;&(] {0,3}|\b(?:xargs|sudo|time) )(?:e?grep|fgrep|rg|ag|ack|diff|cmp|test|\[|which|pgrep|git diff|git grep|command -v)[\s"'`\\]/;

/** Whether what looks like the failure of a command is its answer. */
export function isAnswer({ shown }: ToolCall, exitStatus: number | undefined): boolean {
  return exitStatus === 1 && ANSWERING.test(shown ?? '');
}
