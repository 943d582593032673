import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { LogBuffer } from '../../src/agent/buffer/buffer.ts';
import type { AppendOptions, SealedBatch } from '../../src/agent/buffer/types.ts';
import { encodeObject } from '../../src/agent/sources/record-encoder.ts';
import type { OnFull } from '../../src/config/index.ts';
import type { ServerName } from '../../src/contract/ids.ts';
import { formatObjectKey } from '../../src/contract/object-key.ts';
import { type ArchivedRecord, LEVELS } from '../../src/contract/record.ts';
import { sha256Hex } from '../../src/platform/digest.ts';
import { errorCode } from '../../src/platform/errors.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { DirectoryArchive } from '../../src/storage/index.ts';
import { verifyArchive } from '../../src/storage/ledger/index.ts';
import { copyAsAfterCrash } from '../support/crash.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { givenSeed, seededBelow } from '../support/random.ts';

/*
 * As `buffer-model.test.ts`, in a buffer that is full most of the time. Requests of sources that wait and of others come together, are
 * refused, press for room, are repeated, crash and close amid it all, while batches are announced and archived. Whatever comes:
 * what was acknowledged of sources that wait is archived once and in order; of the others each record is archived in order or counted in
 * one receipt; what was refused is not there; a batch that was announced stays as it is; and the archive alone proves it.
 *
 * NERVESYS_SEED=n repeats a run; NERVESYS_SEQUENCES=n makes it longer (a sixth as many sequences as of the other test).
 */

const SERVER = 'AIGARDEN01' as ServerName;
const SEQUENCES = Math.ceil(Number(process.env['NERVESYS_SEQUENCES'] ?? 180) / 6);
const STEPS_MAX = 40;
const LIMIT_BYTES = 1_700_000;
/** Text that can't be compressed is cut out of this. */
const NOISE = noise(1_000_000);
const NOISE_MAX = 6_000;
const BATCH_TEXT_BYTES = 60_000;
const ROOT = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

type Random = (below: number) => number;

/** The same each time, so that a seed repeats a run. */
function noise(bytes: number): string {
  const random = seededBelow(1);
  return Buffer.from(Uint8Array.from({ length: bytes }, () => random(256))).toString('base64');
}

interface Request {
  readonly onFull: OnFull;
  readonly numbers: readonly number[];
  readonly key: string | undefined;
  readonly answer: Promise<{ readonly repeatedAnswer?: string } | string>;
}

const countedRuns = { lost: 0, refused: 0, announced: 0, repeated: 0 };

class Run {
  readonly log: string[] = [];
  readonly #random: Random;
  readonly #root = mkdtempSync(join(ROOT, 'nervesys-full-'));
  readonly #clock = new FakeClock();
  #generation = 0;
  #buffer: LogBuffer;
  #next = 1;
  /** Acknowledged, by number: whether it may be given up. */
  readonly #acknowledged = new Map<number, OnFull>();
  /** Nobody got an answer: of sources that can't wait. */
  readonly #unknown = new Set<number>();
  readonly #keys = new Map<string, string>();
  readonly #objects = new Map<string, Buffer>();
  readonly #found: ArchivedRecord[] = [];
  /** Others know of it, and it isn't archived yet. */
  #announced: SealedBatch | undefined;

  constructor(random: Random) {
    this.#random = random;
    this.#buffer = this.#open();
  }

  async play(): Promise<void> {
    try {
      for (let i = 0; i < 60 && !this.#isFull; i++) await this.#append(3);
      for (let steps = this.#random(STEPS_MAX); steps > 0; steps--) await this.#step();
      await this.#judge();
    } finally {
      await this.#buffer.close();
      rmSync(this.#root, { recursive: true, force: true });
    }
  }

  async #step(): Promise<void> {
    const operations: Readonly<Record<string, () => unknown>> = {
      append: () => this.#append(1 + this.#random(4)),
      appendMany: () => this.#append(4 + this.#random(8)),
      appendMore: () => this.#append(1 + this.#random(4)),
      seal: () => this.#seal(),
      announce: () => this.#announce(),
      deliver: () => this.#deliver(),
      deliverAmidAppending: () => Promise.all([this.#append(3), this.#deliverSoon()]),
      window: () => this.#buffer.sealEndedWindow(),
      shrink: () => this.#buffer.shrink(),
      reopen: () => this.#reopen(),
      crash: () => this.#crash(),
      crashAmid: () => this.#crashAmid(),
      closeAmid: () => this.#closeAmid(),
      clock: () => this.#clock.advance(this.#random(14_000)), // in all less than keys are kept
    };
    const name = Object.keys(operations)[this.#random(Object.keys(operations).length)]!;
    this.log.push(name);
    await operations[name]!();
    const { records, lastSequence, lostRecords } = this.#buffer.stats();
    assert.equal(records, lastSequence - lostRecords - this.#found.length, 'what it says it holds');
    this.#checkAnnounced();
    this.#measure();
  }

  #checkAnnounced(): void {
    if (this.#announced === undefined) return;
    const next = this.#buffer.nextBatch();
    const { id, sha256 } = this.#announced;
    assert.deepEqual([next?.id, next?.sha256], [id, sha256], 'what was announced stays as it is');
  }

  get #isFull(): boolean {
    const { held, lostRecords } = this.#buffer.stats();
    return held || lostRecords > 0;
  }

  #open(): LogBuffer {
    return LogBuffer.open({
      path: join(this.#root, String(this.#generation), 'buffer.db'),
      server: SERVER,
      limitBytes: LIMIT_BYTES,
      windowMs: 600_000,
      batchTextBytes: BATCH_TEXT_BYTES,
      clock: this.#clock,
      logger: silentLogger,
    });
  }

  /** A request that is on its way. */
  #send(onFull: OnFull = this.#random(5) < 2 ? 'hold' : 'evict'): Request {
    const key = this.#random(4) === 0 ? `key-${this.#random(6)}` : undefined;
    const numbers = Array.from({ length: 1 + this.#random(6) }, () => this.#next++);
    const records = numbers.map((n) => {
      const at = this.#random(NOISE.length - NOISE_MAX);
      const message = NOISE.slice(at, at + this.#random(NOISE_MAX));
      const level = LEVELS[Math.min(this.#random(LEVELS.length), this.#random(LEVELS.length))]!;
      const given = { message, agent_id: onFull, level, context: { n } };
      return encodeObject(given, { server: SERVER, now: this.#clock.now() });
    });
    const options: AppendOptions = {
      onFull,
      ...(key === undefined ? {} : { idempotencyKey: key, answer: `answer-${numbers[0]}` }),
    };
    return { onFull, numbers, key, answer: this.#buffer.append(records, options).catch((error) => errorCode(error)!) };
  }

  /** Notes what was answered. `isRefusal`: which refusals may come. */
  async #note(requests: readonly Request[], refusals: readonly string[] = ['NSV_BUFFER_FULL']): Promise<void> {
    const known = new Map(this.#keys);
    for (const { onFull, numbers, key, answer } of requests) {
      const answered = await answer;
      if (typeof answered === 'string') {
        assert.ok(refusals.includes(answered), answered);
        if (key !== undefined && answered === 'NSV_BUFFER_FULL')
          assert.ok(!known.has(key), `${key} is known, also in a full buffer`);
        countedRuns.refused++;
      } else if (answered.repeatedAnswer !== undefined) {
        assert.equal(answered.repeatedAnswer, this.#keys.get(key!), `the answer of ${key}`);
        countedRuns.repeated++;
      } else {
        assert.ok(key === undefined || !this.#keys.has(key), `${key} is known`);
        for (const n of numbers) this.#acknowledged.set(n, onFull);
        if (key !== undefined) this.#keys.set(key, `answer-${numbers[0]}`);
      }
    }
  }

  async #append(count: number): Promise<void> {
    const requests = Array.from({ length: count }, () => this.#send());
    if (this.#random(2) === 0) await this.#turns(6);
    requests.push(this.#send());
    await this.#note(requests);
    this.#measure();
  }

  async #seal(): Promise<void> {
    await this.#buffer.seal().catch((error: unknown) => assert.equal(errorCode(error), 'NSV_BUFFER_FULL'));
  }

  #announce(): SealedBatch | undefined {
    const batch = this.#buffer.nextBatch();
    if (batch === undefined) return undefined;
    this.#buffer.announcing(batch.id);
    this.#checkAnnounced();
    assert.equal(sha256Hex(this.#buffer.batchObject(batch.id)), batch.sha256);
    this.#announced = batch;
    countedRuns.announced++;
    return batch;
  }

  #deliver(): boolean {
    const batch = this.#announce();
    if (batch === undefined) return false;
    const key = formatObjectKey({ server: SERVER, windowAt: batch.windowAt, n: batch.id });
    this.#buffer.noteKey(batch.id, key);
    const object = this.#buffer.batchObject(batch.id);
    this.#objects.set(key, Buffer.from(object)); // a copy: the buffer takes its own back
    const lines = gunzipSync(object).toString().trimEnd().split('\n');
    this.#found.push(...lines.map((line) => JSON.parse(line) as ArchivedRecord));
    this.#buffer.removeArchived(batch.id);
    this.#announced = undefined;
    return true;
  }

  async #deliverSoon(): Promise<void> {
    await this.#turns(8);
    this.#announce();
    await this.#turns(8);
    this.#deliver();
  }

  async #reopen(): Promise<void> {
    await this.#buffer.close();
    this.#buffer = this.#open();
  }

  async #crash(): Promise<void> {
    const from = join(this.#root, String(this.#generation));
    const to = join(this.#root, String(++this.#generation));
    copyAsAfterCrash(from, to);
    await this.#buffer.close();
    rmSync(from, { recursive: true });
    this.#buffer = this.#open();
  }

  /** What nobody got an answer to may be stored or not; what was answered before is. */
  async #crashAmid(): Promise<void> {
    const requests = Array.from({ length: 1 + this.#random(5) }, () => this.#send('evict'));
    await this.#turns(10);
    const answered = new Map<Request, Awaited<Request['answer']>>();
    for (const request of requests) request.answer.then((answer) => answered.set(request, answer));
    await Promise.resolve();
    const before = new Map(answered);
    await this.#crash();
    await Promise.all(requests.map(({ answer }) => answer));
    await this.#note([...before.keys()]);
    for (const request of requests) {
      if (before.has(request)) continue;
      if (request.key !== undefined) this.#keys.delete(request.key);
      for (const n of request.numbers) this.#unknown.add(n);
    }
    // Whether a key of theirs is known now can't be told: it is asked with nothing at stake.
    for (const { key } of requests) {
      if (key === undefined) continue;
      const asking = this.#buffer.append([], { idempotencyKey: key, answer: 'asked' });
      const answer = await asking.catch(() => undefined);
      if (answer !== undefined) this.#keys.set(key, answer.repeatedAnswer ?? 'asked');
    }
  }

  async #closeAmid(): Promise<void> {
    const requests: Request[] = [];
    for (let i = 1 + this.#random(6); i > 0; i--) {
      requests.push(this.#send());
      await this.#turns(4);
    }
    const sealing = this.#random(2) === 0 ? this.#buffer.seal().catch(() => undefined) : undefined;
    await this.#buffer.close();
    await sealing;
    await this.#note(requests, ['NSV_BUFFER_FULL', 'NSV_SHUTTING_DOWN']);
    this.#buffer = this.#open();
  }

  async #turns(max: number): Promise<void> {
    for (let turns = this.#random(max); turns > 0; turns--) await new Promise(setImmediate);
  }

  #measure(): void {
    const path = join(this.#root, String(this.#generation), 'buffer.db');
    const bytes = ['', '-wal', '-shm', '.reserve'].reduce(
      (sum, suffix) => sum + (statSync(path + suffix, { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
    assert.ok(bytes <= LIMIT_BYTES, `${bytes} bytes`);
  }

  async #judge(): Promise<void> {
    for (let round = 0; round < 3; round++) {
      while (this.#deliver()) {}
      await this.#seal();
    }
    while (this.#deliver()) {}
    const { records, lostRecords, lastSequence } = this.#buffer.stats();
    assert.equal(records, 0);
    countedRuns.lost += lostRecords;
    const numbers = this.#found.flatMap(({ context }) => (context['n'] as number | undefined) ?? []);
    for (const [i, n] of numbers.entries()) assert.ok(i === 0 || n > numbers[i - 1]!, 'in order, and once');
    const found = new Set(numbers);
    let missing = 0;
    for (const [n, onFull] of this.#acknowledged) {
      if (found.has(n)) continue;
      assert.equal(onFull, 'evict', `${n} of a source that waits is archived`);
      missing++;
    }
    for (const n of found) assert.ok(this.#acknowledged.has(n) || this.#unknown.has(n), `${n} was refused`);
    const unknown = [...this.#unknown].filter((n) => !found.has(n)).length;
    assert.ok(missing <= lostRecords && lostRecords <= missing + unknown, `${missing} of ${lostRecords} are missing`);

    await using archive = await DirectoryArchive.open(join(this.#root, 'archive'), { clock: this.#clock });
    for (const [key, object] of this.#objects) assert.equal(await archive.put(key, object), 'created');
    for await (const { findings, epochs } of verifyArchive({ archive })) {
      assert.deepEqual(findings, []);
      assert.equal(epochs[0]!.lostRecords, lostRecords);
      assert.equal(epochs[0]!.records + lostRecords, lastSequence);
    }
  }
}

test('whatever is done to a full buffer, each record is archived or accounted for', async (t: TestContext) => {
  const seed = givenSeed();
  t.diagnostic(`NERVESYS_SEED=${seed}`);

  for (let n = 0; n < SEQUENCES; n++) {
    const run = new Run(seededBelow(seed + n));
    await run.play().catch((error: unknown) => {
      throw new Error(`NERVESYS_SEED=${seed + n} NERVESYS_SEQUENCES=1: ${run.log.join(' ')}`, { cause: error });
    });
  }

  t.diagnostic(JSON.stringify(countedRuns));
  if (SEQUENCES >= 20) for (const [what, count] of Object.entries(countedRuns)) assert.ok(count > 0, `none ${what}`);
});
