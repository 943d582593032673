import type { AgentId, ServerName } from '../../../contract/ids.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { EncodedRecord } from '../../buffer/types.ts';
import type { Redaction } from '../../redaction/index.ts';
import { CanonicalLines, type SpareRecords } from '../canonical-lines.ts';
import { encodeLine, type LineReading } from '../line-formats/encode-line.ts';
import { openTimeZone } from '../line-formats/time-zone.ts';
import type { EncodeDefaults } from '../record-encoder.ts';
import { type JoinsRecord, openJoiner } from './join-lines.ts';
import { LINE_FEED, type Stretch, type StretchOptions, splitLines } from './split-lines.ts';
import { splitRecords } from './split-records.ts';
import type { TailSource } from './tailed-file.ts';

export interface RecordReaderOptions {
  readonly server: ServerName;
  readonly clock: Pick<Clock, 'now'>;
  /** What is taken out of records; absent: all credentials. */
  readonly redaction?: Redaction;
  /** Of one stretch. A stretch of empty lines would be a hundred times its size as records. */
  readonly linesMax: number;
}

const OPEN_BRACE = 0x7b;

/**
 * Makes records of the lines of one source. JSON lines in canonical form are copied where they stand, as those of requests are; all
 * others are made text of and read for what they are. Both mean the same, which a test holds against each other.
 */
export class RecordReader {
  readonly #options: RecordReaderOptions;
  readonly #agentId: AgentId;
  readonly #reading: LineReading;
  readonly #joins: JoinsRecord | undefined;
  /** Only where each line is a record by itself, and a brace may begin one of JSON. */
  readonly #copies: boolean;

  constructor({ agentId, format = 'auto', multiline, timeZone }: TailSource, options: RecordReaderOptions) {
    this.#options = options;
    this.#agentId = agentId as AgentId;
    this.#reading = { format, zone: openTimeZone(timeZone) };
    this.#joins = multiline === undefined ? undefined : openJoiner(multiline);
    this.#copies = multiline === undefined && (format === 'auto' || format === 'json');
  }

  /**
   * Adds the records of a stretch to `records`. They go on using `bytes`, which must not change until they are stored, and are some of
   * `spares`.
   */
  read(bytes: Buffer, stretch: StretchOptions, records: EncodedRecord[], spares?: SpareRecords): Stretch {
    const { server, clock, redaction, linesMax } = this.#options;
    const defaults: EncodeDefaults = {
      server,
      now: clock.now(),
      agentId: this.#agentId,
      ...(redaction === undefined ? {} : { redaction }),
    };
    const options = { ...stretch, linesMax };
    const take = (line: string) => {
      if (line.trim() !== '') records.push(encodeLine(line, this.#reading, defaults));
    };
    if (this.#joins !== undefined) return splitRecords(bytes, { ...options, joins: this.#joins }, take);
    if (!this.#copies) return splitLines(bytes, options, take);
    let canonical: CanonicalLines | undefined;
    let looked = false;
    return splitLines(bytes, options, take, (start) => {
      if (bytes[start] !== OPEN_BRACE) return -1;
      if (!looked) canonical = CanonicalLines.in(wholeLines(bytes), defaults, spares);
      looked = true;
      const record = canonical?.take(start);
      if (record === undefined || record.lineEnd - start > options.lineBytesMax) return -1;
      records.push(record);
      return canonical!.next;
    });
  }
}

/** Up to the last line break: a stretch may end within a line, and within a character. */
function wholeLines(bytes: Buffer): Buffer {
  return bytes.subarray(0, bytes.lastIndexOf(LINE_FEED) + 1);
}
