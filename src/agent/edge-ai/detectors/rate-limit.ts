import type { DetectorSettings } from '../../../contract/triage-settings.ts';
import type { AiEvent } from './ai-event.ts';
import type { EventDetector, Finding } from './detector.ts';
import { manyWithin } from './many-within.ts';
import { shown } from './marks.ts';
import { Within } from './within.ts';

/** Requests that were refused because there were too many: now and then every provider does. */
export class RateLimit implements EventDetector {
  readonly #refused = new Within();

  look(event: AiEvent, { rateLimit: settings }: DetectorSettings, now: number): Finding | undefined {
    if (event.type !== 'llm_error' || event.trouble !== 'rate_limit') return undefined;
    return manyWithin(this.#refused.add(settings.withinMs, now), settings, {
      title: (count, time) => `The model's provider slowed it down ${count} times within ${time}`,
      reason: (count) => `${count} rate limits`,
      said: shown(event.text),
    });
  }
}
