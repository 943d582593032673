import {
  AGENTS_BY_SLOT_MAX,
  type AgentFacts,
  type ServerFacts,
  type SlotFacts,
  type VitalsFacts,
} from '../../../contract/report-facts.ts';
import type { Queryable } from '../../database/database.ts';
import type { AgentAlerts } from './alerts-facts.ts';
import type { ServerArchive } from './archive-facts.ts';
import {
  type AgentBeats,
  readAgentBeats,
  readAgentSlots,
  readServerBeats,
  readSlotBeats,
  type ServerBeats,
} from './beat-facts.ts';
import type { BeatSource, BeatStretch } from './beat-rows.ts';
import type { FactsWindow } from './facts-window.ts';
import { availabilityOf, readSlotStates, readSpans, readStates, type SubjectStates } from './state-facts.ts';
import { errorRate } from './totals.ts';
import { agentTrouble, compare, trafficLight } from './traffic-light.ts';
import type { ErrorHabit } from './unit-beats.ts';

/** What transitions and beats tell of a period, before it is put together. */
export interface FleetTold {
  /** Those that are told of. */
  readonly agents: readonly AgentTold[];
  readonly servers: readonly ServerTold[];
  readonly bySlot: readonly Omit<SlotFacts, 'archived_bytes'>[];
}

interface AgentTold {
  readonly server: string;
  readonly agentId: string;
  readonly states: SubjectStates | undefined;
  readonly beats: AgentBeats | undefined;
}

interface ServerTold {
  readonly server: string;
  readonly states: SubjectStates | undefined;
  readonly beats: ServerBeats | undefined;
  readonly agents: number;
}

export type FleetStretch = BeatStretch & { readonly unheard: readonly { readonly from: Date; readonly to: Date }[] };

/**
 * Who was there in the period: in service at some time of it, or heard of. Whoever was out of service all the time isn't told of, nor whoever came
 * later.
 */
export async function readFleet(
  database: Queryable,
  source: BeatSource,
  stretch: FleetStretch,
  window: FactsWindow,
): Promise<FleetTold> {
  const states = await readStates(database, stretch);
  const beats = await readAgentBeats(database, source, stretch);
  const serverBeats = await readServerBeats(database, source, stretch);

  const agents = new Map<string, AgentTold>();
  for (const { server, agentId, ...rest } of states) {
    if (agentId !== null)
      agents.set(nameOf(server, agentId), { server, agentId, states: { server, agentId, ...rest }, beats: undefined });
  }
  for (const one of beats) {
    const { server, agentId } = one;
    agents.set(nameOf(server, agentId), {
      server,
      agentId,
      states: agents.get(nameOf(server, agentId))?.states,
      beats: one,
    });
  }
  const listed = [...agents.values()].filter(
    (agent) => agent.states?.isInService === true || (agent.beats !== undefined && isUnknown(agent.states)),
  );

  const counts = new Map<string, number>();
  for (const { server } of listed) counts.set(server, (counts.get(server) ?? 0) + 1);
  const ownStates = new Map(states.filter(({ agentId }) => agentId === null).map((one) => [one.server, one]));
  const ownBeats = new Map(serverBeats.map((one) => [one.server, one]));
  const inService = [...ownStates.values()].filter((one) => one.isInService).map(({ server }) => server);
  const servers = [...new Set([...counts.keys(), ...inService])].sort(compare).map((server) => ({
    server,
    states: ownStates.get(server),
    beats: ownBeats.get(server),
    agents: counts.get(server) ?? 0,
  }));
  return { agents: listed, servers, bySlot: await readSlots(database, source, stretch, window, listed) };
}

async function readSlots(
  database: Queryable,
  source: BeatSource,
  stretch: FleetStretch,
  { slots, kind }: FactsWindow,
  agents: readonly AgentTold[],
): Promise<FleetTold['bySlot']> {
  const begins = slots.map(({ starts_at }) => new Date(starts_at));
  const states = await readSlotStates(
    database,
    stretch,
    slots.map(({ ends_at }, index) => ({ startsAt: begins[index]!, endsAt: new Date(ends_at) })),
    agents,
  );
  const beats = isFineEnough(source, kind) ? await readSlotBeats(database, source, stretch, begins) : new Map();
  return slots.map((_, index) => ({
    level_counts: beats.get(index)?.levelCounts ?? null,
    vitals: beats.get(index)?.vitals ?? { cpu_percent: null, ram_percent: null, disk_percent: null },
    seconds: states[index]!,
  }));
}

export interface AgentsBeside {
  readonly alerts: readonly AgentAlerts[];
  readonly errorHabits: readonly ErrorHabit[];
}

/** AI agents as facts have them, the worst first. */
export async function agentFacts(
  database: Queryable,
  source: BeatSource,
  stretch: FleetStretch,
  { slots, kind }: FactsWindow,
  { agents: told, servers }: FleetTold,
  { alerts, errorHabits }: AgentsBeside,
): Promise<readonly AgentFacts[]> {
  const lost = new Map(servers.map(({ server, beats }) => [server, beats?.lostRecords ?? 0]));
  const alertsOf = new Map(alerts.map((one) => [nameOf(one.server, one.agentId ?? ''), one]));
  const habitOf = new Map(errorHabits.map((one) => [nameOf(one.server, one.agentId), one.errorRate]));
  const restless = told.filter(({ states }) => (states?.spans ?? 0) > 1);
  const spans = restless.length === 0 ? [] : await readSpans(database, stretch, restless);
  const spansOf = new Map(spans.map((one) => [nameOf(one.server, one.agentId), one.spans]));
  const unheardSeconds = (stretch.endsAt.getTime() - stretch.startsAt.getTime()) / 1_000;

  const agents = told
    .map(({ server, agentId, states, beats }): AgentFacts => {
      const name = nameOf(server, agentId);
      const own = alertsOf.get(name);
      const counts = beats?.levelCounts ?? null;
      const records = counts === null ? null : Object.values(counts).reduce((sum, count) => sum + count, 0);
      const errors = counts === null ? null : counts.ERROR + counts.CRITICAL;
      const facts = {
        state: states?.state ?? null,
        seconds: states?.seconds ?? { unknown: unheardSeconds },
        level_counts: counts,
        errors,
        error_rate: errors === null || records === null ? null : errorRate(errors, records),
        error_rate_habit: habitOf.get(name) ?? null,
        alerts_critical: own?.critical ?? 0,
      };
      const { light, reasons } = trafficLight({
        ...facts,
        lostRecords: lost.get(server) ?? 0,
        alertsWarning: (own?.warning ?? 0) + (own?.warningOpen ?? 0),
        alertsCriticalOpen: own?.criticalOpen ?? 0,
      });
      return {
        agent_id: agentId,
        server,
        light,
        light_reasons: reasons,
        ...facts,
        availability: availabilityOf(facts.seconds),
        outages: states?.outages ?? 0,
        longest_outage_seconds: states?.longestOutageSeconds ?? 0,
        spans: spansOf.get(name) ?? null,
        records,
        vitals: beats?.vitals ?? NO_VITALS,
        alerts_opened: own?.opened ?? 0,
        by_slot: null,
      };
    })
    .sort(agentTrouble);
  if (!isFineEnough(source, kind)) return agents;

  const shown = agents.slice(0, AGENTS_BY_SLOT_MAX).map(({ server, agent_id: agentId }) => ({ server, agentId }));
  const begins = slots.map(({ starts_at }) => new Date(starts_at));
  const inSlots = await readAgentSlots(
    database,
    source,
    stretch,
    begins,
    shown.length === agents.length ? undefined : shown,
  );
  const slotsOf = new Map(inSlots.map((one) => [nameOf(one.server, one.agentId), one.slots]));
  return agents.map((agent, index) => ({
    ...agent,
    by_slot: index < shown.length ? (slotsOf.get(nameOf(agent.server, agent.agent_id)) ?? slots.map(() => null)) : null,
  }));
}

/** Servers as facts have them, by name. `archive` undefined: nothing is known of it. */
export function serverFacts(
  servers: readonly ServerTold[],
  stretch: FleetStretch,
  archive: ReadonlyMap<string, ServerArchive> | undefined,
): readonly ServerFacts[] {
  const unheardSeconds = (stretch.endsAt.getTime() - stretch.startsAt.getTime()) / 1_000;
  return servers.map(({ server, states, beats, agents }) => {
    const seconds = states?.seconds ?? { unknown: unheardSeconds };
    return {
      server,
      state: states?.state ?? null,
      agents,
      seconds,
      availability: availabilityOf(seconds),
      vitals: beats?.vitals ?? NO_VITALS,
      lost_records: beats?.lostRecords ?? null,
      dropped_records: beats?.droppedRecords ?? null,
      backlog_records_most: beats?.backlogRecordsMost ?? null,
      oldest_unarchived_seconds_most: beats?.oldestUnarchivedSecondsMost ?? null,
      archived_bytes: archive === undefined ? null : (archive.get(server)?.bytes ?? 0),
      objects: archive === undefined ? null : (archive.get(server)?.objects ?? 0),
    };
  });
}

const NO_VITALS: VitalsFacts = { cpu_percent: null, ram_percent: null, disk_percent: null, buffer_size_mb: null };

/** Days say nothing of hours. */
function isFineEnough({ rollup }: BeatSource, kind: FactsWindow['kind']): boolean {
  return rollup.name !== '1d' || kind === 'weekly' || kind === 'monthly';
}

/** At some time at least: no transition tells of it. */
function isUnknown(states: SubjectStates | undefined): boolean {
  return states === undefined || states.seconds.unknown !== undefined;
}

function nameOf(server: string, agentId: string): string {
  return `${server}\n${agentId}`;
}
