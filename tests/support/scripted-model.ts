/**
 * A program that stands in for the process of a local model: `node scripted-model.ts MANNER`. It speaks as `nervesys model serve` does, and
 * misbehaves in the manner that it is told.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export type Manner =
  | 'good'
  | 'prose'
  | 'not-json'
  | 'endless-line'
  | 'flood'
  | 'endless-flood'
  | 'wrong-id'
  | 'hangs'
  | 'hangs-loading'
  | 'dies'
  | 'dies-loading'
  | 'refuses-loading'
  | 'hog'
  | 'dies-once'
  | 'deaf';

/** Starts one; the processes that were started are put into `started`. */
export function spawnScripted(manner: Manner, started: ChildProcess[] = []): () => ChildProcess {
  return () => {
    const child = spawn(
      process.execPath,
      [import.meta.filename, started.length > 0 && manner === 'dies-once' ? 'good' : manner],
      {
        stdio: ['pipe', 'pipe', 'pipe'],
      },
    );
    started.push(child);
    return child;
  };
}

export const GOOD_ANSWER = { verdict: 'critical', reason: 'the disk is full' };

if (import.meta.main) {
  const manner = process.argv[2] as Manner;
  const say = (reply: unknown) => process.stdout.write(`${JSON.stringify(reply)}\n`);
  const forever = () => setInterval(() => undefined, 1_000);
  const hoard: Buffer[] = [];
  if (manner === 'deaf') await new Promise(forever);
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    if (request.type === 'load') {
      if (manner === 'dies-loading') {
        process.stderr.write('ggml: cannot map this\n');
        process.exit(7);
      }
      if (manner === 'hangs-loading') {
        forever();
        continue;
      }
      if (manner === 'refuses-loading') {
        say({
          type: 'failed',
          code: 'NSV_MODEL_NOT_INSTALLED',
          message: 'load the library',
          hint: 'install it with: npm',
        });
        process.exit(1);
      }
      say({ type: 'ready' });
      continue;
    }
    switch (manner) {
      case 'prose':
        say({ type: 'answer', id: request.id, text: 'I think that this is critical.' });
        break;
      case 'not-json':
        process.stdout.write('Segmentation fault\n');
        break;
      case 'endless-line':
        process.stdout.write('x'.repeat(1_000_000));
        break;
      case 'flood':
        for (let n = 0; n < 1_000; n++) say({ type: 'memory', rssBytes: n });
        say({ type: 'answer', id: request.id, text: JSON.stringify(GOOD_ANSWER) });
        break;
      case 'endless-flood':
        setInterval(() => {
          for (let n = 0; n < 1_000; n++) say({ type: 'memory', rssBytes: n });
        }, 1);
        break;
      case 'wrong-id':
        say({ type: 'answer', id: -1, text: JSON.stringify(GOOD_ANSWER) });
        break;
      case 'hangs':
        forever();
        break;
      case 'dies':
      case 'dies-once':
        process.kill(process.pid, 'SIGKILL');
        break;
      case 'hog':
        setInterval(() => hoard.push(Buffer.alloc(20_000_000, 1)), 20);
        break;
      default:
        say({ type: 'answer', id: request.id, text: JSON.stringify(GOOD_ANSWER) });
    }
  }
}
