import { readFileSync } from 'node:fs';

/**
 * What identifies the living process `pid`: its start time in the kernel's ticks since boot, so that a number that was given to another
 * process since is not mistaken for it. `undefined` when no such process lives (a zombie doesn't). Without `/proc`: `alive`.
 */
export function probeProcess(pid: number): string | undefined {
  try {
    return parseProcessStart(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return isAlive(pid) ? 'alive' : undefined;
  }
}

/** Field 22 of `/proc/<pid>/stat` (proc_pid_stat(5)). The name in field 2 may hold anything, brackets too, hence the last `)`. */
export function parseProcessStart(stat: string): string | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0); // signal 0 only asks
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // lives, and is another user's
  }
}
