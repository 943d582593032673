import type { DetectorSettings } from '../../../contract/triage-settings.ts';
import { formatDuration } from '../../../platform/quantity.ts';
import type { AiEvent } from './ai-event.ts';
import { BoundedMap } from './bounded-map.ts';
import type { EventDetector, Finding } from './detector.ts';
import { copyOf, shown } from './marks.ts';
import { isAnswer } from './outcome-words.ts';
import { Within } from './within.ts';

/*
 * The same tool, or the model, failing again and again, with whatever arguments, and no success of it between. What the context or the rate
 * limit refuses has detectors of its own. Lines that count attempts themselves count as many failures as they say.
 */

/** Tools by session; the one that was used least lately is forgotten. */
const TRIED_MAX = 32;

interface Tried {
  readonly what: string;
  readonly failures: Within;
}

export class NoProgress implements EventDetector {
  readonly #tried = new BoundedMap<string, Tried>(TRIED_MAX);

  look(event: AiEvent, { noProgress: settings }: DetectorSettings, now: number): Finding | undefined {
    switch (event.type) {
      case 'tool_result': {
        if (event.isRefused === true) return undefined; // nothing was tried
        const key = `${event.session}\n${event.call.tool}`;
        const isFailure = event.isFailure === true && !isAnswer(event.call, event.exitStatus);
        if (!isFailure) this.#tried.delete(key);
        return isFailure ? this.#failed(key, event.call.tool, event.text, settings, now) : undefined;
      }
      case 'llm_call':
        this.#tried.delete(event.session);
        return undefined;
      case 'llm_error':
        return event.trouble === 'other'
          ? this.#failed(event.session, 'the model', event.text, settings, now)
          : undefined;
      case 'retry':
        return event.attempt >= settings.times ? finding('retries', event.attempt, event.text, settings) : undefined;
      default:
        return undefined;
    }
  }

  #failed(
    key: string,
    what: string,
    said: string,
    settings: DetectorSettings['noProgress'],
    now: number,
  ): Finding | undefined {
    const tried = this.#tried.take(key, () => ({ what: copyOf(what), failures: new Within() }));
    const failures = tried.failures.add(settings.withinMs, now);
    return failures < settings.times ? undefined : finding(tried.what, failures, said, settings);
  }
}

function finding(
  what: string,
  failures: number,
  said: string,
  { times, withinMs }: DetectorSettings['noProgress'],
): Finding {
  return {
    subject: what,
    calmMs: withinMs,
    describe: () => ({
      title:
        what === 'retries'
          ? `It is trying for the ${failures}th time, without success`
          : `${what === 'the model' ? 'The model' : `The tool ${what}`} has failed ${failures} times within ${formatDuration(withinMs)}, with no success between`,
      reason: `${failures} failures in a row`,
      detail: { what, failures, said: shown(said) ?? null, times, within_seconds: withinMs / 1_000 },
    }),
  };
}
