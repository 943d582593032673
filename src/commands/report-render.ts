import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { renderReport } from '../orchestrator/reports/render.ts';
import { RENDER_PRIORITY } from '../orchestrator/reports/render-process.ts';
import { ASK_BYTES_MAX, type RenderAsk, type RenderReply } from '../orchestrator/reports/render-protocol.ts';
import { describeError, NervesysError } from '../platform/errors.ts';
import { EXIT } from './exit-codes.ts';
import { readLines } from './read-lines.ts';

/**
 * `nervesys report-render`, which the orchestrator starts by itself: makes the files that it is asked for on standard input, until that
 * ends. Rendering blocks this thread for seconds, so the end of an orchestrator that was killed is seen by another thread first.
 */
export async function run(options: { readonly parent?: number }): Promise<number> {
  makeHumble();
  compileOnce();
  endWith(options.parent ?? process.ppid);
  const ownWrite = process.stdout.write;
  const write = ownWrite.bind(process.stdout);
  // A library that prints something would print it into a file.
  process.stdout.write = process.stderr.write.bind(process.stderr) as typeof process.stdout.write;
  for await (const line of readLines(process.stdin as AsyncIterable<Buffer>, ASK_BYTES_MAX)) {
    const { id, request } = JSON.parse(line) as RenderAsk;
    try {
      const { bytes, title, summary } = await renderReport(request);
      const rss_bytes = process.memoryUsage.rss();
      const reply: RenderReply = { type: 'rendered', id, title, summary, bytes: bytes.length, rss_bytes };
      write(`${JSON.stringify(reply)}\n`);
      write(bytes);
    } catch (error) {
      const hint = error instanceof NervesysError ? error.hint : undefined;
      const message = describeError(error).slice(0, 2_000);
      const reply: RenderReply = { type: 'failed', id, message, ...(hint === undefined ? {} : { hint }) };
      write(`${JSON.stringify(reply)}\n`);
    }
  }
  process.stdout.write = ownWrite;
  return EXIT.done;
}

/** Whatever else runs here goes first, and when memory runs out this goes before the orchestrator. */
function makeHumble(): void {
  for (const step of [
    () => setPriority(RENDER_PRIORITY),
    () => writeFileSync('/proc/self/oom_score_adj', '500'), // on Linux alone
  ])
    try {
      step();
    } catch {
      // Where the system won't have it, it works all the same.
    }
}

/** WebAssembly runs for two seconds here: compiling it once more, for speed, takes longer than that saves, and 60 MB. */
function compileOnce(): void {
  for (const flag of ['--no-wasm-tier-up', '--no-wasm-dynamic-tiering']) setFlagsFromString(flag);
}

const LOOK_EACH_SECOND = `
  const { workerData } = require('node:worker_threads');
  const never = new Int32Array(new SharedArrayBuffer(4));
  while (process.ppid === workerData) Atomics.wait(never, 0, 0, 1_000);
  process.kill(process.pid, 'SIGKILL');
`;

/** `parent`: as its starter says it, for it may have ended before we look. */
function endWith(parent: number): void {
  new Worker(LOOK_EACH_SECOND, { eval: true, workerData: parent, stdin: false }).unref();
}
