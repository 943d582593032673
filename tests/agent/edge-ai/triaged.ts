import { createHash } from 'node:crypto';
import type { EncodedRecord } from '../../../src/agent/buffer/types.ts';
import { Corrections } from '../../../src/agent/edge-ai/corrections.ts';
import { DetectorEngine } from '../../../src/agent/edge-ai/detectors/index.ts';
import { type TriageConfig, TriageEngine, type TriageEngineOptions } from '../../../src/agent/edge-ai/triage-engine.ts';
import type { LineScorer, Miner, Score, ScoreInput, Template } from '../../../src/agent/edge-ai/types.ts';
import { encodeNdjson, encodeObject } from '../../../src/agent/sources/record-encoder.ts';
import { builtInConfig } from '../../../src/config/index.ts';
import type { ServerName } from '../../../src/contract/ids.ts';
import type { TemplateId } from '../../../src/contract/triage.ts';
import { MODEL_DEFAULT, TRIAGE_DEFAULT, type TriageSettings } from '../../../src/contract/triage-settings.ts';
import { FakeClock } from '../../support/fake-clock.ts';

export const SERVER = 'AIGARDEN01' as ServerName;
export const NOON = Date.parse('2026-01-15T12:00:00.000Z');

/** Stands in for the miner: what differs are numbers, and `become` makes a template another, as learning does. */
export class NumbersMiner implements Miner {
  shape = 0;
  readonly #shapes = new Map<string, number>();
  readonly #templates = new Map<string, MutableTemplate>();

  place(message: string, now: number): MutableTemplate {
    const text = message.replaceAll(/\d+/g, '<*>');
    this.shape = this.#shapes.get(text) ?? this.#shapes.size;
    this.#shapes.set(text, this.shape);
    let template = this.#templates.get(text);
    if (template === undefined) {
      template = new MutableTemplate(text, now);
      this.#templates.set(text, template);
    }
    template.lines++;
    template.lastSeenAt = now;
    return template;
  }

  find(id: TemplateId): Template | undefined {
    return [...this.#templates.values()].find((one) => one.id === id || one.aliases.includes(id));
  }

  get size(): number {
    return this.#templates.size;
  }

  templates(): Iterable<Template> {
    return this.#templates.values();
  }
}

export class MutableTemplate implements Template {
  text: string;
  generation = 0;
  aliases: TemplateId[] = [];
  lines = 0;
  readonly firstSeenAt: number;
  lastSeenAt: number;
  conclusion: unknown;

  constructor(text: string, now: number) {
    this.text = text;
    this.firstSeenAt = now;
    this.lastSeenAt = now;
  }

  get id(): TemplateId {
    return idOf(this.text);
  }

  become(text: string): void {
    this.aliases.push(this.id);
    this.text = text;
    this.generation++;
  }
}

export function idOf(text: string): TemplateId {
  return createHash('sha256').update(text).digest('hex').slice(0, 16) as TemplateId;
}

/** Stands in for the scorer: lines with "broken" are alerts, those with "perhaps" are in doubt. */
export class WordScorer implements LineScorer {
  readonly asked: ScoreInput[] = [];

  score(input: ScoreInput): Score {
    this.asked.push(input);
    const isAlert = input.message.includes('broken');
    const isUnsure = input.message.includes('perhaps');
    return { score: isAlert ? 0.9 : isUnsure ? 0.45 : 0.1, isAlert, isUnsure, reason: isAlert ? 'says "broken"' : '' };
  }
}

/** One text covers another where the parts between its wildcards stand in it, in order. */
export function covers(general: string, special: string): boolean {
  const parts = general.split('<*>');
  let at = 0;
  for (const part of parts) {
    const found = special.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return true;
}

export async function triageConfig(settings: Partial<TriageSettings> = {}): Promise<TriageConfig> {
  const config = await builtInConfig();
  return {
    agentDefaults: { ...config.agentDefaults, triage: { ...TRIAGE_DEFAULT, ...settings } },
    agents: [],
    triageModel: MODEL_DEFAULT,
  };
}

export async function engineWith(
  options: Partial<TriageEngineOptions> = {},
  settings: Partial<TriageSettings> = {},
): Promise<TriageEngine> {
  const parts = {
    miner: new NumbersMiner(),
    scorer: new WordScorer(),
    corrections: new Corrections(covers),
    detectors: new DetectorEngine(),
    clock: new FakeClock(NOON),
  };
  return new TriageEngine({ ...parts, ...options }, await triageConfig(settings));
}

export function record(fields: Readonly<Record<string, unknown>>): EncodedRecord {
  return encodeObject({ agent_id: 'GROK', message: 'a line', ...fields }, { server: SERVER, now: NOON });
}

/** A record that stays in the bytes it came in. */
export function scanned(fields: Readonly<Record<string, unknown>>): EncodedRecord {
  const given = { timestamp: '2026-01-15T12:00:00.000Z', level: 'INFO', agent_id: 'GROK', action: 'x', ...fields };
  const line = JSON.stringify({ ...given, context: {} });
  const [one] = encodeNdjson(Buffer.from(`${line}\n`), { server: SERVER, now: NOON }).records;
  return one!;
}
