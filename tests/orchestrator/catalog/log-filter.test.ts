import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LogFilter, type LogLine, type LogQuery, parseInstant } from '../../../src/orchestrator/catalog/log-filter.ts';
import { mergeLines } from '../../../src/orchestrator/catalog/search-logs.ts';

function choose(query: Partial<LogQuery>, records: readonly (object | string)[]): string[] {
  const ndjson = records.map((record) => `${typeof record === 'string' ? record : JSON.stringify(record)}\n`).join('');
  return new LogFilter({ limit: 1, ...query }).choose(ndjson).map((line) => line.text);
}

describe('log filter', () => {
  const record = (replace: object) => ({
    timestamp: '2025-12-10T19:45:00.000Z',
    level: 'INFO',
    server: 'AIGARDEN01',
    agent_id: 'GROK',
    action: 'code_review',
    message: 'all is well',
    context: {},
    ...replace,
  });

  it('a level means this level and above', () => {
    const records = ['DEBUG', 'INFO', 'WARN', 'ERROR', 'CRITICAL'].map((level) => record({ level }));

    assert.deepEqual(
      choose({ level: 'ERROR' }, records),
      records.slice(3).map((one) => JSON.stringify(one)),
    );
    assert.equal(choose({ level: 'DEBUG' }, records).length, 5);
    assert.equal(choose({}, records).length, 5);
  });

  it('since is included, until is not, whatever way the timestamp is written', () => {
    const records = ['19:44:59.999Z', '19:45:00.000Z', '21:45:00.500+02:00', '19:45:01.000Z'].map((time) =>
      record({ timestamp: `2025-12-10T${time}` }),
    );
    const since = Date.parse('2025-12-10T19:45:00Z');

    assert.deepEqual(
      choose({ since, until: since + 1000 }, records),
      records.slice(1, 3).map((one) => JSON.stringify(one)),
    );
    assert.equal(choose({ since }, [record({ timestamp: 'no date' })]).length, 0);
    assert.equal(choose({}, [record({ timestamp: 'no date' })]).length, 1);
  });

  it('an AI agent is matched by its whole name', () => {
    assert.equal(
      choose({ agentId: 'GROK' }, [record({}), record({ agent_id: 'GROK2' }), record({ agent_id: 'grok' })]).length,
      1,
    );
  });

  it('a line is given back exactly as it stands, and what is no record is passed over', () => {
    const odd = '{"message" : "x",  "level":"INFO"}';

    assert.deepEqual(choose({}, [odd, 'not json', '42', 'null', '']), [odd]);
  });

  it('grep looks in action, message and context, as a regular expression', () => {
    const records = [
      record({ message: 'disk at 97%' }),
      record({ action: 'tool_call' }),
      record({ context: { path: '/var/log/x "y"' } }),
      record({ message: 'line\nbreak' }),
    ];
    const found = (grep: string) =>
      choose({ grep }, records).map((text) => records.findIndex((one) => JSON.stringify(one) === text));

    assert.deepEqual(found('disk'), [0]);
    assert.deepEqual(found('9\\d%'), [0]);
    assert.deepEqual(found('tool_'), [1]);
    assert.deepEqual(found('^tool'), [1]);
    assert.deepEqual(found('/var/log'), [2]);
    assert.deepEqual(found('e\nb'), [3]);
    assert.deepEqual(found('GROK'), []);
    assert.deepEqual(found('(Disk|TOOL)'), []);
  });

  it('an expression that is none, or too long, is refused before anything is read', () => {
    for (const grep of ['(', '[z-a]', '\\', '*', 'x'.repeat(201)]) {
      assert.throws(() => new LogFilter({ limit: 1, grep }), { code: 'NSV_BODY_INVALID' }, grep);
    }
  });

  it('an expression that would take for ever is stopped', () => {
    const startedAt = performance.now();

    assert.throws(() => choose({ grep: '(a+)+$' }, [record({ message: `${'a'.repeat(60)}!` })]), {
      code: 'NSV_BODY_INVALID',
      message: /too long/,
    });
    assert.ok(performance.now() - startedAt < 3_000);
    assert.equal(choose({ grep: '(a+)+$' }, [record({ message: 'aaa' })]).length, 1, 'the same one where it is quick');
  });
});

describe('instants of a query', () => {
  const now = Date.parse('2025-12-10T20:00:00Z');

  it('are ISO 8601 with a zone, dates, or how long ago', () => {
    assert.equal(parseInstant('since', '1h', now), now - 3_600_000);
    assert.equal(parseInstant('since', '1d12h', now), now - 36 * 3_600_000);
    assert.equal(parseInstant('since', '2025-12-10', now), Date.parse('2025-12-10T00:00:00Z'));
    assert.equal(parseInstant('since', '2025-12-10T21:00:00+02:00', now), now - 3_600_000);
    assert.equal(parseInstant('since', '2025-12-10T19:00Z', now), now - 3_600_000);
  });

  it('are nothing else', () => {
    for (const text of ['', 'yesterday', '5', '-1h', '2025-12-10T19:00:00', '2025-13-45', "1h'; drop"]) {
      assert.throws(() => parseInstant('since', text, now), { code: 'NSV_BODY_INVALID' }, text);
    }
  });
});

describe('merging sources by time', () => {
  async function* source(...lines: [at: number, text: string][]): AsyncGenerator<LogLine> {
    for (const [at, text] of lines) yield { at, text };
  }
  async function merged(...sources: AsyncGenerator<LogLine>[]): Promise<string> {
    let texts = '';
    for await (const line of mergeLines(sources)) texts += line.text;
    return texts;
  }

  it('gives the least first, and of one source its own order', async () => {
    assert.equal(
      await merged(source([1, 'a'], [4, 'd']), source([2, 'b'], [3, 'c'], [9, 'f']), source(), source([5, 'e'])),
      'abcdef',
    );
    assert.equal(await merged(source([5, 'x'], [1, 'y']), source([3, 'm'])), 'mxy');
    assert.equal(await merged(source([1, 'a'], [1, 'b']), source([1, 'c'])), 'abc');
  });

  it('lets a line without a time through at once', async () => {
    assert.equal(await merged(source([1, 'a'], [Number.NaN, 'n'], [2, 'b']), source([3, 'c'])), 'anbc');
  });

  it('closes every source when its reader stops early', async () => {
    let closed = 0;
    async function* endless(): AsyncGenerator<LogLine> {
      try {
        for (let at = 0; ; at++) yield { at, text: '' };
      } finally {
        closed++;
      }
    }
    for await (const _line of mergeLines([endless(), endless()])) break;

    assert.equal(closed, 2);
  });
});
