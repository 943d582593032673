import { RECORD_BYTES_MAX } from '../../../contract/record.ts';

export interface FileTailLimits {
  readonly pollMs: number;
  /** A file without growth for `idleAfterMs` is asked only so often. */
  readonly idlePollMs: number;
  readonly idleAfterMs: number;
  readonly discoveryMs: number;
  /** A file without a name is closed once it was quiet for so long: writers go on for a moment after a rotation. */
  readonly rotatedQuietMs: number;
  /** A record of several lines is whole when its file was quiet for so long. */
  readonly multilineQuietMs: number;
  /** Read at once, of one file. */
  readonly chunkBytes: number;
  readonly lineBytesMax: number;
  /** Of one file at once, and of all that is stored at once. */
  readonly linesPerTurnMax: number;
  readonly batchBytesMax: number;
  readonly batchRecordsMax: number;
  /** Open files; of more, those that were read to their end are closed. */
  readonly filesMax: number;
  /** How often it is tried again while the buffer takes nothing. */
  readonly heldMs: number;
}

export const LIMITS_DEFAULT: FileTailLimits = {
  pollMs: 250,
  idlePollMs: 1_000,
  idleAfterMs: 10_000,
  discoveryMs: 1_000,
  rotatedQuietMs: 30_000,
  multilineQuietMs: 1_000,
  chunkBytes: 1024 * 1024,
  lineBytesMax: RECORD_BYTES_MAX,
  linesPerTurnMax: 10_000,
  batchBytesMax: 2048 * 1024,
  batchRecordsMax: 20_000,
  filesMax: 500,
  heldMs: 500,
};
