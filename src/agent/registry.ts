import type { AgentStatus } from '../contract/heartbeat.ts';
import type { AgentId } from '../contract/ids.ts';
import { parseAgentId } from '../contract/ids.ts';
import { emptyLevelCounts, type Level, type LevelCounts } from '../contract/record.ts';
import type { Clock } from '../platform/clock.ts';
import type { EncodedRecord, RuledRecords } from './buffer/types.ts';
import { probeProcess } from './heartbeat/process-probe.ts';

/*
 * What the lean agent knows of each AI agent on this server, in memory: enough for an honest heartbeat.
 *
 * Names come from outside (any record may carry any `agent_id`), so the number of AI agents is bounded. When the bound is
 * reached, those without a configuration or a status of their own that have been silent longest make room; a newcomer that
 * finds none silent long enough is not tracked (its records are kept all the same) and counted in `untracked`.
 */

/** An AI agent's own word about itself, `PUT /agents/<id>/status` or the end of a process. */
export interface StatusReport {
  readonly status: AgentStatus;
  readonly lastAction?: string;
  readonly detail?: string;
  readonly exitCode?: number;
  /** The AI agent's process on this host; while it lives, the AI agent is seen. */
  readonly pid?: number;
}

/** One AI agent, as known now. Instants are epoch ms. */
export interface KnownAgent {
  readonly agentId: AgentId;
  readonly configured: boolean;
  /** Its own word, or `healthy` where it never gave one. */
  readonly status: AgentStatus;
  readonly detail: string | null;
  readonly exitCode: number | null;
  readonly pid: number | null;
  /** What identifies the living process `pid` on this host; null: none is known. */
  readonly process: string | null;
  /** How often a process came after another. */
  readonly restarts: number;
  readonly lastAction: string | null;
  /** A record, a status, a living process; null: configured, and no sign of it yet. */
  readonly lastSeenAt: number | null;
  /** Start of its process where that is known, else its first sign since it last stopped. */
  readonly startedAt: number | null;
}

export interface RegistryOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** AI agents that are configured for this server: known before their first sign, never forgotten. */
  readonly configured?: readonly AgentId[];
  /** What identifies the living process `pid` (its start time), `undefined` when none lives: a recycled pid is another process. Default: the host's. */
  readonly probe?: (pid: number) => string | undefined;
  readonly agentsMax?: number;
}

/** An AI agent as it is kept over a restart of the lean agent. */
export interface RememberedAgent {
  readonly agentId: AgentId;
  readonly report: StatusReport | null;
  readonly reportedAt: number;
  readonly process: string | null;
  /** Absent: an older version. */
  readonly restarts?: number;
  readonly hadProcess?: boolean;
  readonly lastAction: string | null;
  readonly lastSeenAt: number | null;
  readonly startedAt: number | null;
}

/** What listeners hear: a new AI agent, or one whose own word changed. */
export type RegistryListener = (agentId: AgentId) => void;

const AGENTS_MAX_DEFAULT = 10_000;
/** About 100 kB in the buffer file. */
const REMEMBERED_MAX = 400;
/** An AI agent may be forgotten for a newcomer when it was silent this long. */
const FORGETTABLE_AFTER_MS = 3_600_000;
/** Looking for AI agents to forget reads all of them; a flood of new names must not do that for each record. */
const SWEEP_PAUSE_MS = 60_000;
/** Records that were on their way when an AI agent stopped don't mean that it runs again; later ones do. */
const STOP_GRACE_MS = 10_000;

interface Entry {
  readonly agentId: AgentId;
  configured: boolean;
  report: StatusReport | undefined;
  reportedAt: number;
  process: string | undefined;
  /** A process of it was known at some time: the next one is a restart. */
  hadProcess: boolean;
  restarts: number;
  lastAction: string | null;
  lastSeenAt: number | null;
  startedAt: number | null;
  counts: Record<Level, number>;
}

export class AgentRegistry {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #probe: (pid: number) => string | undefined;
  readonly #agentsMax: number;
  readonly #entries = new Map<AgentId, Entry>();
  readonly #listeners = new Set<RegistryListener>();
  readonly #totals = emptyLevelCounts();
  #untracked = 0;
  #sweptAt = Number.NEGATIVE_INFINITY;

  constructor(options: RegistryOptions) {
    this.#clock = options.clock;
    this.#probe = options.probe ?? probeProcess;
    this.#agentsMax = options.agentsMax ?? AGENTS_MAX_DEFAULT;
    this.configure(options.configured ?? []);
  }

  /** Replaces the list of configured AI agents, as a new configuration does. */
  configure(agentIds: readonly AgentId[]): void {
    for (const entry of this.#entries.values()) entry.configured = false;
    for (const agentId of agentIds) {
      const entry = this.#entries.get(agentId) ?? this.#add(agentId);
      entry.configured = true;
    }
  }

  /** What is worth keeping over a restart: the AI agents seen last, at most `REMEMBERED_MAX`. */
  snapshot(): RememberedAgent[] {
    return [...this.#entries.values()]
      .filter((entry) => entry.lastSeenAt !== null)
      .sort((a, b) => b.lastSeenAt! - a.lastSeenAt!)
      .slice(0, REMEMBERED_MAX)
      .map(({ agentId, report, reportedAt, process, restarts, hadProcess, lastAction, lastSeenAt, startedAt }) => ({
        agentId,
        report: report ?? null,
        reportedAt,
        process: process ?? null,
        restarts,
        hadProcess,
        lastAction,
        lastSeenAt,
        startedAt,
      }));
  }

  /** Takes up what an earlier run remembered, so that an AI agent that says nothing just now is still vouched for by its last sign. */
  restore(remembered: readonly RememberedAgent[]): void {
    for (const { agentId, report, process, ...rest } of remembered) {
      if (parseAgentId(agentId) === undefined) continue;
      const entry = this.#entries.get(agentId) ?? this.#add(agentId);
      Object.assign(entry, rest, { report: report ?? undefined, process: process ?? undefined });
    }
  }

  /**
   * Counts records that were stored; where rules have changed them, `ruled` tells what was. Called once a stored request: it is the
   * only work per record beyond encoding.
   */
  note(records: readonly EncodedRecord[], ruled?: RuledRecords): void {
    const now = this.#clock.now();
    this.#count(ruled?.kept ?? records, now);
    // What was dropped is a sign of life, and nothing more.
    for (const agentId of new Set(ruled?.dropped.map((record) => record.agentId))) {
      const entry = this.#entries.get(agentId) ?? this.#admit(agentId, now);
      if (entry !== undefined) this.#sawRecord(entry, now);
    }
  }

  /** Takes an AI agent's own word. `false`: the bound is reached and it can't be tracked. */
  report(agentId: AgentId, report: StatusReport): boolean {
    const now = this.#clock.now();
    const entry = this.#entries.get(agentId) ?? this.#admit(agentId, now);
    if (entry === undefined) return false;
    const before = entry.report;
    const wasStopped = before?.status === 'stopped';
    const pid = report.pid ?? (report.status === 'stopped' ? undefined : before?.pid);
    entry.report = pid === undefined ? report : { ...report, pid };
    entry.reportedAt = now;
    entry.lastSeenAt = now;
    if (report.lastAction !== undefined && report.lastAction !== '') entry.lastAction = report.lastAction;
    if (pid !== undefined && pid !== before?.pid) {
      entry.process = this.#probe(pid);
      entry.startedAt = now;
      if (entry.hadProcess) entry.restarts++;
      entry.hadProcess = true;
    } else if (entry.startedAt === null || (wasStopped && report.status !== 'stopped')) entry.startedAt = now;
    if (before?.status !== report.status || before?.detail !== report.detail) this.#tell(agentId);
    return true;
  }

  /** Looks at the processes that AI agents named: a living one is seen now, one that is gone has stopped. */
  probeProcesses(): void {
    const now = this.#clock.now();
    for (const entry of this.#entries.values()) {
      const pid = entry.report?.pid;
      if (pid === undefined || entry.process === undefined || entry.report?.status === 'stopped') continue;
      if (this.#probe(pid) === entry.process) entry.lastSeenAt = now;
      else {
        entry.report = { status: 'stopped', detail: `its process ${pid} is gone` };
        entry.reportedAt = now;
        entry.process = undefined;
        this.#tell(entry.agentId);
      }
    }
  }

  get(agentId: AgentId): KnownAgent | undefined {
    const entry = this.#entries.get(agentId);
    return entry === undefined ? undefined : describe(entry);
  }

  /** All known AI agents, configured ones first, then in order of appearance. */
  list(): KnownAgent[] {
    const all = [...this.#entries.values()].map(describe);
    return [...all.filter((agent) => agent.configured), ...all.filter((agent) => !agent.configured)];
  }

  /** Records per level since the last taking, of these AI agents or of all; they are counted from zero again. */
  takeCounts(agentIds?: readonly AgentId[]): Map<AgentId, LevelCounts> {
    const taken = new Map<AgentId, LevelCounts>();
    for (const agentId of agentIds ?? this.#entries.keys()) {
      const entry = this.#entries.get(agentId);
      if (entry === undefined) continue;
      taken.set(agentId, entry.counts);
      entry.counts = emptyLevelCounts();
    }
    return taken;
  }

  /** Undoes `takeCounts` for a beat that was not delivered, so that charts have no hole. */
  giveBackCounts(taken: ReadonlyMap<AgentId, LevelCounts>): void {
    for (const [agentId, counts] of taken) {
      const entry = this.#entries.get(agentId);
      if (entry === undefined) continue; // forgotten meanwhile: its counts go with it
      for (const level of Object.keys(counts) as Level[]) entry.counts[level] += counts[level];
    }
  }

  /** Records stored since the agent started, per level, of all AI agents. */
  get totals(): LevelCounts {
    return { ...this.#totals };
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Stored requests whose AI agent could not be tracked. */
  get untracked(): number {
    return this.#untracked;
  }

  /** Calls `listener` for each new AI agent and each changed word, soon and without arguments worth keeping; returns its releaser. */
  onChange(listener: RegistryListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #count(records: readonly EncodedRecord[], now: number): void {
    let name: AgentId | undefined;
    let entry: Entry | undefined;
    for (const record of records) {
      if (record.agentId !== name) {
        name = record.agentId;
        entry = this.#entries.get(name) ?? this.#admit(name, now);
        if (entry !== undefined) this.#sawRecord(entry, now);
      }
      this.#totals[record.level]++;
      if (entry === undefined) continue;
      entry.counts[record.level]++;
      if (record.action !== '') entry.lastAction = record.action;
    }
  }

  #sawRecord(entry: Entry, now: number): void {
    if (entry.lastSeenAt === null) this.#tell(entry.agentId); // its first sign of life
    entry.lastSeenAt = now;
    entry.startedAt ??= now;
    if (entry.report?.status === 'stopped' && now - entry.reportedAt > STOP_GRACE_MS) {
      entry.report = undefined; // it stopped, and speaks again: it was started without a word
      entry.startedAt = now;
      this.#tell(entry.agentId);
    }
  }

  /** A place for an AI agent that was not known; `undefined` when its name is unusable or there is no room. */
  #admit(agentId: AgentId, now: number): Entry | undefined {
    if (parseAgentId(agentId) !== undefined && (this.#entries.size < this.#agentsMax || this.#sweep(now))) {
      return this.#add(agentId);
    }
    this.#untracked++;
    return undefined;
  }

  #add(agentId: AgentId): Entry {
    const entry: Entry = {
      agentId,
      configured: false,
      report: undefined,
      reportedAt: 0,
      process: undefined,
      hadProcess: false,
      restarts: 0,
      lastAction: null,
      lastSeenAt: null,
      startedAt: null,
      counts: emptyLevelCounts(),
    };
    this.#entries.set(agentId, entry);
    return entry;
  }

  /** Forgets AI agents that only records named and that have been silent; whether there is room now. */
  #sweep(now: number): boolean {
    if (now - this.#sweptAt < SWEEP_PAUSE_MS && now >= this.#sweptAt) return false;
    this.#sweptAt = now;
    for (const entry of this.#entries.values()) {
      const silentMs = now - (entry.lastSeenAt ?? 0);
      if (!entry.configured && entry.report === undefined && silentMs > FORGETTABLE_AFTER_MS)
        this.#entries.delete(entry.agentId);
    }
    return this.#entries.size < this.#agentsMax;
  }

  #tell(agentId: AgentId): void {
    for (const listener of this.#listeners) listener(agentId);
  }
}

function describe(entry: Entry): KnownAgent {
  return {
    agentId: entry.agentId,
    configured: entry.configured,
    status: entry.report?.status ?? 'healthy',
    detail: entry.report?.detail ?? null,
    exitCode: entry.report?.exitCode ?? null,
    pid: entry.report?.pid ?? null,
    process: entry.process ?? null,
    restarts: entry.restarts,
    lastAction: entry.lastAction,
    lastSeenAt: entry.lastSeenAt,
    startedAt: entry.startedAt,
  };
}
