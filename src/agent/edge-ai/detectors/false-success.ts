import type { DetectorSettings } from '../../../contract/triage-settings.ts';
import { formatDuration } from '../../../platform/quantity.ts';
import type { AiEvent } from './ai-event.ts';
import { BoundedMap } from './bounded-map.ts';
import type { Description, EventDetector, Finding } from './detector.ts';
import { shown } from './marks.ts';
import { isAnswer } from './outcome-words.ts';
import { claimsSuccess, toolClaimsSuccess } from './success-claims.ts';

const SESSIONS_MAX = 16;
/** Where nobody says which conversation it is, another one may be what succeeded: the claim must follow at once. */
const UNKNOWN_SESSION_MS = 30_000;

/** Success and failure in one record, as far as it tells both. Pure. */
export function falseSuccessIn(event: AiEvent): Description | undefined {
  if (event.type === 'output') {
    if (event.isFailure !== true || !claimsSuccess(event.text)) return undefined;
    return described('It says that it succeeded', event.exitStatus, event.text, undefined);
  }
  if (event.type !== 'tool_result' || event.isRefused === true || isAnswer(event.call, event.exitStatus))
    return undefined;
  const { tool } = event.call;
  if (event.isContradicted === true || (event.isFailure === false && (event.exitStatus ?? 0) !== 0))
    return described(`The tool ${tool} reports success`, event.exitStatus, event.text, tool);
  if (event.isFailure !== true || !toolClaimsSuccess(event.text)) return undefined;
  return described(`The tool ${tool} says that it succeeded`, event.exitStatus, event.text, tool);
}

/** The same over two records: the AI agent claims success right after a result that failed. */
export class FalseSuccess implements EventDetector {
  /** The result of each session that came last, where it failed. */
  readonly #failed = new BoundedMap<
    string,
    { readonly tool: string; readonly exitStatus: number | undefined; readonly at: number }
  >(SESSIONS_MAX);

  #failedAt = 0;

  /** Whether a claim would mean something now. */
  isClaimAwaited({ falseSuccess: { withinMs } }: DetectorSettings, now: number): boolean {
    return this.#failed.size > 0 && now - this.#failedAt <= withinMs;
  }

  look(event: AiEvent, { falseSuccess: { withinMs } }: DetectorSettings, now: number): Finding | undefined {
    switch (event.type) {
      case 'tool_call':
        this.#failed.delete(event.session); // it goes on, how is not known yet
        return undefined;
      case 'tool_result':
        this.#note(event, now);
        return undefined;
      case 'llm_call':
        return event.calls.length > 0 ? undefined : this.#claim(event.session, event.text, withinMs, now);
      case 'output':
        return falseSuccessIn(event) !== undefined ? undefined : this.#claim(event.session, event.text, withinMs, now);
      default:
        return undefined;
    }
  }

  #note(event: AiEvent & { readonly type: 'tool_result' }, now: number): void {
    const isFailed = event.isFailure === true && event.isRefused !== true && !isAnswer(event.call, event.exitStatus);
    if (isFailed) this.#failedAt = now;
    if (isFailed) this.#failed.set(event.session, { tool: event.call.tool, exitStatus: event.exitStatus, at: now });
    else this.#failed.delete(event.session);
  }

  #claim(session: string, text: string, withinMs: number, now: number): Finding | undefined {
    const failed = this.#failed.get(session);
    const longest = session === '' ? Math.min(withinMs, UNKNOWN_SESSION_MS) : withinMs;
    if (failed === undefined || now - failed.at > longest || now < failed.at || !claimsSuccess(text)) return undefined;
    this.#failed.delete(session);
    const ago = formatDuration(Math.max(now - failed.at, 1_000));
    return {
      subject: '',
      calmMs: withinMs,
      describe: () =>
        described(
          `It says that it succeeded, ${ago} after`,
          failed.exitStatus,
          text,
          failed.tool,
          `the tool ${failed.tool} failed`,
        ),
    };
  }
}

function described(
  claim: string,
  exitStatus: number | undefined,
  text: string,
  tool: string | undefined,
  failure = exitStatus === undefined || exitStatus === 0
    ? 'its result says failure'
    : `its exit status is ${exitStatus}`,
): Description {
  const joint = claim.endsWith('after') ? ' ' : ', but ';
  return {
    title: `${claim}${joint}${failure}`,
    reason: 'success claimed, failure found',
    detail: { claimed: shown(text) ?? null, exit_status: exitStatus ?? null, tool: tool ?? null },
  };
}
