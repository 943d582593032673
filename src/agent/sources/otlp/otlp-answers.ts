import type { NervesysError } from '../../../platform/errors.ts';
import { type Answer, problemAnswer } from '../http/answers.ts';
import { cutUtf8 } from '../record-encoder.ts';
import type { OtlpEncoding, Signal } from './read-request.ts';

/* Answers as OTLP/HTTP wants them: in the encoding of the request; an error is a google.rpc.Status. */

const CONTENT_TYPES: Readonly<Record<OtlpEncoding, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
};
const REJECTED_NAMES: Readonly<Record<Signal, string>> = {
  logs: 'rejectedLogRecords',
  traces: 'rejectedSpans',
  metrics: 'rejectedDataPoints',
};
/** gRPC's codes for our HTTP statuses; clients go by the HTTP status. */
const GRPC_CODES: Readonly<Record<number, number>> = { 403: 7, 404: 5, 405: 12, 429: 8, 500: 13, 503: 14 };
const GRPC_INVALID_ARGUMENT = 3;
const MESSAGE_BYTES_MAX = 1_000;

/** How many items of a request could not be read, and why the first of them. */
export interface Rejection {
  readonly count: number;
  readonly message: string;
}

/** 200: all was taken, or all but what `rejection` says, which must not be sent again. */
export function exportAnswer(signal: Signal, encoding: OtlpEncoding, rejection: Rejection | undefined): Answer {
  const type = CONTENT_TYPES[encoding];
  if (encoding === 'json') {
    const partialSuccess =
      rejection === undefined
        ? {}
        : {
            partialSuccess: {
              [REJECTED_NAMES[signal]]: String(rejection.count), // protobuf's JSON writes 64-bit integers as text
              errorMessage: rejection.message,
            },
          };
    return { status: 200, type, body: JSON.stringify(partialSuccess) };
  }
  if (rejection === undefined) return { status: 200, type, body: '' };
  const partial = Buffer.concat([varintField(1, rejection.count), textField(2, rejection.message)]);
  return { status: 200, type, body: bytesField(1, partial) };
}

/** The answer to a request that failed, with the status and headers that the rest of the local API would give. */
export async function otlpProblemAnswer(contentType: string | undefined, error: NervesysError): Promise<Answer> {
  const problem = await problemAnswer(error);
  const encoding = encodingOf(contentType) ?? 'json';
  const code = GRPC_CODES[problem.status] ?? GRPC_INVALID_ARGUMENT;
  const message = cutUtf8(`${error.code}: ${error.message}`, MESSAGE_BYTES_MAX);
  const body =
    encoding === 'json'
      ? JSON.stringify({ code, message })
      : Buffer.concat([varintField(1, code), textField(2, message)]);
  return { ...problem, type: CONTENT_TYPES[encoding], body };
}

/** Which encoding a Content-Type names; `undefined` for another. */
export function encodingOf(contentType: string | undefined): OtlpEncoding | undefined {
  const type = (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase();
  if (type === 'application/x-protobuf' || type === 'application/protobuf') return 'protobuf';
  return type === 'application/json' ? 'json' : undefined;
}

function varintField(number: number, value: number): Buffer {
  return Buffer.from([number * 8, ...varint(value)]);
}

function textField(number: number, text: string): Buffer {
  return bytesField(number, Buffer.from(cutUtf8(text, MESSAGE_BYTES_MAX), 'utf8'));
}

function bytesField(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([number * 8 + 2, ...varint(bytes.length)]), bytes]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return [...bytes, rest];
}
