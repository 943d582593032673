import type { AgentId } from '../../contract/ids.ts';
import { LEVELS } from '../../contract/record.ts';
import { COUNTS_PER_TEMPLATE_MAX, type TemplateCount, type TemplateReport } from '../../contract/triage.ts';
import type { EncodedRecord } from '../buffer/types.ts';
import { LEVEL_INDEX } from '../rules/record-view.ts';
import type { Template } from './types.ts';

/** Who says what of a template is to be told with its counts. */
export type OpinionOf = (template: Template) => { readonly isAlert: boolean; readonly score: number };

/** Of one template, one AI agent, one day: lines by level. */
type LevelLines = number[];

/**
 * Pairs of a template and an AI agent on a day that are counted at one time; of those that come past it nothing is counted until the others
 * are told. An hour of random text would make millions.
 */
const PAIRS_MAX = 4_000;
const DAY_MS = 86_400_000;

const KEYS_MAX = 2_000;

/** Counts lines by template, AI agent, day of arrival and level, until somebody takes the counts. */
export class TemplateTally {
  #templates = new Map<Template, Map<string, LevelLines>>();
  #pairs = 0;
  #uncounted = 0;
  #day = '';
  /** Of the AI agents of this day: made once, since making and hashing one for each record takes longer than counting it. */
  readonly #keys = new Map<AgentId, string>();
  #dayEndsAt = Number.NEGATIVE_INFINITY;
  #dayBeganAt = Number.POSITIVE_INFINITY;

  get isEmpty(): boolean {
    return this.#pairs === 0;
  }

  /** Lines of which there was no room to say what they are. */
  get uncounted(): number {
    return this.#uncounted;
  }

  /** `templates`: of each record, in order; `undefined`: it has none. `now`: time of arrival, epoch ms. */
  count(records: readonly EncodedRecord[], templates: readonly (Template | undefined)[], now: number): void {
    this.#turnDay(now);
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
    if (this.#pairs >= PAIRS_MAX) return undefined;
    this.#pairs++;
    const lines = LEVELS.map(() => 0);
    const byKey = this.#templates.get(template);
    if (byKey === undefined) this.#templates.set(template, new Map([[key, lines]]));
    else byKey.set(key, lines);
    return lines;
  }

  #turnDay(now: number): void {
    if (now < this.#dayEndsAt && now >= this.#dayBeganAt) return;
    this.#dayBeganAt = Math.floor(now / DAY_MS) * DAY_MS;
    this.#dayEndsAt = this.#dayBeganAt + DAY_MS;
    this.#day = new Date(now).toISOString().slice(0, 10);
    this.#keys.clear();
  }

  #newKey(agentId: AgentId): string {
    if (this.#keys.size >= KEYS_MAX) this.#keys.clear();
    const key = `${this.#day}\n${agentId}`;
    this.#keys.set(agentId, key);
    return key;
  }
}

function countsOf(byKey: ReadonlyMap<string, LevelLines>): TemplateCount[] {
  return [...byKey].flatMap(([key, lines]) => {
    const [day, agentId] = key.split('\n') as [string, AgentId];
    return lines.flatMap((count, level) =>
      count === 0 ? [] : [{ agent_id: agentId, level: LEVELS[level]!, day, lines: count }],
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
