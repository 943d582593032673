import { type ChildProcess, spawn } from 'node:child_process';
import type { OnFull } from '../../../config/index.ts';
import type { AgentId, ServerName } from '../../../contract/ids.ts';
import type { Clock } from '../../../platform/clock.ts';
import { errorCode } from '../../../platform/errors.ts';
import { errorFields, type Logger } from '../../../platform/logger.ts';
import { Pace } from '../../../platform/pace.ts';
import type { Random } from '../../../platform/random.ts';
import { backoffMs } from '../../../platform/retry.ts';
import type { EncodedRecord, RecordSink, TailPosition } from '../../buffer/types.ts';
import type { AgentRegistry } from '../../registry.ts';
import { appendInPieces } from '../append-in-pieces.ts';
import { openTimeZone } from '../line-formats/time-zone.ts';
import type { EncodeDefaults } from '../record-encoder.ts';
import { BoundedLines } from './bounded-lines.ts';
import { encodeEntry, type JournalEntry, type JournalReading, parseEntry } from './journal-entry.ts';

/*
 * Follows the journal of systemd units through `journalctl --output=json --follow`, each entry once.
 *
 * journalctl names each entry by a cursor. The cursor of the last entry of a batch is stored in the same transaction as the batch's records, as
 * positions of files are; the next start asks for what follows it. At the first start the journal is followed from its end.
 * A cursor that journalctl refuses (the journal was thrown away) is replaced by the time of its entry, and what is not later than that is
 * passed over. journalctl that ends is started again, at ever longer intervals. A full buffer holds its pipe, and so the reading.
 */

export interface JournaldSourceOptions {
  readonly units: readonly string[];
  /** In whose file it stands; `undefined`: the defaults. */
  readonly agentId: AgentId | undefined;
  /** Absent: `fixed` with an `agentId`, else `unit`. */
  readonly agentIdFrom?: 'unit' | 'fixed' | undefined;
  /** What becomes of its records in a full buffer; absent: `hold`. */
  readonly onFull?: OnFull | undefined;
  readonly configured: readonly AgentId[];
  readonly server: ServerName;
  readonly sink: RecordSink;
  readonly registry?: AgentRegistry;
  readonly redaction?: EncodeDefaults['redaction'];
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** The program and arguments before ours; journalctl where absent. */
  readonly program?: readonly [string, ...string[]];
  readonly restart?: { readonly baseMs: number; readonly maxMs: number };
}

const RESTART = { baseMs: 1_000, maxMs: 60_000 };
/** A run as long as this was a good one: the next wait is the shortest again. */
const GOOD_RUN_MS = 60_000;
const HELD_MS = 500;
const KILL_AFTER_MS = 2_000;
const STDERR_LENGTH_MAX = 1_000;
/** An entry whose bytes are written as numbers takes four times its size, and more. */
const LINE_BYTES_MAX = 8 * 1024 * 1024;
/** The agent's own environment holds secrets that are none of journalctl's business. */
const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' };
const CURSOR_REFUSED = /seek to cursor|cursor/i;

/** What may be said otherwise while it follows. */
export type JournaldSettings = Pick<JournaldSourceOptions, 'agentId' | 'agentIdFrom' | 'onFull' | 'configured'>;

export class JournaldSource implements AsyncDisposable {
  readonly #options: JournaldSourceOptions;
  #reading: JournalReading;
  #onFull: OnFull;
  readonly #positionKey: string;
  readonly #running: Pace;
  #position: TailPosition | undefined;
  /** The stored cursor is of no use: its time is. */
  #byTime = false;
  #failures = 0;
  #trouble: string | undefined;
  #held = false;
  #entries = 0;

  private constructor(options: JournaldSourceOptions) {
    const { agentId, onFull = 'hold', units, sink, clock } = options;
    this.#options = options;
    this.#reading = readingBy(options);
    this.#onFull = onFull;
    this.#positionKey = `journald:${[...units].sort().join(',')}${agentId === undefined ? '' : `:${agentId}`}`;
    this.#position = sink.positions().find(({ file }) => file === this.#positionKey);
    this.#running = new Pace(clock, (signal) => this.#runOnce(signal));
  }

  static open(options: JournaldSourceOptions): JournaldSource {
    return new JournaldSource(options);
  }

  /** Returns itself. */
  start(): this {
    this.#running.start();
    return this;
  }

  /** Other settings from the next entry on; it goes on where it is. */
  use(settings: JournaldSettings): void {
    this.#reading = readingBy(settings);
    this.#onFull = settings.onFull ?? 'hold';
  }

  /** Entries stored, and whether the buffer takes none just now. */
  stats(): { readonly entries: number; readonly held: boolean } {
    return { entries: this.#entries, held: this.#held };
  }

  /** Why the journal isn't followed, in words. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Ends journalctl; what was read and not stored is read again at the next start. Safe twice. */
  close(): Promise<void> {
    return this.#running.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** One run of journalctl, to its end; the wait before the next one in ms. */
  async #runOnce(signal: AbortSignal): Promise<number> {
    const { clock, random, logger, restart = RESTART } = this.#options;
    const startedAt = clock.monotonic();
    const ending = await this.#follow(signal);
    if (signal.aborted) return 0;
    if (!this.#byTime && this.#position !== undefined && ending.entries === 0 && CURSOR_REFUSED.test(ending.reason)) {
      this.#byTime = true;
      logger.warn('the journal no longer knows where it was read to; it is followed from the time of the last entry', {
        reason: ending.reason,
      });
      return 0;
    }
    this.#failures = clock.monotonic() - startedAt >= GOOD_RUN_MS ? 1 : this.#failures + 1;
    if (this.#trouble === undefined)
      logger.error('the journal is not followed; it is tried again', { reason: ending.reason });
    this.#trouble = ending.reason;
    return backoffMs(this.#failures, restart, random);
  }

  async #follow(signal: AbortSignal): Promise<{ readonly reason: string; readonly entries: number }> {
    const [program, ...before] = this.#options.program ?? ['journalctl'];
    const child = spawn(program, [...before, ...this.#arguments()], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: ENVIRONMENT,
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = `${stderr}${text}`.slice(-STDERR_LENGTH_MAX);
    });
    const ended = ending(child);
    const stop = () => void endChild(child, ended, this.#options.clock);
    signal.addEventListener('abort', stop, { once: true });
    let entries = 0;
    try {
      const lines = new BoundedLines(LINE_BYTES_MAX);
      for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
        const read = lines.push(chunk).map(parseEntry);
        const known = read.filter((entry): entry is JournalEntry => entry !== undefined);
        if (known.length < read.length || lines.takeTooLong() > 0)
          this.#options.logger.warn('journalctl wrote something that is no entry; it is passed over');
        entries += known.length;
        await this.#store(known, signal);
      }
    } catch (error) {
      if (!signal.aborted) this.#options.logger.warn('reading the journal failed', errorFields(error));
    } finally {
      await endChild(child, ended, this.#options.clock);
      signal.removeEventListener('abort', stop);
    }
    const how = await ended;
    return { reason: `${program} ${how}${stderr.trim() === '' ? '' : `: ${stderr.trim()}`}`, entries };
  }

  #arguments(): string[] {
    const since =
      this.#position === undefined
        ? ['--lines=0']
        : this.#byTime
          ? ['--no-tail', `--since=@${(this.#position.offset / 1e6).toFixed(6)}`]
          : ['--no-tail', `--after-cursor=${this.#position.fingerprint}`];
    const units = this.#options.units.map((unit) => `--unit=${unit}`);
    // --follow shows the current boot only, even with --boot=all; --merge lifts that, and what was logged before a reboot isn't lost.
    return ['--output=json', '--follow', '--all', '--no-pager', '--quiet', '--merge', ...units, ...since];
  }

  /** Stores entries with the cursor of the last, however long the buffer takes nothing. Rejects when aborted. */
  async #store(entries: readonly JournalEntry[], signal: AbortSignal): Promise<void> {
    const { server, redaction, sink, registry, clock, logger } = this.#options;
    const after = this.#byTime ? (this.#position?.offset ?? 0) : 0;
    const fresh = entries.filter(({ realtimeUs }) => realtimeUs > after);
    const last = fresh.at(-1);
    if (last === undefined) return;
    const defaults = { server, now: clock.now(), ...(redaction === undefined ? {} : { redaction }) };
    const records = fresh
      .map((entry) => encodeEntry(entry, this.#reading, defaults))
      .filter((record): record is EncodedRecord => record !== undefined);
    const left = [...records];
    const position: TailPosition = {
      file: this.#positionKey,
      path: this.#positionKey,
      offset: last.realtimeUs,
      fingerprint: last.cursor,
      fingerprintBytes: 0,
    };
    for (;;) {
      try {
        await appendInPieces(sink, left, { positions: [position], onFull: this.#onFull }, (stored, ruled) =>
          registry?.note(stored, ruled),
        );
        break;
      } catch (error) {
        if (errorCode(error) === 'NSV_SHUTTING_DOWN') throw error;
        signal.throwIfAborted();
        if (!this.#held) logger.warn('the journal is not read on: the buffer takes nothing', errorFields(error));
        this.#held = true;
        await clock.sleep(HELD_MS, signal);
      }
    }
    this.#held = false;
    this.#position = position;
    this.#byTime = false;
    this.#trouble = undefined;
    this.#entries += records.length;
  }
}

function readingBy({ agentId, agentIdFrom, configured }: JournaldSettings): JournalReading {
  return {
    zone: openTimeZone(),
    agentId,
    byUnit: (agentIdFrom ?? (agentId === undefined ? 'unit' : 'fixed')) === 'unit',
    configured: new Map(configured.map((name) => [name.toLowerCase(), name])),
  };
}

/** How a process ended, in words; never rejects. */
function ending(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`could not be started (${errorCode(error) ?? error.message})`));
    child.once('exit', (code, signal) =>
      resolve(signal === null ? `exited with code ${code}` : `was killed by ${signal}`),
    );
  });
}

async function endChild(child: ChildProcess, ended: Promise<string>, clock: Clock): Promise<void> {
  child.kill('SIGTERM');
  child.stdout?.destroy();
  const patience = new AbortController();
  const timeUp = clock.sleep(KILL_AFTER_MS, patience.signal).then(
    () => child.kill('SIGKILL'),
    () => undefined, // it has ended
  );
  await Promise.race([ended, timeUp]);
  patience.abort();
  await ended;
}
