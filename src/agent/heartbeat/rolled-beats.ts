import zlib from 'node:zlib';
import type { AgentStatus, Heartbeat, ProcessVitals, Vitals } from '../../contract/heartbeat.ts';
import { LEVELS, type LevelCounts } from '../../contract/record.ts';

/* Beats that stand for a time rather than for a moment. Pure. */

/** An ordinary beat stands for so long, where it is rolled up with others. */
const ORDINARY_SECONDS = 60;
/** Reasons that are told of a time, of its worst word. */
const ALERTS_MAX = 3;
/** Who has stopped does nothing wrong. */
const WORSE: readonly AgentStatus[] = ['healthy', 'stopped', 'degraded', 'critical'];

/** Two neighbouring times of one AI agent in one: means by their length, the worst word, all counts; the rest as it was last. */
export function foldBeats(earlier: Heartbeat, later: Heartbeat): Heartbeat {
  const seconds = { earlier: secondsOf(earlier), later: secondsOf(later) };
  const mean = weightedMean(seconds.earlier, seconds.later);
  const isWorse = WORSE.indexOf(earlier.status) > WORSE.indexOf(later.status);
  const process = foldProcess(earlier.process, later.process, mean);
  return {
    ...later,
    status: isWorse ? earlier.status : later.status,
    alerts: isWorse ? earlier.alerts : later.alerts,
    metrics: foldVitals(earlier.metrics, later.metrics, mean),
    last_action: later.last_action ?? earlier.last_action,
    last_seen_at: latest(earlier.last_seen_at, later.last_seen_at),
    backlog_records: Math.max(earlier.backlog_records, later.backlog_records),
    oldest_unarchived_seconds: Math.max(earlier.oldest_unarchived_seconds, later.oldest_unarchived_seconds),
    level_counts: addCounts(earlier.level_counts, later.level_counts),
    ...(process === undefined ? {} : { process }),
    covers_seconds: seconds.earlier + seconds.later,
  };
}

/** The beats of two neighbouring times, one an AI agent. */
export function foldAll(earlier: readonly Heartbeat[], later: readonly Heartbeat[]): Heartbeat[] {
  const folded = new Map(earlier.map((beat) => [beat.agent_id, beat]));
  for (const beat of later) {
    const before = folded.get(beat.agent_id);
    folded.set(beat.agent_id, before === undefined ? beat : foldBeats(before, beat));
  }
  return [...folded.values()];
}

/** As it is told: at one instant, with figures as a single beat has them. */
export function finishBeat(beat: Heartbeat, timestamp: string): Heartbeat {
  const { metrics, process } = beat;
  const { cpu_percent, ram_percent, disk_percent, buffer_size_mb, swap_percent, ...disks } = metrics;
  return {
    ...beat,
    timestamp,
    alerts: beat.alerts.slice(0, ALERTS_MAX),
    metrics: {
      cpu_percent: rounded(cpu_percent, 1),
      ram_percent: rounded(ram_percent, 1),
      ...(swap_percent === undefined ? {} : { swap_percent: rounded(swap_percent, 1) }),
      disk_percent: rounded(disk_percent, 1),
      buffer_size_mb: rounded(buffer_size_mb, 3),
      ...disks,
    },
    ...(process === undefined
      ? {}
      : { process: { ...process, cpu_percent: rounded(process.cpu_percent, 1), rss_mb: rounded(process.rss_mb, 1) } }),
    covers_seconds: Math.round(secondsOf(beat)),
  };
}

/** What the beats of a server have in common is written once by that: 20 AI agents take about a kilobyte. */
export function encodeBeats(beats: readonly Heartbeat[]): Buffer {
  return zlib.deflateRawSync(JSON.stringify(beats), { level: 9 });
}

/** Beats in a row are bounded by what a server has of AI agents; a row that the disk has spoiled must not fill the memory. */
const DECODED_BYTES_MAX = 50_000_000;

/** @throws when the bytes aren't what was encoded. */
export function decodeBeats(body: Buffer): Heartbeat[] {
  return JSON.parse(zlib.inflateRawSync(body, { maxOutputLength: DECODED_BYTES_MAX }).toString()) as Heartbeat[];
}

function secondsOf(beat: Heartbeat): number {
  return beat.covers_seconds ?? ORDINARY_SECONDS;
}

type Mean = (earlier: number, later: number) => number;

function weightedMean(before: number, after: number): Mean {
  const all = before + after;
  return (earlier, later) => (all === 0 ? later : (earlier * before + later * after) / all);
}

function foldVitals(earlier: Vitals, later: Vitals, mean: Mean): Vitals {
  const swap = later.swap_percent;
  return {
    ...later,
    cpu_percent: mean(earlier.cpu_percent, later.cpu_percent),
    ram_percent: mean(earlier.ram_percent, later.ram_percent),
    disk_percent: mean(earlier.disk_percent, later.disk_percent),
    buffer_size_mb: mean(earlier.buffer_size_mb, later.buffer_size_mb),
    ...(swap === undefined ? {} : { swap_percent: mean(earlier.swap_percent ?? swap, swap) }),
  };
}

/** Where it was started again meanwhile, the latest process is the one that is told. */
function foldProcess(
  earlier: ProcessVitals | undefined,
  later: ProcessVitals | undefined,
  mean: Mean,
): ProcessVitals | undefined {
  if (earlier === undefined || later === undefined) return later ?? earlier;
  return {
    ...later,
    cpu_percent: mean(earlier.cpu_percent, later.cpu_percent),
    rss_mb: mean(earlier.rss_mb, later.rss_mb),
  };
}

function addCounts(a: LevelCounts, b: LevelCounts): LevelCounts {
  return Object.fromEntries(LEVELS.map((level) => [level, a[level] + b[level]])) as LevelCounts;
}

/** Instants in this form compare as text. */
function latest(a: string | null, b: string | null): string | null {
  return a === null || (b !== null && b > a) ? b : a;
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
