/** Webhooks: what tells of a push, and what a stranger who sends large ones costs. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import net from 'node:net';
import { after, type TestContext, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { TestRepository } from '../../support/git-repository.ts';
import { TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { until } from '../../support/until.ts';

const SECRET = 'of the webhook';
const MIB = 1024 * 1024;
const postgres = await TestPostgres.start();
after(() => postgres.close());

async function open(t: TestContext): Promise<TestOrchestrator> {
  const repository = await TestRepository.make(await tempDir(t));
  await repository.push({ 'agents/grok.yaml': 'role: Reviewer\n' });
  return TestOrchestrator.open(t, await postgres.database(), {
    git: {
      repository: `file://${repository.bare}`,
      branch: 'main',
      path: 'config',
      credentials: {},
      pollMs: 600_000,
      random: () => 0.5,
      webhookSecret: SECRET,
    },
  });
}

function sign(body: string): string {
  return `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`;
}

/** Sends a request's head and so many bytes of its body; resolves with the status line, or `undefined` while there is none. */
async function begin(t: TestContext, system: TestOrchestrator, headers: string, bytes: number) {
  const { hostname, port } = new URL(system.url);
  const socket = net.connect(Number(port), hostname);
  t.after(() => socket.destroy());
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  socket.on('error', () => undefined);
  const head = `POST /api/v1/hooks/github HTTP/1.1\r\nHost: ${hostname}\r\nContent-Length: ${25 * MIB}\r\n${headers}\r\n`;
  await new Promise<void>((resolve) =>
    socket.write(Buffer.concat([Buffer.from(head), Buffer.alloc(bytes)]), () => resolve()),
  );
  return { status: () => /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] };
}

test('a signed webhook is heard in both forms that GitHub sends, and nothing else is', async (t) => {
  const system = await open(t);
  const send = (raw: string, type: string, signature: string | undefined) =>
    system.ask('POST', '/api/v1/hooks/github', {
      key: null,
      raw,
      headers: { 'content-type': type, ...(signature === undefined ? {} : { 'x-hub-signature-256': signature }) },
    });
  const json = '{"ref":"refs/heads/main"}';
  const form = `payload=${encodeURIComponent(json)}`;

  assert.deepEqual((await send(json, 'application/json', sign(json))).json, { looking: true });
  assert.deepEqual((await send(form, 'application/x-www-form-urlencoded', sign(form))).json, { looking: true });
  for (const signature of [undefined, '', 'sha256=', sign(form), sign(json).toUpperCase(), `sha256=${'0'.repeat(64)}`])
    assert.equal((await send(json, 'application/json', signature)).status, 401, String(signature));
});

test('a webhook without a signature is refused before its body is sent', async (t) => {
  const system = await open(t);

  const { status } = await begin(t, system, 'Content-Type: application/json\r\n', 0);

  await until('it is refused', () => status() === '401');
});

test('large webhooks of strangers are not kept in memory while they come', async (t) => {
  const system = await open(t);
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const held = () => {
    collect();
    return process.memoryUsage().arrayBuffers;
  };
  const before = held();

  const headers = `Content-Type: application/json\r\nX-Hub-Signature-256: sha256=${'0'.repeat(64)}\r\n`;
  for (let n = 0; n < 6; n++) await begin(t, system, headers, 24 * MIB);
  await until('little is held', async () => {
    await new Promise((resolve) => setTimeout(resolve, 300)); // what is still on its way comes in
    return held() - before < 40 * MIB;
  });
});
