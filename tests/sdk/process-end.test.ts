import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runProgram } from './run-program.ts';
import { TestAgent } from './test-agent.ts';

const NUMBERS = Array.from({ length: 200 }, (_, index) => index + 1);
const AWAY = { NERVESYS_AGENT_ID: 'GROK', NERVESYS_URL: 'http://127.0.0.1:1' };

for (const mode of ['', 'await', 'idle'])
  test(`a program that ends by itself${mode && ` after ${mode}`} has delivered everything, and ends at once`, async (t) => {
    const agent = await TestAgent.start(t);

    const ended = await runProgram('ending-program.ts', [mode], { NERVESYS_AGENT_ID: 'GROK', NERVESYS_URL: agent.url });

    assert.equal(ended.code, 0, ended.stderr);
    assert.equal(ended.stderr, '');
    assert.deepEqual(
      (await agent.records()).map(({ context }) => context['n']),
      NUMBERS,
    );
    assert.ok(ended.durationMs < 4_000, `${ended.durationMs} ms`);
  });

test('without an agent a program ends after its patience, its records in order on standard error', async () => {
  const ended = await runProgram('ending-program.ts', [''], AWAY);

  assert.equal(ended.code, 0);
  assert.deepEqual(
    ended.fallen.map(({ context }) => context.n),
    NUMBERS,
  );
  assert.ok(ended.durationMs < 6_000, `${ended.durationMs} ms`);
});

test('process.exit leaves no time for the agent: the records are on standard error, and the exit code is kept', async () => {
  const ended = await runProgram('ending-program.ts', ['exit'], AWAY);

  assert.equal(ended.code, 3);
  assert.deepEqual(
    ended.fallen.map(({ context }) => context.n),
    NUMBERS,
  );
});

test('a program that fails leaves its records on standard error, beside its own last words', async () => {
  const ended = await runProgram('ending-program.ts', ['throw'], AWAY);

  assert.equal(ended.code, 1);
  assert.match(ended.stderr, /the program failed/);
  assert.equal(ended.fallen.length, 200);
});

test('a wrong NERVESYS_URL is told, and stops nothing', async () => {
  const ended = await runProgram('ending-program.ts', ['exit'], { ...AWAY, NERVESYS_URL: 'nowhere' });

  assert.equal(ended.code, 3);
  assert.match(ended.stderr, /NERVESYS_URL is not an http or https address/);
});
