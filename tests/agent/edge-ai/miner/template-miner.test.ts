import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { covers, TemplateMiner, templateId } from '../../../../src/agent/edge-ai/miner/index.ts';
import { codesOf } from '../../../../src/agent/edge-ai/miner/skeleton.ts';
import { TemplateNode } from '../../../../src/agent/edge-ai/miner/template-node.ts';
import { TEMPLATE_ALIASES_MAX, TEMPLATE_ID_PATTERN, type TemplateId } from '../../../../src/contract/triage.ts';

const USERS = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank'];
const SMALL = { templatesMax: 100, establishedMax: 80, lengthMax: 100_000 };

/** Lines of a few invented programs, the same each time. */
function inventedLines(count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const user = USERS[(index * 7) % USERS.length];
    return [
      `session opened for user ${user} by (uid=${index})`,
      `2026-01-02 03:04:05,${100 + (index % 900)} WARN [worker-${index % 4}] com.example.Pool: took ${index} ms to lend a connection`,
      `Jan  2 03:04:05 alpha sshd[${index}]: Failed password for ${user} from 10.0.0.${index % 256} port ${index} ssh2`,
      `cache miss for key=${user}, size=${index}`,
      `shutting down`,
    ][index % 5] as string;
  });
}

function groups(miner: TemplateMiner, lines: readonly string[]): string[] {
  const placed = lines.map((line, index) => miner.place(line, index));
  return placed.map((template) => miner.current(template).id);
}

test('lines of one statement are in one template, with the places where they differ', () => {
  const miner = new TemplateMiner();

  const one = miner.place('took 12 ms to lend a connection to 10.0.0.1:80', 1);
  const other = miner.place('took 3.5 s to lend a connection to db.example.com:5432', 2);

  assert.equal(one, other);
  assert.equal(one.text, 'took <*> to lend a connection to <*>');
  assert.deepEqual([one.lines, one.firstSeenAt, one.lastSeenAt], [2, 1, 2]);
  assert.equal(one.id, templateId(one.text));
  assert.match(one.id, TEMPLATE_ID_PATTERN);
});

test('a raw line and its bare message are in the same template', () => {
  const miner = new TemplateMiner();

  const bare = miner.place('gave up on peer 7', 0);

  assert.equal(miner.place('2026-01-02 03:04:05,678 ERROR [main] com.example.Net: gave up on peer 8', 0), bare);
  assert.equal(miner.place('Jan  2 03:04:05 alpha netd[99]: gave up on peer 9', 0), bare);
});

test('a place becomes a variable once enough different words stood there, and its old ids live on', () => {
  const miner = new TemplateMiner();
  const first = miner.place('session closed for user alice', 0);
  const [before, generation] = [first.id, first.generation];

  const ids = USERS.map((user) => miner.place(`session closed for user ${user}`, 0).id);

  assert.equal(first.text, 'session closed for user <*>');
  assert.ok(first.generation > generation);
  assert.ok(first.aliases.includes(before));
  for (const id of [...ids, before]) assert.equal(miner.find(id), first);
  assert.equal(miner.size, 1);
});

test('statements that differ in a word that tells a state stay apart, where other words would be values', () => {
  const count = (words: readonly string[]): number => {
    const miner = new TemplateMiner();
    for (const word of words) miner.place(`the machine of the night shift is ${word} while nobody looks`, 0);
    return miner.size;
  };

  assert.equal(count(['resumed', 'paused', 'stopping', 'failed', 'offline']), 5);
  assert.equal(count(['red', 'blue', 'green', 'grey', 'black']), 1);
});

test('a value written as one token or as several is one variable', () => {
  const miner = new TemplateMiner();
  const plain = miner.place('synchronized to 10.0.0.1, stratum 3', 0);

  assert.equal(miner.place('synchronized to LOCAL(0), stratum 3', 0), plain);
  assert.equal(plain.text, 'synchronized to <*>, stratum <*>');
});

test('a value of several words is one place once values of different lengths stood there, over a restart too', () => {
  const miner = new TemplateMiner();
  const services = ['print queue', 'volume copy', 'indexer', 'old directory replication', 'clock'];
  const line = (service: string) => `service ${service} is ready for work on port 7`;

  const placed = services.map((service) => miner.place(line(service), 0));

  const [template] = [...miner.templates()];
  assert.equal(miner.size, 1);
  assert.equal(template?.text, 'service <*> is ready for work on port <*>');
  for (const each of placed) assert.equal(miner.current(each), template);
  assert.equal(miner.place(line('quite another thing'), 0), template);
  assert.equal(TemplateMiner.restore(miner.stored()).place(line('one more'), 0).id, template?.id);
  assert.notEqual(miner.place('service clock is broken for work on port 7', 0), template);
});

test('the same lines make the same templates, whoever reads them', () => {
  const lines = inventedLines(2_000);

  assert.deepEqual(groups(new TemplateMiner(), lines), groups(new TemplateMiner(), lines));
});

test('servers that saw the same lines in another order name their templates alike', () => {
  const lines = inventedLines(2_000);
  const [one, other] = [new TemplateMiner(), new TemplateMiner()];

  const forwards = new Set(groups(one, lines));
  const backwards = new Set(groups(other, lines.toReversed()));

  assert.deepEqual(forwards, backwards);
});

test('a restored miner holds the same templates and places later lines in them', () => {
  const lines = inventedLines(2_000);
  const miner = new TemplateMiner();
  groups(miner, lines);
  const before = [...miner.templates()].map(({ id, text, aliases, lines: count, generation }) => ({
    id,
    text,
    aliases,
    count,
    generation,
  }));

  const restored = TemplateMiner.restore(miner.stored());

  const after = [...restored.templates()].map(({ id, text, aliases, lines: count, generation }) => ({
    id,
    text,
    aliases,
    count,
    generation,
  }));
  const byId = (one: { id: string }, two: { id: string }) => one.id.localeCompare(two.id);
  assert.deepEqual(after.sort(byId), before.sort(byId));
  const later = inventedLines(2_100).slice(2_000);
  assert.deepEqual(groups(restored, later), groups(miner, later));
  for (const { id, aliases } of before) for (const name of [id, ...aliases]) assert.equal(restored.find(name)?.id, id);
});

test('of a state that would be too large the least used templates are left out', () => {
  const miner = new TemplateMiner();
  for (let index = 0; index < 500; index++) miner.place(unlike(index), index);
  for (let round = 0; round < 5; round++) miner.place('seen often and lately', 1_000);

  const stored = miner.stored(3_000);

  const restored = TemplateMiner.restore(stored);
  assert.ok(stored.length <= 3_000);
  assert.ok(restored.size > 10 && restored.size < 500);
  assert.ok([...restored.templates()].some(({ text }) => text === 'seen often and lately'));
});

test('whatever is no state gives an empty miner', () => {
  const state = new TemplateMiner();
  state.place('one line', 0);
  const good = state.stored();

  for (const bad of [
    '',
    '{}',
    'garbage',
    '\u0000\ud800',
    good.slice(0, -8),
    `AAAA${good}`,
    good.slice(4),
    'A'.repeat(1e6),
  ])
    assert.equal(TemplateMiner.restore(bad).size, 0, bad.slice(0, 40));
  for (const rows of [
    [],
    {},
    [1, 'x'],
    [1, ['x', 'y', 0, 0, 0]],
    [1, ['x', 1, 0, 0, 0, '__proto__']],
    [1, [null, 1, 0, 0, 0]],
    [2, ['x', 1, 0, 0, 0]],
  ])
    assert.equal(TemplateMiner.restore(deflateRawSync(JSON.stringify(rows)).toString('base64')).size, 0);
  assert.equal(TemplateMiner.restore(good).size, 1);
});

test('a flood of random text stays within bounds and leaves alone what was seen often', () => {
  const miner = new TemplateMiner({ limits: SMALL });
  const steady = Array.from({ length: 50 }, (_, index) => `${word(index)} ${word(index + 50)} waits for its turn`);
  for (let round = 0; round < 3; round++) for (const line of steady) miner.place(line, 0);
  const kept = steady.map((line) => miner.place(line, 0));

  for (let index = 0; index < 3_000; index++) {
    miner.place(unlike(index), 1);
    // Some of it comes again, and is taken in.
    if (index % 10 === 0) miner.place(unlike(index), 1);
  }

  assert.ok(miner.size <= SMALL.templatesMax);
  assert.ok(miner.evicted > 100);
  assert.deepEqual(
    steady.map((line) => miner.place(line, 2)),
    kept,
  );
});

test('a new statement is held although text floods a full miner, once it came again', () => {
  const miner = new TemplateMiner({ limits: SMALL });
  for (let index = 0; index < 1_000; index++) miner.place(unlike(index), 0);

  assert.deepEqual([miner.size, miner.evicted], [SMALL.templatesMax, 0]);
  const first = miner.place('a quite new statement here', 0);
  for (let index = 1_000; index < 1_050; index++) miner.place(unlike(index), 0);
  const second = miner.place('a quite new statement here', 0);
  for (let index = 1_050; index < 1_100; index++) miner.place(unlike(index), 0);

  assert.equal(first.id, second.id);
  assert.equal(miner.place('a quite new statement here', 0), second);
  assert.equal(miner.find(second.id), second);
});

test('a template that was pushed out is found no more, and its id comes back with its text', () => {
  const miner = new TemplateMiner({ limits: SMALL });
  const { id } = miner.place('a line that comes once', 0);
  assert.equal(miner.find(id)?.id, id);

  for (let index = 0; index < 500; index++) for (let time = 0; time < 2; time++) miner.place(unlike(index), 0);

  assert.equal(miner.find(id), undefined);
  assert.equal(miner.place('a line that comes once', 0).id, id);
});

test('a template keeps so many older ids and forgets the oldest', () => {
  const node = (index: number) => {
    const tokens = ['session', ` of ${word(index)}`, ' ended'];
    return new TemplateNode(index, tokens, codesOf(tokens), 0);
  };
  const template = node(0);
  const others = Array.from({ length: TEMPLATE_ALIASES_MAX + 8 }, (_, index) => node(index + 1));
  for (const other of others) template.absorb(other);

  assert.deepEqual(
    template.aliases,
    others.slice(8).map(({ id }) => id),
  );
});

test('hostile text is placed like any other', () => {
  const miner = new TemplateMiner();
  const texts = [
    '',
    ' ',
    '\u0000',
    '\ud800',
    '\udc00 \ud800',
    '__proto__',
    'constructor toString',
    '<*>',
    '\u0001\u0002',
    '('.repeat(9_999),
    'a='.repeat(9_999),
    '"'.repeat(9_999),
    '::'.repeat(9_999),
    '. '.repeat(9_999),
    'א'.repeat(9_999),
    '\u2028',
    '1'.repeat(70_000),
  ];

  for (const text of [...texts, ...texts]) assert.equal(typeof miner.place(text, 0).id, 'string');

  const restored = TemplateMiner.restore(miner.stored());
  assert.equal(restored.size, miner.size);
  for (const text of texts) assert.equal(restored.place(text, 0).id, miner.place(text, 0).id);
});

test('a general text covers its special forms, word by word', () => {
  assert.ok(covers('user <*> left', 'user alice left'));
  assert.ok(covers('user <*> left', 'user <*> left'));
  assert.ok(covers('size=<*>, key=<*>', 'size=<*>, key=alice'));
  assert.ok(!covers('service <*> is up', 'service print queue is up'));
  assert.ok(!covers('user <*> came', 'user alice was left'));
  assert.ok(!covers('user <*> left', 'user alice came'));
  assert.ok(!covers('user alice left', 'user <*> left'));
  assert.ok(!covers('a<*>b<*>c', 'abc'.slice(0, 2)));
  assert.ok(!covers('aa<*>aa', 'aaa'));
});

test('a server that saw less finds its template by the text of one that saw more', () => {
  const [wise, new_] = [new TemplateMiner(), new TemplateMiner()];
  for (const user of USERS) wise.place(`session closed for user ${user}`, 0);
  const general = [...wise.templates()][0]!.text;

  const special = new_.place('session closed for user zoe', 0);

  assert.equal(new_.find(templateId(general) as TemplateId), undefined);
  assert.ok(covers(general, special.text));
});

/** Lines that have no word in common. */
function unlike(index: number): string {
  return [0, 1, 2, 3].map((part) => word(index + part * 5_000)).join(' ');
}

/** Distinct words without a digit. */
function word(index: number): string {
  let text = '';
  for (let rest = index + 17; rest > 0; rest = Math.floor(rest / 20))
    text += 'bcdfghjklmnpqrstvwxz'[rest % 20]! + 'aeiou'[rest % 5]!;
  return `w${text}`;
}

test('a flood of free text is not held against itself for ever; what was known stays, and what comes afterwards is learnt again', () => {
  const miner = new TemplateMiner();
  let state = 7;
  const letter = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return String.fromCharCode(97 + ((state >>> 16) % 20));
  };
  const word = () => Array.from({ length: 7 }, letter).join('');
  const names = ['alpha', 'bravo', 'carol', 'delta', 'eagle', 'foxes', 'gamma', 'hotel', 'india', 'julia'];
  const placeNames = (way: string, now: number) =>
    new Set(names.map((name) => miner.current(miner.place(`unit ${name} has come home by the ${way} way`, now)))).size;
  const known = miner.place('the job 7 has ended', 0);
  for (let line = 0; line < 4_000; line++) miner.place(Array.from({ length: 9 }, word).join(' '), line);

  const during = placeNames('long', 5_000);
  for (let line = 0; line < 12_000; line++) miner.place(`the job ${line} has ended`, 6_000);
  const afterwards = placeNames('short', 7_000);

  assert.equal(miner.place('the job 12 has ended', 9_000), known);
  assert.ok(during > 3, 'the flood took all comparisons');
  assert.ok(afterwards < during, `${afterwards} templates afterwards, ${during} during the flood`);
});
