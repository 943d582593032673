import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { aiTotalsByDay, gatherAiWork, priceOf } from '../../../../src/orchestrator/reports/facts/ai-work-facts.ts';
import { factsWindow } from '../../../../src/orchestrator/reports/facts/facts-window.ts';
import { wholeHours } from '../../../../src/orchestrator/reports/facts/whole-hours.ts';
import { factsPeriod } from '../../../../src/orchestrator/reports/period.ts';
import { TestOrchestrator } from '../../../support/orchestrator.ts';
import { TestPostgres } from '../../../support/postgres.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const NOW = Date.now();
const yesterday = new Date(NOW - 2 * DAY_MS).toISOString().slice(0, 10);
const windowOf = (day: string) => factsWindow('daily', factsPeriod('daily', day, 'Asia/Jerusalem')!, NOW);
const DAY = windowOf(yesterday);
const PRICES = [
  { model: 'gpt-5', input: 1, output: 10 },
  { model: 'claude-*', input: 3, output: 15 },
];
const NOTHING = {
  model: null as string | null,
  calls: 0,
  failed_calls: 0,
  input_tokens: 0,
  output_tokens: 0,
  tool_calls: 0,
  tool_failures: 0,
  cost_usd: 0,
  costed_calls: 0,
  uncosted_input_tokens: 0,
  uncosted_output_tokens: 0,
};

/** An entry of the hour so many hours after the day began. */
function work(hours: number, change: Partial<typeof NOTHING> & { agent_id?: string } = {}) {
  const at = new Date(DAY.startsAt.getTime() + hours * HOUR_MS);
  return { agent_id: 'GROK', day: at.toISOString().slice(0, 10), hour: at.getUTCHours(), ...NOTHING, ...change };
}
const priced = (input: number, output: number, model: string | null) => ({
  model,
  calls: 1,
  input_tokens: input,
  output_tokens: output,
  uncosted_input_tokens: input,
  uncosted_output_tokens: output,
});

async function opened(t: Parameters<typeof TestOrchestrator.open>[0], ...servers: string[]) {
  const database = await postgres.database();
  const system = await TestOrchestrator.open(t, database);
  const keys = await Promise.all(servers.map((server) => system.enrol(server)));
  const tell = async (id: string, entries: readonly unknown[], key = keys[0]) => {
    const body = { id, templates: [], ai_work: entries };
    const answer = await system.ask('POST', '/api/v1/templates', { key, body });
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
  };
  return { database, system, keys, tell };
}

test('what servers tell of the work of AI agents is added up once, and told by agent and model', async (t) => {
  const { database, keys, tell } = await opened(t, 'AIGARDEN01', 'AIGARDEN02');
  const told = [
    work(0, priced(1_000_000, 100_000, 'gpt-5')),
    work(5, {
      ...priced(500, 50, 'claude-opus-4'),
      agent_id: 'CLAUDE',
      uncosted_input_tokens: 0,
      uncosted_output_tokens: 0,
      cost_usd: 0.25,
      costed_calls: 1,
    }),
    work(23, { tool_calls: 7, tool_failures: 2, failed_calls: 1, calls: 1, model: 'gpt-5' }),
    work(-1, priced(9e9, 9e9, 'gpt-5')), // of the day before
    work(24, priced(9e9, 9e9, 'gpt-5')), // of the next
  ];

  const answers = [await tell('e-1', told), await tell('e-1', told), await tell('e-1', [told[0]], keys[1])];
  const facts = await gatherAiWork(database, DAY, PRICES);

  assert.deepEqual(
    answers.map(({ repeated }) => repeated),
    [false, true, false],
  );
  assert.deepEqual(facts, {
    calls: 4,
    failed_calls: 1,
    input_tokens: 2_000_500,
    output_tokens: 200_050,
    tool_calls: 7,
    tool_failures: 2,
    cost_usd: 4.25, // 2 × (1 + 1) of gpt-5, and what is told
    cost_is_partial: false,
    by_agent_model: [
      {
        agent_id: 'GROK',
        model: 'gpt-5',
        calls: 3,
        failed_calls: 1,
        input_tokens: 2_000_000,
        output_tokens: 200_000,
        tool_calls: 7,
        tool_failures: 2,
        cost_usd: 4,
      },
      {
        agent_id: 'CLAUDE',
        model: 'claude-opus-4',
        calls: 1,
        failed_calls: 0,
        input_tokens: 500,
        output_tokens: 50,
        tool_calls: 0,
        tool_failures: 0,
        cost_usd: 0.25,
      },
    ],
    total: 2,
    tokens_by_slot: [2_200_000, 0, 0, 0, 0, 550, ...Array.from({ length: DAY.slots.length - 6 }, () => 0)],
  });
  const totals = await aiTotalsByDay(
    database,
    [windowOf(new Date(NOW - 9 * DAY_MS).toISOString().slice(0, 10)), DAY],
    PRICES,
  );
  assert.deepEqual(totals, [null, { calls: 4, tokens: 2_200_550, costUsd: 4.25 }]);
});

test('a cost is known as far as records or prices tell it, and says when it is a part', async (t) => {
  const { database, tell } = await opened(t, 'AIGARDEN01');
  assert.equal(await gatherAiWork(database, DAY, PRICES), null);

  await tell('e-1', [work(1, priced(10, 10, 'local-model'))]);
  const none = await gatherAiWork(database, DAY, PRICES);
  await tell('e-2', [work(1, priced(1_000_000, 0, 'claude-sonnet-4-5')), work(1, { tool_calls: 1 })]);
  const part = await gatherAiWork(database, DAY, PRICES);

  assert.deepEqual([none!.cost_usd, none!.cost_is_partial], [null, false]);
  assert.deepEqual([part!.cost_usd, part!.cost_is_partial, part!.total], [3, true, 3]);
  assert.deepEqual(
    part!.by_agent_model.map(({ model, cost_usd: cost }) => [model, cost]),
    [
      ['claude-sonnet-4-5', 3],
      ['local-model', null],
      [null, null],
    ],
  );
});

test('entries that are none are counted and left out, and what a wrong clock dates is of now', async (t) => {
  const { database, tell } = await opened(t, 'AIGARDEN01');
  const strange = [
    null,
    {},
    work(1, { calls: -1 }),
    work(1, { calls: 1.5 }),
    work(1, { calls: 1e13 }),
    work(1, { cost_usd: Number.MAX_VALUE }),
    work(1, { model: 'm'.repeat(101) }),
    { ...work(1), hour: 24 },
    { ...work(1), agent_id: 'a\u0000' },
    { ...work(1), day: '2026-02-30' },
  ];
  const odd = [
    { ...work(1), day: '1970-01-01', calls: 1 },
    work(1, { model: "'; DROP TABLE ai_work_hours; -- \ud800\u0000", calls: 1 }),
  ];

  const answer = await tell('e-1', [...strange, ...odd]);

  // A day that no calendar has is dated as whatever no clock can mean.
  assert.deepEqual([answer.accepted, answer.rejected, answer.ai_work_rejected], [0, [], strange.length - 1]);
  const { rows } = await database.query<{ hour: Date; model: string }>(
    'SELECT hour, model FROM ai_work_hours ORDER BY hour',
  );
  assert.ok(rows.every(({ hour }) => hour.getTime() > NOW - 3 * DAY_MS));
  assert.equal(rows.length, 2);
  assert.equal(rows[0]!.model, "'; DROP TABLE ai_work_hours; -- \ufffd\ufffd");
});

test('the first price that fits holds, and * stands for any end', () => {
  const prices = [
    { model: 'gpt-5-mini', input: 1, output: 1 },
    { model: 'gpt-5*', input: 2, output: 2 },
    { model: '*', input: 9, output: 9 },
  ];

  assert.deepEqual(
    ['gpt-5-mini', 'gpt-5-mini-2025', 'gpt-5', 'o3', ''].map((model) => priceOf(model, prices)?.input),
    [1, 2, 2, 9, undefined],
  );
});

test('days stand for the nearest hours, and a day that goes on for its last one, too', () => {
  const hours = (startsAt: string, endsAt: string) => {
    const { from, to } = wholeHours({ startsAt: new Date(startsAt), endsAt: new Date(endsAt) });
    return [from.toISOString().slice(11, 16), to.toISOString().slice(11, 16)];
  };

  assert.deepEqual(hours('2025-12-09T22:00:00Z', '2025-12-10T22:00:00Z'), ['22:00', '22:00']);
  assert.deepEqual(hours('2025-12-09T18:30:00Z', '2025-12-10T18:30:00Z'), ['19:00', '19:00']);
  assert.deepEqual(hours('2025-12-09T18:15:00Z', '2025-12-10T18:15:00Z'), ['18:00', '18:00']);
  assert.deepEqual(hours('2025-12-09T22:00:00Z', '2025-12-10T14:00:07Z'), ['22:00', '15:00']);
});
