import type { AgentId } from '../../contract/ids.ts';
import { type ArchivedRecord, LEVELS } from '../../contract/record.ts';
import type { Chunk } from './chunk.ts';
import { findLine, linesBackwards } from './lines-before.ts';
import type { LinesBeforeQuery, RecentQuery } from './types.ts';

/** Each AI agent can look back at least this far, as long as the memory's own bound allows. */
export const REMEMBERED_RECORDS_MIN = 1_000;
/** Compressed, this is a few hundred thousand records; reached only with very many AI agents, or very different rates. */
const HELD_BYTES_MAX = 24_000_000;
/** For the lines before a record no more chunks than these are read: they hold it, or nobody asks in time. */
const LOOKED_BACK_CHUNKS_MAX = 3;
/** Trimming walks all chunks, so it is done once per so many new ones. */
const TRIM_EVERY_CHUNKS = 4;

/** Records in a sealed batch that waited in the file when the buffer was opened. */
export interface StoredText {
  /** Whether it may hold records of this AI agent. */
  mayHave(agentId: AgentId): boolean;
  /** Its NDJSON; `undefined` once the batch has left the file. */
  text(): Promise<Buffer | undefined>;
}

/**
 * What AI agents may ask about their own last minutes. It keeps the newest chunks, as long as one of their AI agents has fewer
 * than `REMEMBERED_RECORDS_MIN` records in newer ones; after a restart it holds what the buffer still holds.
 */
export class ShortTermMemory {
  #chunks: Chunk[] = [];
  /** Older than all chunks, oldest first; read from the file when asked for. */
  #stored: StoredText[] = [];
  #sinceTrim = 0;

  /** Takes the next chunk, which may still be filling. */
  remember(chunk: Chunk): void {
    this.#chunks.push(chunk);
    if (++this.#sinceTrim >= TRIM_EVERY_CHUNKS) this.#trim();
  }

  /** Takes what the file held before this process began, oldest first. */
  rememberStored(stored: readonly StoredText[]): void {
    this.#stored = [...stored];
  }

  get heldBytes(): number {
    return this.#chunks.reduce((sum, chunk) => sum + chunk.heldBytes, 0);
  }

  /** Newest first, by sequence. */
  async recent(query: RecentQuery): Promise<ArchivedRecord[]> {
    const found: ArchivedRecord[] = [];
    const levelMin = query.level === undefined ? 0 : LEVELS.indexOf(query.level);
    const since = query.since === undefined ? undefined : isoWithinCalendar(query.since);
    const marker = query.agentId === undefined ? undefined : `"agent_id":${JSON.stringify(query.agentId)}`;
    const search = (text: Buffer) => {
      const lines = text.toString('utf8').split('\n');
      for (let i = lines.length - 1; i >= 0 && found.length < query.limit; i--) {
        const line = lines[i]!;
        if (line === '' || (marker !== undefined && !line.includes(marker))) continue;
        const record = JSON.parse(line) as ArchivedRecord;
        if (query.agentId !== undefined && record.agent_id !== query.agentId) continue;
        if (LEVELS.indexOf(record.level) < levelMin || (since !== undefined && record.timestamp < since)) continue;
        found.push(record);
      }
    };
    for (const chunk of [...this.#chunks].reverse()) {
      if (found.length >= query.limit) return found;
      if (query.agentId === undefined || chunk.agents.has(query.agentId)) search(await chunk.text());
    }
    for (const stored of [...this.#stored].reverse()) {
      if (found.length >= query.limit) return found;
      if (query.agentId !== undefined && !stored.mayHave(query.agentId)) continue;
      const text = await stored.text();
      if (text === undefined) this.#stored = this.#stored.filter((other) => other !== stored);
      else search(text);
    }
    return found;
  }

  /**
   * What the AI agent recorded right before, oldest first. Reads little: where the record isn't found in the newest chunks (it was dropped),
   * or none is given, what came last.
   */
  async linesBefore({ agentId, json, limit, bytesMax }: LinesBeforeQuery): Promise<ArchivedRecord[]> {
    const chunks = this.#chunks.filter((chunk) => chunk.agents.has(agentId)).slice(-LOOKED_BACK_CHUNKS_MAX);
    const record = json === undefined ? undefined : Buffer.from(json);
    let from = chunks.length - 1;
    let end: number | undefined;
    for (let index = from; index >= 0 && record !== undefined && end === undefined; index--) {
      const chunk = chunks[index]!;
      end = findLine(chunk.plainText ?? (await chunk.text()), record);
      if (end !== undefined) from = index;
    }
    const lines: ArchivedRecord[] = [];
    let bytesLeft = bytesMax;
    for (let index = from; index >= 0 && lines.length < limit; index--, end = undefined) {
      const text = chunks[index]!.plainText ?? (await chunks[index]!.text());
      for (const { record: line, bytes } of linesBackwards(text, end ?? text.length, agentId)) {
        bytesLeft -= bytes;
        if (bytesLeft < 0) return lines.reverse();
        lines.push(line);
        if (lines.length === limit) break;
      }
    }
    return lines.reverse();
  }

  #trim(): void {
    this.#sinceTrim = 0;
    const newer = new Map<AgentId, number>();
    const kept: Chunk[] = [];
    let heldBytes = 0;
    for (const chunk of [...this.#chunks].reverse()) {
      let needed = false;
      for (const [agentId, records] of chunk.agents) {
        const seen = newer.get(agentId) ?? 0;
        if (seen < REMEMBERED_RECORDS_MIN) needed = true;
        newer.set(agentId, seen + records);
      }
      if (!needed) continue;
      heldBytes += chunk.heldBytes;
      if (heldBytes > HELD_BYTES_MAX && kept.length > 0) break;
      kept.push(chunk);
    }
    this.#chunks = kept.reverse();
  }
}

const TIME_MIN = Date.parse('0001-01-01T00:00:00.000Z');
const TIME_MAX = Date.parse('9999-12-31T23:59:59.999Z');

/** In the form that records' timestamps have, which compares as text; times that they can't have come next to all they can. */
function isoWithinCalendar(at: number): string {
  return new Date(Math.min(Math.max(at, TIME_MIN), TIME_MAX)).toISOString();
}
