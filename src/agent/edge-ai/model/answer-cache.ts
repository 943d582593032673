import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { appendFile, mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TEMPLATE_ID_PATTERN, type TemplateId } from '../../../contract/triage.ts';
import { writeFileAtomic } from '../../../platform/atomic-file.ts';
import { MODEL_VERDICTS, type ModelVerdict } from './types.ts';

/** An answer as it is remembered. */
export interface KeptAnswer {
  readonly verdict: ModelVerdict;
  readonly reason: string;
  /** Epoch ms. */
  readonly answeredAt: number;
}

/** More than this never stands on the disk; it counts to the agent's limit. */
export const CACHE_BYTES_MAX = 1_000_000;
/** What is kept when the file is written anew, the newest answers. */
const KEPT_BYTES_MAX = 500_000;
const REASON_LENGTH_MAX = 200;

/**
 * What the model has answered, over restarts: a file with a line for each answer, to which lines are added until it is half garbage or too
 * large, and which is then written anew. It is a cache: what can't be read is left out, what can't be written is remembered in memory only.
 */
export class AnswerCache {
  readonly #path: string;
  /** By template and model; the oldest first. */
  readonly #answers = new Map<string, KeptAnswer>();
  #fileBytes = 0;
  #needsRewrite = false;
  #writing: Promise<void> = Promise.resolve();
  /** Lines that could not be read, and writes that failed. */
  damaged = 0;
  failedWrites = 0;

  /** Reads the file at once: a millisecond or two, when the agent starts. Never throws. */
  constructor(path: string) {
    this.#path = path;
    let text: string;
    try {
      text = readBounded(path, CACHE_BYTES_MAX);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        this.damaged++;
        this.#needsRewrite = true;
      }
      return;
    }
    this.#fileBytes = Buffer.byteLength(text);
    for (const line of text.split('\n')) {
      if (line === '') continue;
      const found = parseLine(line);
      if (found === undefined) this.damaged++;
      else this.#remember(found.key, found.answer);
    }
    this.#needsRewrite = this.damaged > 0 || (text !== '' && !text.endsWith('\n'));
  }

  get size(): number {
    return this.#answers.size;
  }

  /** On the disk. */
  get bytes(): number {
    return this.#fileBytes;
  }

  answers(): Iterable<KeptAnswer> {
    return this.#answers.values();
  }

  /** `model`: its identity, with that of the prompt. */
  get(template: TemplateId, model: string): KeptAnswer | undefined {
    return this.#answers.get(keyOf(template, model));
  }

  /** Remembers at once, writes in the background. */
  set(template: TemplateId, model: string, answer: KeptAnswer): void {
    const key = keyOf(template, model);
    this.#remember(key, answer);
    this.#writing = this.#writing.then(async () => {
      try {
        await this.#write(formatLine(key, answer));
      } catch {
        this.failedWrites++;
        this.#needsRewrite = true; // a line may stand there in part
      }
    });
  }

  /** Resolves when everything is written that will be. */
  async close(): Promise<void> {
    await this.#writing;
  }

  async #write(line: string): Promise<void> {
    const bytes = Buffer.byteLength(line);
    if (!this.#needsRewrite && this.#fileBytes + bytes <= CACHE_BYTES_MAX) {
      await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
      await appendFile(this.#path, line, { mode: 0o600 });
      this.#fileBytes += bytes;
      return;
    }
    // Beside the draft the old file must not stand too, so that both never pass the limit together.
    if (this.#fileBytes > KEPT_BYTES_MAX) await rm(this.#path, { force: true });
    const text = this.#newest();
    await writeFileAtomic(this.#path, text);
    this.#fileBytes = Buffer.byteLength(text);
    this.#needsRewrite = false;
  }

  /** The lines of the newest answers; the others are forgotten. */
  #newest(): string {
    const lines: string[] = [];
    let bytes = 0;
    for (const [key, answer] of [...this.#answers].reverse()) {
      const line = formatLine(key, answer);
      bytes += Buffer.byteLength(line);
      if (bytes > KEPT_BYTES_MAX) this.#answers.delete(key);
      else lines.push(line);
    }
    return lines.reverse().join('');
  }

  #remember(key: string, answer: KeptAnswer): void {
    this.#answers.delete(key);
    this.#answers.set(key, answer);
  }
}

function keyOf(template: TemplateId, model: string): string {
  return `${template} ${model}`;
}

function formatLine(key: string, { verdict, reason, answeredAt }: KeptAnswer): string {
  return `${JSON.stringify({ key, verdict, reason, at: answeredAt })}\n`;
}

function parseLine(line: string): { readonly key: string; readonly answer: KeptAnswer } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { key, verdict, reason, at } = value as Record<string, unknown>;
  const known = MODEL_VERDICTS.find((one) => one === verdict);
  if (typeof key !== 'string' || key.length > 300 || !TEMPLATE_ID_PATTERN.test(key.split(' ', 1)[0]!)) return undefined;
  if (known === undefined || typeof reason !== 'string' || reason.length > REASON_LENGTH_MAX) return undefined;
  if (typeof at !== 'number' || !Number.isFinite(at)) return undefined;
  return { key, answer: { verdict: known, reason, answeredAt: at } };
}

function readBounded(path: string, bytesMax: number): string {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    if (size > bytesMax) throw new Error(`${path} is larger than it ever gets`);
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}
