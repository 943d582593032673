/** Which lines the miner takes for one statement although their values are words, many of them, or many at once; and which it never does. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { TemplateMiner } from '../../../../src/agent/edge-ai/miner/index.ts';

const CITIES = ['Oslo', 'Port Said', 'Rio de Janeiro', 'Lima', 'Den Haag', 'Nova Gorica del Sur', 'Bern', 'Kyoto'];
const PEOPLE = ['anna', 'berta', 'carl', 'dora', 'emil', 'frida', 'gustav', 'hanna', 'ida', 'jakob'];

function mined(lines: readonly string[]): TemplateMiner {
  const miner = new TemplateMiner();
  for (const line of lines) miner.place(line, 0);
  return miner;
}

function textsOf(miner: TemplateMiner): string[] {
  return [...miner.templates()].map(({ text }) => text).sort();
}

test('values of different numbers of words in the midst of a statement are one place', () => {
  const miner = mined(CITIES.map((city) => `parcel 7 left the depot in ${city} at noon on its way`));

  assert.deepEqual(textsOf(miner), ['parcel <*> left the depot in <*> at noon on its way']);
});

test('several places that vary at once are found, whatever stood in each', () => {
  const lines = Array.from({ length: 60 }, (_, n) => {
    const [person, city, color] = [PEOPLE[n % 10], CITIES[(n * 3) % 8], ['red', 'blue', 'green', 'grey'][(n * 7) % 4]];
    return `desk of ${person} handed a ${color} ticket for ${city} to the next in line`;
  });
  const miner = mined(lines);

  assert.deepEqual(textsOf(miner), ['desk of <*> handed a <*> ticket for <*> to the next in line']);
});

test('a free text after a colon is one place once it was written in many ways', () => {
  const reasons = [
    'no route',
    'peer hung up early',
    'quota reached',
    'ticket is from last year',
    'somebody else was faster',
    'name taken',
    'key too short for this',
    'clock is wrong by far',
  ];
  const others = ['rain', 'wind', 'snow', 'hail', 'dust', 'mist', 'sun', 'frost'].map(
    (word) => `${word} all over ${word} lands`,
  );
  const miner = mined([...others, ...reasons.map((reason, n) => `could not book seat ${n} for this guest: ${reason}`)]);

  assert.ok(textsOf(miner).includes('could not book seat <*> for this guest: <*>'), textsOf(miner).join('\n'));
});

test('few values that come often are words of as many statements', () => {
  const modes = ['calm', 'eager', 'shy', 'bold', 'glad', 'odd'];
  const miner = mined(Array.from({ length: 600 }, (_, n) => `robot ${n} is ${modes[Math.floor(n / 100)]} today`));

  assert.equal(miner.size, 6);
});

test('what failed is never one with what went well, however many ways there are', () => {
  const ways = ['glory', 'peace', 'utter silence', 'haste', 'good cheer', 'sunshine', 'dust', 'error', 'rain', 'song'];
  for (const last of [ways, [...ways].reverse(), ['error', ...ways]]) {
    const miner = mined(last.map((way) => `copy of the old archive to tape ended in ${way} today`));

    assert.deepEqual(textsOf(miner), [
      'copy of the old archive to tape ended in <*> today',
      'copy of the old archive to tape ended in error today',
    ]);
  }
});

test('ways to fail stay in words, where they are all that tells of it', () => {
  const ways = [
    'error',
    'failure',
    'panic',
    'corruption',
    'timeout',
    'violation',
    'exception',
    'crash',
    'abort',
    'fatal',
  ];
  const others = PEOPLE.flatMap((one) => [`${one} ${one}s ${one}ly`, `all ${one}s see ${one}`]);
  const miner = mined([...others, ...ways.map((way) => `copy of the old archive to tape ended in ${way} today`)]);

  assert.equal(textsOf(miner).filter((text) => text.includes('ended in')).length, ways.length);
});

test('a place that holds any text holds none that tells of a failure, nor one that is much longer', () => {
  const miner = mined(CITIES.map((city) => `train to ${city} is at the platform now`));
  const general = textsOf(miner);

  const failed = miner.place('train to Port Failed error is at the platform now', 0);
  const longer = miner.place(`train to ${'here and there '.repeat(12)} is at the platform now`, 0);

  assert.deepEqual(general, ['train to <*> is at the platform now']);
  assert.ok(!general.includes(failed.text));
  assert.ok(!general.includes(longer.text));
});

test('two statements that begin alike stay apart, however many names they have', () => {
  const others = PEOPLE.map((person, n) => `${person} writes ${CITIES[n % 8]} in book ${n}, then leaves`);
  const visits = PEOPLE.flatMap((person) => [
    `house log (door): visit of ${person}(guest=7) begins, let in by (guest=0)`,
    `house log (door): visit of ${person} ends`,
  ]);

  const texts = textsOf(mined([...others, ...visits])).filter((text) => text.includes('visit'));
  assert.ok(
    texts.every((text) => /begins|ends/.test(text)),
    texts.join('\n'),
  );
});

test('a name that stands before every line tells no statement', () => {
  const verbs = ['opens', 'shuts', 'paints', 'moves', 'sells', 'lends', 'finds', 'hides', 'burns', 'draws'];
  const things = ['door', 'gate', 'lamp', 'cart', 'ship', 'tent', 'rope', 'bell', 'coin', 'drum'];
  const miner = mined(verbs.map((verb, n) => `north tower watch: ${verb} ${things[n]}`));

  assert.equal(miner.size, 10);
});

test('true and false after a key are its values at once', () => {
  const miner = mined(['pump three set pressure, locked=true', 'pump three set pressure, locked=false']);

  assert.deepEqual(textsOf(miner), ['pump three set pressure, locked=<*>']);
});

test('a restored miner goes on as the one that was stored, with places of any length too', () => {
  const lines = Array.from({ length: 300 }, (_, n) => {
    const [city, person] = [CITIES[(n * 5) % 8], PEOPLE[(n * 3) % 10]];
    return n % 3 === 0
      ? `parcel ${n} left the depot in ${city} at noon on its way`
      : `guest ${person} of ${city} asked for room: ${CITIES[n % 8]} side, ${person}`;
  });
  for (const half of [5, 40, 150]) {
    const whole = mined(lines.slice(0, half));
    const restored = TemplateMiner.restore(whole.stored());
    for (const line of lines.slice(half)) {
      assert.equal(restored.place(line, 0).text, whole.place(line, 0).text, line);
    }
  }
});
