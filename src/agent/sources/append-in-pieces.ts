import { errorCode } from '../../platform/errors.ts';
import type { AppendOptions, EncodedRecord, RecordSink, RuledRecords } from '../buffer/types.ts';

/**
 * Stores the records of a source that nobody could tell to send smaller requests: where the buffer's limit is too small for them together,
 * in pieces. What is stored leaves `records`, so that after a rejection the rest can be tried again. `positions` go with the last piece. A
 * single record always fits: its bounds are below the smallest limit's. Calls `onStored` after each piece, with what rules made of it.
 */
export async function appendInPieces(
  sink: RecordSink,
  records: EncodedRecord[],
  options: Pick<AppendOptions, 'positions' | 'onFull'> = {},
  onStored: (records: readonly EncodedRecord[], ruled: RuledRecords | undefined) => void = () => undefined,
): Promise<void> {
  for (let count = records.length; ; ) {
    count = Math.min(count, records.length);
    const { onFull = 'hold' } = options;
    try {
      const piece = records.slice(0, count);
      const { ruled } = await sink.append(piece, count === records.length ? options : { onFull });
      records.splice(0, count);
      onStored(piece, ruled);
      if (records.length === 0) return;
    } catch (error) {
      if (errorCode(error) !== 'NSV_RECORDS_TOO_LARGE' || count <= 1) throw error;
      count = Math.ceil(count / 2);
    }
  }
}
