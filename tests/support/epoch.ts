import { createHash } from 'node:crypto';
import type { BatchManifest } from '../../src/contract/batch.ts';
import { formatManifestMember, readManifestMember } from '../../src/contract/batch-object.ts';
import type { Epoch, ServerName } from '../../src/contract/ids.ts';
import { formatObjectKey, WINDOW_MS } from '../../src/contract/object-key.ts';
import { type GivenRecord, makeBatch } from './batch.ts';

export interface EpochObject {
  readonly key: string;
  readonly body: Buffer;
}

const FIRST_WINDOW_AT = Date.parse('2025-12-10T19:40:00.000Z');

/** The objects of one epoch as an agent writes them, one a window, each naming the one before. */
export function writeEpoch(options: {
  readonly server?: string;
  readonly epoch?: string;
  readonly previousEpoch?: string;
  /** The records of each batch, or how many. */
  readonly batches: readonly (number | readonly GivenRecord[])[];
  readonly firstWindowAt?: number;
  readonly recordsPerMember?: number;
}): EpochObject[] {
  const { server = 'AIGARDEN01', epoch = '0123456789abcdef', recordsPerMember = 1000 } = options;
  let first = 1;
  let previous: string | null = null;
  return options.batches.map((batch, index) => {
    const windowAt = (options.firstWindowAt ?? FIRST_WINDOW_AT) + index * WINDOW_MS;
    const records = typeof batch === 'number' ? Array.from({ length: batch }, () => ({})) : batch;
    const window = new Date(windowAt).toISOString();
    const { object, announcement } = makeBatch({ server, epoch, first, window, records, recordsPerMember });
    const manifest: BatchManifest = {
      ...announcement.manifest,
      previous_epoch: (options.previousEpoch ?? null) as Epoch | null,
      previous_manifest_sha256: previous,
    };
    const json = JSON.stringify(manifest);
    previous = createHash('sha256').update(json).digest('hex');
    first += records.length;
    const members = object.subarray(readManifestMember(object)!.bytes);
    return {
      key: formatObjectKey({ server: server as ServerName, windowAt, n: 0 }),
      body: Buffer.concat([formatManifestMember(json), members]),
    };
  });
}
