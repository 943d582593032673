import { AUDIT_START, type AuditAnswer, type AuditEntry, type AuditHead, findAuditBreak } from '../contract/audit.ts';
import type { OrchestratorConnection } from './connection.ts';

/** What `audit verify` found. */
export interface AuditVerdict {
  readonly ok: boolean;
  /** Entries that are as they were written, counted from the first. */
  readonly verified: number;
  readonly head: AuditHead;
  /** The first entry that isn't what was written. */
  readonly broken?: { readonly seq: number; readonly problem: string; readonly entry?: AuditEntry };
}

const PAGE = 1_000;

/** Walks the whole log and computes every hash anew. `noted`: an entry that an earlier run printed, which must still be there. */
export async function verifyAudit(
  orchestrator: OrchestratorConnection,
  noted: AuditHead | undefined,
): Promise<AuditVerdict> {
  let before = AUDIT_START;
  for (;;) {
    const path = `/api/v1/audit?after=${before.seq}&limit=${PAGE}`;
    const { entries, head } = (await orchestrator.ask('GET', path)) as AuditAnswer;
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
