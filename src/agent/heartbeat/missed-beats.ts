import type { Heartbeat } from '../../contract/heartbeat.ts';
import type { ServerName } from '../../contract/ids.ts';
import { LEVELS } from '../../contract/record.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import type { Random } from '../../platform/random.ts';
import { decodeBeats, encodeBeats, finishBeat, foldAll } from './rolled-beats.ts';

/*
 * What the orchestrator has missed while it was away: no hole in its charts, and every count told exactly once.
 *
 * A count leaves the registry once, with a beat, and stays with it. A beat that was tried and not answered may have arrived: it is kept as it
 * was and repeated under its own timestamp, by which the orchestrator knows it again (`note`). What came after goes, sample by sample, into one
 * beat per AI agent and five minutes (`sample`), under a timestamp of its own, and isn't sent to anybody before the orchestrator is back.
 * What may have been sent is never changed again: those are the first rows, as many as go in one request (`next`).
 *
 * It is kept in the buffer file, a row for each five minutes: some 2 MB for a week of 20 AI agents. Past its bound the oldest become one an
 * hour, then one a day; counts stay exact. What is open is lost by a kill: five minutes at most.
 */

/** Where rows are kept; the buffer's `KeptBeats` is the real one. */
export interface BeatShelf {
  /** In the order in which they were kept; one that takes the place of others stands where the last of them stood. */
  readonly rows: readonly { readonly n: number; readonly at: number; readonly beats: number }[];
  readonly excessBytes: number;
  readonly through: number;
  body(n: number): Buffer | undefined;
  keep(
    row: { readonly at: number; readonly beats: number; readonly body: Buffer },
    insteadOf?: readonly number[],
  ): boolean;
  remove(ns: readonly number[]): boolean;
}

export interface MissedBeatsOptions {
  readonly shelf: BeatShelf;
  readonly server: ServerName;
  readonly random: Random;
  readonly logger: Logger;
}

/** What goes in one request. */
export interface MissedChunk {
  readonly rows: readonly number[];
  readonly beats: readonly Heartbeat[];
}

export const SLOT_MS = 300_000;
const COARSER_MS = [3_600_000, 86_400_000];
/** Beats in one request: with the pause between them a fleet that comes back together stays well below what an orchestrator takes. */
export const CHUNK_BEATS = 100;
/** An open time without counts that is shorter leaves no hole: it isn't worth a beat. */
const WORTH_SECONDS = 60;
/** Attempted beats that find no room on the disk wait in memory, of so many attempts. */
const UNSAVED_MAX = 20;

export class MissedBeats {
  readonly #options: MissedBeatsOptions;
  /** The five minutes that are not over. */
  #open: { endsAt: number; lastAt: number; beats: Heartbeat[] } | undefined;
  #unsaved: { readonly at: number; readonly beats: readonly Heartbeat[] }[] = [];

  constructor(options: MissedBeatsOptions) {
    this.#options = options;
  }

  get waiting(): boolean {
    return this.#options.shelf.rows.length > 0;
  }

  /** Takes beats of one instant that may have arrived: they will be told again as they are. */
  note(beats: readonly Heartbeat[]): void {
    if (beats.length === 0) return;
    this.#unsaved.push({ at: Date.parse(beats[0]!.timestamp), beats });
    this.#saveUnsaved();
    if (this.#unsaved.length <= UNSAVED_MAX) return;
    this.#unsaved.shift();
    this.#options.logger.error('beats that did not arrive were given up: there is no room for them');
  }

  /** Takes what would have been told at `now` (epoch ms), for the time since the last sample; none of it was sent. */
  sample(beats: readonly Heartbeat[], now: number, seconds: number): void {
    this.#saveUnsaved();
    const endsAt = (Math.floor(now / SLOT_MS) + 1) * SLOT_MS;
    if (this.#open !== undefined && this.#open.endsAt !== endsAt) this.#close(slotEnd(this.#open.endsAt));
    const sampled = beats.map((beat) => ({ ...beat, covers_seconds: seconds }));
    // Where there was no room for the one before, it goes on.
    this.#open = { endsAt, lastAt: now, beats: foldAll(this.#open?.beats ?? [], sampled) };
  }

  /** The orchestrator is back, or we end: what is open is complete. */
  end(): void {
    this.#saveUnsaved();
    if (this.#open === undefined) return;
    const { beats, lastAt } = this.#open;
    const isWorth = beats.some(
      ({ covers_seconds: covered = 0, level_counts: counts }) =>
        covered >= WORTH_SECONDS || LEVELS.some((level) => counts[level] > 0),
    );
    if (!isWorth) this.#open = undefined;
    else this.#close(lastAt - 1); // the beat that came through bears the instant itself
  }

  /** The oldest that wait, as many as go in one request; the same again until they are `arrived`. `rowsMax`: fewer. */
  next(rowsMax = Number.POSITIVE_INFINITY): MissedChunk | undefined {
    for (;;) {
      const rows = this.#head().slice(0, rowsMax);
      if (rows.length === 0) return undefined;
      const beats = rows.flatMap(({ n }) => this.#read(n) ?? []);
      if (beats.length > 0) return { rows: rows.map(({ n }) => n), beats };
      this.#options.shelf.remove(rows.map(({ n }) => n)); // spoiled: there is nothing to tell
      if (this.#head()[0]?.n === rows[0]!.n) return undefined;
    }
  }

  arrived(chunk: MissedChunk): void {
    this.#options.shelf.remove(chunk.rows);
  }

  /** The rows of the next request: whole ones, and one at least. */
  #head(): BeatShelf['rows'] {
    const { rows } = this.#options.shelf;
    let beats = 0;
    const end = rows.findIndex((row) => {
      beats += row.beats;
      return beats > CHUNK_BEATS;
    });
    return end === -1 ? rows : rows.slice(0, Math.max(1, end));
  }

  #close(wantedAt: number): void {
    const { shelf, random } = this.#options;
    // Where the clock was set back, times that were used come again; the orchestrator would take another's beat for a repeat.
    const at = wantedAt > shelf.through ? wantedAt : wantedAt - 1 - Math.floor(random() * 999);
    const timestamp = new Date(at).toISOString();
    const beats = this.#open!.beats.map((beat) => finishBeat(beat, timestamp));
    if (shelf.keep({ at, beats: beats.length, body: encodeBeats(beats) })) this.#open = undefined;
    this.#keepWithinBound();
  }

  #saveUnsaved(): void {
    const { shelf } = this.#options;
    while (this.#unsaved.length > 0) {
      const { at, beats } = this.#unsaved[0]!;
      if (!shelf.keep({ at, beats: beats.length, body: encodeBeats(beats) })) return;
      this.#unsaved.shift();
    }
  }

  /** Two neighbours at a time, from the oldest that can't have been sent, become one. */
  #keepWithinBound(): void {
    const { shelf, logger } = this.#options;
    while (shelf.excessBytes > 0) {
      const rows = shelf.rows.slice(this.#head().length);
      const pair = COARSER_MS.map((unitMs) => neighboursWithin(rows, unitMs)).find((found) => found !== undefined);
      if (pair !== undefined && this.#join(pair)) continue;
      const oldest = rows[0];
      if (oldest === undefined || !shelf.remove([oldest.n])) return;
      logger.error('beats that the orchestrator has missed were given up: there are too many', {
        at: new Date(oldest.at).toISOString(),
      });
    }
  }

  #join([earlier, later]: readonly [{ n: number; at: number }, { n: number; at: number }]): boolean {
    const timestamp = new Date(later.at).toISOString();
    const beats = foldAll(this.#read(earlier.n) ?? [], this.#read(later.n) ?? []).map((beat) =>
      finishBeat(beat, timestamp),
    );
    const body = encodeBeats(beats);
    return this.#options.shelf.keep({ at: later.at, beats: beats.length, body }, [earlier.n, later.n]);
  }

  #read(n: number): Heartbeat[] | undefined {
    const { shelf, server, logger } = this.#options;
    try {
      const body = shelf.body(n);
      return body === undefined ? undefined : decodeBeats(body).map((beat) => ({ ...beat, server }));
    } catch (error) {
      logger.error('beats that were kept are not readable any more', errorFields(error));
      return undefined;
    }
  }
}

/** A millisecond before the next time begins. Live beats keep clear of these instants (`beatInstant`). */
function slotEnd(endsAt: number): number {
  return endsAt - 1;
}

/** When a beat of `now` was made, for its timestamp: never an instant that a rolled-up one bears, as each timestamp counts once. */
export function beatInstant(now: number): number {
  return (now + 1) % SLOT_MS === 0 ? now + 1 : now;
}

type Row = BeatShelf['rows'][number];

function neighboursWithin(rows: readonly Row[], unitMs: number): readonly [Row, Row] | undefined {
  for (let at = 1; at < rows.length; at++) {
    const [earlier, later] = [rows[at - 1]!, rows[at]!];
    if (Math.floor(earlier.at / unitMs) === Math.floor(later.at / unitMs)) return [earlier, later];
  }
  return undefined;
}
