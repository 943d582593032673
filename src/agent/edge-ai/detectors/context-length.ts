import type { DetectorSettings } from '../../../contract/triage-settings.ts';
import type { AiEvent } from './ai-event.ts';
import type { EventDetector, Finding } from './detector.ts';
import { manyWithin } from './many-within.ts';
import { shown } from './marks.ts';
import { Within } from './within.ts';

/** Requests that are longer than the model takes: one is got over by making it shorter, several mean that nobody does. */
export class ContextLength implements EventDetector {
  readonly #refused = new Within();

  look(event: AiEvent, { contextLength: settings }: DetectorSettings, now: number): Finding | undefined {
    if (event.type !== 'llm_error' || event.trouble !== 'context_length') return undefined;
    return manyWithin(this.#refused.add(settings.withinMs, now), settings, {
      title: (count, time) => `The model refused ${count} requests within ${time}: more text than it takes`,
      reason: (count) => `${count} requests longer than the model takes`,
      said: shown(event.text),
    });
  }
}
