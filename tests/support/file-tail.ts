/*
 * Real files, a real buffer, a real rotation; only the pace is quicker. `taken` is what the buffer acknowledged, in order, over all
 * restarts of a test: a line that is there twice, or not at all, fails it.
 */
import { mkdir, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { LogBuffer } from '../../src/agent/buffer/buffer.ts';
import type { AppendOptions, EncodedRecord, RecordSink } from '../../src/agent/buffer/types.ts';
import { FileTail, type FileTailOptions } from '../../src/agent/sources/file-tail/file-tail.ts';
import type { FileTailLimits } from '../../src/agent/sources/file-tail/limits.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { NervesysError } from '../../src/platform/errors.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { openBuffer, SERVER } from './local-api.ts';
import { tempDir } from './temp-dir.ts';
import { until } from './until.ts';

const QUICK: Partial<FileTailLimits> = {
  pollMs: 5,
  idlePollMs: 20,
  idleAfterMs: 500,
  discoveryMs: 15,
  rotatedQuietMs: 150,
  heldMs: 10,
};

interface Taken {
  readonly agentId: string;
  readonly level: string;
  readonly message: string;
  readonly context: Record<string, unknown>;
}

/** Files, a tail of them and a buffer; both open again on the same files after `stop`. */
export async function tailFixture(t: TestContext, limitBytes?: number) {
  const dir = await tempDir(t);
  const logs = join(dir, 'logs');
  await mkdir(logs);
  const taken: Taken[] = [];
  const gate = {
    failure: undefined as Error | undefined,
    /** It becomes full right after an append that makes this true. */
    fullOnce: undefined as (() => boolean) | undefined,
  };
  let buffer: LogBuffer = openBuffer(dir, limitBytes);
  let tail: FileTail | undefined;
  const sink: RecordSink = {
    async append(records: readonly EncodedRecord[], options?: AppendOptions) {
      if (gate.failure !== undefined) throw gate.failure;
      const result = await buffer.append(records, options);
      for (const { agentId, level, json } of records) {
        const { message, context } = JSON.parse(`{${json}`);
        taken.push({ agentId, level, message, context });
      }
      if (gate.fullOnce?.()) gate.failure = bufferFull();
      return result;
    },
    positions: () => buffer.positions(),
    forgetPosition: (file) => buffer.forgetPosition(file),
    recent: (query) => buffer.recent(query),
    stats: () => buffer.stats(),
  };
  const start = async (options: Partial<FileTailOptions> & { file?: string; startAt?: 'beginning' | 'end' } = {}) => {
    const { file = join(logs, '*.log'), startAt = 'beginning', ...rest } = options;
    tail = await FileTail.open({
      sources: [{ file, startAt, agentId: 'GROK' }],
      server: SERVER,
      sink,
      clock: systemClock,
      logger: silentLogger,
      ...rest,
      limits: { ...QUICK, ...rest.limits },
    });
    return tail.start();
  };
  /** Ends the tail and the buffer; both open again on the same files. */
  const stop = async () => {
    await tail?.close();
    tail = undefined;
    await buffer.close();
    buffer = openBuffer(dir, limitBytes);
  };
  t.after(async () => {
    await tail?.close();
    await buffer.close();
  });
  const messages = () => taken.map(({ message }) => message);
  const takenAll = (count: number) => until(`${count} lines (there are ${taken.length})`, () => taken.length >= count);
  const settle = () => new Promise((resolve) => setTimeout(resolve, 80));
  return { dir, logs, taken, messages, takenAll, settle, start, stop, gate, positions: () => buffer.positions() };
}

/** What a full buffer answers. */
export const bufferFull = () => new NervesysError('NSV_BUFFER_FULL', 'full', { retryable: true });

/** `line 1` and on, as they are written. */
export const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `line ${from + i}\n`).join('');
/** The same as messages. */
export const numbered = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `line ${from + i}`);

/** How many descriptors this process has open on files in a folder. */
export async function descriptorsUnder(folder: string): Promise<number> {
  const names = await readdir('/proc/self/fd');
  const targets = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')));
  return targets.filter((target) => target.startsWith(folder)).length;
}
