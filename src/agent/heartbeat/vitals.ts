import { readFile, statfs } from 'node:fs/promises';
import os from 'node:os';
import type { Vitals } from '../../contract/heartbeat.ts';
import type { Clock } from '../../platform/clock.ts';
import {
  type CpuTimes,
  cpuPercent,
  diskPercent,
  parseMeminfo,
  parseProcStat,
  percent,
  sumCpus,
} from './host-figures.ts';

export interface VitalsOptions {
  /** A folder on the file system that holds the buffer. */
  readonly folder: string;
  readonly clock: Clock;
  /** Where the kernel's files are; another folder in tests. */
  readonly procFolder?: string;
}

/** The kernel counts in ticks of 10 ms: a share over less than this would be mostly rounding. */
const CPU_SPAN_MS_MIN = 250;

/** Measures the host. CPU is the share used since the last reading, so each reader has its own memory of it. */
export class VitalsReader {
  readonly #options: VitalsOptions;
  #last: { readonly times: CpuTimes; readonly at: number } | undefined;
  #cpuPercent = 0;

  constructor(options: VitalsOptions) {
    this.#options = options;
  }

  /** Takes the first CPU reading, so that the first vitals have something to compare with. */
  async begin(): Promise<void> {
    this.#last = { times: await this.#cpuTimes(), at: this.#options.clock.monotonic() };
  }

  /** Waits up to a quarter of a second when the last reading is too young to compare with. What can't be measured is 0. */
  async read(bufferBytes: number, signal?: AbortSignal): Promise<Vitals> {
    if (this.#last === undefined) await this.begin();
    const [cpu, ram, disk] = await Promise.all([this.#cpu(signal), this.#ramPercent(), this.#diskPercent()]);
    return {
      cpu_percent: cpu,
      ram_percent: ram,
      disk_percent: disk,
      buffer_size_mb: Math.round(bufferBytes / 1000) / 1000,
    };
  }

  async #cpu(signal: AbortSignal | undefined): Promise<number> {
    const { clock } = this.#options;
    const last = this.#last!;
    const spanMs = clock.monotonic() - last.at;
    if (spanMs < CPU_SPAN_MS_MIN) await clock.sleep(CPU_SPAN_MS_MIN - spanMs, signal);
    const times = await this.#cpuTimes();
    this.#cpuPercent = cpuPercent(last.times, times) ?? this.#cpuPercent;
    this.#last = { times, at: clock.monotonic() };
    return this.#cpuPercent;
  }

  async #cpuTimes(): Promise<CpuTimes> {
    return parseProcStat(await this.#proc('stat')) ?? sumCpus(os.cpus());
  }

  async #ramPercent(): Promise<number> {
    return parseMeminfo(await this.#proc('meminfo')) ?? percent(os.totalmem() - os.freemem(), os.totalmem());
  }

  async #diskPercent(): Promise<number> {
    try {
      return diskPercent(await statfs(this.#options.folder));
    } catch {
      return 0; // a file system that can't be asked; the buffer itself will say what is wrong with it
    }
  }

  async #proc(name: string): Promise<string> {
    return readFile(`${this.#options.procFolder ?? '/proc'}/${name}`, 'utf8').catch(() => ''); // not Linux
  }
}

/** One reading of the host, with a CPU share over a quarter of a second. */
export async function readVitals(options: VitalsOptions, bufferBytes: number, signal?: AbortSignal): Promise<Vitals> {
  return new VitalsReader(options).read(bufferBytes, signal);
}
