import { sha256Hex } from '../platform/digest.ts';
import type { AuditAnswer, AuditEntry, AuditHead, AuditVerdict } from './audit.ts';

/** Entries at a time: the API's own bound. */
const PAGE = 1_000;

/** What the first entry follows. */
export const AUDIT_START: AuditHead = { seq: 0, sha256: '0'.repeat(64) };

/** An entry's hash: over the hash before it and its own fields, in this order. */
export function hashAuditEntry(entry: Omit<AuditEntry, 'sha256'>): string {
  const { seq, at, actor_type, actor, action, subject, address, detail, previous_sha256: previous } = entry;
  return sha256Hex(`${previous}\n${JSON.stringify([seq, at, actor_type, actor, action, subject, address, detail])}`);
}

/** Why the entry after `before` isn't what was written; `undefined` when it is. */
export function findAuditBreak(before: AuditHead, entry: AuditEntry): string | undefined {
  if (entry.seq !== before.seq + 1) {
    return entry.seq === before.seq + 2
      ? `entry ${before.seq + 1} is missing`
      : `entries ${before.seq + 1} to ${entry.seq - 1} are missing`;
  }
  if (entry.previous_sha256 !== before.sha256) return `entry ${entry.seq} does not follow the one before it`;
  if (hashAuditEntry(entry) !== entry.sha256) return `entry ${entry.seq} was changed`;
  return undefined;
}

/** Walks the whole log, `read` giving the entries after one, oldest first, and computes every hash anew. `noted`: an entry that an earlier run printed, which must still be there. */
export async function verifyAudit(
  read: (after: number, limit: number) => Promise<AuditAnswer>,
  noted?: AuditHead,
): Promise<AuditVerdict> {
  let before = AUDIT_START;
  for (;;) {
    const { entries, head } = await read(before.seq, PAGE);
    const broken = (seq: number, problem: string, entry?: AuditEntry): AuditVerdict => ({
      ok: false,
      verified: before.seq,
      head,
      broken: { seq, problem, ...(entry === undefined ? {} : { entry }) },
    });
    for (const entry of entries) {
      const problem = findAuditBreak(before, entry);
      if (problem !== undefined) return broken(before.seq + 1, problem, entry);
      if (entry.seq === noted?.seq && entry.sha256 !== noted.sha256)
        return broken(entry.seq, `entry ${entry.seq} is not the one that was noted: the log was written anew`, entry);
      before = entry;
    }
    if (entries.length === PAGE) continue;
    if (head.seq !== before.seq || head.sha256 !== before.sha256) {
      return broken(
        before.seq + 1,
        head.seq > before.seq
          ? `the end is missing, from entry ${before.seq + 1} on`
          : 'the note of the newest entry was changed',
      );
    }
    if (noted !== undefined && noted.seq > before.seq)
      return broken(before.seq + 1, `entry ${noted.seq}, which was noted, is missing`);
    return { ok: true, verified: before.seq, head: { seq: before.seq, sha256: before.sha256 } };
  }
}
