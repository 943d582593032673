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

/** The same from `os.cpus()`, where there is no `/proc`. */
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

/** `/proc/meminfo`: what can't be had by a new program without swapping, 0–100. `undefined` without MemAvailable (Linux < 3.14). */
export function parseMeminfo(text: string): number | undefined {
  const total = /^MemTotal: +(\d+) kB$/m.exec(text);
  const available = /^MemAvailable: +(\d+) kB$/m.exec(text);
  if (total === null || available === null || Number(total[1]) === 0) return undefined;
  return percent(Number(total[1]) - Number(available[1]), Number(total[1]));
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
