import { statfs } from 'node:fs/promises';
import os from 'node:os';
import type { Vitals } from '../../contract/heartbeat.ts';
import type { Clock } from '../../platform/clock.ts';
import { ContainerVitals, type GroupCpu, readKernelFile } from './container-vitals.ts';
import { DiskWatch } from './disk-watch.ts';
import {
  type CpuTimes,
  countCpus,
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
  /** Folders whose file systems are told beside it, where they are others. Asked for at each reading. */
  readonly disks?: () => readonly string[];
  readonly clock: Clock;
  /** Where the kernel's files are; another folder in tests. */
  readonly procFolder?: string;
  /** Stands before the folders of control groups; in tests. */
  readonly cgroupRoot?: string;
}

/** The kernel counts in ticks of 10 ms: a share over less than this would be mostly rounding. */
const CPU_SPAN_MS_MIN = 250;

interface CpuReading {
  readonly at: number;
  readonly host: CpuTimes;
  /** Where this is a container that may use a part only. */
  readonly groups: readonly GroupCpu[];
}

/**
 * Measures the host, or the container where that is limited: shares are of what may be used. CPU is the share used since the last reading,
 * so each reader has its own memory of it.
 */
export class VitalsReader {
  readonly #options: VitalsOptions;
  readonly #procFolder: string;
  readonly #disks: DiskWatch;
  readonly #container: ContainerVitals | undefined;
  #last: CpuReading | undefined;
  #cpuPercent = 0;

  constructor(options: VitalsOptions) {
    this.#options = options;
    this.#procFolder = options.procFolder ?? '/proc';
    this.#container = ContainerVitals.open({ procFolder: this.#procFolder, root: options.cgroupRoot });
    this.#disks = new DiskWatch({ except: options.folder, clock: options.clock, procFolder: this.#procFolder });
  }

  /** Takes the first CPU reading, so that the first vitals have something to compare with. */
  async begin(): Promise<void> {
    this.#last = this.#cpuReading();
  }

  /** Waits up to a quarter of a second when the last reading is too young to compare with. What can't be measured is 0. */
  async read(bufferBytes: number, signal?: AbortSignal): Promise<Vitals> {
    if (this.#last === undefined) await this.begin();
    const [cpu, disk, disks] = await Promise.all([
      this.#cpu(signal),
      this.#diskPercent(),
      this.#disks.read(this.#options.disks?.() ?? [], signal),
    ]);
    return {
      cpu_percent: cpu,
      ...this.#memory(),
      disk_percent: disk,
      buffer_size_mb: Math.round(bufferBytes / 1000) / 1000,
      ...(disks.length === 0 ? {} : { disks }),
    };
  }

  async #cpu(signal: AbortSignal | undefined): Promise<number> {
    const { clock } = this.#options;
    const last = this.#last!;
    const spanMs = clock.monotonic() - last.at;
    if (spanMs < CPU_SPAN_MS_MIN) await clock.sleep(CPU_SPAN_MS_MIN - spanMs, signal);
    const now = this.#cpuReading();
    this.#last = now;
    const shares = now.groups.flatMap(({ folder, usedMs, processors }) => {
      const before = last.groups.find((group) => group.folder === folder);
      return before === undefined ? [] : [percent(usedMs - before.usedMs, (now.at - last.at) * processors)];
    });
    // Of groups around each other the one that is held back first.
    this.#cpuPercent =
      now.groups.length === 0 ? (cpuPercent(last.host, now.host) ?? this.#cpuPercent) : Math.max(0, ...shares);
    return this.#cpuPercent;
  }

  #cpuReading(): CpuReading {
    const stat = this.#proc('stat');
    const groups = this.#container?.cpu(countCpus(stat)) ?? [];
    return { at: this.#options.clock.monotonic(), host: parseProcStat(stat) ?? sumCpus(os.cpus()), groups };
  }

  #memory(): Pick<Vitals, 'ram_percent' | 'swap_percent'> {
    const meminfo = parseMeminfo(this.#proc('meminfo'));
    const { totalBytes, availableBytes = os.freemem(), swapTotalBytes = 0, swapFreeBytes = 0 } = meminfo ?? {};
    const ramBytes = totalBytes ?? os.totalmem();
    const limited = this.#container?.memory({ ramBytes, swapBytes: swapTotalBytes });
    const ramPercent = limited?.ramPercent ?? percent(ramBytes - availableBytes, ramBytes);
    const hostSwap = swapTotalBytes === 0 ? 'none' : percent(swapTotalBytes - swapFreeBytes, swapTotalBytes);
    const swapPercent = hostSwap === 'none' ? 'none' : (limited?.swapPercent ?? hostSwap);
    return { ram_percent: ramPercent, ...(swapPercent === 'none' ? {} : { swap_percent: swapPercent }) };
  }

  async #diskPercent(): Promise<number> {
    try {
      return diskPercent(await statfs(this.#options.folder));
    } catch {
      return 0; // a file system that can't be asked; the buffer itself will say what is wrong with it
    }
  }

  #proc(name: string): string {
    return readKernelFile(`${this.#procFolder}/${name}`);
  }
}

/** One reading of the host, with a CPU share over a quarter of a second. */
export async function readVitals(options: VitalsOptions, bufferBytes: number, signal?: AbortSignal): Promise<Vitals> {
  return new VitalsReader(options).read(bufferBytes, signal);
}
