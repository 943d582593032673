import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RuleEngine } from '../../../src/agent/rules/rule-engine.ts';
import { encodeNdjson } from '../../../src/agent/sources/record-encoder.ts';
import { NERVESYS_AGENT_ID } from '../../../src/contract/ids.ts';
import { CONTEXT_BYTES_MAX } from '../../../src/contract/record.ts';
import { engineWith, hitsOf, NOON, outcome, record, SERVER } from './ruled.ts';

/** A rule with these conditions, which tags what it hits. */
const when = (conditions: string) => `  - { name: one, when: ${conditions}, then: { tag: hit } }\n`;

const CASES: readonly [conditions: string, hit: Record<string, unknown>, missed: Record<string, unknown>][] = [
  ['{ level: ERROR }', { level: 'ERROR' }, { level: 'CRITICAL' }],
  ['{ level: [DEBUG, WARN] }', { level: 'WARN' }, { level: 'INFO' }],
  ['{ level_at_least: ERROR }', { level: 'CRITICAL' }, { level: 'WARN' }],
  ['{ agent: GROK }', { agent_id: 'GROK' }, { agent_id: 'GROKK' }],
  ["{ agent: ['CHAT*', GIMAI] }", { agent_id: 'CHATGPT' }, { agent_id: 'GROK' }],
  ["{ action: 'deploy_*' }", { action: 'deploy_web' }, { action: 'undeploy_web' }],
  ['{ contains: rate limit }', { message: 'hit a rate limit again' }, { message: 'hit a Rate Limit again' }],
  ['{ contains: [\'a "quoted" one\', b] }', { message: 'say a "quoted" one' }, { message: 'say a quoted one' }],
  ["{ contains: 'שלום עולם' }", { message: 'אמר שלום עולם ושתק' }, { message: 'אמר שלום' }],
  ["{ matches: 'timeout after \\d+ ms' }", { message: 'timeout after 300 ms' }, { message: 'timeout after some ms' }],
  ["{ matches: '(?i)http 429\\b' }", { message: 'HTTP 429.' }, { message: 'http 4290' }],
  ['{ context: { model: gpt-4o } }', { context: { model: 'gpt-4o' } }, { context: { model: 'gpt-4' } }],
  ['{ context: { code: [1, 2] } }', { context: { code: 2 } }, { context: { code: '2' } }],
  ['{ context: { code: { is_not: [0] } } }', { context: {} }, { context: { code: 0 } }],
  [
    '{ context: { usage.total: { above: 100 } } }',
    { context: { usage: { total: 101 } } },
    { context: { usage: { total: 100 } } },
  ],
  [
    '{ context: { usage.total: { at_least: 100 } } }',
    { context: { usage: { total: '100' } } },
    { context: { usage: { total: 'many' } } },
  ],
  [
    '{ context: { usage.total: { below: 5, at_least: 2 } } }',
    { context: { 'usage.total': 2 } },
    { context: { 'usage.total': 5 } },
  ],
  [
    '{ context: { gen_ai.usage.in: { at_most: 5 } } }',
    { context: { 'gen_ai.usage': { in: 5 } } },
    { context: { gen_ai: { usage: { in: 6 } } } },
  ],
  [
    '{ context: { items.1.name: x } }',
    { context: { items: [{}, { name: 'x' }] } },
    { context: { items: [{ name: 'x' }] } },
  ],
  ['{ context: { error: { exists: true } } }', { context: { error: false } }, { context: { error: null } }],
  ['{ context: { error: { exists: false } } }', { context: {} }, { context: { error: 'x' } }],
  [
    '{ context: { url: { contains: [/login, /pay] } } }',
    { context: { url: 'https://x/pay' } },
    { context: { url: ['/pays'] } },
  ],
  [
    '{ context: { tags: { contains: red } } }',
    { context: { tags: ['blue', 'red'] } },
    { context: { tags: { red: 1 } } },
  ],
  ["{ context: { url: { matches: '/v[12]/' } } }", { context: { url: '/v2/x' } }, { context: { url: '/v3/x' } }],
  [
    '{ level: ERROR, contains: x, context: { a: 1 } }',
    { level: 'ERROR', message: 'x', context: { a: 1 } },
    { level: 'ERROR', message: 'x', context: { a: 2 } },
  ],
];

for (const [conditions, hit, missed] of CASES)
  test(`when ${conditions}`, async () => {
    const engine = await engineWith(when(conditions));

    assert.deepEqual(hitsOf(engine, hit), ['one']);
    assert.deepEqual(hitsOf(engine, missed), []);
  });

test('a record that no rule hits is handed on as it came', async () => {
  const engine = await engineWith(when('{ level: ERROR, contains: trouble }'));

  assert.equal(engine.judge([record({ level: 'INFO' }), record({ level: 'ERROR', message: 'fine' })], NOON), undefined);
});

test('a record may be told its level, its action and tags; what it said stays, digit by digit', async () => {
  const engine = await engineWith(
    '  - { name: one, when: { contains: quota }, then: { set: { level: ERROR, action: quota }, tag: [money, urgent] } }\n',
  );

  const changed = outcome(engine, {
    message: 'quota "used" up \ud83d\ude00',
    level: 'info',
    timestamp: '2025-12-10T19:45:00.123Z',
    context: { id: '9007199254740993', price: 0.1, __proto__: null, 7: 'seven' },
  });

  assert.deepEqual(changed, {
    timestamp: '2025-12-10T19:45:00.123Z',
    level: 'ERROR',
    server: SERVER,
    agent_id: 'GROK',
    action: 'quota',
    message: 'quota "used" up \ud83d\ude00',
    context: { id: '9007199254740993', price: 0.1, 7: 'seven', _tags: ['money', 'urgent'] },
  });
});

test('rules run in order, each on what the one before has made of the record; dropped is dropped', async () => {
  const engine = await engineWith(
    [
      '  - { name: lower, when: { contains: retrying }, then: { set: { level: DEBUG }, tag: retry } }',
      '  - { name: tagged, when: { context: { _tags: { contains: retry } } }, then: { set: { action: retry } } }',
      '  - { name: quiet, when: { level: DEBUG, action: retry, contains: twice }, then: { drop: true } }',
      '  - { name: never, when: { contains: twice }, then: { tag: late } }',
      '',
    ].join('\n'),
  );

  const once = outcome(engine, { message: 'retrying', level: 'ERROR' });

  assert.deepEqual([once?.level, once?.action, once?.context], ['DEBUG', 'retry', { _tags: ['retry'] }]);
  assert.equal(outcome(engine, { message: 'retrying twice', level: 'ERROR' }), undefined);
  assert.deepEqual(hitsOf(engine, { message: 'retrying twice' }), ['lower', 'tagged', 'quiet']);
});

test('of records that are sampled the share is kept, evenly, the first one too, and each says so', async () => {
  const engine = await engineWith('  - { name: one, when: { level: DEBUG }, then: { sample: 25% } }\n');
  const records = Array.from({ length: 12 }, (_, n) => record({ level: n < 10 ? 'DEBUG' : 'INFO', context: { n } }));

  const { kept, dropped } = engine.judge(records, NOON)!;

  const contexts = kept.map(({ json }) => JSON.parse(`{${json}`).context);
  assert.deepEqual(contexts, [
    { n: 0, _sampled: 0.25 },
    { n: 4, _sampled: 0.25 },
    { n: 8, _sampled: 0.25 },
    { n: 10 },
    { n: 11 },
  ]);
  assert.equal(dropped.length, 7);
});

test('what a rule redacts is replaced in the message and everywhere in the context, and named', async () => {
  const engine = await engineWith(
    "  - { name: ticket, when: {}, then: { redact: { matches: 'TCK-\\d{4}', context: [customer.name, note] } } }\n",
  );

  const redacted = outcome(engine, {
    message: 'for TCK-1234, TCK-5678 and TCK-9',
    context: {
      customer: { name: 'Dana', city: 'Haifa' },
      list: ['TCK-1111', { x: 'y TCK-2222' }],
      _redacted: ['email'],
    },
  });

  assert.equal(redacted?.message, 'for [redacted:ticket], [redacted:ticket] and TCK-9');
  assert.deepEqual(redacted?.context, {
    customer: { name: '[redacted:ticket]', city: 'Haifa' },
    list: ['[redacted:ticket]', { x: 'y [redacted:ticket]' }],
    _redacted: ['email', 'ticket'],
  });
  assert.deepEqual(outcome(engine, { message: 'nothing', context: { a: 1 } })?.context, { a: 1 });
});

test('where a tag makes a context too large, the record still says what was done with it, and what was cut before', async () => {
  const engine = await engineWith('  - { name: one, when: {}, then: { tag: [first, second], sample: 50% } }\n');
  const context = Object.fromEntries(Array.from({ length: 2_500 }, (_, index) => [`field_${index}`, 'x'.repeat(85)]));

  for (let size = 1; size < 100; size += 7) {
    const fields = { ...context, size: 'x'.repeat(size) };
    const lengthLeft = CONTEXT_BYTES_MAX - JSON.stringify({ ...fields, _truncated: ['message'] }).length;
    const nearlyFull = { ...fields, ...pieces(lengthLeft) };

    const { context: changed } = outcome(engine, { message: 'm'.repeat(70_000), context: nearlyFull })!;
    outcome(engine, {}); // the one that is not sampled

    assert.deepEqual([changed['_tags'], changed['_sampled']], [['first', 'second'], 0.5]);
    assert.deepEqual(changed['_truncated'], ['message', 'context']);
  }
});

/** Fields of short texts that take so many bytes, or a few less. */
function pieces(bytes: number): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: Math.floor(bytes / 40) }, (_, index) => [
      `p${String(index).padStart(5, '0')}`,
      'y'.repeat(28),
    ]),
  );
}

test('an alert stands in the record as its verdict: the worst severity, and every rule that made one', async () => {
  const engine = await engineWith(
    [
      '  - { name: first, when: { level: ERROR }, then: { alert: warning } }',
      '  - { name: second, when: { contains: disk }, then: { alert: { severity: critical, title: The disk } } }',
      '',
    ].join('\n'),
    'rules: [{ name: mine, when: { contains: disk }, then: { tag: x } }]\n',
  );

  const judged = engine.judge([record({ level: 'ERROR', message: 'disk' })], NOON)!;

  assert.deepEqual(JSON.parse(`{${judged.kept[0]!.json}`).triage, { severity: 'critical', rules: ['first', 'second'] });
  assert.deepEqual(Object.keys(JSON.parse(`{${judged.kept[0]!.json}`)), [
    'timestamp',
    'level',
    'server',
    'agent_id',
    'action',
    'message',
    'context',
    'triage',
  ]);
  assert.deepEqual(
    judged.hits.map(({ rule }) => rule.name),
    ['first', 'second'],
  );
});

test('an AI agent’s own rule takes the place of the defaults’ of that name, may rest it, and others follow', async () => {
  const engine = await engineWith(
    [
      '  - { name: a, when: {}, then: { tag: a } }',
      '  - { name: b, when: {}, then: { tag: b } }',
      '  - { name: c, when: {}, then: { tag: c } }',
      '',
    ].join('\n'),
    'rules:\n  - { name: d, when: {}, then: { tag: d } }\n  - { name: a, when: {}, then: { tag: other } }\n  - { name: b, enabled: false }\n',
  );

  assert.deepEqual(outcome(engine, { agent_id: 'GROK' })?.context, { _tags: ['other', 'c', 'd'] });
  assert.deepEqual(outcome(engine, { agent_id: 'ANYBODY' })?.context, { _tags: ['a', 'b', 'c'] });
});

test('a rate holds while more than so many came within its time, for each AI agent by itself', async () => {
  const engine = await engineWith(
    '  - { name: flood, when: { level: ERROR, rate: { more_than: 3, within: 1m } }, then: { tag: flood } }\n',
  );
  const hits = (seconds: number, agent = 'GROK') =>
    hitsOf(engine, { level: 'ERROR', agent_id: agent }, NOON + seconds * 1_000).length;

  assert.deepEqual(
    [0, 1, 2, 3, 4].map((second) => hits(second)),
    [0, 0, 0, 1, 1],
    'the fourth and fifth',
  );
  assert.equal(hits(4, 'GIMAI'), 0);
  assert.equal(hitsOf(engine, { level: 'INFO' }, NOON + 5_000).length, 0);
  assert.equal(hits(30), 1, 'the sixth within a minute');
  assert.equal(hits(64), 0, 'those of the first seconds are too long ago');
  assert.equal(hits(3_600), 0);
});

test('what was not stored after all is not counted: the second attempt counts as the first', async () => {
  const engine = await engineWith(
    '  - { name: flood, when: { rate: { more_than: 2, within: 1m } }, then: { tag: flood } }\n',
  );
  const two = [record({}), record({})];

  for (let attempt = 0; attempt < 5; attempt++) engine.judge(two, NOON)!.undo();

  assert.deepEqual(engine.judge(two, NOON)!.ruleHits, []);
  assert.equal(engine.judge([record({})], NOON)!.ruleHits.length, 1);
});

test('what was not stored after all is not sampled: the second attempt keeps what the first would have', async () => {
  const engine = await engineWith('  - { name: one, when: {}, then: { sample: 10% } }\n');
  const records = Array.from({ length: 15 }, (_, index) => record({ message: `${index}` }));
  const keptOf = (judged: ReturnType<typeof engine.judge>) => judged!.kept.map(({ json }) => json);

  const first = engine.judge(records, NOON);
  const other = engine.judge(records.slice(0, 3), NOON);
  first!.undo();
  other!.undo();
  const second = engine.judge(records, NOON);

  assert.equal(first!.kept.length, 2);
  assert.deepEqual(keptOf(second), keptOf(first));
});

test('a clock that was a day ahead for a while makes no rate that lasts until then', async () => {
  const engine = await engineWith(
    '  - { name: flood, when: { rate: { more_than: 3, within: 1m } }, then: { tag: flood } }\n',
  );
  hitsOf(engine, {}, NOON);
  const ahead = engine.judge([record({}), record({})], NOON + 86_400_000);

  const hits = Array.from({ length: 10 }, (_, index) => hitsOf(engine, {}, NOON + index * 30_000));
  ahead!.undo();

  assert.deepEqual(hits.flat(), []);
  for (let n = 0; n < 3; n++) assert.deepEqual(hitsOf(engine, {}, NOON + 600_000), []);
  assert.deepEqual(hitsOf(engine, {}, NOON + 590_000), ['flood']);
});

test('what is kept of rates stays small, whatever names come: those used last', async () => {
  const engine = await engineWith(
    '  - { name: flood, when: { rate: { more_than: 9, within: 1m } }, then: { tag: flood } }\n',
  );
  for (let index = 0; index < 600; index++)
    for (let slot = 0; slot < 60; slot++)
      engine.judge([record({ agent_id: `${index}${'x'.repeat(40)}` })], NOON + slot * 1_000);

  const text = engine.memory.text(NOON + 59_000);

  assert.ok(text.length < 110_000 && text.includes('599xxx'), String(text.length));
});

test('rates go on after a restart; those of a rule whose conditions changed begin anew', async () => {
  const rule = (more: number) =>
    `  - { name: flood, when: { rate: { more_than: ${more}, within: 1m } }, then: { tag: flood } }\n`;
  const first = await engineWith(rule(2));
  for (let n = 0; n < 2; n++) hitsOf(first, {});
  const kept = first.memory.text(NOON);

  const again = new RuleEngine(SERVER, kept);
  again.use(
    (await engineWith(rule(2))).rulesFor('X').map(({ settings }) => settings),
    [],
    NOON,
  );
  const changed = new RuleEngine(SERVER, kept);
  changed.use(
    (await engineWith(rule(1))).rulesFor('X').map(({ settings }) => settings),
    [],
    NOON,
  );

  assert.deepEqual(hitsOf(again, {}, NOON + 5_000), ['flood']);
  assert.deepEqual(hitsOf(changed, {}, NOON + 5_000), []);
});

test('records that were copied in place are judged as those that were parsed', async () => {
  const engine = await engineWith(
    '  - { name: one, when: { contains: trouble, context: { n: { above: 1 } } }, then: { tag: t, alert: warning } }\n',
  );
  const lines = [1, 2, 3].map((n) => ({
    timestamp: '2026-01-15T12:00:00.000Z',
    level: 'INFO',
    agent_id: 'GROK',
    action: 'a',
    message: `trouble "${n}"`,
    context: { n },
  }));
  const bytes = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const scanned = encodeNdjson(bytes, { server: SERVER, now: NOON }).records;
  const parsed = lines.map(record);

  const [left, right] = [engine.judge(scanned, NOON)!, engine.judge(parsed, NOON)!];

  assert.equal(scanned[0]?.constructor.name, 'ScannedRecord');
  assert.deepEqual(
    left.kept.map(({ json }) => json),
    right.kept.map(({ json }) => json),
  );
  assert.equal(left.hits.length, 2);
});

test('what the lean agent says itself is not for the defaults’ rules', async () => {
  const engine = await engineWith('  - { name: silence, when: {}, then: { drop: true } }\n');

  assert.equal(outcome(engine, {}), undefined);
  assert.equal(outcome(engine, { agent_id: NERVESYS_AGENT_ID, message: 'lost' })?.message, 'lost');
});

test('whoever takes the lean agent’s name doesn’t keep from redaction what the defaults take out', async () => {
  const engine = await engineWith(
    '  - { name: number, when: {}, then: { redact: { matches: "EMP-[0-9]+" } } }\n  - { name: quiet, when: {}, then: { sample: 1% } }\n',
  );

  const kept = [1, 2].map(() => outcome(engine, { agent_id: NERVESYS_AGENT_ID, message: 'EMP-77 is here' }));

  assert.deepEqual(
    kept.map((one) => one?.message),
    ['[redacted:number] is here', '[redacted:number] is here'],
  );
});

test('a condition or an effect of a newer version refuses the rules: without it they would hit more than they should', () => {
  const engine = new RuleEngine(SERVER);
  const rule = { name: 'odd', when: { moonPhase: 'full' }, effects: { drop: true } } as never;

  assert.throws(() => engine.use([rule], [], NOON), /rule odd: "moonPhase" is not known/);
  assert.throws(
    () => engine.use([{ name: 'odd', when: {}, effects: { explode: true } } as never], [], NOON),
    /explode/,
  );
  assert.throws(() => engine.use(['text' as never], [], NOON), /no rule/);
  for (const parts of [
    { when: { levels: ['TRACE'] }, effects: { drop: true } },
    { when: { rate: { moreThan: 5, withinMs: 60_000, by: 'server' } }, effects: { drop: true } },
    { when: { rate: { atLeast: 5, withinMs: 60_000 } }, effects: { drop: true } },
    { when: {}, effects: { redact: { matches: 'x', only: 'message' } } },
    { when: {}, effects: { sampleShare: Number.NaN } },
    { when: { context: [{ path: 'a', startsWith: 'b' }] }, effects: { drop: true } },
    JSON.parse('{"when":{"__proto__":{"levels":["DEBUG"]}},"effects":{"drop":true}}'),
  ])
    assert.throws(
      () => engine.use([{ name: 'odd', ...parts } as never], [], NOON),
      /rule odd: /,
      JSON.stringify(parts),
    );
  assert.equal(outcome(engine, {})?.message, 'a line');
});

test('no text makes a rule slow: patterns that would blow up elsewhere, on texts made for it', async () => {
  const engine = await engineWith(
    [
      "  - { name: a, when: { matches: '(a+)+!' }, then: { tag: a } }",
      "  - { name: b, when: { matches: '(x|x|x)*y' }, then: { redact: { matches: '(x|x|x)*y' } } }",
      '',
    ].join('\n'),
  );
  const nasty = record({ message: `${'a'.repeat(30_000)}${'x'.repeat(30_000)}`, context: { t: 'x'.repeat(100_000) } });
  const started = performance.now();

  engine.judge([nasty], NOON);

  assert.ok(performance.now() - started < 2_000);
});

test('a record that a rule calls ordinary goes on as it is, and no later judge looks at it; an alert of a rule is told all the same', async () => {
  const engine = await engineWith(
    '  - { name: known, when: { contains: broken }, then: { ordinary: true } }\n  - { name: worse, when: { contains: worse }, then: { alert: critical } }\n',
  );
  const line = Buffer.from(
    `${JSON.stringify({ timestamp: '2026-01-15T12:00:00.000Z', level: 'INFO', agent_id: 'GROK', action: 'x', message: 'broken', context: {} })}\n`,
  );
  const [scanned] = encodeNdjson(line, { server: SERVER, now: NOON }).records;

  const judgement = engine.judge(
    [record({ message: 'broken' }), scanned!, record({ message: 'broken and worse' })],
    NOON,
  );

  assert.deepEqual(
    judgement?.kept.map(({ isJudged, json }) => [isJudged, json.includes('"triage"')]),
    [
      [true, false],
      [true, false],
      [true, true],
    ],
  );
  assert.equal(judgement?.kept[0]?.json, record({ message: 'broken' }).json);
  assert.equal(typeof judgement?.kept[1]?.writeTo, 'function');
});
