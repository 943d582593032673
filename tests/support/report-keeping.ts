import assert from 'node:assert/strict';
import { REPORTS_DEFAULTS, type ReportSettings, type ShelfSettings } from '../../src/config/index.ts';
import type { FactsGap, FactsPeriod } from '../../src/contract/report-facts.ts';
import { REPORT_FORMATS, REPORT_KINDS, type ReportKind } from '../../src/contract/reports.ts';
import type { Database } from '../../src/orchestrator/database/database.ts';
import type { EventHub } from '../../src/orchestrator/fleet/event-hub.ts';
import type { FactsSource, GatheredFacts } from '../../src/orchestrator/reports/facts-source.ts';
import type { Renderer, RenderRequest } from '../../src/orchestrator/reports/renderer.ts';
import { ReportKeeper, type ReportKeeperOptions } from '../../src/orchestrator/reports/report-keeper.ts';
import { type Clock, systemClock } from '../../src/platform/clock.ts';
import { sha256Hex } from '../../src/platform/digest.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { DirectoryShelf } from '../../src/storage/directory-shelf.ts';
import type { Shelf, ShelfFile, ShelfNotes, ShelvedFile } from '../../src/storage/shelf.ts';
import { sampleCritical, sampleDay } from './report-samples.ts';

/** Facts that say one number, which a test may change; what they are asked for is recorded. */
export class StatedFacts implements FactsSource {
  readonly asked: string[] = [];
  /** What all facts say. */
  records = 1_000;
  /** What all facts of summaries say is missing. */
  gaps: readonly FactsGap[] = [];
  /** How many critical alerts are open. */
  open = 0;
  /** Called before each answer. */
  before: (kind: ReportKind, period: FactsPeriod) => unknown = () => undefined;

  async gather(kind: ReportKind, period: FactsPeriod, now: number, signal: AbortSignal): Promise<GatheredFacts> {
    assert.ok(now >= Date.parse(period.starts_at), 'facts of a time that has not begun');
    this.asked.push(`${kind} ${period.name}`);
    await this.before(kind, period);
    signal.throwIfAborted();
    const gathered_at = new Date(now).toISOString();
    if (kind === 'critical') {
      const { version: _, ...facts } = sampleCritical();
      return { ...facts, period, gathered_at, total: this.records, open: this.open };
    }
    const { version: _, ...facts } = sampleDay('one-agent');
    const { gaps } = this;
    return { ...facts, kind, period, gathered_at, gaps, totals: { ...facts.totals, records: this.records } };
  }
}

export function digestOf({ gathered_at: _, ...facts }: GatheredFacts): string {
  return sha256Hex(JSON.stringify(facts));
}

/** Files that say what they are of. */
export class TextRenderer implements Renderer {
  readonly asked: string[] = [];
  /** Stands in each file: another version of the program. */
  edition = 'first edition';
  before: (request: RenderRequest) => unknown = () => undefined;

  async render(request: RenderRequest, signal: AbortSignal) {
    const { facts, lang, format } = request;
    this.asked.push(`${facts.kind} ${facts.period.name} v${facts.version} ${lang}.${format}`);
    await this.before(request);
    signal.throwIfAborted();
    const said = facts.kind === 'critical' ? facts.total : facts.totals.records;
    const text = `${facts.kind} ${facts.period.name} v${facts.version} ${lang}.${format}: ${said}, ${this.edition}`;
    return { bytes: Buffer.from(text), title: `${facts.kind} ${facts.period.name}`, summary: `It says ${said}.` };
  }
}

/** What a place has, and in which order it was put there; one for all replicas. Strict: one file at a time, each whole. */
export class RecordingShelf {
  readonly files = new Map<string, string>();
  readonly puts: string[] = [];
  readonly name: string;
  opened = 0;
  open = 0;
  before: (file: ShelfFile) => unknown = () => undefined;
  after: (file: ShelfFile) => unknown = () => undefined;
  #at = new Set<string>();

  constructor(name = 'recording') {
    this.name = name;
  }

  openAs(settings: ShelfSettings): Shelf {
    assert.equal(settings.name, this.name);
    this.opened++;
    this.open++;
    let isOpen = true;
    return {
      name: this.name,
      type: 'recording',
      put: async (file, notes, signal) => {
        assert.ok(isOpen, 'put after the shelf was closed');
        return this.#put(file, notes, signal);
      },
      check: async () => undefined,
      [Symbol.asyncDispose]: async () => {
        if (isOpen) this.open--;
        isOpen = false;
      },
    };
  }

  async #put(file: ShelfFile, notes: ShelfNotes, signal: AbortSignal): Promise<ShelvedFile> {
    assert.equal(sha256Hex(file.bytes), file.sha256);
    assert.ok(!this.#at.has(file.path), `${file.path} is brought twice at once`);
    this.#at.add(file.path);
    try {
      const id = await notes.claim(file.path, sha256Hex(`${file.path} ${this.puts.length}`).slice(0, 12));
      await this.before(file);
      signal.throwIfAborted();
      this.files.set(file.path, Buffer.from(file.bytes).toString());
      this.puts.push(`${file.path} v${file.version}`);
      await this.after(file);
      return { id, link: `https://shelf.example/${id}` };
    } finally {
      this.#at.delete(file.path);
    }
  }
}

export const RECORDING_SHELF = shelfSettings('recording');

export function shelfSettings(name: string, more: Partial<ShelfSettings> = {}): ShelfSettings {
  return {
    name,
    type: 'archive',
    languages: ['en'],
    kinds: REPORT_KINDS,
    formats: REPORT_FORMATS,
    ...more,
  } as ShelfSettings;
}

export function reportSettings(more: Partial<ReportSettings> = {}): ReportSettings {
  return { ...REPORTS_DEFAULTS, shelves: [RECORDING_SHELF], ...more };
}

export interface Kept {
  readonly keeper: ReportKeeper;
  readonly facts: StatedFacts;
  readonly renderer: TextRenderer;
}

/** A replica's keeper, with parts that are recorded; not started: tests call its rounds. */
export function keep(
  database: Database,
  clock: Clock,
  shelf: RecordingShelf,
  more: Partial<ReportKeeperOptions> = {},
): Kept {
  const facts = new StatedFacts();
  const renderer = new TextRenderer();
  const hub: Pick<EventHub, 'publish'> = { publish: () => undefined };
  const settings = reportSettings();
  const keeper = new ReportKeeper({
    database,
    clock,
    random: () => 0.5,
    logger: silentLogger,
    hub,
    facts,
    digest: digestOf,
    renderer,
    settings: () => settings,
    keepFactsMs: () => 400 * 86_400_000,
    openShelf: async (one) => shelf.openAs(one),
    shelfCredential: () => undefined,
    publicUrl: () => 'https://nervesys.example',
    ...more,
  });
  return { keeper, facts, renderer };
}

/** The installation knows something from then on. */
export async function dataSince(database: Database, at: string): Promise<void> {
  await database.query(
    "INSERT INTO transitions (server, to_state, reason, at) VALUES ('SRV', 'up', 'beats arrive', $1)",
    [at],
  );
}

/** Where a replica can be killed, in the order in which it comes by. */
export const KILL_STEPS = [
  'claimed',
  'facts stored',
  'one file rendered',
  'before upload',
  'between upload and note',
] as const;
export type KillStep = (typeof KILL_STEPS)[number];

/** The real folder shelf, in a folder of the test's. */
export function folderShelf({ name }: ShelfSettings, path: string): Shelf {
  return new DirectoryShelf({ name, path, root: 'OWAL AI Reports', makePath: true }, { clock: systemClock });
}
