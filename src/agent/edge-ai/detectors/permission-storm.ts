import type { DetectorSettings } from '../../../contract/triage-settings.ts';
import type { AiEvent } from './ai-event.ts';
import type { EventDetector, Finding } from './detector.ts';
import { manyWithin } from './many-within.ts';
import { Within } from './within.ts';

/** A refusal and the result that tells of it again come this close together. */
const SAME_WITHIN_MS = 5_000;

/** Permissions refused, by people, policies or the system: it tries what it may not. */
export class PermissionStorm implements EventDetector {
  readonly #refused = new Within();
  /** The decision that was refused last, until its result has come. */
  #open: { readonly id: string | undefined; readonly tool: string; readonly at: number } | undefined;

  look(event: AiEvent, { permissionStorm: settings }: DetectorSettings, now: number): Finding | undefined {
    if (event.type !== 'permission' && event.type !== 'tool_result') return undefined;
    if (event.isRefused !== true) return undefined;
    const tool = event.type === 'permission' ? event.tool : event.call.tool;
    if (event.type === 'permission') this.#open = { id: event.id, tool, at: now };
    else if (this.#isTold(event.call.id, tool, now)) return undefined;
    return manyWithin(this.#refused.add(settings.withinMs, now), settings, {
      title: (count, time) => `It was refused permission ${count} times within ${time}, last for ${tool}`,
      reason: (count) => `${count} refused permissions`,
      said: tool,
    });
  }

  #isTold(id: string | undefined, tool: string, now: number): boolean {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) return false;
    if (id !== undefined && open.id !== undefined) return id === open.id;
    return open.tool === tool && Math.abs(now - open.at) <= SAME_WITHIN_MS;
  }
}
