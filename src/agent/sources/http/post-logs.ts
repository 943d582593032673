import type { IncomingMessage } from 'node:http';
import { crc32 } from 'node:zlib';
import type { OnFull } from '../../../config/index.ts';
import { AGENT_ID_LENGTH_MAX, type AgentId, parseAgentId } from '../../../contract/ids.ts';
import type { LogsAnswer } from '../../../contract/record.ts';
import { errorCode, NervesysError } from '../../../platform/errors.ts';
import { parseJsonExactly } from '../../../platform/exact-json.ts';
import { BUILT_IN_REDACTION, type Redaction } from '../../redaction/index.ts';
import { type EncodeDefaults, type Encoded, encodeNdjson, encodeValues } from '../record-encoder.ts';
import { type Answer, jsonAnswer, problemAnswer } from './answers.ts';
import { type BodyLease, readBody } from './body.ts';
import type { LocalApiOptions } from './local-api.ts';

/** A record takes at least a few hundred bytes of memory however short its line; this keeps a body of tiny lines bounded. */
export const RECORDS_PER_REQUEST_MAX = 100_000;
/** A body shorter than this can't hold more lines of records than that (`{"message":1}` and a line break), so none are counted. */
const COUNTED_FROM_BYTES = RECORDS_PER_REQUEST_MAX;
const IDEMPOTENCY_KEY_LENGTH_MAX = 255;

/** Counts for `GET /metrics`. */
export interface IntakeCounts {
  requests: number;
  repeated: number;
  rejectedLines: number;
  /** Requests refused for their key: come again with another body, or one too many. */
  keysReused: number;
  keysTooMany: number;
}

/** `POST /logs`: the body becomes records, the answer follows their commit to disk. */
export async function postLogs(
  request: IncomingMessage,
  query: URLSearchParams,
  options: LocalApiOptions,
  bodyBytesMax: number,
  lease: BodyLease,
  counts: IntakeCounts,
): Promise<Answer> {
  const agentId = defaultAgentId(request, query, options.redaction);
  const idempotencyKey = readIdempotencyKey(request);
  const onFull = readOnFull(query);
  const body = await readBody(request, bodyBytesMax, lease);
  refuseTooManyLines(body);
  const { records, rejected, rejectedMore } = encodeBody(body, request.headers['content-type'] ?? '', {
    server: options.server,
    now: options.clock.now(),
    ...(agentId === undefined ? {} : { agentId }),
    ...(options.redaction === undefined ? {} : { redaction: options.redaction }),
  });
  if (records.length + rejected.length + rejectedMore > RECORDS_PER_REQUEST_MAX) throw tooMany('records');
  counts.requests++;
  counts.rejectedLines += rejected.length + rejectedMore;
  const answerOf = (accepted: number, dropped: number): LogsAnswer => ({
    accepted,
    dropped,
    rejected,
    ...(rejectedMore === 0 ? {} : { rejected_more: rejectedMore }),
  });
  const answer = answerOf(records.length, 0);
  if (records.length === 0) return rejected.length === 0 ? jsonAnswer(answer) : nothingTaken(answer);
  const { repeatedAnswer, ruled } = await options.sink
    .append(records, {
      onFull,
      ...(idempotencyKey !== undefined && {
        idempotencyKey,
        answer: rememberedForm(answer),
        answerAfterRules: (kept, dropped) => rememberedForm(answerOf(kept, dropped)),
        bodyMark: markOf(body, agentId),
      }),
    })
    .catch((error: unknown) => {
      if (errorCode(error) === 'NSV_KEY_REUSED') counts.keysReused++;
      if (errorCode(error) === 'NSV_TOO_MANY_KEYS') counts.keysTooMany++;
      throw error;
    });
  if (repeatedAnswer !== undefined) {
    counts.repeated++;
    return answerOfForm(repeatedAnswer);
  }
  options.registry.note(records, ruled);
  return jsonAnswer(ruled === undefined ? answer : answerOf(ruled.kept.length, ruled.dropped.length));
}

/** An answer as it is remembered: where all was accepted, the number alone. Hundreds of thousands may have to be. */
function rememberedForm(answer: LogsAnswer): string {
  const isPlain = answer.accepted > 0 && answer.dropped === 0 && answer.rejected.length === 0;
  return isPlain ? String(answer.accepted) : jsonAnswer(answer).body;
}

function answerOfForm(form: string): Answer {
  if (!/^\d+$/.test(form)) return { status: 200, body: form };
  return jsonAnswer({ accepted: Number(form), dropped: 0, rejected: [] } satisfies LogsAnswer);
}

/**
 * 32 bits of what was sent, by which a repeat is told from a key that is used for something else by mistake: a CRC, since nobody is kept
 * out by it, and a cryptographic hash would cost a tenth of storing the records.
 */
export function markOf(body: Buffer, agentId: AgentId | undefined): number {
  return crc32(agentId ?? '', crc32(body)) || 1;
}

/**
 * People send records in every shape, with every Content-Type (curl's own is a form's), so the body decides: an array is an array,
 * all else is NDJSON; and where that finds nothing, one JSON object over several lines.
 */
export function encodeBody(body: Buffer, contentType: string, defaults: EncodeDefaults): Encoded {
  const bytes = withoutBom(body);
  const first = firstByte(bytes);
  if (first === OPEN_BRACKET) {
    const value = parseJson(bytes);
    if (Array.isArray(value)) {
      if (value.length > RECORDS_PER_REQUEST_MAX) throw tooMany('records'); // before anything is made of them
      return encodeValues(value, defaults);
    }
  }
  if (first === OPEN_BRACE && /^application\/(?:[\w.-]+\+)?json\b/i.test(contentType) && !looksLikeNdjson(bytes)) {
    const value = parseJson(bytes);
    if (value !== undefined) return encodeValues([value], defaults);
  }
  const encoded = encodeNdjson(bytes, defaults);
  if (encoded.records.length > 0 || first !== OPEN_BRACE || encoded.rejected.length < 2) return encoded;
  const value = parseJson(bytes);
  return value === undefined ? encoded : encodeValues([value], defaults);
}

const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const LINE_FEED = 0x0a;

/** A first line that ends its object and a second that begins one: NDJSON, without parsing a large body in vain. */
function looksLikeNdjson(bytes: Buffer): boolean {
  const end = bytes.indexOf(LINE_FEED);
  return end > 0 && bytes[end - 1] === CLOSE_BRACE && bytes[end + 1] === OPEN_BRACE;
}

function withoutBom(body: Buffer): Buffer {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? body.subarray(3) : body;
}

function firstByte(body: Buffer): number | undefined {
  for (const byte of body) if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return byte;
  return undefined;
}

/** `undefined` when it is not one JSON value. */
function parseJson(body: Buffer): unknown {
  try {
    return parseJsonExactly(body.toString('utf8'));
  } catch {
    return undefined; // the caller goes on to read it as lines, and names those that are broken
  }
}

function refuseTooManyLines(body: Buffer): void {
  if (body.length < COUNTED_FROM_BYTES) return;
  let lines = 0;
  for (let at = body.indexOf(LINE_FEED); at !== -1; at = body.indexOf(LINE_FEED, at + 1)) {
    lines++;
    if (lines > RECORDS_PER_REQUEST_MAX) throw tooMany('lines');
  }
}

function tooMany(what: 'lines' | 'records'): NervesysError {
  return new NervesysError(
    'NSV_BODY_TOO_LARGE',
    `the body has more than ${RECORDS_PER_REQUEST_MAX} ${what}; nothing was taken`,
  );
}

/** 400 with the fields of a `LogsAnswer` beside those of a problem document: a client that repeats it would fail again. */
function nothingTaken(answer: LogsAnswer): Promise<Answer> {
  const first = answer.rejected[0]!;
  return problemAnswer(
    new NervesysError('NSV_BODY_INVALID', `no record could be taken: ${first.message}`, {
      hint: 'Send one JSON object with a "message" a line, or a JSON array of such objects.',
    }),
    { ...answer },
  );
}

/** `X-Nervesys-Agent` or `?agent_id=`: whose records these are where they don't say it themselves. A name may hold a secret as any text may. */
export function defaultAgentId(
  request: IncomingMessage,
  query: URLSearchParams,
  redaction: Redaction = BUILT_IN_REDACTION,
): AgentId | undefined {
  const header = request.headers['x-nervesys-agent'];
  const given = query.get('agent_id') ?? (typeof header === 'string' ? header : undefined);
  if (given === undefined || given === '') return undefined;
  const agentId = parseAgentId(given);
  if (agentId === undefined)
    throw new NervesysError('NSV_BODY_INVALID', 'agent_id must have 1 to 50 characters and no control characters');
  return redaction.for(agentId).redactText(agentId).slice(0, AGENT_ID_LENGTH_MAX) as AgentId;
}

/**
 * `?on_full=evict`: the sender can't wait for room, and has its least valuable records given up rather than refused (docs/API.md).
 * @throws NervesysError `NSV_BODY_INVALID`
 */
export function readOnFull(query: URLSearchParams): OnFull {
  const given = query.get('on_full') ?? 'hold';
  if (given !== 'hold' && given !== 'evict')
    throw new NervesysError('NSV_BODY_INVALID', `on_full is ${JSON.stringify(given.slice(0, 40))}`, {
      hint: 'Use hold, which is the default, or evict.',
    });
  return given;
}

/** @throws NervesysError `NSV_BODY_INVALID` */
export function readIdempotencyKey(request: IncomingMessage): string | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || key === '' || key.length > IDEMPOTENCY_KEY_LENGTH_MAX)
    throw new NervesysError(
      'NSV_BODY_INVALID',
      `Idempotency-Key must have 1 to ${IDEMPOTENCY_KEY_LENGTH_MAX} characters`,
    );
  return key;
}
