import type { AuditAction } from '../../contract/audit.ts';
import { NervesysError } from '../../platform/errors.ts';
import type { Queryable } from '../database/database.ts';
import { type AuditActor, appendAudit } from '../database/queries/append-audit.ts';
import { holdConfigHead, moveConfigHead } from '../database/queries/config-head.ts';
import { readRevision, readRevisionConfig } from '../database/queries/read-revisions.ts';
import { holdRevision, setRevisionState } from '../database/queries/record-revision.ts';
import { endRollout, readActiveRollout, readRevisionBefore, setPaused } from '../database/queries/rollouts.ts';
import { beginRollout } from './begin-rollout.ts';

/** Who wants something of the rollout, and why. */
export interface RolloutWish {
  readonly by: AuditActor;
  readonly reason: string | null;
  readonly now: Date;
}

/** No next stage begins until it is resumed; that it is halted by itself stays on. Throws `NSV_ROLLOUT_STATE`. */
export async function pauseRollout(transaction: Queryable, wish: RolloutWish): Promise<void> {
  await holdConfigHead(transaction);
  const active = await readActiveRollout(transaction);
  if (active === undefined) throw wrongState('nothing is being rolled out');
  if (active.state === 'paused') throw wrongState(`the rollout of ${active.revision} is paused already`);
  await setPaused(transaction, active.id, true, { reason: wish.reason, by: wish.by.name }, wish.now);
  await audit(transaction, wish, 'config.rollout_paused', active.revision);
}

/**
 * Goes on with the rollout that is paused, its stage's time counted anew; or, where what the source holds came meanwhile, with that (be it that the
 * paused one was halted since: nothing else lets the one after it begin).
 * With `revision`: begins with that one, though it was rolled back before. Throws `NSV_ROLLOUT_STATE`, `NSV_REVISION_UNUSABLE`.
 */
export async function resumeRollout(transaction: Queryable, wish: RolloutWish, revision?: string): Promise<void> {
  const head = await holdConfigHead(transaction);
  const active = await readActiveRollout(transaction);
  if (revision !== undefined && revision !== active?.revision) {
    if (active !== undefined) throw wrongState(`${active.revision} is being rolled out`);
    if (revision === head.settled) throw wrongState(`${revision} is what everybody is to run already`);
    await requireUsable(transaction, revision);
    await setRevisionState(transaction, revision, 'checked', wish.now);
    await beginRollout(transaction, head, wish.now, revision);
  } else if (active === undefined && (await isWaiting(transaction, head.found))) {
    await beginRollout(transaction, head, wish.now);
    await audit(transaction, wish, 'config.rollout_resumed', head.found);
    return;
  } else {
    if (active?.state !== 'paused')
      throw wrongState(active === undefined ? 'nothing is being rolled out' : `${active.revision} is not paused`);
    await setPaused(transaction, active.id, false, { reason: null, by: null }, wish.now);
    await beginRollout(transaction, head, wish.now);
  }
  await audit(transaction, wish, 'config.rollout_resumed', revision ?? active?.revision ?? null);
}

/**
 * The revision before is desired again, by everybody at once: of the rollout under way, else the last one before that everybody runs which isn't
 * remembered as bad; or `revision`, which everybody has run before. What is left is remembered as bad. Answers what it was and what is desired now. Throws `NSV_ROLLOUT_STATE`, `NSV_REVISION_UNUSABLE`.
 */
export async function rollBack(
  transaction: Queryable,
  wish: RolloutWish,
  revision?: string,
): Promise<{ readonly from: string; readonly to: string }> {
  const head = await holdConfigHead(transaction);
  const active = await readActiveRollout(transaction);
  const { settled } = head;
  if (settled === null) throw wrongState('there is no configuration yet');
  const from = active?.revision ?? settled;
  const to = revision ?? (active === undefined ? await findGoodBefore(transaction, settled) : settled);
  if (to === undefined) throw wrongState(`no good revision is known from before ${settled}`);
  if (to === from) throw wrongState(`${to} is what is being left`);
  const reason = wish.reason ?? `rolled back by ${wish.by.name ?? 'somebody'}`;
  if (active !== undefined) {
    await endRollout(transaction, active.id, { state: 'rolled_back', reason: wish.reason, by: wish.by.name }, wish.now);
    await setRevisionState(transaction, active.revision, 'rolled_back', wish.now, reason);
  }
  if (to !== settled) {
    await requireUsable(transaction, to);
    if (!(await wasEverywhere(transaction, to)))
      throw new NervesysError(
        'NSV_REVISION_UNUSABLE',
        `not every server was to run ${to} before, so nobody goes back to it`,
        {
          hint: `let it come by stages: nervesys config rollout resume ${to}`,
        },
      );
    await setRevisionState(transaction, settled, 'rolled_back', wish.now, reason);
    await setRevisionState(transaction, to, 'everywhere', wish.now);
    await moveConfigHead(transaction, { settled: to });
  }
  // What came while it was paused has its turn now.
  await beginRollout(transaction, { ...head, settled: to }, wish.now);
  await audit(transaction, wish, 'config.rolled_back', from, { to });
  return { from, to };
}

/** Nobody who asks for the one before is led back to one that was left for its faults. */
async function findGoodBefore(transaction: Queryable, settled: string): Promise<string | undefined> {
  const seen = new Set([settled]);
  for (let at = settled; ; ) {
    const before = await readRevisionBefore(transaction, at);
    if (before === undefined || seen.has(before.revision)) return undefined;
    if (!before.isBad) return before.revision;
    seen.add(before.revision);
    at = before.revision;
  }
}

async function wasEverywhere(transaction: Queryable, revision: string): Promise<boolean> {
  return (await readRevision(transaction, revision))?.view.was_everywhere === true;
}

/** It is good, and came while the one before it was paused. */
async function isWaiting(transaction: Queryable, found: string | null): Promise<boolean> {
  return found !== null && (await holdRevision(transaction, found))?.state === 'checked';
}

async function requireUsable(transaction: Queryable, revision: string): Promise<void> {
  const known = await holdRevision(transaction, revision);
  if (known === undefined) throw new NervesysError('NSV_NOT_FOUND', `there is no revision ${revision}`);
  if (known.state === 'refused')
    throw new NervesysError(
      'NSV_REVISION_UNUSABLE',
      `revision ${revision} was refused: ${known.refusal?.reason ?? ''}`,
    );
  if ((await readRevisionConfig(transaction, revision)) === undefined)
    throw new NervesysError('NSV_REVISION_UNUSABLE', `revision ${revision} is too old to be kept whole`);
}

function wrongState(message: string): NervesysError {
  return new NervesysError('NSV_ROLLOUT_STATE', message, { hint: 'see `nervesys config rollout status`' });
}

function audit(
  transaction: Queryable,
  { by, reason, now }: RolloutWish,
  action: AuditAction,
  subject: string | null,
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
  const detail = { ...more, ...(reason === null ? {} : { reason }) };
  return appendAudit(transaction, { at: now, by, action, subject, detail });
}
