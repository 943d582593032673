import { readFileSync } from 'node:fs';
import type { ProcessVitals } from '../../contract/heartbeat.ts';
import type { AgentId } from '../../contract/ids.ts';
import type { Clock } from '../../platform/clock.ts';
import type { KnownAgent } from '../registry.ts';
import { readProcesses, sumTrees } from './process-tree.ts';

/** The kernel's USER_HZ, which is 100 on every platform that Node runs on. */
const TICKS_PER_SECOND = 100;
/** A share over less than this would be mostly rounding: until then the one from before holds. */
const SPAN_MS_MIN = 1_000;
/** Readings that are remembered; past it the memory starts anew. */
const READINGS_MAX = 2_000;

interface Reading {
  readonly process: string;
  readonly ticks: number;
  readonly at: number;
  readonly cpuPercent: number;
}

/** Measures the processes that AI agents named, each with its descendants. Costs nothing where none did. */
export class ProcessVitalsReader {
  readonly #clock: Clock;
  readonly #procFolder: string;
  readonly #last = new Map<AgentId, Reading>();
  #pageBytes: number | undefined;

  constructor(clock: Clock, procFolder = '/proc') {
    this.#clock = clock;
    this.#procFolder = procFolder;
  }

  /** Of these AI agents those that have a living process on this host. */
  async read(agents: readonly KnownAgent[]): Promise<Map<AgentId, ProcessVitals>> {
    const living = agents.filter(({ pid, process }) => pid !== null && process !== null);
    const found = new Map<AgentId, ProcessVitals>();
    if (living.length === 0) return found;
    if (this.#last.size > READINGS_MAX) this.#last.clear();
    const processes = await readProcesses(this.#procFolder);
    const at = this.#clock.monotonic();
    const sums = sumTrees(
      processes,
      living.map(({ pid }) => pid!),
    );
    for (const { agentId, pid, process, restarts, startedAt } of living) {
      const use = sums.get(pid!);
      if (use === undefined || startedAt === null) continue;
      const reading = this.#reading(agentId, process!, use.ticks, at);
      this.#last.set(agentId, reading);
      found.set(agentId, {
        pid: pid!,
        cpu_percent: reading.cpuPercent,
        rss_mb: Math.round((use.rssPages * this.#pageSize()) / 100_000) / 10,
        restarts,
        started_at: new Date(startedAt).toISOString(),
      });
    }
    return found;
  }

  #reading(agentId: AgentId, process: string, ticks: number, at: number): Reading {
    const last = this.#last.get(agentId);
    if (last === undefined || last.process !== process) return { process, ticks, at, cpuPercent: 0 };
    if (at - last.at < SPAN_MS_MIN) return last;
    // A descendant that was left to another parent takes its time with it.
    const seconds = Math.max(0, ticks - last.ticks) / TICKS_PER_SECOND;
    return { process, ticks, at, cpuPercent: Math.round((seconds / ((at - last.at) / 1_000)) * 1_000) / 10 };
  }

  /** Node doesn't tell it: our own memory in bytes and in pages, measured a moment apart, give it once it is rounded to a power of two. */
  #pageSize(): number {
    if (this.#pageBytes === undefined) {
      const pages = Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[1]);
      this.#pageBytes = 2 ** Math.round(Math.log2(process.memoryUsage.rss() / pages));
    }
    return this.#pageBytes;
  }
}
