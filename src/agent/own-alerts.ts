import type { AlertReport } from '../contract/alert.ts';
import type { BatchManifest } from '../contract/batch.ts';
import type { ServerName } from '../contract/ids.ts';
import { LEVELS, type LevelCounts } from '../contract/record.ts';
import type { NervesysError } from '../platform/errors.ts';
import type { NameDoubt } from './uploader/direct-delivery.ts';

/* What the lean agent has to tell of itself, as alerts. `now`: epoch ms. */

export function archiveRefused(error: NervesysError, server: ServerName, now: number): AlertReport {
  return {
    ...common(server, now),
    dedup_key: `${server}:archive:${error.code}`,
    severity: 'critical',
    kind: 'archive.refused',
    title: 'The archive refuses batches; they are kept on the server',
    detail: { code: error.code, message: error.message, hint: error.hint ?? null },
  };
}

/** Nothing is lost or overwritten by it, but people should know. */
export function archiveStranger(
  doubt: NameDoubt,
  { server: named, epoch, first, last }: BatchManifest,
  server: ServerName,
  now: number,
): AlertReport {
  return {
    ...common(server, now),
    dedup_key: `${server}:archive:stranger:${doubt.epoch}`,
    severity: 'warning',
    kind: 'archive.stranger',
    title: `Another buffer archives as ${named} too: was it re-installed, or do two servers bear one name?`,
    detail: { key: doubt.key, epoch, first, last, other_epoch: doubt.epoch },
  };
}

/** The buffer was full and records were given up; how many there are in all is in the heartbeat too. */
export function recordsLost(lost: LevelCounts, lostRecords: number, server: ServerName, now: number): AlertReport {
  const counts = LEVELS.filter((level) => lost[level] > 0).map((level) => `${lost[level]} ${level}`);
  return {
    ...common(server, now),
    dedup_key: `${server}:buffer:lost`,
    severity: lost.ERROR + lost.CRITICAL > 0 ? 'critical' : 'warning',
    kind: 'buffer.lost',
    title: `The buffer was full: records were given up (${counts.join(', ')})`,
    detail: { lost, lost_records: lostRecords },
  };
}

function common(server: ServerName, now: number): Pick<AlertReport, 'server' | 'agent_id' | 'at'> {
  return { server, agent_id: null, at: new Date(now).toISOString() };
}
