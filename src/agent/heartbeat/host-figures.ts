/** Pure readers of what the kernel tells about the host; fixtures in the tests are from real hosts. */

/** Time that all processors together spent since boot, in the kernel's ticks. */
export interface CpuTimes {
  readonly busy: number;
  readonly total: number;
}

/**
 * The first line of `/proc/stat`: `cpu user nice system idle iowait irq softirq steal guest guest_nice` (proc_stat(5)). Waiting for a
 * disk is idle; `guest` is contained in `user` already. `undefined` when it isn't that file.
 */
export function parseProcStat(text: string): CpuTimes | undefined {
  const match = /^cpu +(\d[\d ]*)$/m.exec(text);
  if (match === null) return undefined;
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = match[1]!
    .trim()
    .split(/ +/)
    .map(Number);
  const busy = user + nice + system + irq + softirq + steal;
  return { busy, total: busy + idle + iowait };
}

/** How many processors `/proc/stat` tells of. */
export function countCpus(text: string): number {
  return text.match(/^cpu\d+ /gm)?.length ?? 0;
}

/** Processor times from `os.cpus()`, where there is no `/proc`. */
export function sumCpus(
  cpus: readonly { readonly times: { user: number; nice: number; sys: number; idle: number; irq: number } }[],
): CpuTimes {
  let busy = 0;
  let idle = 0;
  for (const { times } of cpus) {
    busy += times.user + times.nice + times.sys + times.irq;
    idle += times.idle;
  }
  return { busy, total: busy + idle };
}

/** Share of all processors' time that was used between two readings, 0–100; `undefined` when no time passed between them. */
export function cpuPercent(before: CpuTimes, after: CpuTimes): number | undefined {
  const total = after.total - before.total;
  if (total <= 0) return undefined;
  return percent(after.busy - before.busy, total); // single counters may step back a little; the share stays within 0–100
}

/** What `/proc/meminfo` tells (proc_meminfo(5)), in bytes. */
export interface Meminfo {
  readonly totalBytes: number;
  /** What a new program could have without swapping; `undefined` before Linux 3.14. */
  readonly availableBytes: number | undefined;
  readonly swapTotalBytes: number;
  readonly swapFreeBytes: number;
}

/** `undefined` when it isn't that file. */
export function parseMeminfo(text: string): Meminfo | undefined {
  const bytes = (name: string) => {
    const match = new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(text);
    return match === null ? undefined : Number(match[1]) * 1024;
  };
  const totalBytes = bytes('MemTotal') ?? 0;
  if (totalBytes === 0) return undefined;
  return {
    totalBytes,
    availableBytes: bytes('MemAvailable'),
    swapTotalBytes: bytes('SwapTotal') ?? 0,
    swapFreeBytes: bytes('SwapFree') ?? 0,
  };
}

/** A file system as `df` shows it: what root keeps for itself counts neither as used nor as free. */
export function diskPercent({ blocks, bfree, bavail }: { blocks: number; bfree: number; bavail: number }): number {
  const used = blocks - bfree;
  return used + bavail === 0 ? 0 : percent(used, used + bavail);
}

/** One decimal is what a person reads and what a chart can show. */
export function percent(part: number, whole: number): number {
  return Math.round(Math.min(100, Math.max(0, (100 * part) / whole)) * 10) / 10;
}
