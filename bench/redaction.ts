/**
 * What keeping secrets home costs, on the common workload, beside encoding the same records without it: once as a look at the raw line (what a
 * fast path does), once as a look at message and context of each encoded record. Prints the ratios; the workload holds no secrets, as logs mostly don't.
 * A second figure has a secret in every tenth line.
 *
 *   node bench/redaction.ts [--records 200000] [--json]
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Redactor, Suspects } from '../src/agent/redaction/redactor.ts';
import { encodeNdjson } from '../src/agent/sources/record-encoder.ts';
import type { ServerName } from '../src/contract/ids.ts';
import { REDACTION_DEFAULT } from '../src/contract/redaction.ts';
import { cpuPerRecord } from './figures.ts';
import { generateLogs } from './gen-logs.ts';

const ROUNDS = 7;
const BODY_BYTES = 128 * 1024;

const { values } = parseArgs({
  options: { records: { type: 'string', default: '200000' }, json: { type: 'boolean', default: false } },
});
const records = Number(values.records);
const folder = mkdtempSync(join(tmpdir(), 'nervesys-redaction-'));
try {
  const path = join(folder, 'logs.ndjson');
  generateLogs(path, records);
  const plain = readFileSync(path);
  const secretive = withSecrets(plain);
  const redactor = new Redactor(REDACTION_DEFAULT);
  const off = new Redactor({ ...REDACTION_DEFAULT, enabled: false });

  const figures = {
    records,
    encode_us: round(cpuPerRecord(records, ROUNDS, () => encodeAll(plain, off))),
    look_at_bytes_us: round(cpuPerRecord(records, ROUNDS, () => lookAtBytes(plain, redactor))),
    encode_and_redact_us: round(cpuPerRecord(records, ROUNDS, () => encodeAll(plain, redactor))),
    one_in_ten_with_a_secret_us: round(cpuPerRecord(records, ROUNDS, () => encodeAll(secretive, redactor))),
  };
  const ratios = {
    ...figures,
    look_at_bytes_to_encode: round(figures.look_at_bytes_us / figures.encode_us),
    redact_to_encode: round(figures.encode_and_redact_us / figures.encode_us - 1),
    one_in_ten_to_encode: round(figures.one_in_ten_with_a_secret_us / figures.encode_us - 1),
  };
  if (values.json) console.log(JSON.stringify(ratios));
  else for (const [name, figure] of Object.entries(ratios)) console.log(`${name.padEnd(28)} ${figure}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function encodeAll(text: Buffer, redactor: Redactor): void {
  for (const body of bodies(text))
    encodeNdjson(body, { server: 'BENCH01' as ServerName, now: 0, redaction: { for: () => redactor } });
}

function lookAtBytes(text: Buffer, redactor: Redactor): void {
  const suspects = new Suspects(text);
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf(0x0a, start);
    redactor.mayHoldBytes(start, end, suspects);
    start = end + 1;
  }
}

/** Requests of whole lines, as they come by HTTP. */
function* bodies(text: Buffer): Generator<Buffer> {
  for (let start = 0; start < text.length; ) {
    const end = text.lastIndexOf(0x0a, Math.min(start + BODY_BYTES, text.length - 1)) + 1;
    yield text.subarray(start, end);
    start = end;
  }
}

function withSecrets(text: Buffer): Buffer {
  const lines = text.toString('latin1').split('\n');
  return Buffer.from(
    lines
      .map((line, index) => (index % 10 === 0 ? line.replace('"message":"', '"message":"password=hunter2 ') : line))
      .join('\n'),
  );
}

function round(figure: number): number {
  return Math.round(figure * 1000) / 1000;
}
