import { readdirSync, readFileSync } from 'node:fs';

/* What the processes of a host use, in trees: an AI agent is its process with all that this has started. */

/** One process, of `/proc/<pid>/stat` (proc_pid_stat(5)). */
export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** User and system time of itself and of children that have ended and were waited for, in ticks. */
  readonly ticks: number;
  readonly rssPages: number;
}

/** A process and its descendants. */
export interface TreeUse {
  readonly ticks: number;
  readonly rssPages: number;
}

/** A host with more processes than this is looked at no further: the look would be what it tells of. */
const PROCESSES_MAX = 20_000;
/** So many files are read before others have their turn: a few ms. */
const SLICE_PROCESSES = 200;

/** The name in field 2 may hold anything, brackets too. `undefined`: not that file, or a process that has ended. */
export function parseProcessStat(stat: string): ProcessStat | undefined {
  const pid = Number.parseInt(stat, 10);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, parent] = fields;
  // 14 utime, 15 stime, 16 cutime, 17 cstime, 24 rss; the state is field 3.
  const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0);
  const rssPages = Number(fields[21]);
  if (!(pid > 0) || state === 'Z' || state === 'X' || !(ticks >= 0) || !(rssPages >= 0)) return undefined;
  return { pid, parent: Number(parent), ticks, rssPages };
}

/** What the tree below each of these processes uses; of one that isn't there, nothing is told. */
export function sumTrees(processes: readonly ProcessStat[], pids: readonly number[]): Map<number, TreeUse> {
  const children = Map.groupBy(processes, ({ parent }) => parent);
  const own = new Map(processes.map((process) => [process.pid, process]));
  const sums = new Map<number, TreeUse>();
  for (const pid of pids) {
    const root = own.get(pid);
    if (root === undefined) continue;
    let ticks = 0;
    let rssPages = 0;
    const seen = new Set<ProcessStat>(); // what was read while processes came and went may run in a ring
    for (const waiting = [root]; waiting.length > 0; ) {
      const one = waiting.pop()!;
      if (seen.has(one)) continue;
      seen.add(one);
      ticks += one.ticks;
      rssPages += one.rssPages;
      waiting.push(...(children.get(one.pid) ?? []));
    }
    sums.set(pid, { ticks, rssPages });
  }
  return sums;
}

/** All processes of the host; none without `/proc`. */
export async function readProcesses(procFolder = '/proc'): Promise<ProcessStat[]> {
  let names: string[];
  try {
    names = readdirSync(procFolder);
  } catch {
    return [];
  }
  const pids = names.filter((name) => /^\d+$/.test(name)).slice(0, PROCESSES_MAX);
  const found: ProcessStat[] = [];
  for (const [index, pid] of pids.entries()) {
    if (index % SLICE_PROCESSES === SLICE_PROCESSES - 1) await new Promise(setImmediate);
    try {
      const stat = parseProcessStat(readFileSync(`${procFolder}/${pid}/stat`, 'utf8'));
      if (stat !== undefined) found.push(stat);
    } catch {
      // It has ended meanwhile.
    }
  }
  return found;
}
