import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { LogBuffer } from '../../src/agent/buffer/buffer.ts';
import type { AppendOptions, SealedBatch, TailPosition } from '../../src/agent/buffer/types.ts';
import { encodeObject } from '../../src/agent/sources/record-encoder.ts';
import { readManifest, readManifestMember } from '../../src/contract/batch-object.ts';
import type { AgentId, ServerName } from '../../src/contract/ids.ts';
import { windowStart } from '../../src/contract/object-key.ts';
import type { ArchivedRecord } from '../../src/contract/record.ts';
import { sha256Hex } from '../../src/platform/digest.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { copyAsAfterCrash } from '../support/crash.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { givenSeed, seededBelow } from '../support/random.ts';

/*
 * The real buffer beside a simple one: a list of the records that were acknowledged. Random operations run on both, in random
 * order, with crashes (the files are copied as they lie there, and the copy is opened) and clocks that jump. Whatever comes,
 * the archive must get that list, once and in order, in objects that are what their manifests say.
 *
 * NERVESYS_SEED=n repeats a run; NERVESYS_SEQUENCES=n makes it longer.
 */

const SERVER = 'AIGARDEN01' as ServerName;
const SEQUENCES = Number(process.env['NERVESYS_SEQUENCES'] ?? 180);
const STEPS_MAX = 40;
const WINDOW_MS = 600_000;
const BATCH_TEXT_BYTES = 6_000;
const KEPT_MS = 600_000;
const AGENTS = ['GROK', '__proto__', 'constructor', '7', 'ג׳ימאי "א"', 'toString'];
/** In memory where there is such a place: a process that is killed loses nothing there either, and it is what is tested. */
const ROOT = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

type Random = (below: number) => number;

interface Key {
  readonly answer: string;
  readonly atWall: number;
  at: number;
  /** Its time was over once. A clock that was set back may give it another, if a restart still finds it in the file. */
  wasOld: boolean;
}

/** One sequence of operations on a buffer of its own. */
class Run {
  readonly log: string[] = [];
  readonly #random: Random;
  readonly #root = mkdtempSync(join(ROOT, 'nervesys-model-'));
  readonly #clock: FakeClock;
  #generation = 0;
  #buffer: LogBuffer;
  readonly #epoch: string;
  /** Numbers of the records that were acknowledged, in order; a record's sequence is its place. */
  readonly #acknowledged: number[] = [];
  readonly #archived: ArchivedRecord[] = [];
  /** Delivered, but the buffer doesn't know: its crash came first. */
  #delivered: SealedBatch | undefined;
  #previousManifestSha256: string | null = null;
  readonly #keys = new Map<string, Key>();
  readonly #positions = new Map<string, number>();
  #next = 1;

  constructor(random: Random) {
    this.#random = random;
    this.#clock = new FakeClock(Date.parse('2026-01-15T10:00:00.000Z') + random(10_000_000));
    this.#buffer = this.#open();
    this.#epoch = this.#buffer.epoch;
  }

  async play(): Promise<void> {
    try {
      for (let steps = 1 + this.#random(STEPS_MAX); steps > 0; steps--) await this.#step();
      await this.#buffer.seal();
      while (this.#deliver()) {}
      assert.deepEqual(
        this.#archived.map((record) => record.context['n']),
        this.#acknowledged,
        'the archive has what was acknowledged, once and in order',
      );
    } finally {
      await this.#buffer.close();
      rmSync(this.#root, { recursive: true, force: true });
    }
  }

  async #step(): Promise<void> {
    const operations: (() => unknown)[] = [
      () => this.#append(1),
      () => this.#append(1 + this.#random(8)),
      () => this.#append(1 + this.#random(3)),
      () => this.#buffer.seal(),
      () => this.#deliver(),
      () => this.#deliver(),
      () => this.#deliverInVain(),
      () => this.#buffer.sealEndedWindow(),
      () => this.#buffer.shrink(),
      () => this.#reopen(),
      () => this.#crash(),
      () => this.#crashWhileAppending(),
      () => this.#closeAmid(),
      () => this.#moveClock(),
      () => this.#moveClock(),
    ];
    const names =
      'append appendMany appendFew seal deliver deliver deliverInVain window shrink reopen crash crashWhileAppending closeAmid clock clock';
    const choice = this.#random(operations.length);
    this.log.push(names.split(' ')[choice]!);
    await operations[choice]!();
    await this.#check();
  }

  #open(): LogBuffer {
    const buffer = LogBuffer.open({
      path: join(this.#root, String(this.#generation), 'buffer.db'),
      server: SERVER,
      limitBytes: 20_000_000,
      windowMs: WINDOW_MS,
      batchTextBytes: BATCH_TEXT_BYTES,
      clock: this.#clock,
      logger: silentLogger,
    });
    // What is known of a key's age after a restart is the host's clock.
    for (const key of this.#keys.values())
      key.at = this.#clock.monotonic() - Math.max(0, this.#clock.now() - key.atWall);
    this.#ageKeys();
    return buffer;
  }

  #records(count: number) {
    return Array.from({ length: count }, () => {
      const n = this.#next++;
      const agent_id = AGENTS[this.#random(AGENTS.length)]!;
      const message = 'né "x"\n\u2028 '.repeat(this.#random(this.#random(20) === 0 ? 800 : 20));
      const timestamp = new Date(Date.UTC(2000 + this.#random(50), 0, 1)).toISOString();
      const level = ['DEBUG', 'INFO', 'WARN', 'ERROR', 'CRITICAL'][this.#random(5)];
      return {
        n,
        encoded: encodeObject({ message, agent_id, level, timestamp, context: { n } }, { server: SERVER, now: 0 }),
      };
    });
  }

  #options(): AppendOptions {
    const options: { idempotencyKey?: string; answer?: string; positions?: TailPosition[] } = {};
    if (this.#random(3) === 0) {
      options.idempotencyKey = `key-${this.#random(12)}`;
      options.answer = `answer-${this.#next}`;
    }
    if (this.#random(4) === 0) {
      const file = `file-${this.#random(3)}`;
      options.positions = [{ file, path: file, offset: this.#next, fingerprint: 'f', fingerprintBytes: 1 }];
    }
    return options;
  }

  /** Several requests at once: they become one commit or several, in their order. */
  async #append(requests: number): Promise<void> {
    const sent = Array.from({ length: requests }, () => ({
      records: this.#records(1 + this.#random(12)),
      options: this.#options(),
    }));
    const results = await Promise.all(
      sent.map(({ records, options }) =>
        this.#buffer.append(
          records.map(({ encoded }) => encoded),
          options,
        ),
      ),
    );
    sent.forEach(({ records, options }, i) => {
      const { idempotencyKey: key, answer = '' } = options;
      const known = key === undefined ? undefined : this.#keys.get(key);
      const isKept = known !== undefined && this.#clock.monotonic() - known.at <= KEPT_MS;
      if (isKept && !(known.wasOld && results[i]!.repeatedAnswer === undefined)) {
        assert.deepEqual(results[i], { repeatedAnswer: known.answer }, `the answer of ${key}`);
        return;
      }
      assert.deepEqual(results[i], {}, `${key} is new`);
      this.#acknowledge(records, options, key, answer);
    });
  }

  #acknowledge(
    records: readonly { readonly n: number }[],
    options: AppendOptions,
    key: string | undefined,
    answer: string,
  ): void {
    this.#acknowledged.push(...records.map(({ n }) => n));
    if (key !== undefined)
      this.#keys.set(key, { answer, at: this.#clock.monotonic(), atWall: this.#clock.now(), wasOld: false });
    for (const { file, offset } of options.positions ?? []) this.#positions.set(file, offset);
  }

  /** The oldest batch reaches the archive and leaves the buffer. */
  #deliver(): boolean {
    const batch = this.#take();
    if (batch === undefined) return false;
    this.#buffer.removeArchived(batch.id);
    this.#delivered = undefined;
    return true;
  }

  /** It reaches the archive, and the agent doesn't come to know. */
  #deliverInVain(): void {
    this.#delivered = this.#take() ?? this.#delivered;
  }

  /** Puts the oldest batch into the archive, where its object may stand already. */
  #take(): SealedBatch | undefined {
    const batch = this.#buffer.nextBatch();
    if (batch === undefined) return undefined;
    const object = this.#buffer.batchObject(batch.id);
    if (this.#delivered !== undefined) {
      const { id, sha256, manifest, bytes, md5 } = batch;
      assert.deepEqual(
        { id, sha256, manifest, bytes, md5, key: batch.key },
        { ...pick(this.#delivered), key: keyOf(this.#delivered) },
        'a batch that was delivered once comes again as it was, with its key',
      );
      assert.equal(sha256Hex(object), sha256);
      return batch;
    }
    this.#buffer.noteKey(batch.id, keyOf(batch));
    this.#archived.push(...this.#readObject(batch, object));
    return batch;
  }

  #readObject(batch: SealedBatch, object: Buffer): ArchivedRecord[] {
    const text = gunzipSync(object);
    const lines = text.toString().split('\n');
    assert.equal(lines.pop(), '');
    const records = lines.map((line) => JSON.parse(line) as ArchivedRecord);
    const manifest = readManifest(object)!;
    assert.deepEqual(manifest, batch.manifest);
    assert.equal(manifest.first, this.#archived.length + 1, 'no sequence is left out');
    assert.equal(manifest.last, this.#archived.length + records.length);
    assert.equal(manifest.records, records.length);
    assert.deepEqual(
      records.map((record) => record.id),
      records.map((_, i) => `${this.#epoch}-${manifest.first + i}`),
    );
    assert.equal(manifest.text_sha256, sha256Hex(text));
    assert.equal(manifest.text_bytes, text.length);
    assert.equal(batch.sha256, sha256Hex(object));
    assert.equal(batch.bytes, object.length);
    assert.equal(manifest.previous_manifest_sha256, this.#previousManifestSha256);
    this.#previousManifestSha256 = sha256Hex(readManifestMember(object)!.json);
    const agents = new Map<string, number>();
    for (const { agent_id } of records) agents.set(agent_id, (agents.get(agent_id) ?? 0) + 1);
    assert.deepEqual(new Map(Object.entries(manifest.agents)), new Map(Object.entries(Object.fromEntries(agents))));
    const timestamps = records.map(({ timestamp }) => timestamp).sort();
    assert.deepEqual([manifest.first_timestamp, manifest.last_timestamp], [timestamps[0], timestamps.at(-1)]);
    for (const level of Object.keys(manifest.levels) as (keyof typeof manifest.levels)[])
      assert.equal(manifest.levels[level], records.filter((record) => record.level === level).length);
    assert.equal(Date.parse(manifest.window), windowStart(Date.parse(manifest.window), WINDOW_MS));
    return records;
  }

  async #reopen(): Promise<void> {
    await this.#buffer.close();
    this.#buffer = this.#open();
  }

  /** What lies on the disk now is what the next process finds. */
  async #crash(): Promise<void> {
    const from = join(this.#root, String(this.#generation));
    const to = join(this.#root, String(++this.#generation));
    copyAsAfterCrash(from, to);
    await this.#buffer.close();
    rmSync(from, { recursive: true });
    this.#buffer = this.#open();
  }

  /** Requests that nobody got an answer to are stored each whole or not at all, in their order. */
  async #crashWhileAppending(): Promise<void> {
    const sent = Array.from({ length: 1 + this.#random(3) }, () => this.#records(1 + this.#random(5)));
    const answers = sent.map((records) => this.#buffer.append(records.map(({ encoded }) => encoded)));
    const settled = Promise.allSettled(answers);
    for (let turns = this.#random(4); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
    await this.#crash();
    await settled;
    let stored = this.#buffer.stats().lastSequence - this.#acknowledged.length;
    for (const records of sent) {
      if (stored === 0) break;
      stored -= records.length;
      assert.ok(stored >= 0, 'a request was stored in part');
      this.#acknowledge(records, {}, undefined, '');
    }
    assert.equal(stored, 0);
  }

  /** It is closed while it is appended to, sealed and shrunk: what was answered is stored, what was refused is not. */
  async #closeAmid(): Promise<void> {
    const sent = Array.from({ length: 1 + this.#random(6) }, () => this.#records(1 + this.#random(12)));
    const works: Promise<unknown>[] = [];
    const answers: Promise<boolean>[] = [];
    for (const records of sent) {
      answers.push(
        this.#buffer.append(records.map(({ encoded }) => encoded)).then(
          () => true,
          (error: { code?: string }) => {
            assert.equal(error.code, 'NSV_SHUTTING_DOWN');
            return false;
          },
        ),
      );
      for (let turns = this.#random(4); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
      if (this.#random(3) === 0)
        works.push(this.#buffer.seal().catch((error) => assert.equal(error.code, 'NSV_SHUTTING_DOWN')));
      if (this.#random(3) === 0) works.push(this.#buffer.shrink());
      if (this.#random(3) === 0) works.push(this.#buffer.recent({ limit: 100 }));
      if (this.#random(4) === 0) works.push(this.#buffer.close());
    }
    await this.#buffer.close();
    await Promise.all(works);
    for (const [i, isStored] of (await Promise.all(answers)).entries())
      if (isStored) this.#acknowledge(sent[i]!, {}, undefined, '');
    this.#buffer = this.#open();
  }

  async #moveClock(): Promise<void> {
    switch (this.#random(4)) {
      case 0:
        return this.#clock.jump(-this.#random(3 * 3_600_000));
      case 1:
        return this.#clock.jump(this.#random(3 * 86_400_000));
      default:
        await this.#clock.advance(this.#random(400_000));
        this.#ageKeys();
    }
  }

  #ageKeys(): void {
    for (const key of this.#keys.values()) key.wasOld ||= this.#clock.monotonic() - key.at > KEPT_MS;
  }

  async #check(): Promise<void> {
    const stats = this.#buffer.stats();
    const waiting = this.#delivered === undefined ? 0 : this.#delivered.manifest.records;
    assert.equal(this.#buffer.epoch, this.#epoch);
    assert.equal(stats.lastSequence, this.#acknowledged.length, 'the last sequence');
    assert.equal(stats.records, this.#acknowledged.length - this.#archived.length + waiting, 'what it says it holds');
    assert.deepEqual(
      new Map(this.#buffer.positions().map(({ file, offset }) => [file, offset])),
      this.#positions,
      'positions',
    );
    const agentId = AGENTS[this.#random(AGENTS.length)] as AgentId;
    const limit = 1 + this.#random(40);
    const recent = await this.#buffer.recent({ limit, ...(this.#random(2) === 0 ? {} : { agentId }) });
    const numbers = recent.map((record) => this.#acknowledged.indexOf(record.context['n'] as number));
    assert.deepEqual(
      numbers,
      [...numbers].sort((a, b) => b - a),
      'recent records come newest first',
    );
    const newest = await this.#buffer.recent({ limit });
    assert.deepEqual(
      newest.slice(0, stats.records).map((record) => record.context['n']),
      this.#acknowledged.slice(-Math.min(limit, stats.records)).reverse().slice(0, stats.records),
      'what the buffer holds is remembered',
    );
    assert.ok(!numbers.includes(-1), 'nothing is remembered that was not stored');
  }
}

const keyOf = (batch: SealedBatch) => `logs/${SERVER}/2026-01-15/10-00.${batch.id}.json.gz`;
const pick = ({ id, sha256, manifest, bytes, md5 }: SealedBatch) => ({ id, sha256, manifest, bytes, md5 });

test('whatever is done to the buffer, it keeps what a simple list of the acknowledged records would', async (t: TestContext) => {
  const seed = givenSeed();
  t.diagnostic(`NERVESYS_SEED=${seed}`);

  for (let n = 0; n < SEQUENCES; n++) {
    const run = new Run(seededBelow(seed + n));
    await run.play().catch((error: unknown) => {
      throw new Error(`NERVESYS_SEED=${seed + n} NERVESYS_SEQUENCES=1: ${run.log.join(' ')}`, { cause: error });
    });
  }
});
