import { gunzip, gzip } from '../../platform/gzip.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import type { BufferStats } from '../buffer/types.ts';

/** What triage keeps in the buffer file over restarts, with its share of the buffer's limit and what it may take of the largest. */
const STATES = {
  templates: { meta: 'triage_templates', bytesMax: 256_000 },
  corrections: { meta: 'triage_corrections', bytesMax: 128_000 },
  detectors: { meta: 'triage_detectors', bytesMax: 96_000 },
  reports: { meta: 'triage_reports', bytesMax: 64_000 },
} as const;
export type StateName = keyof typeof STATES;

/** Of a larger or smaller limit than this they get a larger or smaller part, up to `bytesMax`: a drained buffer is to stay under 1 MB. */
const LIMIT_BYTES_USUAL = 100_000_000;
/** When more than this of the limit is in use, what is left is for records. */
const USED_SHARE_MAX = 0.9;
/** What was packed is at most so long; anything else is damage. */
const TEXT_BYTES_MAX = 16_000_000;
const FORM = '1';

export interface StateBuffer {
  meta(name: string): string | undefined;
  setMeta(name: string, value: string): void;
  stats(): Pick<BufferStats, 'bytes' | 'limitBytes' | 'held'>;
}

/** Keeps texts, packed, in the buffer's file. What can't be kept now, or can't be read any more, harms nothing: it is learnt again. */
export class KeptState {
  readonly #buffer: StateBuffer;
  readonly #logger: Logger;

  constructor(buffer: StateBuffer, logger: Logger) {
    this.#buffer = buffer;
    this.#logger = logger;
  }

  /** What was noted with it, without reading it. */
  noteOf(name: StateName): string | undefined {
    const [form, note] = this.#value(name)?.split('\n', 2) ?? [];
    return form === FORM ? note : undefined;
  }

  async read(name: StateName): Promise<string | undefined> {
    const [form, , packed] = this.#value(name)?.split('\n', 3) ?? [];
    if (form !== FORM || packed === undefined) return undefined;
    try {
      return (await gunzip(Buffer.from(packed, 'base64'), { maxOutputLength: TEXT_BYTES_MAX })).toString('utf8');
    } catch (error) {
      this.#logger.warn('what triage had learnt could not be read; it is learnt again', {
        state: name,
        ...errorFields(error),
      });
      return undefined;
    }
  }

  /** How many bytes of text fit, by what such text usually packs to. */
  textBytesMax(name: StateName): number {
    return this.#packedBytesMax(name) * 3;
  }

  /** Whether it stands in the file. `note`: one line. Never rejects. */
  async write(name: StateName, text: string, note = ''): Promise<boolean> {
    const buffer = this.#buffer;
    try {
      const value = `${FORM}\n${note}\n${(await gzip(Buffer.from(text))).toString('base64')}`;
      const { bytes, limitBytes, held } = buffer.stats();
      if (value.length > this.#packedBytesMax(name) || held || bytes > limitBytes * USED_SHARE_MAX) return false;
      buffer.setMeta(STATES[name].meta, value);
      return true;
    } catch (error) {
      this.#logger.warn('what triage has learnt could not be kept; it is tried again', {
        state: name,
        ...errorFields(error),
      });
      return false;
    }
  }

  #packedBytesMax(name: StateName): number {
    const part = Math.min(1, this.#buffer.stats().limitBytes / LIMIT_BYTES_USUAL);
    return STATES[name].bytesMax * part;
  }

  #value(name: StateName): string | undefined {
    try {
      return this.#buffer.meta(STATES[name].meta);
    } catch {
      return undefined; // a page of the file that can't be read
    }
  }
}
