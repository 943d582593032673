import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { TestOrchestrator } from '../support/orchestrator.ts';
import { TestPostgres } from '../support/postgres.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

test('a port that is taken is named, with the option that helps', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  t.after(() => other.close());
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address() as AddressInfo;
  const database = await postgres.database();
  t.after(() => database.close());

  await assert.rejects(TestOrchestrator.open(t, database, { port }), {
    code: 'NSV_PORT_IN_USE',
    message: new RegExp(`127.0.0.1:${port}`),
    hint: /--port/,
  });
});

test('the key of this machine is made once, readable by its owner, and opens a new database as well', async (t) => {
  const home = await mkdtemp(join(tmpdir(), 'nervesys-home-'));
  t.after(() => rm(home, { recursive: true, force: true }));
  const first = await TestOrchestrator.open(t, await postgres.database(), { home });
  const path = join(home, 'orchestrator', 'admin.key');
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  await first.orchestrator.close();

  const second = await TestOrchestrator.open(t, await postgres.database(), { home });

  assert.equal(second.adminKey, first.adminKey);
  const session = await second.ask('GET', '/api/v1/session');
  assert.deepEqual(session.json, { type: 'api_key', name: 'admin', role: 'admin' });
});

test('while it runs its address is noted, and forgotten when it closes', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const path = join(system.home, 'orchestrator', 'address.json');

  assert.deepEqual(JSON.parse(await readFile(path, 'utf8')), { url: system.url, pid: process.pid });
  await system.orchestrator.close();
  await assert.rejects(readFile(path), { code: 'ENOENT' });
});

test('the page is served as built, asked for anew by its document only', async (t) => {
  const dashboardDir = await mkdtemp(join(tmpdir(), 'nervesys-dashboard-'));
  t.after(() => rm(dashboardDir, { recursive: true, force: true }));
  const system = await TestOrchestrator.open(t, await postgres.database(), { dashboardDir });
  const get = (path: string, headers = {}) => system.ask('GET', path, { key: null, headers });

  const notBuilt = await get('/');
  assert.equal(notBuilt.status, 503);
  assert.match(notBuilt.text, /npm run build:dashboard/);

  await mkdir(join(dashboardDir, 'assets'));
  await writeFile(join(dashboardDir, 'assets', 'index-1.js'), 'export const a = 1;\n'.repeat(100));
  await writeFile(join(dashboardDir, 'index.html'), '<!doctype html><title>Nervesys</title>');
  const index = await get('/');
  assert.equal(index.status, 200);
  assert.match(index.text, /<title>Nervesys/);
  assert.equal(index.headers.get('cache-control'), 'no-cache');
  assert.match(index.headers.get('content-security-policy') ?? '', /script-src 'self';/);
  assert.equal((await get('/', { 'if-none-match': index.headers.get('etag') ?? '' })).status, 304);
  const asset = await get('/assets/index-1.js', { 'accept-encoding': 'gzip' });
  assert.equal(asset.headers.get('content-encoding'), 'gzip');
  assert.match(asset.headers.get('cache-control') ?? '', /immutable/);
  assert.match(asset.text, /^export const a/);

  for (const path of [
    '/assets/../index.html',
    '/assets/%2e%2e/index.html',
    '/assets/..%2f..%2fetc%2fpasswd',
    '/assets/x.js',
  ]) {
    assert.notEqual((await get(path)).text.includes('root:'), true);
  }
  assert.equal((await get('/assets/x.js')).status, 404);
});

test('the API describes itself', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());

  const description = (await system.ask('GET', '/api/v1/openapi.json', { key: null })).json;
  const page = await system.ask('GET', '/docs/', { key: null });

  assert.equal(description.openapi, '3.1.0');
  assert.ok(description.paths['/api/v1/heartbeats'].post.requestBody);
  assert.equal(page.status, 200);
  assert.match(page.text, /swagger/i);
});

test('closing waits for a request in flight, but not for connections that are idle or never asked', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  await system.ask('GET', '/healthz'); // fetch keeps its connection
  const silent = connect(system.orchestrator.port, '127.0.0.1');
  t.after(() => silent.destroy());
  await once(silent, 'connect');
  const startedAt = performance.now();
  const inFlight = system.ask('GET', '/api/v1/fleet');
  await new Promise((resolve) => setImmediate(resolve));

  await system.orchestrator.close();

  assert.ok(performance.now() - startedAt < 1_000);
  const status = await inFlight.then(
    (answer) => answer.status,
    () => 'refused',
  );
  assert.ok(status === 200 || status === 'refused' || status === 503, String(status));
});
