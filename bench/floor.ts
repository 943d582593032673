/**
 * The floor that the ingest benches are measured against: CPU seconds per million records of what cannot be left out.
 *
 * - parse: JSON.parse of each line
 * - insert: node:sqlite, WAL, synchronous=FULL, 1,000 rows a transaction, no index
 * - gzip: zlib level 6 in members of 1 MB
 *
 *   node bench/floor.ts FILE        (FILE from gen-logs.ts) prints one JSON object
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gzipSync } from 'node:zlib';

export interface Floor {
  readonly records: number;
  readonly cpuSecondsPerMillion: {
    readonly parse: number;
    readonly insert: number;
    readonly gzip: number;
    readonly total: number;
  };
  /** Input bytes a stored byte. */
  readonly gzipRatio: number;
  readonly node: string;
  readonly cpus: number;
  readonly model: string;
}

interface Line {
  readonly timestamp: string;
  readonly level: string;
  readonly agent_id: string;
  readonly action: string;
  readonly message: string;
  readonly context: unknown;
}

export function measureFloor(file: string): Floor {
  const bytes = readFileSync(file);
  const lines = bytes.toString().split('\n').filter(Boolean);
  const perMillion = 1e6 / lines.length;
  const cpuSeconds = (work: () => void): number => {
    const before = process.cpuUsage();
    work();
    const used = process.cpuUsage(before);
    return round(((used.user + used.system) / 1e6) * perMillion);
  };

  let records: Line[] = [];
  const parse = cpuSeconds(() => {
    records = lines.map((line) => JSON.parse(line) as Line);
  });
  const folder = mkdtempSync(join(tmpdir(), 'floor-'));
  const db = new DatabaseSync(join(folder, 'floor.db'));
  db.exec(
    'PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE logs(id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp TEXT, level TEXT, agent_id TEXT, action TEXT, message TEXT, context TEXT)',
  );
  const put = db.prepare('INSERT INTO logs(timestamp, level, agent_id, action, message, context) VALUES (?,?,?,?,?,?)');
  const insert = cpuSeconds(() => {
    for (let i = 0; i < records.length; i += 1000) {
      db.exec('BEGIN IMMEDIATE');
      for (const r of records.slice(i, i + 1000))
        put.run(r.timestamp, r.level, r.agent_id, r.action, r.message, JSON.stringify(r.context));
      db.exec('COMMIT');
    }
  });
  db.close();
  rmSync(folder, { recursive: true });
  let stored = 0;
  const gzip = cpuSeconds(() => {
    for (let i = 0; i < bytes.length; i += 1e6) stored += gzipSync(bytes.subarray(i, i + 1e6), { level: 6 }).length;
  });
  return {
    records: lines.length,
    cpuSecondsPerMillion: { parse, insert, gzip, total: round(parse + insert + gzip) },
    gzipRatio: round(bytes.length / stored),
    node: process.version,
    cpus: cpus().length,
    model: cpus()[0]?.model ?? 'unknown',
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

if (import.meta.main) {
  const file = process.argv[2];
  if (file === undefined) {
    console.error('usage: node bench/floor.ts FILE');
    process.exitCode = 2;
  } else console.log(JSON.stringify(measureFloor(file)));
}
