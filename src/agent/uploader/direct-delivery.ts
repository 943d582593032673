import type { BatchManifest } from '../../contract/batch.ts';
import { readManifest } from '../../contract/batch-object.ts';
import type { ServerName } from '../../contract/ids.ts';
import { BATCHES_PER_WINDOW_MAX, formatObjectKey, parseObjectKey } from '../../contract/object-key.ts';
import { errorCode, NervesysError } from '../../platform/errors.ts';
import type { Archive } from '../../storage/index.ts';
import type { SealedBatch } from '../buffer/types.ts';
import type { Consignment, Delivery } from './delivery.ts';

/** A manifest lies within this many first bytes of an object: 64 KiB of extra field and two short frames. */
const MANIFEST_BYTES_MAX = 65_600;

/** The agent has the archive's credentials itself (`static`, `scoped`) and chooses the number in the window by itself. */
export class DirectDelivery implements Delivery {
  readonly #archive: Archive;
  readonly #server: ServerName;
  /** Where the search for a free name begins: after the last one that this process has used. */
  #used: { windowAt: number; n: number } | undefined;

  constructor(archive: Archive, server: ServerName) {
    this.#archive = archive;
    this.#server = server;
  }

  get description(): string {
    return this.#archive.description;
  }

  async deliver({ batch, object, noteKey }: Consignment, signal: AbortSignal): Promise<string> {
    let n = this.#firstN(batch);
    for (; n <= BATCHES_PER_WINDOW_MAX; n++) {
      const key = formatObjectKey({ server: this.#server, windowAt: batch.windowAt, n });
      if (key !== batch.key) noteKey(key);
      const outcome = await this.#archive.put(key, object, signal);
      if (outcome === 'created' || (await this.#isOurs(key, batch, signal))) {
        this.#used = { windowAt: batch.windowAt, n };
        return key;
      }
    }
    throw new NervesysError(
      'NSV_ARCHIVE_NAME_TAKEN',
      `archive batch ${batch.manifest.first}–${batch.manifest.last}: all ${n} names of its window are taken`,
    );
  }

  /** A key that was noted may have been put already: it comes first. */
  #firstN(batch: SealedBatch): number {
    const noted = batch.key === null ? undefined : parseObjectKey(batch.key);
    if (noted !== undefined) return noted.n;
    return this.#used?.windowAt === batch.windowAt ? this.#used.n + 1 : 0;
  }

  /** Whether what stands at a taken name is this batch, put by an attempt whose answer was lost. Rejects when it can't be told. */
  async #isOurs(key: string, batch: SealedBatch, signal: AbortSignal): Promise<boolean> {
    const standing = await this.#archive.head(key, signal);
    if (standing === undefined) throw vanished(key);
    if (standing.bytes !== batch.bytes) return false;
    if (standing.md5 === batch.md5) return true;
    // Another's object of the same size, or the ETag is no MD5, as in stores that encrypt: the manifest tells.
    try {
      const range = [0, Math.min(MANIFEST_BYTES_MAX, standing.bytes)] as const;
      const manifest = readManifest(await this.#archive.get(key, { range, signal }));
      return manifest !== undefined && isSameBatch(manifest, batch.manifest);
    } catch (error) {
      if (standing.md5 !== undefined && errorCode(error) === 'NSV_ARCHIVE_DENIED') return false; // then it is taken for one
      throw error;
    }
  }
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

function vanished(key: string): NervesysError {
  return new NervesysError(
    'NSV_ARCHIVE_BUSY',
    `compare ${key}: the archive says that the name is taken, but nothing stands there`,
    {
      retryable: true,
    },
  );
}
