import type { AgentId } from '../../../contract/ids.ts';
import type { TriageSettings } from '../../../contract/triage-settings.ts';
import type { AiEvent } from './ai-event.ts';
import { ContextLength } from './context-length.ts';
import type { DetectorKey, EventDetector, Finding } from './detector.ts';
import { FalseSuccess } from './false-success.ts';
import { NoProgress } from './no-progress.ts';
import { PermissionStorm } from './permission-storm.ts';
import { RateLimit } from './rate-limit.ts';
import type { TemplateHabit } from './template-habit.ts';
import { type Room, type StoredTemplateWatch, TemplateWatch } from './template-watch.ts';
import type { StoredTokenHabit } from './token-habit.ts';
import { TokenSpend } from './token-spend.ts';
import { ToolLoop } from './tool-loop.ts';

export interface StoredAgentWatch {
  readonly tokens?: StoredTokenHabit;
  readonly templates?: StoredTemplateWatch;
}

/** All that watches one AI agent. The detectors of events are made with its first event: most who write logs have none. */
export class AgentWatch {
  readonly agentId: AgentId;
  settings: TriageSettings;
  readonly templates: TemplateWatch;
  #tokens: TokenSpend | undefined;
  #detectors: readonly (readonly [DetectorKey, EventDetector])[] | undefined;
  #falseSuccess = new FalseSuccess();

  constructor(agentId: AgentId, settings: TriageSettings, room: Room, stored?: StoredAgentWatch) {
    this.agentId = agentId;
    this.settings = settings;
    this.templates = new TemplateWatch(room, templatesOf(stored));
    if (stored?.tokens !== undefined) this.#tokens = new TokenSpend(stored.tokens);
  }

  isClaimAwaited(now: number): boolean {
    return this.#falseSuccess.isClaimAwaited(this.settings.detectors, now);
  }

  look(event: AiEvent, now: number): readonly (readonly [DetectorKey, Finding])[] {
    this.#detectors ??= this.#make();
    let found: (readonly [DetectorKey, Finding])[] | undefined;
    for (const [key, detector] of this.#detectors) {
      const finding = detector.look(event, this.settings.detectors, now);
      if (finding === undefined) continue;
      found ??= [];
      found.push([key, finding]);
    }
    return found ?? NONE;
  }

  /** Forgets what came before, but for habits: there are others to watch. */
  rest(): void {
    this.#detectors = undefined;
    this.#falseSuccess = new FalseSuccess();
  }

  /** Of templates only those whose habits are `kept`; `undefined`: there is nothing to keep. */
  stored(kept: ReadonlySet<TemplateHabit>, textLengthMax: number): StoredAgentWatch | undefined {
    const tokens = this.#tokens?.stored;
    const habits = [...this.templates.habits()].filter((habit) => kept.has(habit));
    if (tokens === undefined && habits.length === 0) return undefined;
    return {
      ...(tokens === undefined ? {} : { tokens }),
      ...(habits.length === 0 ? {} : { templates: this.templates.stored(habits, textLengthMax) }),
    };
  }

  #make(): readonly (readonly [DetectorKey, EventDetector])[] {
    this.#tokens ??= new TokenSpend();
    return [
      ['toolLoop', new ToolLoop()],
      ['noProgress', new NoProgress()],
      ['contextLength', new ContextLength()],
      ['rateLimit', new RateLimit()],
      ['permissionStorm', new PermissionStorm()],
      ['falseSuccess', this.#falseSuccess],
      ['tokenSpend', this.#tokens],
    ];
  }
}

const NONE: readonly (readonly [DetectorKey, Finding])[] = [];

/** What was on disk may be anything. */
function templatesOf(stored: StoredAgentWatch | undefined): StoredTemplateWatch | undefined {
  const templates = stored?.templates;
  if (typeof templates?.slotMs !== 'number' || !Array.isArray(templates.habits)) return undefined;
  const habits = templates.habits.filter(
    (each) =>
      typeof each?.id === 'string' &&
      typeof each.text === 'string' &&
      Array.isArray(each.rate) &&
      Array.isArray(each.rhythm),
  );
  return { slotMs: templates.slotMs, habits };
}
