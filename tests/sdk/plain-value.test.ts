import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainContext, plainText, plainValue } from '../../src/sdk/plain-value.ts';

/** As the reader of the archive sees it. */
function seen(value: unknown): unknown {
  return JSON.parse(JSON.stringify({ value: plainValue(value) })).value;
}

test('plain data stays what it is', () => {
  const data = { text: 'é', n: 1.5, yes: true, none: null, list: [1, ['a']], deep: { er: {} } };

  assert.deepEqual(seen(data), data);
});

test('values that JSON has no word for become readable', () => {
  const cases: [unknown, unknown][] = [
    [10n, 10],
    [2n ** 64n, '18446744073709551616'],
    [Number.NaN, 'NaN'],
    [undefined, undefined],
    [[undefined], [null]],
    [function named() {}, '[function named]'],
    [Symbol('s'), 'Symbol(s)'],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [new Date(Number.NaN), null],
    [new Map<unknown, unknown>([['a', 1]]), { a: 1 }],
    [new Set([1, 2]), [1, 2]],
    [Buffer.alloc(12), '[12 bytes]'],
    [/a+/g, '/a+/g'],
    [new URL('http://127.0.0.1/x'), 'http://127.0.0.1/x'],
  ];

  for (const [value, expected] of cases) assert.deepEqual(seen(value), expected, String(expected));
});

test('what throws when it is read costs its own field only', () => {
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const value = {
    before: 1,
    get getter() {
      throw new Error('not now');
    },
    json: {
      toJSON() {
        throw new Error('no JSON');
      },
    },
    revoked: revoked.proxy,
    after: 2,
  };

  const told = seen(value) as Record<string, unknown>;

  assert.equal(told['before'], 1);
  assert.equal(told['getter'], '[unreadable: not now]');
  assert.equal(told['json'], '[unreadable: no JSON]');
  assert.match(String(told['revoked']), /unreadable/);
  assert.equal(told['after'], 2);
});

test('circles end, and the same object twice is not a circle', () => {
  const shared = { a: 1 };
  const value: Record<string, unknown> = { first: shared, second: shared };
  value['self'] = value;
  value['list'] = [value];

  assert.deepEqual(seen(value), { first: { a: 1 }, second: { a: 1 }, self: '[circular]', list: ['[circular]'] });
});

test('a whole heap behind one reference is bounded in size and time', () => {
  const wide = Array.from({ length: 100_000 }, (_, index) => ({ index, text: 'x'.repeat(100) }));
  let deep: unknown = 'end';
  for (let level = 0; level < 10_000; level++) deep = { deep };

  const startedAt = performance.now();
  const length = JSON.stringify(plainContext({ wide, deep, long: 'x'.repeat(50_000_000) })).length;

  assert.ok(length < 1_000_000, `${length} characters`);
  assert.ok(performance.now() - startedAt < 1_000);
});

test('an error in any place is told with its cause, and without the request that its client hung on it', () => {
  const cause = new AggregateError([new Error('one'), new Error('two')], 'both failed');
  const error = Object.assign(new Error('request failed', { cause }), {
    code: 'E_STATUS',
    status: 502,
    config: { headers: { authorization: 'Bearer of a key' } },
  });

  const told = seen({ attempt: 3, error }) as { error: Record<string, unknown> };

  assert.equal(told.error['message'], 'request failed');
  assert.equal(told.error['code'], 'E_STATUS');
  assert.equal(told.error['status'], 502);
  const inner = told.error['cause'] as { errors: { message: string }[] };
  assert.deepEqual(
    inner.errors.map(({ message }) => message),
    ['one', 'two'],
  );
  assert.doesNotMatch(JSON.stringify(told), /Bearer/);
});

test('an error whose cause is itself ends', () => {
  const error = new Error('round');
  error.cause = error;

  assert.equal((seen(error) as { cause: unknown }).cause, '[circular]');
});

test('a key __proto__ is a field like any other', () => {
  const value = JSON.parse('{"__proto__":{"admin":true},"a":1}');

  assert.equal(JSON.stringify(plainValue(value)), '{"__proto__":{"admin":true},"a":1}');
  assert.equal(({} as Record<string, unknown>)['admin'], undefined);
});

test('a context that is no object is kept under a name', () => {
  assert.deepEqual(plainContext('text'), { value: 'text' });
  assert.deepEqual(plainContext([1]), { value: [1] });
  assert.equal((plainContext(new Error('x'))['error'] as { message: string }).message, 'x');
});

test('anything has a text', () => {
  const told = [1, null, undefined, { a: 1 }, new Error('e'), 5n, Symbol('s')].map(plainText);

  assert.deepEqual(told, ['1', 'null', 'undefined', '{"a":1}', 'e', '5', 'Symbol(s)']);
});
