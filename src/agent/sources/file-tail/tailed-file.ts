import { constants, type FileHandle, open } from 'node:fs/promises';
import { sha256Hex } from '../../../platform/digest.ts';
import type { TailPosition } from '../../buffer/types.ts';
import type { LineFormat } from '../line-formats/encode-line.ts';
import type { Multiline } from './join-lines.ts';
import { isLineStart, markBytes, type Stretch, type StretchOptions } from './split-lines.ts';

/** So many first bytes tell a file from another that got its inode, and from itself rewritten. */
const HEAD_BYTES = 256;

/** What to do with a file's content, and as whose. */
export interface TailSource {
  /** Path or pattern. */
  readonly file: string;
  readonly startAt: 'beginning' | 'end';
  readonly agentId: string;
  /** How a line is read; left out: each for what it is. */
  readonly format?: LineFormat;
  /** Which lines make one record together; left out: each is one. */
  readonly multiline?: Multiline;
  /** Of times that name no zone; left out: the host's. */
  readonly timeZone?: string;
}

/** `dev:ino`, which stays the same over renames. */
export function fileIdentity(stat: { readonly dev: bigint; readonly ino: bigint }): string {
  return `${stat.dev}:${stat.ino}`;
}

/**
 * One file being followed, by its open handle: a rename doesn't disturb it. It knows how far it was read, and notices when it is
 * rewritten: it became shorter, or begins otherwise.
 */
export class TailedFile {
  readonly id: string;
  readonly source: TailSource;
  /** Where it was last seen; after a rotation its old name. */
  path: string;
  /** Since when no pattern finds it any more (renamed, deleted), in monotonic ms. */
  goneAt: number | undefined;
  /** Of the last growth, in monotonic ms. */
  grownAt: number;
  /** Not looked at before this, in monotonic ms. */
  checkAt = 0;
  /** When it was last asked whether it grew, in monotonic ms. */
  lookedAt: number;
  /** Its position is not what was last handed to the buffer. */
  dirty = false;
  readonly #handle: FileHandle;
  #offset = 0;
  #size = 0;
  #head: Buffer = Buffer.alloc(0);
  #fingerprint = sha256Hex(Buffer.alloc(0));
  #skipping = false;
  #deleted = false;
  /** The size at which no whole line was found; reading again before it changes would find the same. */
  #exhaustedAt = -1;
  /** Whole lines wait for the record that they may belong to to end. */
  #pending = false;
  /** What waits counts as a whole record at the next reading. */
  #released = false;
  #readBytes: number;
  readonly #chunkBytes: number;

  private constructor(
    handle: FileHandle,
    id: string,
    path: string,
    source: TailSource,
    now: number,
    chunkBytes: number,
  ) {
    this.#handle = handle;
    this.id = id;
    this.path = path;
    this.source = source;
    this.grownAt = now;
    this.lookedAt = now;
    this.#chunkBytes = chunkBytes;
    this.#readBytes = chunkBytes;
  }

  /**
   * Opens a file at its stored position, where that is a position of this very file, else at its beginning; or, one without a position, so
   * many bytes from its beginning. `undefined` when it is no regular file. Rejects with Node's errors.
   */
  static async open(
    path: string,
    source: TailSource,
    known: (id: string) => TailPosition | number,
    now: number,
    chunkBytes: number,
  ): Promise<TailedFile | undefined> {
    // Without waiting: a pipe of that name must not hold us until somebody writes to it.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = await handle.stat({ bigint: true });
      if (!stat.isFile()) {
        await handle.close();
        return undefined;
      }
      const file = new TailedFile(handle, fileIdentity(stat), path, source, now, chunkBytes);
      await file.#begin(Number(stat.size), known(file.id));
      return file;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  get offset(): number {
    return this.#offset;
  }

  /** When it was last looked at. */
  get sizeBytes(): number {
    return this.#size;
  }

  /** Bytes not read yet; a partial last line among them. */
  get behindBytes(): number {
    return Math.max(0, this.#size - this.#offset);
  }

  /** Whether reading may find something. */
  get hasMore(): boolean {
    return this.#size > this.#offset && this.#exhaustedAt !== this.#size;
  }

  /** It lost its name since it was looked at: its writer may have added lines before that. */
  get unchecked(): boolean {
    return this.goneAt !== undefined && this.lookedAt < this.goneAt;
  }

  /** Whether lines wait for more lines of their record, and nothing else is to be read. */
  get pending(): boolean {
    return this.#pending && this.#exhaustedAt === this.#size;
  }

  /** What waits is read as it stands: its writer has been silent. */
  release(): void {
    if (!this.pending) return;
    this.#released = true;
    this.#exhaustedAt = -1;
  }

  /** Whether no name is left for it. */
  get deleted(): boolean {
    return this.#deleted;
  }

  position(): TailPosition {
    return {
      file: this.id,
      path: this.path,
      offset: this.#offset,
      fingerprint: this.#fingerprint,
      fingerprintBytes: this.#head.length,
    };
  }

  /** No pattern finds it any more. What was written to it until now is older than all of the file that has its name. */
  noteGone(now: number): void {
    if (this.goneAt !== undefined) return;
    this.goneAt = now;
    this.checkAt = 0;
  }

  /** Looks whether it grew, or was rewritten (then it is read from its beginning). */
  async check(now: number): Promise<void> {
    const stat = await this.#handle.stat();
    this.lookedAt = now;
    this.#deleted = stat.nlink === 0;
    if (stat.size === this.#size && stat.size >= this.#offset) return;
    const head = await this.#readHead();
    const rewritten = stat.size < this.#offset || !head.subarray(0, this.#head.length).equals(this.#head);
    if (rewritten) {
      this.#offset = 0;
      this.#skipping = false;
      this.#exhaustedAt = -1;
      this.dirty = true;
    }
    if (rewritten || head.length > this.#head.length) this.#setHead(head);
    this.#size = stat.size;
    this.grownAt = now;
  }

  /**
   * Reads on into `room`, which holds a line of the length that lines may have, and lets `take` say how much of it is done with.
   * `final`: what stands after the last line break is a line too. Returns how many bytes of `room` were taken.
   */
  async read(room: Buffer, final: boolean, take: (bytes: Buffer, options: StretchOptions) => Stretch): Promise<number> {
    const bytesMax = Math.min(this.#readBytes, room.length);
    const { bytesRead } = await this.#handle.read(room, 0, bytesMax, this.#offset);
    const atEnd = bytesRead < bytesMax;
    const mark = this.#offset === 0 ? markBytes(room.subarray(0, bytesRead)) : 0;
    const stretch = take(room.subarray(mark, bytesRead), {
      skipping: this.#skipping,
      final: final && atEnd,
      quiet: this.#released && atEnd,
      lineBytesMax: room.length,
    });
    this.#released = false;
    const consumed = mark + stretch.consumed;
    this.#advance({ ...stretch, consumed }, bytesRead, bytesMax, room.length);
    return consumed;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  #advance({ consumed, skipping, pending }: Stretch, bytesRead: number, bytesMax: number, roomBytes: number): void {
    this.#skipping = skipping;
    this.#pending = pending;
    if (consumed > 0) {
      this.#offset += consumed;
      this.#readBytes = this.#chunkBytes;
      this.dirty = true;
    } else if (bytesRead === bytesMax && bytesMax < roomBytes)
      this.#readBytes = roomBytes; // a line longer than a chunk
    else this.#exhaustedAt = this.#size;
  }

  async #begin(size: number, known: TailPosition | number): Promise<void> {
    const head = await this.#readHead();
    this.#setHead(head);
    this.#size = size;
    if (typeof known === 'number') this.#offset = Math.min(known, size);
    else if (isSameFile(head, size, known)) this.#offset = known.offset;
    this.dirty = typeof known === 'number' || known.offset !== this.#offset; // also a file without any line must be known after a restart
    this.#skipping = this.#offset > markBytes(head) && !isLineStart(await this.#byteAt(this.#offset - 1));
  }

  async #readHead(): Promise<Buffer> {
    const { buffer, bytesRead } = await this.#handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  }

  async #byteAt(offset: number): Promise<number | undefined> {
    const { buffer, bytesRead } = await this.#handle.read(Buffer.alloc(1), 0, 1, offset);
    return bytesRead === 0 ? undefined : buffer[0];
  }

  #setHead(head: Buffer): void {
    this.#head = head;
    this.#fingerprint = sha256Hex(head);
  }
}

/** Whether a stored position belongs to the file that begins with `head`: a reused inode or a rewritten file doesn't. */
export function isSameFile(head: Buffer, size: number, stored: TailPosition): boolean {
  return (
    size >= stored.offset &&
    head.length >= stored.fingerprintBytes &&
    sha256Hex(head.subarray(0, stored.fingerprintBytes)) === stored.fingerprint
  );
}
