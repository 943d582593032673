import type { AlertReport } from '../contract/alert.ts';
import { NERVESYS_AGENT_ID, type ServerName } from '../contract/ids.ts';
import { LOSS_ACTION } from '../contract/record.ts';
import type { DamagedBuffer } from './buffer/salvage.ts';
import type { EncodedRecord } from './buffer/types.ts';
import { encodeObject } from './sources/record-encoder.ts';

/** What is told of a buffer file that was found damaged: a record with the ranges that are lost (DESIGN 4.3, *Ledger*), and an alert. */
export function reportDamage(
  damaged: DamagedBuffer,
  reason: string,
  server: ServerName,
  now: number,
): { readonly record: EncodedRecord; readonly alert: AlertReport } {
  const { epoch, lost, records } = damaged;
  const lostRecords = lost.reduce((sum, [from, to]) => sum + to - from + 1, 0);
  const message =
    epoch === undefined
      ? 'the buffer file was damaged and nothing in it could be read'
      : lostRecords === 0
        ? `the buffer file was damaged; ${records} records were salvaged and none is known to be lost`
        : `the buffer file was damaged; ${records} records were salvaged and ${lostRecords} are lost`;
  const detail = { epoch: epoch ?? null, ranges: lost, lost: { unknown: lostRecords }, reason };
  return {
    record: encodeObject(
      { agent_id: NERVESYS_AGENT_ID, level: 'CRITICAL', action: LOSS_ACTION, message, context: detail },
      { server, now, isOwn: true },
    ),
    alert: {
      dedup_key: `${server}:buffer:damaged`,
      severity: 'critical',
      server,
      agent_id: null,
      kind: 'buffer.damaged',
      title: message,
      detail,
      at: new Date(now).toISOString(),
    },
  };
}
