import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DetectorEngine } from '../../../../src/agent/edge-ai/detectors/index.ts';
import { checkConfigTexts } from '../../../../src/config/index.ts';
import { TRIAGE_DEFAULT } from '../../../../src/contract/triage-settings.ts';
import { hitsOf, type Item, namesOf, readTranscript, recordsOf, START, settingsWith, viewOf } from './transcripts.ts';

const call = (query: string, after = 1): Item => ({
  after,
  record: { action: 'tool_call', message: 'tool_call', context: { tool: 'search', arguments: { query } } },
});
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n));

test('thresholds of the settings files decide: one call less is silence', async () => {
  const yaml = 'triage:\n  detectors:\n    tool_loop: { times: 12, within: 30m, severity: critical }\n';
  const { config } = await checkConfigTexts(new Map([['agents/grok.yaml', yaml]]));
  const settings = config!.agents[0]!.triage;
  const spread = (count: number) =>
    recordsOf(
      'GROK',
      times(count, () => call('x', 151)),
    );

  assert.deepEqual(hitsOf(spread(11), settings), []);
  const [hit] = hitsOf(spread(12), settings);
  assert.deepEqual([hit?.detector, hit?.kind, hit?.severity], ['tool_loop', 'ai.tool_loop', 'critical']);
  assert.deepEqual(hit?.detail, {
    tool: 'search',
    calls: 12,
    with_nothing_new_between: 12,
    arguments: '{"query":"x"}',
    times: 12,
    within_seconds: 1_800,
  });
  assert.deepEqual(hitsOf(spread(12)), []); // by the defaults no ten minutes hold five of them
});

test('a detector that is switched off, and an AI agent whose triage is, tell nothing', () => {
  const loop = readTranscript('claude-code-loop');

  assert.deepEqual(hitsOf(loop, settingsWith({ toolLoop: { enabled: false } })), []);
  assert.deepEqual(hitsOf(loop, { ...TRIAGE_DEFAULT, enabled: false }), []);
  const injected = readTranscript('prompt-injection-english');
  assert.deepEqual(hitsOf(injected, settingsWith({ promptInjection: { enabled: false } })), []);
  assert.deepEqual(hitsOf(injected, { ...TRIAGE_DEFAULT, enabled: false }), []);
});

test('each AI agent has the settings of its own, and its own counts', () => {
  const engine = new DetectorEngine();
  const strict = settingsWith({ toolLoop: { times: 3 } });
  engine.use((agentId) => (agentId === 'GROK' ? strict : TRIAGE_DEFAULT), START);
  const records = recordsOf(
    'GROK',
    times(3, () => call('x')),
  );
  const others = recordsOf(
    'GIMAI',
    times(3, () => call('x')),
  );

  const hits = records.flatMap(({ record, now }, n) => [
    ...engine.look(viewOf(record), undefined, now),
    ...engine.look(viewOf(others[n]!.record), undefined, now),
  ]);

  assert.deepEqual(
    hits.map(({ detector, agentId }) => [detector, agentId]),
    [['tool_loop', 'GROK']],
  );
});

test('a loop of ten thousand calls is told once, then every ten minutes with how many there were', () => {
  const engine = new DetectorEngine();
  const hits = hitsOf(
    recordsOf(
      'GROK',
      times(10_000, () => call('x', 0.15)),
    ),
    TRIAGE_DEFAULT,
    engine,
  );

  assert.deepEqual(
    hits.map(({ isAgain, count }) => [isAgain, count]),
    [
      [false, 1],
      [true, 4_000],
      [true, 4_000],
    ],
  );
  const rest = engine.due(START + 10_000 * 150 + 600_000);
  assert.deepEqual(
    rest.map(({ detector, isAgain, count }) => [detector, isAgain, count]),
    [['tool_loop', true, 1_995]],
  );
  assert.deepEqual(engine.due(START + 10_000 * 150 + 1_400_000), []);
  assert.equal(engine.nextDueAt, undefined, 'it is over, and forgotten');
});

test('a trouble that comes again after it was over is told as a new one', () => {
  const twice = [...times(6, () => call('x')), { ...call('y'), after: 1_500 }, ...times(6, () => call('x'))];

  const hits = hitsOf(recordsOf('GROK', twice));

  assert.deepEqual(
    hits.map(({ isAgain }) => isAgain),
    [false, false],
  );
});

test('calls that are repeated between new ones are work, up to six times as many', () => {
  const cycle = (count: number) => times(count, (n) => [call('the tests'), call(`edit ${n}`)]).flat();

  assert.deepEqual(hitsOf(recordsOf('GROK', cycle(25))), []);
  assert.deepEqual(namesOf(hitsOf(recordsOf('GROK', cycle(32)))), ['tool_loop']);
  const taking = times(12, (n) => call(n % 2 === 0 ? 'a' : 'b'));
  assert.deepEqual(namesOf(hitsOf(recordsOf('GROK', taking))), ['tool_loop'], 'two that take turns are a loop');
});

test('a call whose result differs each time waits for something; one that fails in other words does not', () => {
  const polled = (success: boolean): Item[] =>
    times(9, (n) => ({
      record: {
        action: 'tool_result',
        message: 'tool_result',
        context: { tool: 'status', arguments: { job: 7 }, success, output: `now at ${n}` },
      },
    }));

  assert.deepEqual(hitsOf(recordsOf('GROK', polled(true))), []);
  assert.ok(namesOf(hitsOf(recordsOf('GROK', polled(false)))).includes('tool_loop'));
});

test('a call that a span and an event tell of, by the same id, counts once; so does a refusal with its result', () => {
  const named = (n: number): Item => ({
    record: { action: 'tool_call', message: 'm', context: { tool: 'search', arguments: { q: 1 }, call_id: `c${n}` } },
  });
  const twice = (count: number) => recordsOf('GROK', times(count, (n) => [named(n), named(n)]).flat());

  assert.deepEqual(hitsOf(twice(4)), []);
  assert.deepEqual(namesOf(hitsOf(twice(5))), ['tool_loop']);
  const storm = readTranscript('claude-permission-storm');
  assert.deepEqual(hitsOf(storm.slice(0, 14)), [], 'seven refusals');
  assert.deepEqual(namesOf(hitsOf(storm.slice(0, 16))), ['permission_storm'], 'eight');
});

test('sessions of one AI agent are told apart', () => {
  const inSession = (n: number): Item => {
    const { record } = call('x');
    return { record: { ...record, context: { ...(record!['context'] as object), session_id: `s${n}` } } };
  };

  assert.deepEqual(
    hitsOf(
      recordsOf(
        'GROK',
        times(12, (n) => inSession(n % 4)),
      ),
    ),
    [],
  );
  assert.deepEqual(
    namesOf(
      hitsOf(
        recordsOf(
          'GROK',
          times(20, (n) => inSession(n % 4)),
        ),
      ),
    ),
    ['tool_loop'],
  );
});

test('one success of the tool ends a row of failures', () => {
  const result = (success: boolean, n: number): Item => ({
    record: {
      action: 'tool_result',
      message: 'tool_result',
      context: { tool: 'build', arguments: { n }, success, output: 'text' },
    },
  });
  const broken = times(15, (n) => result(n % 8 === 7, n));

  assert.deepEqual(hitsOf(recordsOf('GROK', broken)), []);
  assert.deepEqual(
    namesOf(
      hitsOf(
        recordsOf(
          'GROK',
          times(8, (n) => result(false, n)),
        ),
      ),
    ),
    ['no_progress'],
  );
});

test('a search that finds nothing is no failure, however often', () => {
  const search = (n: number): Item => ({
    record: {
      action: 'tool_result',
      message: 'tool_result',
      context: { tool: 'Bash', arguments: { command: `grep -rn word${n} src` }, success: false, exit_code: 1 },
    },
  });

  assert.deepEqual(hitsOf(recordsOf('GROK', times(20, search))), []);
});

test('a line that counts its attempts itself is taken at its word', () => {
  const line = (text: string) => recordsOf('GROK', [{ line: text }]);

  assert.deepEqual(namesOf(hitsOf(line('WARN Retrying API request, attempt 9 of 10'))), ['no_progress']);
  assert.deepEqual(hitsOf(line('WARN Retrying API request, attempt 2 of 10')), []);
  assert.deepEqual(hitsOf(line('WARN Retrying connect to database, attempt 9 of 10')), [], 'no work of an AI agent');
});

test('a clock that is set back neither hides a loop nor makes one', () => {
  const engine = new DetectorEngine();
  const back = [...times(4, () => call('x')), { ...call('x'), after: -7_200 }, ...times(3, () => call('x'))];

  assert.deepEqual(hitsOf(recordsOf('GROK', back), TRIAGE_DEFAULT, engine), []);
  const more = recordsOf(
    'GROK',
    times(3, () => call('x')),
    START - 7_100_000,
  );
  assert.deepEqual(namesOf(hitsOf(more, TRIAGE_DEFAULT, engine)), ['tool_loop']);
});

test('a trouble that goes on while the clock is set back is told again in its time, not a day later', () => {
  const engine = new DetectorEngine();
  hitsOf(
    recordsOf(
      'GROK',
      times(10, () => call('x')),
    ),
    TRIAGE_DEFAULT,
    engine,
  );

  const hits = hitsOf(
    recordsOf(
      'GROK',
      times(900, () => call('x')),
      START - 86_400_000,
    ),
    TRIAGE_DEFAULT,
    engine,
  );

  assert.deepEqual(
    hits.map(({ isAgain }) => isAgain),
    [true],
  );
});
