import type { AgentId } from '../../contract/ids.ts';
import { LEVELS } from '../../contract/record.ts';
import { COUNTS_PER_TEMPLATE_MAX, type TemplateCount, type TemplateReport } from '../../contract/triage.ts';
import type { EncodedRecord } from '../buffer/types.ts';
import { LEVEL_INDEX } from '../rules/record-view.ts';
import type { Template } from './types.ts';

/** Who says what of a template is to be told with its counts. */
export type OpinionOf = (template: Template) => { readonly isAlert: boolean; readonly score: number };

/** Of one template, one AI agent, one hour: lines by level. */
type LevelLines = number[];

/**
 * Pairs of a template and an AI agent in an hour that are counted at one time. While the orchestrator is away each hour makes new ones: past this
 * number hours that are over are told as one day, and of pairs for which there is no room even then nothing is counted until the others are told.
 * An hour of random text would make millions.
 */
const PAIRS_MAX = 4_000;
const HOUR_MS = 3_600_000;
/** `2026-01-15T12`: how hours begin a key; `2026-01-15`: days that were made of them. */
const HOUR_LENGTH = 13;
const DAY_LENGTH = 10;

const KEYS_MAX = 2_000;

/** Counts lines by template, AI agent, hour of arrival and level, until somebody takes the counts. */
export class TemplateTally {
  #templates = new Map<Template, Map<string, LevelLines>>();
  #pairs = 0;
  #uncounted = 0;
  #hour = '';
  /** In which hours were last told as days. */
  #roomMadeIn = '';
  /** Of the AI agents of this hour: made once, since making and hashing one for each record takes longer than counting it. */
  readonly #keys = new Map<AgentId, string>();
  #hourEndsAt = Number.NEGATIVE_INFINITY;
  #hourBeganAt = Number.POSITIVE_INFINITY;

  get isEmpty(): boolean {
    return this.#pairs === 0;
  }

  /** Lines of which there was no room to say what they are. */
  get uncounted(): number {
    return this.#uncounted;
  }

  /** `templates`: of each record, in order; `undefined`: it has none. `now`: time of arrival, epoch ms. */
  count(records: readonly EncodedRecord[], templates: readonly (Template | undefined)[], now: number): void {
    this.#turnHour(now);
    let agentId: AgentId | undefined;
    let key = '';
    for (let index = 0; index < templates.length; index++) {
      const template = templates[index];
      if (template === undefined) continue;
      const record = records[index]!;
      if (record.agentId !== agentId) {
        agentId = record.agentId;
        key = this.#keys.get(agentId) ?? this.#newKey(agentId);
      }
      const lines = this.#templates.get(template)?.get(key) ?? this.#newLines(template, key);
      if (lines === undefined) this.#uncounted++;
      else lines[LEVEL_INDEX[record.level]]!++;
    }
  }

  /** All that was counted; from now on it is counted anew. Each template comes once in each of the lists. */
  take(opinionOf: OpinionOf): TemplateReport[][] {
    const taken = this.#templates;
    this.#templates = new Map();
    this.#pairs = 0;
    const lists: TemplateReport[][] = [];
    // Two that became one meanwhile tell under one name.
    const byId = Map.groupBy(taken, ([template]) => template.id);
    for (const same of byId.values()) {
      const [template] = same.at(-1)!;
      const counts = same.flatMap(([, byKey]) => countsOf(byKey));
      for (let from = 0, n = 0; from < counts.length; from += COUNTS_PER_TEMPLATE_MAX, n++) {
        lists[n] ??= [];
        lists[n]!.push(reportOf(template, opinionOf, counts.slice(from, from + COUNTS_PER_TEMPLATE_MAX)));
      }
    }
    return lists;
  }

  #newLines(template: Template, key: string): LevelLines | undefined {
    if (this.#pairs >= PAIRS_MAX) this.#makeRoom();
    if (this.#pairs >= PAIRS_MAX) return undefined;
    this.#pairs++;
    const lines = LEVELS.map(() => 0);
    const byKey = this.#templates.get(template);
    if (byKey === undefined) this.#templates.set(template, new Map([[key, lines]]));
    else byKey.set(key, lines);
    return lines;
  }

  /** Hours before this one become days; once an hour, for it looks at all of them. */
  #makeRoom(): void {
    if (this.#roomMadeIn === this.#hour) return;
    this.#roomMadeIn = this.#hour;
    this.#pairs = 0;
    for (const byKey of this.#templates.values()) {
      for (const [key, lines] of [...byKey]) {
        if (key.indexOf('\n') !== HOUR_LENGTH || key.startsWith(this.#hour)) continue;
        byKey.delete(key);
        const dayKey = key.slice(0, DAY_LENGTH) + key.slice(HOUR_LENGTH);
        const ofDay = byKey.get(dayKey);
        if (ofDay === undefined) byKey.set(dayKey, lines);
        else for (const [level, count] of lines.entries()) ofDay[level]! += count;
      }
      this.#pairs += byKey.size;
    }
  }

  #turnHour(now: number): void {
    if (now < this.#hourEndsAt && now >= this.#hourBeganAt) return;
    this.#hourBeganAt = Math.floor(now / HOUR_MS) * HOUR_MS;
    this.#hourEndsAt = this.#hourBeganAt + HOUR_MS;
    this.#hour = new Date(now).toISOString().slice(0, HOUR_LENGTH);
    this.#keys.clear();
  }

  #newKey(agentId: AgentId): string {
    if (this.#keys.size >= KEYS_MAX) this.#keys.clear();
    const key = `${this.#hour}\n${agentId}`;
    this.#keys.set(agentId, key);
    return key;
  }
}

function countsOf(byKey: ReadonlyMap<string, LevelLines>): TemplateCount[] {
  return [...byKey].flatMap(([key, lines]) => {
    const [when, agentId] = key.split('\n') as [string, AgentId];
    const day = when.slice(0, DAY_LENGTH);
    const hour = when.length === HOUR_LENGTH ? { hour: Number(when.slice(DAY_LENGTH + 1)) } : {};
    return lines.flatMap((count, level) =>
      count === 0 ? [] : [{ agent_id: agentId, level: LEVELS[level]!, day, ...hour, lines: count }],
    );
  });
}

function reportOf(template: Template, opinionOf: OpinionOf, counts: readonly TemplateCount[]): TemplateReport {
  const { id, text, aliases, firstSeenAt, lastSeenAt } = template;
  const { isAlert, score } = opinionOf(template);
  return {
    template: id,
    text,
    aliases,
    first_seen_at: new Date(firstSeenAt).toISOString(),
    last_seen_at: new Date(lastSeenAt).toISOString(),
    is_alert: isAlert,
    score,
    counts,
  };
}
