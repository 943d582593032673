/*
 * The short way of a file's lines must mean exactly what the long way means. Method: stretches of lines of every kind, in canonical form, nearly
 * so, of other loggers, wrapped, plain, mutated, are read by the reader, and by cutting lines and encoding each; all that is stored of
 * them and how far they were read has to be the same.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import type { EncodedRecord } from '../../../../src/agent/buffer/types.ts';
import { Redactors } from '../../../../src/agent/redaction/index.ts';
import { SpareRecords } from '../../../../src/agent/sources/canonical-lines.ts';
import { openJoiner } from '../../../../src/agent/sources/file-tail/join-lines.ts';
import { RecordReader } from '../../../../src/agent/sources/file-tail/record-reader.ts';
import { type Stretch, type StretchOptions, splitLines } from '../../../../src/agent/sources/file-tail/split-lines.ts';
import { splitRecords } from '../../../../src/agent/sources/file-tail/split-records.ts';
import type { TailSource } from '../../../../src/agent/sources/file-tail/tailed-file.ts';
import { encodeLine } from '../../../../src/agent/sources/line-formats/encode-line.ts';
import { openTimeZone } from '../../../../src/agent/sources/line-formats/time-zone.ts';
import { ScannedRecord } from '../../../../src/agent/sources/record-scanner.ts';
import type { AgentId } from '../../../../src/contract/ids.ts';
import { REDACTION_DEFAULT } from '../../../../src/contract/redaction.ts';
import { mutate, randomLine } from '../../../support/json-lines.ts';
import { SERVER } from '../../../support/local-api.ts';
import { pick, type Random, seededRandom } from '../../../support/random.ts';

const STRETCHES = Number(process.env['LINES'] ?? 60_000) / 10;
const CLOCK = { now: () => Date.parse('2026-01-02T03:04:05.678Z') };
const LINES_MAX = 1_000;

const OTHER_LINES = [
  '',
  '   ',
  '\t\r',
  '{"level":30,"time":1765395900123,"pid":1,"msg":"pino"}',
  '{"message":"m","severity":"ERROR","ts":"2025-12-10 19:45:00"}',
  '{"log":"in docker\\n","stream":"stdout","time":"2025-12-10T19:45:00.123456789Z"}',
  '{"log":"{\\"message\\":\\"m\\",\\"level\\":\\"warn\\"}\\n","stream":"stderr","time":"2025-12-10T19:45:00Z"}',
  '2025-12-10T19:45:00.123456789Z stdout F {"message":"in kubernetes","level":"error"}',
  'time=2025-12-10T19:45:00Z level=warn msg="of logfmt"',
  '2025-12-10 19:45:00,123 ERROR [main] plain',
  'plain text',
  '    at frame (of/a/trace.js:1:1)',
  '{"message":"password=hunter2hunter2","level":"INFO"}',
  '{"timestamp":"2025-12-10T19:45:00.123Z","level":"INFO","agent_id":"GROK","action":"a","message":"m","context":{"password":"hunter2hunter2"}}',
  '{"timestamp":"2025-12-10T19:45:00.123Z","level":"INFO","agent_id":"GIMAI","action":"a","message":"ask jane@example.com","context":{}}',
  '{"message":"order 4711"}',
];

const REDACTIONS = [
  undefined,
  new Redactors({ ...REDACTION_DEFAULT, enabled: false }, []),
  new Redactors(REDACTION_DEFAULT, [
    { agentId: 'GIMAI', redaction: { ...REDACTION_DEFAULT, pii: ['email'] } },
    { agentId: 'GROK', redaction: { ...REDACTION_DEFAULT, patterns: [{ name: 'order', pattern: 'order \\d+' }] } },
  ]),
];

const SOURCES: readonly Partial<TailSource>[] = [
  {},
  {},
  {},
  { format: 'json' },
  { format: 'logfmt' },
  { format: 'plain' },
  { multiline: 'auto' },
  { agentId: 'x'.repeat(60) },
];

test('stretches of lines of every kind mean the same by the reader and line by line', (t) => {
  const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  const counts = { records: 0, copied: 0 };
  for (let n = 0; n < STRETCHES; n++) {
    const bytes = randomStretch(random);
    const options: StretchOptions = {
      skipping: random() < 0.1,
      final: random() < 0.2,
      quiet: random() < 0.2,
      lineBytesMax: random() < 0.1 ? 120 : 1_048_576,
    };
    const linesMax = random() < 0.1 ? 3 : LINES_MAX;

    compare(bytes, randomSource(random), options, linesMax, pick(random, REDACTIONS), counts, `seed ${seed}, ${n}`);
  }

  t.diagnostic(`${counts.copied} of ${counts.records} records were copied`);
  assert.ok(counts.copied > counts.records / 20 && counts.copied < counts.records / 2);
});

test('canonical lines are copied with either line break, also beside others; one that is partial waits', () => {
  const canonical = '{"timestamp":"2025-12-10T19:45:00.123Z","level":"INFO","agent_id":"A","message":"m","context":{}}';
  const bytes = Buffer.from(`${canonical}\r\n\0\0${canonical}\nplain\n${canonical}\n${canonical}`);

  const { records, stretch } = read(bytes, {});

  assert.deepEqual(records.map(isCopied), [true, true, false, true]);
  assert.equal(stretch.consumed, bytes.length - canonical.length);
});

for (const [name, source] of Object.entries({
  'plain text by configuration': { format: 'plain' },
  'logfmt by configuration': { format: 'logfmt' },
  'joined to records': { multiline: 'auto' },
}) as [string, Partial<TailSource>][])
  test(`lines that are ${name} are not copied`, () => {
    const { records } = read(Buffer.from('{"message":"m"}\n{"message":"m"}\n'), source);

    assert.ok(records.length > 0 && !records.some(isCopied));
  });

test('a line with a secret is not copied, nor is any where redaction has patterns of its own', () => {
  const bytes = Buffer.from('{"message":"a"}\n{"message":"password=hunter2hunter2"}\n{"message":"order 4711"}\n');

  assert.deepEqual(read(bytes, {}).records.map(isCopied), [true, false, true]);
  const { records } = read(bytes, { agentId: 'GROK' }, REDACTIONS[2]);
  assert.deepEqual(
    records.map(({ json }) => JSON.parse(`{${json}`).message),
    ['a', 'password=[redacted:password]', '[redacted:order]'],
  );
});

/** Of all stretches: what is used again must keep nothing of what it was before. */
const spares = new SpareRecords();

function isCopied(record: EncodedRecord): boolean {
  return record instanceof ScannedRecord;
}

function read(
  bytes: Buffer,
  source: Partial<TailSource>,
  redaction?: Redactors,
  options: StretchOptions = { skipping: false, final: false, quiet: false, lineBytesMax: 1_048_576 },
  linesMax = LINES_MAX,
) {
  const whole: TailSource = { file: 'f', startAt: 'beginning', agentId: 'FILE', timeZone: 'UTC', ...source };
  const given = redaction === undefined ? {} : { redaction };
  const reader = new RecordReader(whole, { server: SERVER, clock: CLOCK, linesMax, ...given });
  const records: EncodedRecord[] = [];
  spares.reuse();
  const stretch = reader.read(bytes, options, records, spares);
  return { records, stretch };
}

/** The long way, spelled out. */
function readLineByLine(
  bytes: Buffer,
  { agentId = 'FILE', format = 'auto', multiline }: Partial<TailSource>,
  options: StretchOptions,
  linesMax: number,
  redaction: Redactors | undefined,
): { records: EncodedRecord[]; stretch: Stretch } {
  const records: EncodedRecord[] = [];
  const given = redaction === undefined ? {} : { redaction };
  const defaults = { server: SERVER, now: CLOCK.now(), agentId: agentId as AgentId, ...given };
  const take = (line: string) => {
    if (line.trim() !== '') records.push(encodeLine(line, { format, zone: openTimeZone('UTC') }, defaults));
  };
  const stretch =
    multiline === undefined
      ? splitLines(bytes, { ...options, linesMax }, take)
      : splitRecords(bytes, { ...options, linesMax, joins: openJoiner(multiline) }, take);
  return { records, stretch };
}

function compare(
  bytes: Buffer,
  source: Partial<TailSource>,
  options: StretchOptions,
  linesMax: number,
  redaction: Redactors | undefined,
  counts: { records: number; copied: number },
  where: string,
): void {
  const found = read(bytes, source, redaction, options, linesMax);
  const expected = readLineByLine(bytes, source, options, linesMax, redaction);
  const said = `${where}: ${JSON.stringify({ source, options, linesMax })} ${bytes.toString('latin1')}`;
  assert.deepEqual(found.stretch, expected.stretch, said);
  assert.equal(found.records.length, expected.records.length, said);
  found.records.forEach((record, index) => {
    const { json, agentId, level, action, timestamp } = expected.records[index]!;
    assert.equal(record.json, json, said);
    assert.deepEqual(written(record), Buffer.from(json), said);
    assert.deepEqual(
      [record.agentId, record.level, record.action, record.timestamp],
      [agentId, level, action, timestamp],
      said,
    );
    counts.records++;
    if (isCopied(record)) counts.copied++;
  });
}

/** As the buffer stores it. */
function written(record: EncodedRecord): Buffer {
  if (record.writeTo === undefined) return Buffer.from(record.json);
  const bytes = Buffer.alloc(record.byteLength!);
  assert.equal(record.writeTo(bytes, 0), bytes.length);
  return bytes;
}

function randomSource(random: Random): Partial<TailSource> {
  return pick(random, SOURCES);
}

/** Some lines; the last may be partial, one may begin with a hole of NULs, characters may be broken. */
function randomStretch(random: Random): Buffer {
  const parts: Buffer[] = [];
  for (let lines = 1 + Math.floor(random() * 12); lines > 0; lines--) {
    let line: Buffer = Buffer.from(random() < 0.25 ? pick(random, OTHER_LINES) : randomLine(random));
    if (random() < 0.15) line = mutate(line, random);
    if (random() < 0.03) parts.push(Buffer.alloc(1 + Math.floor(random() * 3)));
    parts.push(line, Buffer.from(random() < 0.2 ? '\r\n' : '\n'));
  }
  const bytes = Buffer.concat(parts);
  return random() < 0.5 ? bytes : bytes.subarray(0, Math.floor(random() * bytes.length));
}
