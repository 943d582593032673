import type { BackupPart } from '../../contract/backup.ts';
import { backupPartKey } from '../../contract/backup.ts';
import { sha256Hex } from '../../platform/digest.ts';
import { NervesysError } from '../../platform/errors.ts';
import { gzip } from '../../platform/gzip.ts';
import type { Archive } from '../../storage/archive.ts';
import { copyHead, type TableShape } from './tables.ts';

/** Text of one part: what a backup has in memory, a few times over. A single row may be longer. */
export const PART_TEXT_BYTES = 8_000_000;
export const COPY_END = '\\.\n';

/**
 * Cuts the rows of all tables into objects of a bounded size. Each is a script of its own, gzip over `COPY … FROM stdin` with the rows and the
 * end mark, as psql reads it; small tables stand in one part, a large one goes on in the next.
 */
export class PartWriter {
  readonly parts: BackupPart[] = [];
  readonly #archive: Archive;
  readonly #name: { readonly day: string; readonly run: string };
  readonly #textBytesMax: number;
  readonly #signal: AbortSignal;
  #pieces: Buffer[] = [];
  #textBytes = 0;
  #table: TableShape | undefined;

  constructor(
    archive: Archive,
    name: { readonly day: string; readonly run: string },
    signal: AbortSignal,
    textBytesMax = PART_TEXT_BYTES,
  ) {
    this.#archive = archive;
    this.#name = name;
    this.#signal = signal;
    this.#textBytesMax = textBytesMax;
  }

  /** Whole lines of a table; tables come one after the other. */
  async add(table: TableShape, lines: Buffer): Promise<void> {
    if (this.#table !== table) {
      this.#endTable();
      this.#push(Buffer.from(copyHead(table)));
      this.#table = table;
    }
    this.#push(lines);
    if (this.#textBytes >= this.#textBytesMax) await this.flush();
  }

  /** Puts what is left. */
  async flush(): Promise<void> {
    this.#endTable();
    if (this.#textBytes === 0) return;
    const text = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#textBytes = 0;
    const body = await gzip(text);
    const key = backupPartKey(this.#name.day, this.#name.run, this.parts.length + 1);
    let mayBeOurs = false;
    const outcome = await this.#archive.put(key, body, this.#signal, () => {
      mayBeOurs = true;
    });
    if (outcome === 'taken' && !mayBeOurs)
      throw new NervesysError('NSV_ARCHIVE_NAME_TAKEN', `put ${key}: something stands there that is not this backup`);
    this.parts.push({ key, bytes: body.length, text_bytes: text.length, sha256: sha256Hex(body) });
  }

  #endTable(): void {
    if (this.#table !== undefined) this.#push(Buffer.from(COPY_END));
    this.#table = undefined;
  }

  #push(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#textBytes += piece.length;
  }
}
