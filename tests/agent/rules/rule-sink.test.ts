import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LogBuffer } from '../../../src/agent/buffer/buffer.ts';
import { RuleSink } from '../../../src/agent/rules/index.ts';
import type { AlertReport } from '../../../src/contract/alert.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { configWith, NOON, record, SERVER } from './ruled.ts';

interface Opened {
  readonly sink: RuleSink;
  readonly buffer: LogBuffer;
  readonly clock: FakeClock;
  readonly told: AlertReport[];
  close(): Promise<void>;
}

async function open(t: TestContext, rules: string, own?: string, dir?: string, now = NOON): Promise<Opened> {
  const folder = dir ?? (await tempDir(t));
  const clock = new FakeClock(now);
  const buffer = LogBuffer.open({
    path: join(folder, 'buffer.db'),
    server: SERVER,
    limitBytes: 100_000_000,
    windowMs: 600_000,
    batchTextBytes: 10_000_000,
    clock,
    logger: silentLogger,
  });
  const told: AlertReport[] = [];
  const sink = new RuleSink({
    buffer,
    server: SERVER,
    revision: () => 'abc123',
    tell: (alert) => told.push(alert),
    clock,
    logger: silentLogger,
  });
  await sink.setRules(await configWith(rules, own));
  sink.start();
  // The lines before an alert are looked for in turns of their own, perhaps in what is compressed: each step waits for that.
  const looking = new Set<Promise<unknown>>();
  const linesBefore = buffer.linesBefore.bind(buffer);
  buffer.linesBefore = (query) => {
    const found = linesBefore(query);
    looking.add(found);
    void found.finally(() => looking.delete(found));
    return found;
  };
  const lookedBack = async () => {
    do {
      await Promise.all(looking);
      await settle(50); // twenty, one after the other
    } while (looking.size > 0);
  };
  const append = sink.append.bind(sink);
  sink.append = async (...given) => {
    const result = await append(...given);
    await lookedBack();
    return result;
  };
  const advance = clock.advance.bind(clock);
  clock.advance = async (ms) => {
    await advance(ms);
    await lookedBack();
  };
  const close = async () => {
    await sink.close();
    await buffer.close();
  };
  t.after(close);
  return { sink, buffer, clock, told, close };
}

const DROPS = '  - { name: quiet, when: { level: DEBUG }, then: { drop: true } }\n';

test('dropped records are not stored, and counted: in the answer, in all, and in the manifest of their batch', async (t) => {
  const { sink, buffer } = await open(t, DROPS);

  const { ruled } = await sink.append([record({ level: 'DEBUG' }), record({}), record({ level: 'DEBUG' })]);
  await sink.append([record({ level: 'DEBUG' })]);
  await buffer.seal();

  assert.deepEqual([ruled?.kept.length, ruled?.dropped.length], [1, 2]);
  assert.equal(buffer.stats().records, 1);
  assert.equal(buffer.stats().droppedRecords, 3);
  assert.deepEqual([buffer.nextBatch()?.manifest.records, buffer.nextBatch()?.manifest.dropped], [1, 3]);
});

test('over a crash the count of dropped records stays, and each is told by one manifest', async (t) => {
  const dir = await tempDir(t);
  const first = await open(t, DROPS, undefined, dir);
  await first.sink.append([record({ level: 'DEBUG' }), record({})]);
  await first.buffer.seal();
  await first.sink.append([record({ level: 'DEBUG' }), record({ level: 'DEBUG' }), record({})]);
  await first.close();

  const { buffer } = await open(t, DROPS, undefined, dir);
  const before = buffer.nextBatch()?.manifest.dropped;
  buffer.removeArchived(buffer.nextBatch()!.id);
  await buffer.seal();

  assert.equal(buffer.stats().droppedRecords, 3);
  assert.deepEqual([before, buffer.nextBatch()?.manifest.dropped], [1, 2]);
});

test('a repeat with the same key is answered what the first was, and counts nothing again', async (t) => {
  const rules = `${DROPS}  - { name: flood, when: { rate: { more_than: 2, within: 1m } }, then: { alert: warning } }\n`;
  const { sink, told } = await open(t, rules);
  const records = [record({ level: 'DEBUG' }), record({}), record({})];
  const options = {
    idempotencyKey: 'k',
    answer: 'all',
    answerAfterRules: (kept: number, dropped: number) => `${kept} and ${dropped}`,
  };

  const first = await sink.append(records, options);
  const second = await sink.append(records, options);

  assert.deepEqual([first.repeatedAnswer, second.repeatedAnswer], [undefined, '2 and 1']);
  assert.deepEqual(told, []);
});

test('a request of which all is dropped is answered, and its position moves', async (t) => {
  const { sink, buffer } = await open(t, DROPS);
  const position = { file: '1:2', path: '/var/log/x', offset: 7, fingerprint: 'f', fingerprintBytes: 3 };

  const { ruled } = await sink.append([record({ level: 'DEBUG' })], { positions: [position] });

  assert.deepEqual(ruled, { kept: [], dropped: ruled?.dropped });
  assert.deepEqual(
    buffer.positions().map(({ offset }) => offset),
    [7],
  );
  assert.equal(buffer.stats().records, 0);
});

test('what hit again and was not told yet is told when the agent ends', async (t) => {
  const rules = '  - { name: broken, when: { level: ERROR }, then: { alert: critical } }\n';
  const { sink, told } = await open(t, rules);
  await sink.append(['first', 'second', 'third'].map((message) => record({ level: 'ERROR', message })));

  await sink.close();

  assert.deepEqual(
    told.map(({ count, detail }) => [count, detail['message']]),
    [
      [1, 'first'],
      [2, 'third'],
    ],
  );
});

test('an alert is told after the commit, at once; again at most once a minute, with how often', async (t) => {
  const rules =
    '  - { name: broken, description: It is broken, when: { level: ERROR }, then: { alert: critical, route: oncall } }\n';
  const { sink, clock, told } = await open(t, rules);

  await sink.append([record({ level: 'ERROR', message: 'first' }), record({ level: 'ERROR', message: 'second' })]);
  await sink.append([record({ level: 'ERROR', message: 'third', agent_id: 'GIMAI' })]);
  const atOnce = told.splice(0);
  await clock.advance(30_000);
  await sink.append([record({ level: 'ERROR', message: 'fourth' })]);
  await clock.advance(29_000);
  const before = told.splice(0);
  await clock.advance(1_000);
  const after = told.splice(0);
  await clock.advance(600_000);

  assert.deepEqual(atOnce, [
    {
      dedup_key: 'AIGARDEN01:GROK:rule:broken',
      severity: 'critical',
      server: 'AIGARDEN01',
      agent_id: 'GROK',
      kind: 'rule',
      title: 'It is broken',
      count: 1,
      detail: {
        rule: 'broken',
        description: 'It is broken',
        revision: 'abc123',
        route: ['oncall'],
        hits: 1,
        level: 'ERROR',
        action: '',
        timestamp: '2026-01-15T12:00:00.000Z',
        message: 'first',
        tags: [],
      },
      at: '2026-01-15T12:00:00.000Z',
    },
    { ...atOnce[1], dedup_key: 'AIGARDEN01:GIMAI:rule:broken' },
  ]);
  assert.deepEqual(before, []);
  assert.deepEqual(
    after.map(({ detail }) => [detail['hits'], detail['message']]),
    [[2, 'fourth']],
  );
  assert.deepEqual(told, []);
});

test('a flood of names makes neither alerts nor memory without end: past a bound they are told together, by rule', async (t) => {
  const { sink, clock, told } = await open(
    t,
    '  - { name: broken, when: {}, then: { alert: warning } }\n  - { name: worse, when: { contains: "9" }, then: { alert: critical } }\n',
  );
  const named = (from: number) =>
    Array.from({ length: 2_000 }, (_, index) => record({ message: `m${from + index}`, agent_id: `A${from + index}` }));

  await sink.append(named(0));
  const atOnce = told.splice(0);
  await sink.append(named(2_000));
  await clock.advance(60_000);
  const afterAMinute = told.splice(0);
  await clock.advance(60_000);

  assert.equal(atOnce.length, 1_000);
  assert.deepEqual(
    afterAMinute.map(({ dedup_key, agent_id, detail }) => [
      dedup_key,
      agent_id,
      detail['latest_agent'],
      detail['message'],
    ]),
    [
      ['AIGARDEN01::rule:broken', null, 'A3999', 'm3999'],
      ['AIGARDEN01::rule:worse', null, 'A3999', 'm3999'],
    ],
  );
  const hits = [...atOnce, ...afterAMinute].reduce((sum, { detail }) => sum + Number(detail['hits']), 0);
  const nines = Array.from({ length: 4_000 }, (_, index) => String(index)).filter((one) => one.includes('9')).length;
  assert.equal(hits, 4_000 + nines);
  assert.deepEqual(told, []);
});

test('an alert tells the beginning of a long record, and of its tags what may be a tag', async (t) => {
  const { sink, told } = await open(t, '  - { name: broken, when: {}, then: { alert: warning, tag: ours } }\n');

  const _tags = ['x'.repeat(100_000), 7, ...Array.from({ length: 200 }, (_, index) => `t${index}`)];
  await sink.append([record({ message: 'm'.repeat(60_000), context: { _tags } })]);

  const { message, tags } = told[0]!.detail as { message: string; tags: string[] };
  assert.equal(message, 'm'.repeat(1_000));
  assert.equal(tags.length, 100);
});

test('what the buffer refused is not told, and counts when it comes again', async (t) => {
  const rules = '  - { name: flood, when: { rate: { more_than: 1, within: 1m } }, then: { alert: warning } }\n';
  const { sink, buffer, told } = await open(t, rules);
  await buffer.close();

  await assert.rejects(sink.append([record({}), record({})]), { code: 'NSV_SHUTTING_DOWN' });

  assert.deepEqual(told, []);
  assert.equal(sink.counts.hits.size, 0);
});

const ABSENT =
  'rules:\n  - { name: backup, when: { action: backup_done, absent_for: 1h }, then: { alert: warning } }\n';

test('the absence of a record is told once, and again only after it had come', async (t) => {
  const { sink, clock, told } = await open(t, '  []\n', ABSENT);

  await clock.advance(3_599_000);
  assert.deepEqual(told, []);
  await clock.advance(1_000);
  assert.deepEqual(
    told.map(({ title, detail }) => [title, detail['absent_since']]),
    [['backup: nothing that it waits for came for 1h', '2026-01-15T12:00:00.000Z']],
  );
  await clock.advance(7_200_000);
  assert.equal(told.length, 1);

  await sink.append([record({ action: 'backup_done' }), record({ action: 'other' })]);
  await clock.advance(3_599_000);
  assert.equal(told.length, 1);
  await clock.advance(1_000);
  assert.equal(told.length, 2);
});

test('an absence goes on over a restart, and one that passed meanwhile has a minute for what is read late', async (t) => {
  const dir = await tempDir(t);
  const first = await open(t, '  []\n', ABSENT, dir);
  await first.sink.append([record({ action: 'backup_done' })]);
  await first.clock.advance(1_800_000);
  await first.close();

  const soon = await open(t, '  []\n', ABSENT, dir, NOON + 2_000_000);
  await soon.clock.advance(1_599_000);
  assert.deepEqual(soon.told, []);
  await soon.clock.advance(1_000);
  assert.equal(soon.told.length, 1);
  await soon.sink.append([record({ action: 'backup_done' })]);
  await soon.close();

  const late = await open(t, '  []\n', ABSENT, dir, NOON + 9_000_000);
  await late.clock.advance(59_000);
  assert.deepEqual(late.told, []);
  await late.clock.advance(1_000);
  assert.equal(late.told.length, 1);
});

for (const [how, days] of [
  ['forward', 1],
  ['back', -1],
] as const)
  test(`a clock that is set ${how} a day neither makes an absence nor hides one`, async (t) => {
    const { sink, clock, told } = await open(t, '  []\n', ABSENT);
    await sink.append([record({ action: 'backup_done' })]);
    await clock.advance(1_800_000);

    clock.jump(days * 86_400_000);
    await sink.append([record({})]);
    await clock.advance(1_799_000);
    const before = told.length;
    await clock.advance(1_000);

    assert.deepEqual([before, told.length], [0, 1]);
    assert.match(told[0]!.title, /for 1h$/);
  });

test('an absence that began with a new rule goes on over a kill', async (t) => {
  const dir = await tempDir(t);
  const first = await open(t, '  []\n', ABSENT, dir);
  await first.clock.advance(1_000);
  await first.buffer.close(); // as a kill: the sink doesn't get to write at its end

  const { clock, told } = await open(t, '  []\n', ABSENT, dir, NOON + 3_000_000);
  await clock.advance(600_000);

  assert.equal(told.length, 1);
});

test('a rule that is taken back and put in again waits anew', async (t) => {
  const dir = await tempDir(t);
  const first = await open(t, '  []\n', ABSENT, dir);
  await first.sink.append([record({ action: 'backup_done' })]);
  await first.close();
  const { sink, clock, told } = await open(t, '  []\n', ABSENT, dir);
  await clock.advance(3_000_000);

  sink.setRules(await configWith('  []\n'));
  await clock.advance(3_000_000);
  sink.setRules(await configWith('  []\n', ABSENT));
  await clock.advance(3_599_000);

  assert.deepEqual(told, []);
});

test('a record that was on its way while other rules came counts as seen', async (t) => {
  const { sink, clock, told } = await open(t, '  []\n', ABSENT);
  await clock.advance(3_000_000);

  const stored = sink.append([record({ action: 'backup_done' })]);
  sink.setRules(await configWith('  - { name: other, when: {}, then: { tag: x } }\n', ABSENT));
  await stored;
  await clock.advance(3_000_000);

  assert.deepEqual(told, []);
});

test('of all that was counted nothing is forgotten by a start after which only some of it goes on', async (t) => {
  const rules = '  - { name: flood, when: { rate: { more_than: 2, within: 5m } }, then: { alert: warning } }\n';
  const dir = await tempDir(t);
  for (const agent_id of ['GROK', 'GIMAI']) {
    const { sink, close } = await open(t, rules, undefined, dir);
    await sink.append([record({ agent_id }), record({ agent_id })]);
    await close();
  }

  const { sink, told } = await open(t, rules, undefined, dir);
  await sink.append([record({ agent_id: 'GROK' })]);

  assert.equal(told.length, 1);
});

test('many records are judged a slice at a time, in their order, and others have their turn meanwhile', async (t) => {
  const { sink, buffer, clock } = await open(
    t,
    "  - { name: odd, when: { matches: '[13579]!' }, then: { tag: odd } }\n  - { name: tens, when: { contains: '0!' }, then: { drop: true } }\n",
  );
  let ticks = 0;
  t.mock.method(clock, 'monotonic', () => ticks++ * 20);
  const many = Array.from({ length: 5_000 }, (_, index) => record({ message: `${index}!` }));

  const stored = sink.append(many);
  let turns = 0;
  let isStored = false;
  void stored.then(() => {
    isStored = true;
  });
  for (; !isStored; turns++) await new Promise(setImmediate);

  const { ruled } = await stored;
  const kept = Array.from({ length: 5_000 }, (_, index) => index).filter((index) => index % 10 !== 0);
  const recent = await buffer.recent({ limit: 1_000 });
  assert.ok(turns > 5, `${turns} turns`);
  assert.equal(ruled!.dropped.length, 500);
  assert.deepEqual(
    ruled!.kept.map(({ json }) => /"message":"(\d+)!"/.exec(json)![1]),
    kept.map(String),
  );
  assert.deepEqual(
    recent.map(({ message }) => message),
    kept
      .slice(-1_000)
      .reverse()
      .map((index) => `${index}!`),
  );
});

test('rates are kept within a second, so that a kill forgets no more', async (t) => {
  const rules = '  - { name: flood, when: { rate: { more_than: 2, within: 5m } }, then: { alert: warning } }\n';
  const dir = await tempDir(t);
  const first = await open(t, rules, undefined, dir);
  await first.sink.append([record({}), record({})]);
  await first.clock.advance(1_000);
  await first.buffer.close(); // as a kill: the sink doesn't get to write at its end

  const { sink, told } = await open(t, rules, undefined, dir, NOON + 60_000);
  await sink.append([record({})]);

  assert.equal(told.length, 1);
});

test('other rules hold from the next record on; those that cannot be used change nothing', async (t) => {
  const { sink, buffer } = await open(t, DROPS);
  await sink.append([record({ level: 'DEBUG' })]);

  await sink.setRules(await configWith('  []\n'));
  await sink.append([record({ level: 'DEBUG' })]);
  const odd = {
    ...(await configWith('  []\n')),
    agents: [{ agentId: 'GROK', rules: [{ name: 'x', when: { y: 1 } }] }],
  };
  await assert.rejects(sink.setRules(odd as never), { code: 'NSV_CONFIG_INVALID' });
  await sink.append([record({ level: 'DEBUG' })]);

  assert.equal(buffer.stats().records, 2);
});

test('a hundred thousand records that three rules wait for are stored as any others', async (t) => {
  const rules = ['a', 'b', 'c'].map(
    (name) => `  - { name: ${name}, when: { absent_for: 1h }, then: { alert: info } }\n`,
  );
  const { sink, buffer } = await open(t, '  []\n', `rules:\n${rules.join('')}`);
  const one = record({});

  await sink.append(Array.from({ length: 100_000 }, () => one));

  assert.equal(buffer.stats().records, 100_000);
});

interface Line {
  readonly message: string;
  readonly agent_id: string;
  readonly context: Readonly<Record<string, unknown>>;
}

function linesBefore(alert: AlertReport | undefined): Line[] {
  return (alert?.detail['lines_before'] ?? []) as Line[];
}

const ALARM = '  - { name: broken, when: { level: ERROR }, then: { alert: critical } }\n';

test('an alert brings the twenty lines before it, of its own AI agent, as they are archived, oldest first', async (t) => {
  const { sink, told } = await open(t, ALARM);

  await sink.append(Array.from({ length: 30 }, (_, i) => record({ message: `m${i}` })));
  await sink.append([
    record({ message: 'other', agent_id: 'GIMAI', context: { agent_id: 'GROK' } }),
    record({ message: 'token=sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD' }),
    record({ message: 'it broke', level: 'ERROR' }),
    record({ message: 'after' }),
  ]);

  const lines = linesBefore(told[0]);
  assert.deepEqual(
    lines.slice(0, -1).map(({ message }) => message),
    Array.from({ length: 19 }, (_, i) => `m${i + 11}`),
  );
  assert.doesNotMatch(lines.at(-1)!.message, /sk-proj/);
  assert.deepEqual(Object.keys(lines[0]!), [
    'id',
    'timestamp',
    'level',
    'server',
    'agent_id',
    'action',
    'message',
    'context',
  ]);
  assert.equal(told[0]!.detail['revision'], 'abc123');
});

test('a repeat that is only counted looks for no lines; when it is told again it brings its own', async (t) => {
  const { sink, buffer, clock, told } = await open(t, ALARM);
  let looked = 0;
  const search = buffer.linesBefore.bind(buffer);
  buffer.linesBefore = (query) => {
    looked++;
    return search(query);
  };

  for (let i = 0; i < 50; i++) await sink.append([record({ message: `m${i}`, level: 'ERROR' })]);
  const atOnce = looked;
  await clock.advance(60_000);

  assert.deepEqual([atOnce, looked], [1, 2]);
  assert.deepEqual(
    linesBefore(told[1]).map(({ message }) => message),
    Array.from({ length: 20 }, (_, i) => `m${i + 29}`),
  );
  assert.equal(told[1]!.count, 49);
});

test('lines before an alert are found where they were compressed already, and where the record was dropped', async (t) => {
  const { sink, buffer, told } = await open(
    t,
    '  - { name: gone, when: { level: ERROR }, then: { alert: info, drop: true } }\n',
  );
  await sink.append([record({ message: 'long ago' })]);
  await buffer.seal();
  await sink.append([record({ message: 'lately' })]);

  await sink.append([record({ message: 'dropped', level: 'ERROR' })]);

  assert.deepEqual(
    linesBefore(told[0]).map(({ message }) => message),
    ['long ago', 'lately'],
  );
});

test('lines before an alert take 32 KB at most; a long one is cut, and says so', async (t) => {
  const { sink, told } = await open(t, ALARM);
  await sink.append([
    ...Array.from({ length: 20 }, () => record({ message: 'ש'.repeat(1_700) })),
    record({ message: 'x'.repeat(60_000), context: { deep: { er: 1 } } }),
    record({ message: 'it broke', level: 'ERROR' }),
  ]);

  const lines = linesBefore(told[0]);
  const bytes = Buffer.byteLength(JSON.stringify(lines));
  assert.ok(bytes <= 32_768 && bytes > 29_000, `${bytes} bytes`);
  assert.equal(lines.at(-1)!.message.length, 1_000);
  assert.deepEqual(lines.at(-1)!.context, { _truncated: ['message', 'context'] });
  assert.equal(lines.at(-2)!.message.length, 1_700);
});

test('what failed to be looked up holds no alert', async (t) => {
  const { sink, buffer, told } = await open(t, ALARM);
  buffer.linesBefore = () => Promise.reject(new RangeError('memory is short'));

  await sink.append([record({ message: 'it broke', level: 'ERROR' })]);

  assert.equal(told.length, 1);
});
