import { execFile } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Floor } from './floor.ts';

/** The floor, in a process of its own: its heap must not grow ours, and its warm code must be nobody's. */
export async function measureFloorApart(file: string): Promise<Floor> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, 'floor.ts'), file]);
  return JSON.parse(stdout) as Floor;
}

export function round(value: number): number {
  return Math.round(value * 100) / 100;
}

export function machine(): { cpus: number; model: string; node: string } {
  return { cpus: cpus().length, model: cpus()[0]?.model ?? 'unknown', node: process.version };
}

export function machineText(): string {
  const { cpus: count, model, node } = machine();
  return `${count} × ${model}, Node ${node}`;
}

/** The value that so many per cent of all are at most; `sorted` ascends. */
export function percentile(sorted: readonly number[], percent: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

/** CPU of this process by a round of work, µs a record: the least of some rounds, as what else runs on the machine only adds. */
export function cpuPerRecord(records: number, rounds: number, work: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let index = 0; index < rounds; index++) {
    const { user, system } = process.cpuUsage();
    work();
    const spent = process.cpuUsage({ user, system });
    least = Math.min(least, spent.user + spent.system);
  }
  return least / records;
}
