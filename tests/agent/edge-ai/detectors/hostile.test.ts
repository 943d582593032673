import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { DetectorEngine } from '../../../../src/agent/edge-ai/detectors/index.ts';
import { TRIAGE_DEFAULT } from '../../../../src/contract/triage-settings.ts';
import { pick, seededRandom } from '../../../support/random.ts';
import { hitsOf, type Item, recordOf, recordsOf, START, viewOf } from './transcripts.ts';

const LONG = 60_000;
const PIECES = [
  'tool ',
  'calling tool ',
  'invoking ',
  'exit code ',
  'permission ',
  'permission for ',
  'retry attempt ',
  'rate limit ',
  'ignore all the your my ',
  'ignore previous ',
  'if you are an ai ',
  'do not tell ',
  'as an ai assistant ',
  'all tests ',
  'completed ',
  'successfully ',
  'not successfully ',
  'but ',
  '1 ',
  'Action: \n',
  'user rejected ',
  'request ',
  '`',
  '"',
  '(',
  ' ',
  '\t',
  '\n',
  '=',
  ':',
  '{"a":',
  '[',
  '✅',
  'בהצלחה ',
  'התעלם מכל ',
  'new instructions ',
  'error ',
  'exceeds the ',
  'reach the ',
];

test('no text takes long, whatever it repeats', () => {
  const random = seededRandom(7);
  const engine = new DetectorEngine();
  const texts = PIECES.flatMap((piece) => [
    piece.repeat(LONG / piece.length),
    Array.from({ length: 4_000 }, () => piece + pick(random, PIECES))
      .join('')
      .slice(0, LONG),
  ]);
  let worst = { ms: 0, text: '' };

  for (const text of texts)
    for (const item of [
      { line: text },
      { record: { action: 'tool_result', message: text, context: { tool: text, result: text, arguments: text } } },
      {
        record: {
          level: 'ERROR',
          action: 'api_error',
          message: text,
          context: { error: text, 'gen_ai.output.messages': text },
        },
      },
      { record: { action: 'assistant_response', message: text, context: { response: text, exit_code: 1 } } },
    ] satisfies Item[]) {
      const view = viewOf(recordOf('GROK', item, START));
      const startedAt = performance.now();
      engine.lookAtOne(view);
      engine.look(view, undefined, START);
      const ms = performance.now() - startedAt;
      if (ms > worst.ms) worst = { ms, text: text.slice(0, 60) };
    }

  assert.equal(engine.failed, 0);
  assert.ok(worst.ms < 250, `${worst.ms} ms for ${JSON.stringify(worst.text)}`);
});

test('contexts of any shape neither throw nor reach a prototype', () => {
  const random = seededRandom(11);
  const keys = [
    'tool',
    'tool_name',
    'arguments',
    'result',
    'output',
    'success',
    'exit_code',
    'session',
    'error',
    'decision',
    '__proto__',
    'constructor',
    'toString',
    'gen_ai.output.messages',
    'gen_ai.input.messages',
    'tool_parameters',
    'input_tokens',
    'status',
    'length',
  ];
  const values: readonly unknown[] = [
    null,
    true,
    false,
    0,
    -1,
    1e308,
    '',
    'x',
    '{',
    '[{"parts":[null,{"type":"tool_call"}]}]',
    '\u0000',
    '\ud800',
    [],
    [[[]]],
    {},
    { name: { name: 1 } },
    { toString: 1 },
    'true',
    'NaN',
    '9'.repeat(400),
  ];
  const actions = [
    '',
    'tool_call',
    'tool_result',
    'tool_decision',
    'chat',
    'api_error',
    'assistant_response',
    'codex.tool_result',
    'x'.repeat(200),
  ];
  const engine = new DetectorEngine();
  const items = Array.from({ length: 5_000 }, (): Item => {
    const context = Object.fromEntries(Array.from({ length: 6 }, () => [pick(random, keys), pick(random, values)]));
    return {
      after: 0.01,
      record: { action: pick(random, actions), message: JSON.stringify(pick(random, values)), context },
    };
  });

  hitsOf(recordsOf('GROK', items), TRIAGE_DEFAULT, engine);

  assert.equal(engine.failed, 0);
  assert.equal(Object.keys(Object.prototype).length, 0);
  JSON.parse(engine.stored());
});

test('titles and details are short, whole and plain, whatever names tools bear', () => {
  const name = `evil\u0000\n\ud800${'x'.repeat(5_000)}`;
  const loop = Array.from(
    { length: 6 },
    (): Item => ({
      record: {
        action: 'tool_call',
        message: 'm',
        context: { tool: name, arguments: { text: '\u202e'.repeat(9_000) } },
      },
    }),
  );

  const [hit] = hitsOf(recordsOf('GROK', loop));

  assert.ok(hit !== undefined && hit.title.length <= 200 && hit.title.isWellFormed());
  assert.doesNotMatch(hit.title, /[\u0000\n]/);
  assert.ok(JSON.stringify(hit).length < 2_000);
  assert.ok(JSON.stringify(hit).isWellFormed());
});

test('ten thousand AI agents, sessions and tools are watched in bounded memory', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const engine = new DetectorEngine();
  const look = (agentId: string, tool: string, session: string, n: number) => {
    const context = { tool, session, arguments: { n, filler: 'y'.repeat(2_000) } };
    const record = { action: 'tool_call', message: 'm', context };
    engine.look(viewOf(recordOf(agentId, { record }, START)), undefined, START + n);
  };
  for (let n = 0; n < 100; n++) look('WARM', `t${n}`, '', n);
  collect();
  const used = () => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
  const before = used();

  for (let n = 0; n < 10_000; n++) look(`AGENT${n}`, `t${n}`, `s${n}`, n);
  // As much as each may have: sessions, calls of each, and each of them repeated.
  for (let agent = 0; agent < 150; agent++)
    for (let session = 0; session < 6; session++)
      for (let n = 0; n < 32; n++) look(`AGENT${agent}`, `t${n % 16}`, `s${session}`, n % 16);

  collect();
  const grown = used() - before;
  assert.equal(engine.failed, 0);
  assert.ok(engine.stored().length < 310_000);
  assert.ok(grown < 16_000_000, `grew by ${grown} bytes`);
});
