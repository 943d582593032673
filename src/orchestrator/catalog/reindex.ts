import type { BatchManifest } from '../../contract/batch.ts';
import type { ServerName } from '../../contract/ids.ts';
import { parseObjectKey, WINDOW_MS } from '../../contract/object-key.ts';
import type { ReindexFinding, ReindexProgress, ReindexResult } from '../../contract/reindex.ts';
import type { Clock } from '../../platform/clock.ts';
import { errorCode } from '../../platform/errors.ts';
import type { Archive, ArchiveObject } from '../../storage/archive.ts';
import type { Database } from '../database/database.ts';
import { adoptObject, type BatchRow, findBatch } from './batch-rows.ts';
import { isSoundManifest } from './batch-schema.ts';
import { markMissing, noteListed, unseenObjects } from './reindex-rows.ts';
import { fetchManifest } from './standing-object.ts';

/** Objects compared with the catalog by one question; with their names some 50 KB. */
const PAGE_OBJECTS = 200;
/** Manifests fetched at the same time, each up to 64 KiB. */
const FETCHES_AT_ONCE = 8;
/** Findings listed; further ones are counted. */
const FINDINGS_MAX = 1_000;

export interface ReindexOptions {
  readonly database: Database;
  readonly archive: Archive;
  readonly clock: Clock;
  /** One server; absent: all. */
  readonly server?: ServerName | undefined;
  /** Windows that ended before this (epoch ms) are not looked at. */
  readonly sinceAt?: number | undefined;
  /** What is of windows before this (epoch ms) is past its retention: that it is gone is right. */
  readonly expiredBefore?: number | undefined;
  readonly signal: AbortSignal;
}

/**
 * Rebuilds the catalog from the bucket alone: every batch that stands there is in the catalog afterwards, and what the catalog has
 * and the bucket lacks is marked. It deletes nothing, neither here nor there.
 *
 * The bucket is listed in the order in which the store lists it; what the catalog has already costs its share of the listing, anything
 * else the first 64 KiB of the object. So a run that was broken off goes on, in effect, where it ended: begin it anew. Memory is one page
 * of names and the manifests being read. Batches may come in meanwhile: what was archived after the start is never called missing, and
 * before anything is, the store is asked for it by name.
 *
 * Yields its progress after each page and returns the result. Rejects with the archive's or the database's error.
 */
export async function* reindexArchive(options: ReindexOptions): AsyncGenerator<ReindexProgress, ReindexResult> {
  const { archive, clock, signal, server } = options;
  const run = new Run(options, new Date(clock.now()));
  let page: ArchiveObject[] = [];
  for await (const object of archive.list(server === undefined ? 'logs/' : `logs/${server}/`, signal)) {
    page.push(object);
    if (page.length < PAGE_OBJECTS) continue;
    await run.takePage(page);
    page = [];
    yield run.progress;
  }
  await run.takePage(page);
  yield run.progress;
  yield* run.findMissing();
  return run.result;
}

class Run {
  readonly #options: ReindexOptions;
  readonly #startedAt: Date;
  readonly #findings: ReindexFinding[] = [];
  readonly #counts = { objects: 0, bytes: 0, known: 0, added: 0, returned: 0, foreign: 0, conflicting: 0, missing: 0 };

  constructor(options: ReindexOptions, startedAt: Date) {
    this.#options = options;
    this.#startedAt = startedAt;
  }

  get progress(): ReindexProgress {
    return { ...this.#counts };
  }

  get result(): ReindexResult {
    const { foreign, conflicting, missing } = this.#counts;
    return {
      ...this.#counts,
      findings: this.#findings,
      findings_more: foreign + conflicting + missing - this.#findings.length,
    };
  }

  async takePage(listed: readonly ArchiveObject[]): Promise<void> {
    const { database, sinceAt, signal } = this.#options;
    const batches: ArchiveObject[] = [];
    for (const object of listed) {
      const windowAt = parseObjectKey(object.key)?.windowAt;
      if (sinceAt !== undefined && windowAt !== undefined && windowAt <= sinceAt - WINDOW_MS) continue;
      this.#counts.objects++;
      this.#counts.bytes += object.bytes;
      if (windowAt !== undefined) batches.push(object);
      else this.#find('foreign', object.key, 'its name is no batch’s');
    }
    const { known, returned } = await noteListed(database, batches, this.#startedAt);
    this.#counts.known += known.size;
    this.#counts.returned += returned;
    const unknown = batches.filter(({ key }) => !known.has(key));
    for (let at = 0; at < unknown.length; at += FETCHES_AT_ONCE) {
      signal.throwIfAborted();
      await Promise.all(unknown.slice(at, at + FETCHES_AT_ONCE).map((object) => this.#take(object)));
    }
  }

  /** One object that the catalog doesn't have under this name, or has with other bytes. */
  async #take(object: ArchiveObject): Promise<void> {
    const { archive, database, clock, signal } = this.#options;
    const { key, bytes } = object;
    let manifest: BatchManifest | undefined;
    try {
      manifest = await fetchManifest(archive, object, signal);
    } catch (error) {
      // Somebody took it away since it was listed; if the catalog has it, the end of the run says so.
      if (errorCode(error) === 'NSV_ARCHIVE_NOT_FOUND') return;
      throw error;
    }
    const name = parseObjectKey(key);
    if (!isSoundManifest(manifest, bytes)) return this.#find('foreign', key, 'it bears no manifest of ours');
    if (manifest.server !== name?.server || Date.parse(manifest.window) !== name.windowAt) {
      return this.#find('foreign', key, `by its manifest it belongs to ${manifest.server}, window ${manifest.window}`);
    }
    const { server, epoch, first } = manifest;
    const row = await findBatch(database, server, epoch, first);
    if (row?.state === 'archived' && row.key === key && row.bytes === bytes && isSameText(row, manifest)) {
      // A store that encrypts: its ETag is no MD5 of the content.
      this.#counts.known++;
    } else {
      const held = row?.state === 'archived';
      if (held || !(await adoptObject(database, { key, bytes, manifest }, new Date(clock.now())))) {
        return this.#find('conflicting', key, conflict(manifest, held ? row : undefined));
      }
      this.#counts.added++;
    }
    await noteListed(database, [{ key, bytes, md5: undefined }], this.#startedAt);
  }

  async *findMissing(): AsyncGenerator<ReindexProgress> {
    const { archive, database, signal, server, sinceAt, expiredBefore } = this.#options;
    const least = [sinceAt, expiredBefore].filter((at) => at !== undefined);
    const scope = { server, windowAfter: least.length === 0 ? undefined : new Date(Math.max(...least) - WINDOW_MS) };
    for await (const unseen of unseenObjects(database, scope, this.#startedAt)) {
      signal.throwIfAborted();
      const standing = await Promise.all(unseen.map(({ key }) => archive.head(key, signal)));
      // What stands there after all was overlooked by the listing, or was named as conflicting already.
      const gone = unseen.filter((_, i) => standing[i] === undefined);
      await markMissing(database, gone, this.#startedAt);
      for (const { key, records } of gone) {
        this.#find('missing', key, `the catalog has its ${records} records as archived, and the bucket lacks it`);
      }
      yield this.progress;
    }
  }

  #find(kind: ReindexFinding['kind'], key: string, message: string): void {
    this.#counts[kind]++;
    if (this.#findings.length < FINDINGS_MAX) this.#findings.push({ kind, key, message });
  }
}

function isSameText(row: BatchRow, { last, text_sha256 }: BatchManifest): boolean {
  return row.last_sequence === last && row.text_sha256 === text_sha256;
}

function conflict(manifest: BatchManifest, row: BatchRow | undefined): string {
  const { epoch, first, last } = manifest;
  const records = `${first}–${last} of epoch ${epoch}`;
  if (row === undefined) return `${records}: the catalog has other records archived under this name or these numbers`;
  if (isSameText(row, manifest)) return `${records}: the same records are archived as ${row.key}`;
  return `${records}: the catalog has other records of these numbers, archived as ${row.key}`;
}
