import type { ArchivePrices, HistorySettings } from '../../../config/index.ts';
import type { ReportSettings } from '../../../config/report-settings.ts';
import type { FactsGap, FactsPeriod, FactsTotals, ReportFacts } from '../../../contract/report-facts.ts';
import type { SummaryKind } from '../../../contract/reports.ts';
import type { Database, Queryable } from '../../database/database.ts';
import { gatherAiWork } from './ai-work-facts.ts';
import { alertsByAgent, alertTotalsByDay, gatherAlerts } from './alerts-facts.ts';
import {
  archiveBehind,
  archiveByServer,
  archivedBytesBySlot,
  archiveTotalsByDay,
  gatherArchive,
} from './archive-facts.ts';
import { chooseBeatSource } from './beat-rows.ts';
import { gatherCompared } from './compared-facts.ts';
import { type FactsWindow, factsWindow } from './facts-window.ts';
import { agentFacts, type FleetTold, readFleet, serverFacts } from './fleet-facts.ts';
import { type Hearing, readHearing } from './heard-gaps.ts';
import { inOneState } from './in-one-state.ts';
import { lossFacts } from './losses.ts';
import { gatherRevisions } from './revision-facts.ts';
import { availabilityOf } from './state-facts.ts';
import { gatherTemplates } from './template-facts.ts';
import { errorRate, NO_TOTALS } from './totals.ts';

/** What is gathered, and what it is judged by. */
export interface FactsQuestion {
  readonly kind: SummaryKind;
  readonly period: FactsPeriod;
  /** Epoch ms; what lies after it isn't known yet. */
  readonly now: number;
  /** Undefined: nobody has said what the archive costs. */
  readonly storagePrices: ArchivePrices | undefined;
  readonly modelPrices: ReportSettings['modelPrices'];
  /** How often agents beat. */
  readonly intervalMs: number;
  /** How long what is kept. */
  readonly history: HistorySettings;
}

/**
 * The facts of a period, all of one state of the database. Everything is summed up there, sets at a time: what comes here has as many rows as
 * there are AI agents, servers, slots and days, however many records and beats there were. Changes nothing; without new data it gives the same
 * again. Rejects with what the database says, or the signal's reason.
 */
export async function gatherFacts(
  database: Pick<Database, 'transaction'>,
  question: FactsQuestion,
  signal: AbortSignal,
): Promise<Omit<ReportFacts, 'version'>> {
  return inOneState(database, signal, (reading) => gather(reading, question));
}

async function gather(database: Queryable, question: FactsQuestion): Promise<Omit<ReportFacts, 'version'>> {
  const { kind, period, now, storagePrices, modelPrices, intervalMs, history } = question;
  const window = factsWindow(kind, period, now);
  const stretch = { ...window, intervalMs, keep: history };

  const source = await chooseBeatSource(database, stretch);
  const hearing = await readHearing(database, source, stretch);
  const fleetStretch = { ...stretch, unheard: hearing.unheard };
  const fleet = await readFleet(database, source, fleetStretch, window);

  const alerts = await gatherAlerts(database, window);
  const [alertTotals = null] = await alertTotalsByDay(database, [{ ...window, day: period.name }]);
  const archive = await gatherArchive(database, window, storagePrices);
  const [archiveTotals = null] = await archiveTotalsByDay(database, [window], storagePrices);
  const bytesBySlot = archiveTotals === null ? undefined : await archivedBytesBySlot(database, window);
  const archiveOfServers = archiveTotals === null ? undefined : await archiveByServer(database, window);
  const revisions = await gatherRevisions(database, window);
  const templates = await gatherTemplates(database, window);
  const aiWork = await gatherAiWork(database, window, modelPrices);

  const totals: FactsTotals = {
    ...fleetTotals(fleet),
    alerts_opened: alertTotals?.opened ?? null,
    alerts_critical: alertTotals?.critical ?? null,
    archived_bytes: archiveTotals?.bytes ?? null,
    text_bytes: archiveTotals?.textBytes ?? null,
    objects: archiveTotals?.objects ?? null,
    archive_cost: archiveTotals?.cost ?? null,
    ai_calls: aiWork?.calls ?? null,
    ai_tokens: aiWork === null ? null : aiWork.input_tokens + aiWork.output_tokens,
    ai_cost_usd: aiWork?.cost_usd ?? null,
  };
  const { compared, trend, errorHabits } = await gatherCompared(database, window, kind, totals, stretch, {
    storagePrices,
    modelPrices,
  });
  const agents = await agentFacts(database, source, fleetStretch, window, fleet, {
    alerts: await alertsByAgent(database, window),
    errorHabits,
  });

  const behind = await archiveBehind(database, window);
  return {
    form: 1,
    kind,
    period,
    gathered_at: new Date(now).toISOString(),
    gaps: [
      ...timeGaps(window, hearing),
      ...(source.rollup.name === '5m' ? [] : [{ kind: 'coarse_history' } as const]),
      ...(templates.gap === undefined ? [] : [templates.gap]),
      ...(behind === undefined ? [] : [behind]),
      ...(storagePrices === undefined ? [{ kind: 'no_prices' } as const] : []),
    ],
    slots: window.slots,
    totals,
    compared,
    trend,
    agents,
    servers: serverFacts(fleet.servers, fleetStretch, archiveOfServers),
    by_slot: fleet.bySlot.map((slot, index) => ({ ...slot, archived_bytes: bytesOf(window, bytesBySlot, index) })),
    templates: templates.facts,
    alerts,
    archive,
    losses: lossFacts(
      fleet.servers.map(({ server, beats }) => ({
        server,
        lost: beats?.lostRecords ?? 0,
        dropped: beats?.droppedRecords ?? 0,
      })),
    ),
    revisions,
    ai_work: aiWork,
  };
}

/** What is of AI agents and servers; null where none is known of. */
function fleetTotals({ agents, servers }: FleetTold): FactsTotals {
  if (agents.length === 0 && servers.length === 0) return NO_TOTALS;
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const beats = agents.flatMap((agent) => agent.beats ?? []);
  const ofServers = servers.flatMap((server) => server.beats ?? []);
  const seconds = (state: 'up' | 'degraded' | 'late' | 'down') =>
    Math.round(sum(agents.map(({ states }) => states?.seconds[state] ?? 0)) * 1_000) / 1_000;
  const spent = { up: seconds('up'), degraded: seconds('degraded'), late: seconds('late'), down: seconds('down') };
  const availability = availabilityOf(spent);
  const records = sum(beats.map(({ levelCounts }) => sum(Object.values(levelCounts))));
  const errors = sum(beats.map(({ levelCounts: { ERROR, CRITICAL } }) => ERROR + CRITICAL));
  const wereHeard = beats.length > 0;
  return {
    ...NO_TOTALS,
    servers: servers.length,
    agents: agents.length,
    availability,
    down_seconds: availability === null ? null : spent.down,
    late_seconds: availability === null ? null : spent.late,
    records: wereHeard ? records : null,
    errors: wereHeard ? errors : null,
    error_rate: wereHeard ? errorRate(errors, records) : null,
    dropped_records: ofServers.length === 0 ? null : sum(ofServers.map(({ droppedRecords }) => droppedRecords)),
    lost_records: ofServers.length === 0 ? null : sum(ofServers.map(({ lostRecords }) => lostRecords)),
  };
}

/** In the order of time. */
function timeGaps({ startsAt, endsAt, period }: FactsWindow, { knownSince, unheard }: Hearing): readonly FactsGap[] {
  const gap = (kind: FactsGap['kind'], from: Date, to: Date): FactsGap[] =>
    from < to ? [{ kind, from: from.toISOString(), to: to.toISOString() }] : [];
  return [
    ...gap('before_first_data', startsAt, knownSince ?? endsAt),
    ...unheard.flatMap(({ from, to }) => gap('nobody_heard', from, to)),
    ...gap('unfinished', endsAt, new Date(period.ends_at)),
  ];
}

/** Null: of the archive nothing is known, or the slot is still to come. */
function bytesOf({ slots, endsAt }: FactsWindow, bytes: readonly number[] | undefined, index: number): number | null {
  return bytes === undefined || new Date(slots[index]!.starts_at) >= endsAt ? null : (bytes[index] ?? null);
}
