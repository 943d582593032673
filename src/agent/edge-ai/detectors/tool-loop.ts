import type { DetectorSettings } from '../../../contract/triage-settings.ts';
import { formatDuration } from '../../../platform/quantity.ts';
import type { AiEvent, ToolCall } from './ai-event.ts';
import { BoundedMap } from './bounded-map.ts';
import type { EventDetector, Finding } from './detector.ts';
import { hash } from './marks.ts';
import { Within } from './within.ts';

/*
 * The same tool called with the same arguments, again and again. Repeating alone is no loop: between two runs of the tests something was
 * edited. So a run of repeats is what came since the AI agent did anything new, a call with other arguments than before or a result that
 * differs from the last; of a call that fails no result is new. One that is repeated `ANYWAY_FACTOR` times as often is told whatever came
 * between.
 */

const ANYWAY_FACTOR = 6;
const SESSIONS_MAX = 6;
const CALLS_MAX = 16;
const IDS_MAX = 64;
const ID_LENGTH_MAX = 100;

interface Repeated {
  readonly call: ToolCall;
  /** Within the time of the settings. Most calls are never repeated: the window is made with the second one. */
  count: number;
  window: Within | undefined;
  latestAt: number;
  /** How many of the last ones came with nothing new between, and since when. */
  run: number;
  runAt: number;
  /** `Session.news` when it was called last. */
  news: number;
  /** Calls whose results are still to come. */
  open: number;
  result: string | undefined;
}

interface Session {
  readonly calls: BoundedMap<string, Repeated>;
  /** Calls by their ids, to know their results. */
  readonly ids: BoundedMap<string, { readonly mark: string | undefined; isOver: boolean }>;
  /** Counts what was new. */
  news: number;
  latest: string | undefined;
}

export class ToolLoop implements EventDetector {
  readonly #sessions = new BoundedMap<string, Session>(SESSIONS_MAX);

  look(event: AiEvent, { toolLoop: settings }: DetectorSettings, now: number): Finding | undefined {
    if (event.type !== 'tool_call' && event.type !== 'tool_result' && event.type !== 'llm_call') return undefined;
    const calls = event.type === 'tool_result' ? [event.call] : event.calls;
    if (calls.length === 0) return undefined;
    const session = this.#sessions.take(event.session, newSession);
    let worst: Repeated | undefined;
    for (const call of calls) {
      const repeated =
        event.type === 'tool_result'
          ? ended(session, call, event, settings.withinMs, now)
          : begun(session, call, settings.withinMs, now);
      if (repeated !== undefined && isLoop(repeated, settings.times)) worst = repeated;
    }
    return worst === undefined ? undefined : finding(worst, settings, now);
  }
}

function newSession(): Session {
  return { calls: new BoundedMap(CALLS_MAX), ids: new BoundedMap(IDS_MAX), news: 0, latest: undefined };
}

function isLoop({ run, count }: Repeated, times: number): boolean {
  return Math.min(run, count) >= times || count >= times * ANYWAY_FACTOR;
}

/** A call that was announced. `undefined`: it is the same as one before, or there is nothing to know it by. */
function begun(session: Session, call: ToolCall, withinMs: number, now: number): Repeated | undefined {
  if (call.id !== undefined && call.id.length <= ID_LENGTH_MAX) {
    const known = session.ids.get(call.id);
    if (known !== undefined && !known.isOver) return undefined;
    session.ids.set(call.id, { mark: call.mark, isOver: false });
  }
  const repeated = counted(session, call, withinMs, now);
  if (repeated !== undefined) repeated.open++;
  return repeated;
}

/** A result; of a call that nobody announced it counts for both. */
function ended(
  session: Session,
  call: ToolCall,
  event: AiEvent & { readonly type: 'tool_result' },
  withinMs: number,
  now: number,
): Repeated | undefined {
  const known = call.id === undefined ? undefined : session.ids.get(call.id);
  const isAnnounced = known !== undefined && !known.isOver;
  if (known !== undefined) known.isOver = true;
  const mark = call.mark ?? known?.mark ?? latestOf(session, call.tool);
  let repeated = mark === undefined ? undefined : session.calls.get(mark);
  const isCounted = isAnnounced || (repeated !== undefined && repeated.open > 0);
  let isNow: Repeated | undefined;
  if (!isCounted && (call.mark !== undefined || mark === undefined)) {
    isNow = counted(session, call, withinMs, now);
    repeated = isNow;
  }
  if (repeated === undefined) return undefined;
  if (repeated.open > 0) repeated.open--;
  const result = event.isFailure === true || event.text === '' ? undefined : hash(event.text);
  if (result !== undefined && repeated.result !== undefined && result !== repeated.result) {
    session.news++;
    startRun(repeated, session, now);
  }
  repeated.result = result ?? repeated.result;
  return isNow;
}

/** Frameworks that write plain lines give results no name but the tool's. */
function latestOf({ calls, latest }: Session, tool: string): string | undefined {
  return latest !== undefined && (tool === 'tool' || calls.get(latest)?.call.tool === tool) ? latest : undefined;
}

function counted(session: Session, call: ToolCall, withinMs: number, now: number): Repeated | undefined {
  if (call.mark === undefined) {
    session.news++; // whatever it was given may have been new
    return undefined;
  }
  session.latest = call.mark;
  const repeated = session.calls.get(call.mark);
  // Of a clock that was set back nothing is known.
  if (repeated === undefined || Math.abs(now - repeated.latestAt) > withinMs) {
    session.news++;
    const made: Repeated = {
      call,
      count: 1,
      window: undefined,
      latestAt: now,
      run: 1,
      runAt: now,
      news: session.news,
      open: 0,
      result: undefined,
    };
    session.calls.set(call.mark, made);
    return made;
  }
  if (repeated.window === undefined) {
    repeated.window = new Within();
    repeated.window.add(withinMs, repeated.latestAt);
  }
  repeated.count = repeated.window.add(withinMs, now);
  repeated.latestAt = now;
  if (repeated.news === session.news) repeated.run++;
  else startRun(repeated, session, now);
  return repeated;
}

function startRun(repeated: Repeated, session: Session, now: number): void {
  [repeated.run, repeated.runAt, repeated.news] = [1, now, session.news];
}

function finding(
  { call, count, run, runAt }: Repeated,
  { times, withinMs }: DetectorSettings['toolLoop'],
  now: number,
): Finding {
  const isRun = run >= times;
  const calls = isRun ? Math.min(run, count) : count;
  const time = formatDuration(isRun ? Math.min(Math.max(now - runAt, 1_000), withinMs) : withinMs);
  return {
    subject: call.tool,
    calmMs: withinMs,
    describe: () => ({
      title: `The tool ${call.tool} was called ${calls} times with the same arguments within ${time}`,
      reason: `${calls} equal calls of ${call.tool}`,
      detail: {
        tool: call.tool,
        calls,
        with_nothing_new_between: Math.min(run, count),
        arguments: call.shown ?? null,
        times,
        within_seconds: withinMs / 1_000,
      },
    }),
  };
}
