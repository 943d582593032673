import type { BatchManifest } from '../../contract/batch.ts';
import { readManifest } from '../../contract/batch-object.ts';
import type { ServerName } from '../../contract/ids.ts';
import { BATCHES_PER_WINDOW_MAX, formatObjectKey, parseObjectKey } from '../../contract/object-key.ts';
import { errorCode, NervesysError } from '../../platform/errors.ts';
import type { Archive } from '../../storage/index.ts';
import type { SealedBatch } from '../buffer/types.ts';
import type { Consignment, Delivery } from './delivery.ts';

/** What this delivery needs of an archive. */
export type WritableArchive = Pick<Archive, 'description' | 'put' | 'head' | 'get'>;

/** Somebody who may look where this server's credential may not: what stands at `key`, seen from this batch. */
export type Witness = (key: string, batch: SealedBatch, signal: AbortSignal) => Promise<'ours' | 'other' | 'nothing'>;

/** A manifest lies within this many first bytes of an object: 64 KiB of extra field and two short frames. */
const MANIFEST_BYTES_MAX = 65_600;
/** So many names in a row are tried by putting; where more are taken (a restart in a busy window) it is cheaper to look first. */
const TRIED_BLINDLY = 2;

/** What people should know of a taken name; the batch itself is safe: another buffer archives under this server's name (re-installed, or a twin). */
export interface NameDoubt {
  readonly type: 'stranger';
  readonly key: string;
  readonly epoch: string;
}

type Standing =
  | { readonly whose: 'ours' }
  | { readonly whose: 'other'; readonly manifest: BatchManifest | undefined }
  /** This credential may not look, now or ever. */
  | { readonly whose: 'hidden' };

/**
 * The agent has the archive's credentials itself (`static`, `scoped`) and chooses the number in the window by itself. The server's
 * name is the one that the batch was sealed under, whatever the server is called by now.
 *
 * A credential that may only write is enough, as a rule: then a taken name is another's for sure if this batch was never sent there
 * before. If it was, and the answer was lost, nobody here can tell: the witness is asked (with `scoped` the orchestrator, which may read).
 * Without one the batch is kept, and people are asked to let somebody look.
 */
export class DirectDelivery implements Delivery {
  readonly #archive: WritableArchive;
  readonly #witness: Witness | undefined;
  readonly #onDoubt: (doubt: NameDoubt, batch: SealedBatch) => void;
  /** Where the search for a free name begins: after the last one that this process has used. */
  #used: { readonly server: ServerName; readonly windowAt: number; readonly n: number } | undefined;

  constructor(
    archive: WritableArchive,
    onDoubt: (doubt: NameDoubt, batch: SealedBatch) => void = () => undefined,
    witness?: Witness,
  ) {
    this.#archive = archive;
    this.#witness = witness;
    this.#onDoubt = onDoubt;
  }

  get description(): string {
    return this.#archive.description;
  }

  async deliver({ batch, object, noteKey }: Consignment, signal: AbortSignal): Promise<string> {
    const { server, windowAt } = nameOf(batch);
    const formatKey = (n: number) => formatObjectKey({ server, windowAt, n });
    let n = this.#firstN(batch);
    for (let taken = 0; n <= BATCHES_PER_WINDOW_MAX; ) {
      const key = formatKey(n);
      let mayBeOurs = key === batch.key; // it was noted before, so it may have been put
      if (key !== batch.key) noteKey(key);
      const outcome = await this.#archive.put(key, object, signal, () => {
        mayBeOurs = true;
      });
      let standing: Standing = outcome === 'created' ? { whose: 'ours' } : await this.#look(key, batch, signal);
      if (standing.whose === 'hidden' && mayBeOurs) standing = await this.#askWitness(key, batch, signal);
      if (standing.whose === 'ours') {
        this.#used = { server, windowAt, n };
        return key;
      }
      taken++;
      if (standing.whose === 'hidden') {
        n++;
      } else {
        this.#tellStranger(key, standing.manifest, batch);
        n = taken < TRIED_BLINDLY ? n + 1 : await this.#freeAfter(n, formatKey, signal);
      }
    }
    throw new NervesysError(
      'NSV_ARCHIVE_NAME_TAKEN',
      `archive batch ${batch.manifest.first}–${batch.manifest.last}: all ${n} names of its window are taken`,
    );
  }

  /** A key that was noted may have been put already: it comes first. */
  #firstN(batch: SealedBatch): number {
    const { server, windowAt, n } = nameOf(batch);
    if (n !== undefined) return n;
    return this.#used?.windowAt === windowAt && this.#used.server === server ? this.#used.n + 1 : 0;
  }

  /**
   * A name after `taken` at which nothing stands, found by doubling steps and then halving them: some thirty questions where a
   * thousand names are taken, instead of as many whole uploads. It may be taken by the time it is used; then that goes on.
   */
  async #freeAfter(taken: number, formatKey: (n: number) => string, signal: AbortSignal): Promise<number> {
    const isTaken = (n: number) =>
      this.#archive.head(formatKey(n), signal).then(
        (object) => object !== undefined,
        (error: unknown) => {
          // S3 hides from who may not list whether nothing stands there or something secret: the put finds out.
          if (errorCode(error) === 'NSV_ARCHIVE_DENIED') return false;
          throw error;
        },
      );
    let low = taken;
    let high = taken + 1;
    while (high <= BATCHES_PER_WINDOW_MAX && (await isTaken(high))) {
      low = high;
      high += high - taken;
    }
    high = Math.min(high, BATCHES_PER_WINDOW_MAX + 1);
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (await isTaken(middle)) low = middle;
      else high = middle;
    }
    return high;
  }

  /** Whether what stands at a taken name is this batch, put by an attempt whose answer was lost. Rejects when it can't be told now. */
  async #look(key: string, batch: SealedBatch, signal: AbortSignal): Promise<Standing> {
    let standing: Awaited<ReturnType<Archive['head']>>;
    try {
      standing = await this.#archive.head(key, signal);
    } catch (error) {
      if (errorCode(error) === 'NSV_ARCHIVE_DENIED') return { whose: 'hidden' };
      throw error;
    }
    if (standing === undefined) throw vanished(key);
    if (standing.bytes === batch.bytes && standing.md5 === batch.md5) return { whose: 'ours' };
    // Another's object, or the ETag is no MD5, as in stores that encrypt: the manifest tells.
    try {
      const range = [0, Math.min(MANIFEST_BYTES_MAX, standing.bytes)] as const;
      const manifest = readManifest(await this.#archive.get(key, { range, signal }));
      const same = standing.bytes === batch.bytes && manifest !== undefined && isSameBatch(manifest, batch.manifest);
      return same ? { whose: 'ours' } : { whose: 'other', manifest };
    } catch (error) {
      if (errorCode(error) !== 'NSV_ARCHIVE_DENIED') throw error;
      // Then the size decides, and an ETag is taken for an MD5.
      if (standing.bytes !== batch.bytes || standing.md5 !== undefined) return { whose: 'other', manifest: undefined };
      return { whose: 'hidden' };
    }
  }

  /** Who alone can tell now whether an earlier attempt has stored it. What another batch says of itself isn't told. */
  async #askWitness(key: string, batch: SealedBatch, signal: AbortSignal): Promise<Standing> {
    const seen = await this.#witness?.(key, batch, signal);
    switch (seen) {
      case undefined:
        throw uncertain(key, batch);
      case 'nothing':
        throw vanished(key);
      case 'ours':
        return { whose: 'ours' };
      case 'other':
        return { whose: 'hidden' };
      default:
        seen satisfies never;
        throw uncertain(key, batch);
    }
  }

  #tellStranger(key: string, manifest: BatchManifest | undefined, batch: SealedBatch): void {
    const { epoch, previous_epoch: previous } = batch.manifest;
    if (manifest === undefined || manifest.epoch === epoch || manifest.epoch === previous) return;
    this.#onDoubt({ type: 'stranger', key, epoch: manifest.epoch }, batch);
  }
}

/** Where a batch belongs: where it was noted to go, else by the name it was sealed under. */
function nameOf({ key, manifest, windowAt }: SealedBatch): {
  readonly server: ServerName;
  readonly windowAt: number;
  readonly n?: number;
} {
  const noted = key === null ? undefined : parseObjectKey(key);
  return noted ?? { server: manifest.server, windowAt };
}

/** Whether two manifests describe the same records of the same buffer. */
export function isSameBatch(a: BatchManifest, b: BatchManifest): boolean {
  return (
    a.server === b.server &&
    a.epoch === b.epoch &&
    a.first === b.first &&
    a.last === b.last &&
    a.text_sha256 === b.text_sha256
  );
}

function uncertain(key: string, { manifest }: SealedBatch): NervesysError {
  return new NervesysError(
    'NSV_ARCHIVE_NAME_UNCERTAIN',
    `archive batch ${manifest.first}–${manifest.last}: it may stand at ${key} already, and this credential may not look`,
    {
      retryable: true,
      hint: `let the credential read ${key.slice(0, key.lastIndexOf('/') + 1)} for a while; the batch is kept till then`,
    },
  );
}

function vanished(key: string): NervesysError {
  return new NervesysError(
    'NSV_ARCHIVE_BUSY',
    `compare ${key}: the archive says that the name is taken, but nothing stands there`,
    {
      retryable: true,
    },
  );
}
