import type { Config, FoundRevision, RevisionStore } from '../../config/index.ts';
import type { AlertView } from '../../contract/fleet.ts';
import type { Logger } from '../../platform/logger.ts';
import { ORCHESTRATOR_ALERTS_SERVER, type OwnTrouble, raiseAlerts } from '../alerts/raise.ts';
import type { Database, Queryable } from '../database/database.ts';
import { type ConfigHead, holdConfigHead, moveConfigHead, readConfigHead } from '../database/queries/config-head.ts';
import { readLatestGood } from '../database/queries/read-revisions.ts';
import {
  findBadTwin,
  holdRevision,
  type KnownRevision,
  refreshRevision,
  setRevisionState,
  writeRevision,
} from '../database/queries/record-revision.ts';
import { resolveAlerts } from '../database/queries/resolve-alerts.ts';
import { endRollout, readActiveRollout } from '../database/queries/rollouts.ts';
import { type EventHub, publishAlerts } from '../fleet/event-hub.ts';
import type { FleetHearing } from '../fleet/fleet-hearing.ts';
import { beginRollout } from './begin-rollout.ts';
import type { DesiredConfig } from './desired-config.ts';

export type { FoundRevision, RevisionStore } from '../../config/index.ts';

export interface RevisionStoreOptions {
  readonly database: Database;
  /** By its time stages are counted, whichever orchestrator leads them on. */
  readonly hearing: Pick<FleetHearing, 'now'>;
  readonly logger: Logger;
  readonly hub: EventHub;
  readonly desired: DesiredConfig;
}

/** Revisions in Postgres; any replica may record and read them. */
export class PostgresRevisionStore implements RevisionStore {
  readonly #options: RevisionStoreOptions;

  constructor(options: RevisionStoreOptions) {
    this.#options = options;
  }

  async record(found: FoundRevision, signal?: AbortSignal): Promise<'new' | 'known'> {
    signal?.throwIfAborted();
    const { database, hearing, logger, hub, desired } = this.#options;
    const now = new Date(hearing.now());
    const { outcome, changed, alerts } = await database.transaction((transaction) => take(transaction, found, now));
    publishAlerts(hub, alerts);
    if (changed) await desired.changed();
    if (outcome === 'new')
      logger.info(found.refusal === undefined ? 'a revision of the configuration' : 'a revision was refused', {
        revision: found.revision,
        source: found.source,
        ...(found.refusal === undefined
          ? {}
          : { errorCode: found.refusal.code, complaints: found.refusal.complaints.length }),
      });
    return outcome;
  }

  async found(): Promise<string | null> {
    return (await readConfigHead(this.#options.database)).found;
  }

  async latest(): Promise<{ readonly revision: string; readonly sha: string | null } | undefined> {
    return readLatestGood(this.#options.database);
  }
}

interface Taken {
  readonly outcome: 'new' | 'known';
  /** What is desired may have changed. */
  readonly changed: boolean;
  readonly alerts: readonly AlertView[];
}

async function take(transaction: Queryable, found: FoundRevision, now: Date): Promise<Taken> {
  const head = await holdConfigHead(transaction);
  const known = await holdRevision(transaction, found.revision);
  // What another version of this program refused may be good for this one; the other way round what is good stays so.
  const isNew = known === undefined || (known.state === 'refused' && found.config !== undefined);
  const refreshed =
    !isNew && found.config !== undefined
      ? await refreshRevision(transaction, found.revision, found.files, found.config)
      : false;
  if (!isNew && head.found === found.revision) return { outcome: 'known', changed: refreshed, alerts: [] };

  if (isNew) await writeRevision(transaction, found, now);
  await moveConfigHead(transaction, { found: found.revision });
  const outcome = isNew ? 'new' : 'known';
  const bad = found.config === undefined ? undefined : await findBad(transaction, found.revision, found.config, known);
  if (bad !== undefined) {
    if (isNew) await setRevisionState(transaction, found.revision, 'rolled_back', now, bad);
    return {
      outcome,
      changed: refreshed,
      alerts: await tellRefusal(transaction, found.revision, { reason: bad }, now, TAKEN_BACK),
    };
  }
  // What was taken before signatures were asked for stays where it runs, but nobody goes back to it by pushing it again.
  const isRefused = found.refusal?.code === 'NSV_COMMIT_NOT_SIGNED' || known?.state === 'refused';
  if (isNew ? found.refusal !== undefined : isRefused) {
    const refusal = found.refusal ?? known?.refusal;
    return { outcome, changed: false, alerts: await tellRefusal(transaction, found.revision, refusal, now) };
  }
  const alerts = await resolveAlerts(
    transaction,
    { server: ORCHESTRATOR_ALERTS_SERVER, origin: 'orchestrator', kind: 'config.refused' },
    now,
  );
  const changed = isNew
    ? await beginRollout(transaction, { ...head, found: found.revision }, now)
    : await goBackTo(transaction, { ...head, found: found.revision }, found.revision, known, now);
  return { outcome, changed: changed || refreshed, alerts };
}

/** The source holds an earlier revision again. */
async function goBackTo(
  transaction: Queryable,
  head: ConfigHead,
  revision: string,
  known: KnownRevision,
  now: Date,
): Promise<boolean> {
  switch (known.state) {
    case 'everywhere': {
      const active = await readActiveRollout(transaction);
      if (active === undefined) return false;
      await endRollout(
        transaction,
        active.id,
        { state: 'replaced', reason: `the source went back to ${revision}` },
        now,
      );
      await setRevisionState(transaction, active.revision, 'replaced', now);
      return true;
    }
    case 'replaced':
      await setRevisionState(transaction, revision, 'checked', now);
      return beginRollout(transaction, head, now);
    case 'checked':
      return beginRollout(transaction, head, now);
    case 'rolling': // on its way already
    case 'rolled_back': // found bad, remembered and told
    case 'refused':
      return false;
    default:
      return known.state satisfies never;
  }
}

/**
 * Why what the source holds is remembered as bad: it was taken back itself, or does the same as one that was: another commit with the same
 * faults (a rebase, a cherry-pick, a merge) is no other configuration.
 */
async function findBad(
  transaction: Queryable,
  revision: string,
  config: Config,
  known: KnownRevision | undefined,
): Promise<string | undefined> {
  if (known?.state === 'rolled_back') return known.reason ?? 'it was taken back';
  if (known !== undefined && known.state !== 'refused') return undefined;
  const twin = await findBadTwin(transaction, revision, config);
  if (twin?.reason?.startsWith(SAME_AS) === true) return twin.reason;
  return twin && `${SAME_AS} ${twin.revision}, which was taken back: ${twin.reason ?? ''}`.slice(0, REASON_LENGTH_MAX);
}

const SAME_AS = 'it does the same as';

/** Tells of what the source holds and nobody gets. `how`: what became of it, as it stands in the title. */
async function tellRefusal(
  transaction: Queryable,
  revision: string,
  refusal: Partial<NonNullable<FoundRevision['refusal']>> | null | undefined,
  now: Date,
  how = 'was refused',
): Promise<AlertView[]> {
  const { code = null, reason = null, complaints = [] } = refusal ?? {};
  const trouble: OwnTrouble = {
    server: ORCHESTRATOR_ALERTS_SERVER,
    agentId: null,
    dedupKey: `config.refused:${revision}`,
    kind: 'config.refused',
    severity: 'warning',
    title: `Revision ${revision} of the configuration ${how}; what ran runs on`,
    detail: {
      revision,
      code,
      reason,
      complaints: complaints.slice(0, COMPLAINTS_TOLD_MAX),
      complaints_more: Math.max(0, complaints.length - COMPLAINTS_TOLD_MAX),
    },
  };
  return raiseAlerts(transaction, [trouble], now);
}

const TAKEN_BACK = 'was taken back before and is not rolled out';

/** It quotes what servers have said. */
const REASON_LENGTH_MAX = 500;

/** As many as somebody reads in an alert; the revision has them all. */
const COMPLAINTS_TOLD_MAX = 20;
