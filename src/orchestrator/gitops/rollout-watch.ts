import type { AlertView } from '../../contract/fleet.ts';
import type { RolloutFinding } from '../../contract/rollout.ts';
import type { Clock } from '../../platform/clock.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { Pace } from '../../platform/pace.ts';
import { ORCHESTRATOR_ALERTS_SERVER, type OwnTrouble, raiseAlerts, settleAlerts } from '../alerts/raise.ts';
import { SYSTEM_ACTOR } from '../audit/refusals.ts';
import type { Database, Queryable } from '../database/database.ts';
import { appendAudit } from '../database/queries/append-audit.ts';
import { holdConfigHead, moveConfigHead } from '../database/queries/config-head.ts';
import { setRevisionState } from '../database/queries/record-revision.ts';
import { resolveAlerts } from '../database/queries/resolve-alerts.ts';
import { readRolloutFacts } from '../database/queries/rollout-facts.ts';
import {
  endRollout,
  enterStage,
  type Rollout,
  readActiveRollout,
  readFollowers,
  setHold,
} from '../database/queries/rollouts.ts';
import { wasTold } from '../database/queries/was-told.ts';
import type { Duties } from '../duties.ts';
import { type EventHub, publishAlerts } from '../fleet/event-hub.ts';
import type { FleetHearing } from '../fleet/fleet-hearing.ts';
import type { FleetPolicy } from '../fleet/judge-state.ts';
import type { DesiredConfig } from './desired-config.ts';
import { judgeRollout, type RolloutVerdict } from './judge-rollout.ts';
import { reachOf } from './rollout-plan.ts';

export interface RolloutWatchOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly hub: EventHub;
  readonly desired: DesiredConfig;
  /** Whose time holds: all orchestrators agree on it, whatever their clocks say. */
  readonly hearing: Pick<FleetHearing, 'now'>;
  readonly policy: () => Pick<FleetPolicy, 'lateAfterMs'>;
  /** Told how each round went. */
  readonly duties?: Pick<Duties, 'take'> | undefined;
}

/** A rollout is judged this often; a refusal that comes in is a reason to look at once (`nudge`). */
const ROUND_MS = 5_000;

/** Leads the rollout under way from stage to stage, and ends it when the servers that have it don't bear it. */
export class RolloutWatch implements AsyncDisposable {
  readonly #options: RolloutWatchOptions;
  readonly #pace: Pace;

  constructor(options: RolloutWatchOptions) {
    this.#options = options;
    const report = options.duties?.take('rollout_watch');
    this.#pace = new Pace(options.clock, async () => {
      try {
        await this.judgeOnce();
        report?.();
      } catch (error) {
        report?.(error);
        // Postgres away: nothing is judged now, and no stage begins by waiting.
        options.logger.warn('the rollout was not judged', errorFields(error));
      }
      return ROUND_MS;
    });
  }

  start(): void {
    this.#pace.start(ROUND_MS);
  }

  /** Something was told that may end the rollout. */
  nudge(): void {
    this.#pace.nudge();
  }

  /** One round. Answers what was done; another replica that comes to the same at the same time finds it done, and does nothing. */
  async judgeOnce(): Promise<RolloutVerdict['type'] | 'nothing'> {
    const { database, hearing, policy, hub, desired, logger } = this.#options;
    const rollout = await readActiveRollout(database);
    if (rollout === undefined) {
      await this.#tellHeld(undefined);
      return 'nothing';
    }
    const facts = await readRolloutFacts(database, rollout, policy().lateAfterMs, hearing.now());
    const now = hearing.now();
    const verdict = judgeRollout(rollout, facts, now);
    await this.#tellHeld(
      verdict.type === 'wait' && isHeldLong(rollout, now) ? { ...rollout, hold: verdict.hold } : undefined,
    );
    if (verdict.type === 'wait' && verdict.hold === rollout.hold) return 'wait';
    const alerts = await database.transaction(async (transaction) => {
      const head = await holdConfigHead(transaction);
      if (!isSame(rollout, await readActiveRollout(transaction))) return undefined;
      return carryOut(transaction, rollout, verdict, head.settled, new Date(now));
    });
    if (alerts === undefined) return 'nothing';
    if (verdict.type !== 'wait') {
      const where = { revision: rollout.revision, stage: rollout.stage + 1, stages: rollout.stages.length };
      if (verdict.type === 'halt')
        logger.error('the rollout was halted', { ...where, why: sayFindings(verdict.findings) });
      else logger.info('the rollout goes on', { ...where, step: verdict.type });
    }
    publishAlerts(hub, alerts);
    await desired.changed();
    return verdict.type;
  }

  /** Tells once that a stage has been held up for long, whichever replica finds it; and that none is, where that was told. */
  async #tellHeld(held: Rollout | undefined): Promise<void> {
    const { database, hub, hearing } = this.#options;
    const now = new Date(hearing.now());
    const over = { server: ORCHESTRATOR_ALERTS_SERVER, origin: 'orchestrator', kind: 'config.held' } as const;
    const alerts = await database.transaction(async (transaction) => {
      if (held === undefined || held.hold === null) return resolveAlerts(transaction, over, now);
      const trouble = heldTrouble(held, held.hold);
      if (await wasTold(transaction, trouble)) return [];
      await holdConfigHead(transaction); // another replica may be about to tell it
      return (await wasTold(transaction, trouble)) ? [] : raiseAlerts(transaction, [trouble], now);
    });
    publishAlerts(hub, alerts);
  }

  close(): Promise<void> {
    return this.#pace.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A stage that waits for so long after its time is nothing that passes: somebody has to look. */
const HELD_TOLD_MS = 3_600_000;

function isHeldLong({ stageAt, waitMs }: Rollout, now: number): boolean {
  return now >= stageAt + waitMs + HELD_TOLD_MS;
}

function heldTrouble({ id, revision, stages, stage }: Rollout, hold: string): OwnTrouble {
  return {
    server: ORCHESTRATOR_ALERTS_SERVER,
    agentId: null,
    dedupKey: `config.held:${id}:${stage}`,
    kind: 'config.held',
    severity: 'warning',
    title: `The rollout of ${revision} does not get past stage ${stage + 1} of ${stages.length}: ${hold}`,
    detail: { revision, stage: stage + 1, stages: stages.length, reason: hold },
  };
}

/** Nobody has moved it since it was looked at. */
function isSame(seen: Rollout, stands: Rollout | undefined): boolean {
  return (
    stands !== undefined &&
    seen.id === stands.id &&
    seen.state === stands.state &&
    seen.stage === stands.stage &&
    seen.stageAt === stands.stageAt
  );
}

/** Does what was judged. Answers the alerts that came or went by it. */
async function carryOut(
  transaction: Queryable,
  rollout: Rollout,
  verdict: RolloutVerdict,
  settled: string | null,
  now: Date,
): Promise<readonly AlertView[]> {
  const { id, revision, stages, stage, seed } = rollout;
  switch (verdict.type) {
    case 'wait':
      await setHold(transaction, id, verdict.hold);
      return [];
    case 'advance':
    case 'widen': {
      const next = verdict.type === 'advance' ? stage + 1 : stage;
      const { there } = await readFollowers(transaction);
      const reach = reachOf(stages[next]!, rollout.reach, there, seed);
      await enterStage(transaction, id, next, reach, now);
      return [];
    }
    case 'finish':
      await endRollout(transaction, id, { state: 'done' }, now);
      if (settled !== null) await setRevisionState(transaction, settled, 'replaced', now);
      await setRevisionState(transaction, revision, 'everywhere', now);
      await moveConfigHead(transaction, { settled: revision });
      return [
        ...(await resolveAlerts(
          transaction,
          { server: ORCHESTRATOR_ALERTS_SERVER, origin: 'orchestrator', kind: 'config.halted' },
          now,
        )),
        // Somebody has let it come though it was remembered as bad.
        ...(await settleAlerts(
          transaction,
          [{ server: ORCHESTRATOR_ALERTS_SERVER, dedupKey: `config.refused:${revision}` }],
          now,
        )),
      ];
    case 'halt':
      return halt(transaction, rollout, verdict.findings, now);
    default:
      return verdict satisfies never;
  }
}

async function halt(
  transaction: Queryable,
  { id, revision, previous, stages, stage }: Rollout,
  findings: readonly RolloutFinding[],
  now: Date,
): Promise<readonly AlertView[]> {
  const reason = sayFindings(findings);
  await endRollout(transaction, id, { state: 'halted', reason, findings }, now);
  await setRevisionState(transaction, revision, 'rolled_back', now, reason);
  const trouble: OwnTrouble = {
    server: ORCHESTRATOR_ALERTS_SERVER,
    agentId: null,
    dedupKey: `config.halted:${revision}`,
    kind: 'config.halted',
    severity: 'critical',
    title: `Revision ${revision} of the configuration was halted at stage ${stage + 1} of ${stages.length}; ${previous} is desired again`,
    detail: { revision, previous, stage: stage + 1, stages: stages.length, findings },
  };
  const alerts = await raiseAlerts(transaction, [trouble], now);
  await appendAudit(transaction, {
    at: now,
    by: SYSTEM_ACTOR,
    action: 'config.halted',
    subject: revision,
    detail: { previous, stage: stage + 1, reason: reason.slice(0, 500) },
  });
  return alerts;
}

function sayFindings(findings: readonly RolloutFinding[]): string {
  return findings.map(({ text }) => text).join('; ');
}
