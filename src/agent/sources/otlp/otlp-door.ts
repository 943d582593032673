import type { IncomingMessage } from 'node:http';
import { NervesysError } from '../../../platform/errors.ts';
import type { EncodedRecord } from '../../buffer/types.ts';
import type { Answer } from '../http/answers.ts';
import { type BodyLease, readBody } from '../http/body.ts';
import type { LocalApiOptions } from '../http/local-api.ts';
import { defaultAgentId, markOf, RECORDS_PER_REQUEST_MAX, readIdempotencyKey, readOnFull } from '../http/post-logs.ts';
import { type EncodeDefaults, encodeObject } from '../record-encoder.ts';
import { CumulativeSeries, SeriesMemory } from './cumulative-series.ts';
import { mapLog, type RecordFields } from './map-log.ts';
import { mapMetric } from './map-metric.ts';
import { mapSpan } from './map-span.ts';
import { encodingOf, exportAnswer, type Rejection } from './otlp-answers.ts';
import type { OtlpCounts } from './otlp-counts.ts';
import { type Item, type OtlpEncoding, readRequest, type Signal } from './read-request.ts';
import { Unreadable } from './wire-reader.ts';

/**
 * The records of one request, in bytes. Each repeats the attributes of its sender, so a small body could otherwise grow without
 * bound. Ordinary telemetry grows two to three times: three times the largest body.
 */
const ENCODED_BYTES_MAX = 48 * 1024 * 1024;

/** What became of a request's items. */
interface Intake {
  readonly records: EncodedRecord[];
  passedOver: number;
  rejected: number;
  firstReason: string;
}

/**
 * `POST /v1/logs`, `/v1/traces`, `/v1/metrics`: OTLP/HTTP, protobuf and JSON. What is answered 200 is on disk, but for what the
 * answer names as rejected. Spans that are no AI work and metrics that are no usage of AI are accepted and counted, not kept.
 */
export class OtlpDoor {
  readonly #options: LocalApiOptions;
  readonly #bodyBytesMax: number;
  readonly #series: SeriesMemory;
  readonly #counts: OtlpCounts;

  /** `startedAt`: since when sums are counted that don't say so themselves, epoch ms. */
  constructor(options: LocalApiOptions, bodyBytesMax: number, counts: OtlpCounts, startedAt: number) {
    this.#options = options;
    this.#bodyBytesMax = bodyBytesMax;
    this.#counts = counts;
    this.#series = new SeriesMemory(startedAt);
  }

  /**
   * One export request. The answer follows the commit of its records.
   * @throws NervesysError with the code to answer by; then nothing was taken.
   */
  async receive(signal: Signal, request: IncomingMessage, query: URLSearchParams, lease: BodyLease): Promise<Answer> {
    const { server, clock, sink, registry, redaction } = this.#options;
    const encoding = readEncoding(request);
    const agentId = defaultAgentId(request, query, redaction);
    const idempotencyKey = readIdempotencyKey(request);
    const onFull = readOnFull(query);
    const body = await readBody(request, this.#bodyBytesMax, lease);
    const series = new CumulativeSeries(this.#series);
    const defaults: EncodeDefaults = {
      server,
      now: clock.now(),
      ...(agentId === undefined ? {} : { agentId }),
      ...(redaction === undefined ? {} : { redaction }),
    };

    const intake = takeIn(signal, encoding, body, series, defaults);

    const rejection = intake.rejected === 0 ? undefined : { count: intake.rejected, message: intake.firstReason };
    if (rejection !== undefined && intake.records.length + intake.passedOver === 0) {
      this.#counts[signal].rejected += intake.rejected;
      throw new NervesysError('NSV_BODY_INVALID', `none of ${rejection.count} could be read: ${rejection.message}`);
    }
    if (intake.records.length > 0) {
      const remembered = JSON.stringify(rejection ?? null);
      const { repeatedAnswer, ruled } = await sink.append(intake.records, {
        onFull,
        ...(idempotencyKey !== undefined && {
          idempotencyKey: `otlp ${signal} ${idempotencyKey}`,
          answer: remembered,
          bodyMark: markOf(body, agentId),
        }),
      });
      if (repeatedAnswer !== undefined)
        return exportAnswer(signal, encoding, (JSON.parse(repeatedAnswer) as Rejection | null) ?? undefined);
      series.learn();
      registry.note(intake.records, ruled);
    }
    const counts = this.#counts[signal];
    counts.kept += intake.records.length;
    counts.passed_over += intake.passedOver;
    counts.rejected += intake.rejected;
    return exportAnswer(signal, encoding, rejection);
  }
}

function readEncoding(request: IncomingMessage): OtlpEncoding {
  const contentType = request.headers['content-type'];
  const encoding = encodingOf(contentType);
  if (encoding === undefined)
    throw new NervesysError(
      'NSV_BODY_TYPE',
      `Content-Type "${(contentType ?? '').slice(0, 100)}" is not one of OTLP's`,
      {
        hint: 'Send application/x-protobuf or application/json.',
      },
    );
  return encoding;
}

/** Reads, maps and encodes all items; nothing is stored yet. */
function takeIn(
  signal: Signal,
  encoding: OtlpEncoding,
  body: Buffer,
  series: CumulativeSeries,
  defaults: EncodeDefaults,
): Intake {
  const intake: Intake = { records: [], passedOver: 0, rejected: 0, firstReason: '' };
  let bytes = 0;
  let items = 0;
  for (const item of readRequest(signal, encoding, body)) {
    items++;
    try {
      if ('unreadable' in item) throw new Unreadable(item.unreadable);
      const { records, passedOver } = mapItem(signal, item, series);
      intake.passedOver += passedOver;
      for (const fields of records) {
        const record = encodeObject(fields as unknown as Readonly<Record<string, unknown>>, defaults);
        bytes += record.json.length;
        intake.records.push(record);
      }
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      intake.rejected++;
      if (intake.rejected === 1) intake.firstReason = `${ITEM_NAMES[signal]} ${items}: ${error.message}`;
    }
    if (items > RECORDS_PER_REQUEST_MAX || intake.records.length > RECORDS_PER_REQUEST_MAX)
      throw tooMuch(`has more than ${RECORDS_PER_REQUEST_MAX} items`);
    if (bytes > ENCODED_BYTES_MAX) throw tooMuch(`makes records of more than ${ENCODED_BYTES_MAX} bytes`);
  }
  return intake;
}

const ITEM_NAMES: Readonly<Record<Signal, string>> = { logs: 'log record', traces: 'span', metrics: 'metric' };

function mapItem(
  signal: Signal,
  { origin, value }: Extract<Item, { value: unknown }>,
  series: CumulativeSeries,
): { records: readonly RecordFields[]; passedOver: number } {
  switch (signal) {
    case 'logs':
      return { records: [mapLog(value, origin)], passedOver: 0 };
    case 'traces': {
      const record = mapSpan(value, origin);
      return record === undefined ? { records: [], passedOver: 1 } : { records: [record], passedOver: 0 };
    }
    case 'metrics':
      return mapMetric(value, origin, series);
    default:
      return signal satisfies never;
  }
}

function tooMuch(what: string): NervesysError {
  return new NervesysError('NSV_BODY_TOO_LARGE', `the request ${what}; nothing was taken`);
}
