/**
 * The floor of the single-record bench: a bare Node HTTP server that stores each body as a row and answers after the commit; requests of
 * one turn of the event loop share a transaction. No checks, no numbering, no sealing.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import http, { type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const folder = mkdtempSync(join(tmpdir(), 'nervesys-single-floor-'));
const db = new DatabaseSync(join(folder, 'floor.db'));
db.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE logs (id INTEGER PRIMARY KEY, body BLOB)');
const put = db.prepare('INSERT INTO logs (body) VALUES (?)');
let waiting: { body: Buffer; response: ServerResponse }[] = [];

const server = http.createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    waiting.push({ body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks), response });
    if (waiting.length === 1) setImmediate(commit);
  });
});

function commit(): void {
  const group = waiting;
  waiting = [];
  db.exec('BEGIN IMMEDIATE');
  for (const { body } of group) put.run(body);
  db.exec('COMMIT');
  for (const { response } of group) response.end('{"accepted":1}\n');
}

server.listen(0, '127.0.0.1', () =>
  process.send!({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }),
);
process.on('disconnect', () => {
  db.close();
  rmSync(folder, { recursive: true });
  process.exit(0);
});
