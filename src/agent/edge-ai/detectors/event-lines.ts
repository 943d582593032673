import type { RecordView } from '../../rules/record-view.ts';
import type { AiEvent } from './ai-event.ts';
import { markOf, nameOf, shown } from './marks.ts';
import { exitStatusIn, isRefusal, llmTroubleIn } from './outcome-words.ts';

/*
 * Plain lines, as agents and their frameworks write them. A line must say that it is about a tool, a model or a task: what other
 * programs log in similar words is none of ours. Patterns look at the beginning only and repeat nothing without a bound.
 */

const LOOKED_AT = 2_000;

const NAME = `["'\`]?([\\p{L}\\w][\\p{L}\\w.:/-]{0,79})["'\`]?`;
/** `Calling tool search({…})`, `Invoking: \`search\` with \`{…}\``, `ToolCall: shell {…}`. */
const CALL = new RegExp(
  `(?:\\b(?:call(?:ing|ed)?|invok(?:e|ing|ed)|execut(?:e|ing|ed)|runn?(?:ing)?|us(?:e|ing)) (?:the )?(?:tool|function)|\\btool[_ ]?(?:call|use)|\\binvoking|קורא לכלי|מפעיל את הכלי)[: =]{1,3}${NAME}`,
  'iu',
);
/** LangChain's way. */
const ACTION = /(?:^|\n)Action: {0,3}([^\n]{1,80})\n{1,2}Action Input: {0,3}/;
/** `Tool search returned …`, `tool search failed: …`, `Error executing tool search`. */
const RESULT = new RegExp(
  `\\btool (?:call (?:to )?)?${NAME} (?:has )?(returned|finished|completed|succeeded|failed|errored|timed out|result)\\b`,
  'iu',
);
const RESULT_FAILED = new RegExp(
  `\\b(?:error (?:executing|running|calling|in)|failed to (?:execute|run|call)) (?:the )?tool[: ]{1,2}${NAME}`,
  'iu',
);
const RESULT_ANY = /^\W{0,4}(?:tool[_ ](?:result|output|response)|observation) ?[:=]/i;
const REFUSED =
  /permission (?:to (?:use|run|call|execute)|for) .{0,100}(?:denied|refused|rejected|declined)|permission (?:was )?(?:denied|refused|rejected)[: ]{1,2}(?:for |to )?(?:tool|use|run|bash|write|edit|read|mcp|user)|(?:tool|command|call|edit|request)\b.{0,80} (?:was )?(?:denied|rejected|refused|declined|blocked) by (?:the )?(?:user|policy|sandbox|permission|guardrail)|user (?:has )?(?:denied|rejected|declined|refused) (?:the |this )?(?:tool|permission|request|command|edit|call)|not allowed to (?:use|run|execute|call) (?:the )?(?:tool|command|function)|(?:המשתמש|המדיניות) (?:דחה|דחתה|סירב|סירבה)|ההרשאה נדחתה/i;
const RETRY =
  /\bretry(?:ing)?\b.{0,80}?\battempt[ #:]{0,2}(\d{1,5})|\battempt[ #:]{0,2}(\d{1,5})\b.{0,60}?\b(?:failed|retrying)/i;
const OF_AI_WORK = /\b(?:tool|model|llm|api|completion|openai|anthropic|gemini|claude|gpt|agent|prompt)s?\b/i;
/** Of an error, what the system itself has refused. */
const REFUSED_BY_SYSTEM = /\bpermission denied\b|\bEACCES\b|\bEPERM\b|operation not permitted/i;
/** A run that is over: whether it says so truly is for the detector. */
const OUTPUT =
  /\b(?:success(?:ful(?:ly)?)?|succeeded|completed?|finished|done|all (?:\d{1,6} )?(?:tests|checks) (?:have )?pass(?:ed)?)\b|✅|בהצלחה|הושלמ|הושלם|הסתיימ|עברו/i;

/** Which of the patterns are worth trying at all. */
const OF_TOOL = /tool|function|invoking|action input|observation|כלי/i;
const OF_REFUSAL = /permi|EACCES|EPERM|denied|reject|refused|declined|blocked|not allowed|הרשאה|דח|סירב/i;
const OF_LIMIT = /limit|too many|too long|context|429|quota|exhausted|exceed|reduce/i;
const OF_CLAIM = /exit|code|status/i;

/** `isClaimAwaited`: as of `aiEventOf`. */
export function readLine(view: RecordView, isClaimAwaited: boolean): AiEvent | undefined {
  const { message } = view;
  const text = message.length > LOOKED_AT ? message.slice(0, LOOKED_AT) : message;
  return (
    (OF_TOOL.test(text) ? ofTool(view, message, text) : undefined) ??
    (OF_REFUSAL.test(text) && (REFUSED.test(text) || (isError(view) && REFUSED_BY_SYSTEM.test(text)))
      ? { type: 'permission', session: '', isRefused: true, tool: 'tool' }
      : undefined) ??
    (OF_LIMIT.test(text) ? ofModel(view, text) : undefined) ??
    (/attempt/i.test(text) ? ofRetry(text) : undefined) ??
    ((isClaimAwaited || OF_CLAIM.test(text)) && OUTPUT.test(text) ? ofOutput(text) : undefined)
  );
}

function ofTool(view: RecordView, message: string, text: string): AiEvent | undefined {
  const isBad = isError(view);
  const failed = RESULT_FAILED.exec(text);
  if (failed !== null) return result(failed[1]!, text, true);
  const ended = RESULT.exec(text);
  if (ended !== null) {
    const isFailure = /failed|errored|timed/i.test(ended[2]!) || isBad;
    return result(ended[1]!, message.slice(ended.index + ended[0].length), isFailure ? true : undefined);
  }
  if (OF_REFUSAL.test(text) && REFUSED.test(text))
    return { type: 'permission', session: '', isRefused: true, tool: 'tool' };
  const called = CALL.exec(text) ?? ACTION.exec(text);
  if (called !== null) {
    const tool = nameOf(called[1]!);
    const rest = message.slice(called.index + called[0].length);
    const call = { tool, mark: markOf(tool, argumentsIn(rest)), shown: shown(rest) };
    return { type: 'tool_call', session: '', calls: [call] };
  }
  return RESULT_ANY.test(text) ? result('tool', message, isBad ? true : undefined) : undefined;
}

function isError({ level }: RecordView): boolean {
  return level === 'ERROR' || level === 'CRITICAL';
}

function ofModel(view: RecordView, text: string): AiEvent | undefined {
  const trouble = llmTroubleIn(text);
  if (trouble === undefined || (trouble === 'rate_limit' && view.level === 'DEBUG')) return undefined;
  return { type: 'llm_error', session: '', trouble, text };
}

function ofRetry(text: string): AiEvent | undefined {
  const retry = RETRY.exec(text);
  if (retry === null || !OF_AI_WORK.test(text)) return undefined;
  return { type: 'retry', session: '', attempt: Number(retry[1] ?? retry[2]), text };
}

function ofOutput(text: string): AiEvent {
  const exitStatus = exitStatusIn(text);
  const isFailure = exitStatus === undefined ? undefined : exitStatus !== 0;
  return { type: 'output', session: '', text, exitStatus, isFailure };
}

function result(name: string, text: string, given: boolean | undefined): AiEvent {
  const exitStatus = exitStatusIn(text.slice(0, LOOKED_AT));
  const isFailure = given ?? (exitStatus === undefined ? undefined : exitStatus !== 0);
  const tool = nameOf(name);
  return {
    type: 'tool_result',
    session: '',
    call: { tool },
    text,
    isFailure,
    exitStatus,
    isRefused: isFailure === true && isRefusal(text.slice(0, 400)),
  };
}

/** `({"q": 1})`, `with {"q": 1}`, ` {"q": 1}` → what stands in it. */
function argumentsIn(rest: string): string {
  const text = rest
    .replace(/^[\s:]{0,8}(?:with (?:the )?(?:args|arguments|input|params|parameters)?[:= ]{0,3})?/i, '')
    .trim();
  const bare = /^[`'"(]/.test(text) ? text.slice(1, -1) : text;
  return bare.replace(/[)`]{1,3}$/, '').trim();
}
