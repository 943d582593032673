import type { AnyFacts } from '../../contract/report-facts.ts';
import { reportFormats } from '../../contract/reports.ts';
import type { Clock } from '../../platform/clock.ts';
import { sha256Hex } from '../../platform/digest.ts';
import { NervesysError } from '../../platform/errors.ts';
import type { Database } from '../database/database.ts';
import { type FileName, putFile, readFile, type StoredFile } from '../database/queries/report-files.ts';
import { readFacts } from '../database/queries/report-versions.ts';
import { howMuchIsKnown } from './how-much-is-known.ts';
import type { Renderer } from './renderer.ts';

/** The files of reports: as they stand, or made from their facts. */
export class ReportFiles {
  readonly #options: { readonly database: Database; readonly clock: Clock; readonly renderer: Renderer };
  /** What is being made for somebody who asked; another who asks for the same meanwhile gets that. */
  readonly #asked = new Map<string, Promise<StoredFile>>();

  constructor(options: { readonly database: Database; readonly clock: Clock; readonly renderer: Renderer }) {
    this.#options = options;
  }

  /**
   * Makes a file of the newest version unless it stands, or `anew`; answers whether another one stands now than before. Rejects with
   * `NSV_REPORT_FAILED`.
   */
  async make(name: FileName, facts: AnyFacts, anew: boolean, signal: AbortSignal): Promise<boolean> {
    const { database, clock } = this.#options;
    if (!anew && (await readFile(database, name))?.version === facts.version) return false;
    return putFile(database, name, await this.#render(name, facts, signal), new Date(clock.now()), anew);
  }

  /**
   * The file of a version; of the newest where none is named. Rejects with `NSV_REPORT_NOT_FOUND` where there are no such facts, or the
   * report has no such file.
   */
  async find(name: FileName, version: number | undefined, signal: AbortSignal): Promise<StoredFile> {
    const { database } = this.#options;
    if (!reportFormats(name.kind).includes(name.format)) throw notFound(name, version);
    const standing = await readFile(database, name);
    if (standing !== undefined && standing.version === (version ?? standing.newest)) return standing;
    const facts = await readFacts(database, name, version);
    if (facts === undefined) throw notFound(name, version);
    const key = JSON.stringify([name, facts.version]);
    const asked = this.#asked.get(key) ?? this.#makeAgain(name, facts, signal).finally(() => this.#asked.delete(key));
    this.#asked.set(key, asked);
    return asked;
  }

  /** An earlier version's is made for whoever asks and not kept; the newest one's is kept. */
  async #makeAgain(name: FileName, facts: AnyFacts, signal: AbortSignal): Promise<StoredFile> {
    const { database, clock } = this.#options;
    const made = await this.#render(name, facts, signal);
    if (await putFile(database, name, made, new Date(clock.now()), false)) return made;
    const standing = await readFile(database, name);
    return standing?.version === facts.version ? standing : made;
  }

  async #render({ lang, format }: FileName, facts: AnyFacts, signal: AbortSignal): Promise<StoredFile> {
    signal.throwIfAborted();
    const { bytes, title, summary } = await this.#options.renderer.render({ facts, lang, format }, signal);
    return {
      version: facts.version,
      sha256: sha256Hex(bytes),
      title,
      summary,
      knows: howMuchIsKnown(facts),
      content: Buffer.from(bytes),
    };
  }
}

function notFound({ kind, period, lang, format }: FileName, version: number | undefined): NervesysError {
  const which = version === undefined ? '' : ` version ${version}`;
  return new NervesysError('NSV_REPORT_NOT_FOUND', `get the ${kind} report of ${period}${which} as ${lang}.${format}`);
}
