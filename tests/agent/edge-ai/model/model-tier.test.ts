/** The tier around a model: its pace, its patience and its memory, in virtual time. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { makeTinyGguf } from '../../../../scripts/make-tiny-gguf.ts';
import {
  CACHE_BYTES_MAX,
  type ModelAnswer,
  ModelTier,
  type ModelTierOptions,
  modelMetrics,
} from '../../../../src/agent/edge-ai/model/index.ts';
import type { LanguageModel, Prompt } from '../../../../src/agent/edge-ai/model/types.ts';
import type { AgentId } from '../../../../src/contract/ids.ts';
import type { TemplateId } from '../../../../src/contract/triage.ts';
import type { ModelSettings } from '../../../../src/contract/triage-settings.ts';
import { type Clock, systemClock } from '../../../../src/platform/clock.ts';
import { NervesysError } from '../../../../src/platform/errors.ts';
import { createLogger, silentLogger } from '../../../../src/platform/logger.ts';
import { formatMetrics } from '../../../../src/platform/metrics-text.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { spawnScripted } from '../../../support/scripted-model.ts';
import { tempDir } from '../../../support/temp-dir.ts';
import { until } from '../../../support/until.ts';

const HOUR_MS = 3_600_000;
const SETTINGS: ModelSettings = {
  source: 'http',
  path: undefined,
  url: 'http://127.0.0.1:1',
  name: 'm',
  perHourMax: 60,
  deadlineMs: 30_000,
  memoryBytesMax: 1e9,
};
const GOOD = '{"verdict":"critical","reason":"the disk is full"}';

test('a question is answered once, and a template that was answered comes from memory', async (t) => {
  const { tier, clock, model, answers } = await open(t);

  tier.ask(question(1));
  assert.deepEqual(answers, []);
  await clock.advance(0);
  tier.ask(question(1));
  assert.equal(answers.length, 1);
  await clock.advance(0);

  assert.equal(model.prompts.length, 1);
  const { templateId } = question(1);
  const answer = { templateId, verdict: 'critical', reason: 'the disk is full', model: 'scripted', tookMs: 0 };
  assert.deepEqual(answers, [
    { ...answer, fromCache: false },
    { ...answer, fromCache: true },
  ]);
});

test('within any hour no more is asked than the settings allow, and the rest is asked later', async (t) => {
  const { tier, clock, model } = await open(t, { perHourMax: 7 });
  const askedAt: number[] = [];
  model.answer = () => {
    askedAt.push(clock.monotonic());
    return GOOD;
  };

  for (let n = 0; n < 40; n++) {
    tier.ask(question(n));
    await clock.advance(n % 3 === 0 ? 7 * 60_000 : 0);
  }
  await clock.advance(6 * HOUR_MS);

  assert.equal(askedAt.length, 40);
  for (const at of askedAt)
    assert.ok(askedAt.filter((other) => other >= at && other < at + HOUR_MS).length <= 7, `too many from ${at} on`);
});

test('the hour is counted over a restart', async (t) => {
  const folder = await tempDir(t);
  const first = await open(t, { perHourMax: 3 }, { folder });
  for (let n = 0; n < 3; n++) first.tier.ask(question(n));
  await first.clock.advance(60_000);
  await first.tier.close();

  const second = await open(t, { perHourMax: 3 }, { folder, clock: new FakeClock(first.clock.now()) });
  second.tier.ask(question(7));
  await second.clock.advance(58 * 60_000);
  assert.equal(second.model.prompts.length, 0);
  await second.clock.advance(2 * 60_000);

  assert.equal(second.model.prompts.length, 1);
});

test('one question is asked at a time', async (t) => {
  const { tier, clock, model } = await open(t);
  let atOnce = 0;
  let most = 0;
  model.answer = async () => {
    most = Math.max(most, ++atOnce);
    await clock.sleep(1_000);
    atOnce--;
    return GOOD;
  };

  for (let n = 0; n < 5; n++) tier.ask(question(n));
  await clock.advance(10_000);

  assert.equal(model.prompts.length, 5);
  assert.equal(most, 1);
});

test('of many questions those that come often go first, of equals the newest, and the others make room, counted', async (t) => {
  const { tier, clock, model } = await open(t, { perHourMax: 3 });
  for (let n = 0; n < 3; n++) tier.ask(question(n));
  await clock.advance(0);

  for (let n = 100; n < 300; n++) tier.ask(question(n));
  for (let times = 0; times < 5; times++) tier.ask(question(250));
  await clock.advance(HOUR_MS);

  assert.equal(tier.state.waiting, 100 - 3);
  assert.equal(tier.counts.dropped, 100);
  assert.deepEqual(
    model.prompts.slice(3).map(({ user }) => /n(\d+)/.exec(user)?.[1]),
    ['250', '299', '298'],
  );
});

test('what a question holds is bounded, whatever the line', async (t) => {
  const { tier, clock, model } = await open(t);

  tier.ask({ ...question(1), text: 'x'.repeat(5_000_000), example: `\u0000\ud800${'<'.repeat(1_000_000)}` });
  await clock.advance(0);

  assert.ok(model.prompts[0]!.user.length < 2_000);
});

test('the three nearest known templates are shown, looked for only when the question is asked', async (t) => {
  const { tier, clock, model } = await open(t);
  let looked = 0;

  tier.ask({
    ...question(1),
    text: 'disk <*> is full',
    similar: () => {
      looked++;
      return [
        { text: 'disk <*> is nearly full', verdict: 'critical' as const },
        { text: 'user <*> signed in', verdict: 'ordinary' as const },
        { text: 'disk <*> is healthy', verdict: 'ordinary' as const },
        { text: 'disk cache of <*> is full', verdict: 'ordinary' as const },
        { text: 'full moon', verdict: 'ordinary' as const },
      ];
    },
  });
  assert.equal(looked, 0);
  await clock.advance(0);

  assert.equal(looked, 1);
  const known = model.prompts[0]!.user.split('\n').filter((line) => line.startsWith('- '));
  assert.deepEqual(known, [
    '- "disk * is nearly full" is critical',
    '- "disk cache of * is full" is ordinary',
    '- "disk * is healthy" is ordinary',
  ]);
});

test('after a failure it waits longer each time, and after five in a row it leaves the model alone for an hour', async (t) => {
  const { tier, clock, model } = await open(t);
  const askedAt: number[] = [];
  model.answer = () => {
    askedAt.push(clock.monotonic());
    throw new NervesysError('NSV_MODEL_UNREACHABLE', 'nobody there', { retryable: true });
  };

  for (let n = 0; n < 10; n++) tier.ask(question(n));
  await clock.advance(HOUR_MS / 2);

  assert.equal(askedAt.length, 5);
  const waits = askedAt.slice(1).map((at, index) => at - askedAt[index]!);
  assert.ok(
    waits.every((wait, index) => index === 0 || wait > waits[index - 1]!),
    `${waits}`,
  );
  assert.deepEqual(
    { state: tier.state.state, reason: tier.state.reason, pauses: tier.counts.pauses },
    { state: 'paused', reason: 'nobody there', pauses: 1 },
  );

  model.answer = () => GOOD;
  await clock.advance(HOUR_MS);
  assert.equal(tier.state.state, 'idle');
  assert.ok(tier.counts.critical > 5);
});

test('a question that the model fails by twice is not asked again', async (t) => {
  const { tier, clock, model, answers } = await open(t);
  model.answer = ({ user }) => (user.includes('n1"') ? 'I will not say.' : GOOD);

  tier.ask(question(1));
  tier.ask(question(2));
  await clock.advance(HOUR_MS);

  assert.equal(model.prompts.filter(({ user }) => user.includes('n1"')).length, 2);
  assert.equal(answers.length, 1);
  assert.equal(tier.counts.abandoned, 1);
  assert.equal(tier.counts.failed.get('NSV_MODEL_ANSWER_INVALID'), 2);
});

test('what will not change by itself is tried once an hour, and no question is lost by it', async (t) => {
  const { tier, clock, model, answers } = await open(t);
  model.answer = () => {
    throw new NervesysError('NSV_MODEL_NOT_INSTALLED', 'no library');
  };

  tier.ask(question(1));
  await clock.advance(3 * HOUR_MS + 1_000);
  assert.equal(model.prompts.length, 4);
  model.answer = () => GOOD;
  await clock.advance(HOUR_MS);

  assert.equal(answers.length, 1);
});

test('a server that asks for patience gets it', async (t) => {
  const { tier, clock, model } = await open(t);
  model.answer = () => {
    throw new NervesysError('NSV_MODEL_UNREACHABLE', 'busy', { facts: { retryAfterMs: 600_000 } });
  };

  tier.ask(question(1));
  await clock.advance(599_000);
  assert.equal(model.prompts.length, 1);
  await clock.advance(2_000);

  assert.equal(model.prompts.length, 2);
});

test('a model that nobody asked for five minutes gives its memory back', async (t) => {
  const { tier, clock, model } = await open(t);
  tier.ask(question(1));
  await clock.advance(4 * 60_000);
  tier.ask(question(2));
  await clock.advance(299_000);
  assert.ok(model.isAwake);

  await clock.advance(2_000);

  assert.equal(model.rests, 1);
  assert.ok(!model.isAwake);
});

test('a model rests too while the hour is used up and questions wait', async (t) => {
  const { tier, clock, model } = await open(t, { perHourMax: 1 });
  tier.ask(question(1));
  tier.ask(question(2));

  await clock.advance(301_000);

  assert.ok(!model.isAwake);
  await clock.advance(HOUR_MS);
  assert.equal(model.prompts.length, 2);
});

test('other settings take effect at once: a question under way is put to the new model, one in memory of the old is not used', async (t) => {
  const { tier, clock, model, models, answers } = await open(t);
  tier.ask(question(1));
  await clock.advance(0);
  model.answer = (_, signal) =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  tier.ask(question(2));
  await clock.advance(1_000);

  tier.use({ ...SETTINGS, name: 'other' });
  tier.ask(question(1));
  await clock.advance(0);

  assert.equal(models.length, 2);
  assert.equal(models[1]!.prompts.length, 2);
  assert.ok(model.isClosed);
  assert.deepEqual(
    answers.map(({ templateId, model }) => [templateId, model]),
    [
      [question(1).templateId, 'scripted'],
      [question(1).templateId, 'scripted-other'],
      [question(2).templateId, 'scripted-other'],
    ],
  );
});

test('switched off it asks nothing, holds nothing and takes no question', async (t) => {
  const { tier, clock, model } = await open(t, { perHourMax: 1 });
  tier.ask(question(1));
  tier.ask(question(2));
  await clock.advance(0);

  tier.use({ ...SETTINGS, source: 'off' });
  tier.ask(question(3));
  await clock.advance(3 * HOUR_MS);

  assert.equal(model.prompts.length, 1);
  assert.ok(model.isClosed);
  assert.deepEqual(
    { ...tier.state, cacheBytes: 0 },
    {
      state: 'off',
      reason: undefined,
      waiting: 0,
      memoryBytes: undefined,
      cacheBytes: 0,
    },
  );
});

test('more questions an hour hold at once', async (t) => {
  const { tier, clock, model } = await open(t, { perHourMax: 1 });
  tier.ask(question(1));
  tier.ask(question(2));
  await clock.advance(60_000);

  tier.use({ ...SETTINGS, perHourMax: 2 });
  await clock.advance(0);

  assert.equal(model.prompts.length, 2);
  assert.ok(!model.isClosed);
});

test('answers are remembered over a restart, and a damaged file costs only what was damaged', async (t) => {
  const folder = await tempDir(t);
  const file = join(folder, 'model-answers.ndjson');
  const first = await open(t, {}, { folder });
  for (let n = 0; n < 3; n++) first.tier.ask(question(n));
  await first.clock.advance(0);
  await first.tier.close();
  const lines = (await readFile(file, 'utf8')).split('\n');
  lines[1] = `{"__proto__":{"verdict":"critical"},"key":"\u0000"}`;
  await writeFile(file, `${lines[0]}\n${lines[1]}\nnull\n[]\n\u0000\u0000\n${lines[2]!}\n${lines[0]!.slice(0, 20)}`);

  const second = await open(t, {}, { folder });
  for (let n = 0; n < 3; n++) second.tier.ask(question(n));
  await second.clock.advance(0);

  assert.equal(second.model.prompts.length, 1);
  assert.deepEqual(second.answers.map(({ fromCache }) => fromCache).sort(), [false, true, true]);
  await second.tier.close();
  const third = await open(t, {}, { folder });
  for (let n = 0; n < 3; n++) third.tier.ask(question(n));
  await third.clock.advance(0);
  assert.equal(third.model.prompts.length, 0);
});

test('the file of answers never grows beyond its limit, and keeps the newest', async (t) => {
  const folder = await tempDir(t);
  await writeFile(join(folder, 'model-answers.ndjson'), 'x'.repeat(CACHE_BYTES_MAX + 1));
  const { tier, clock, model, answers } = await open(t, { perHourMax: 100_000 }, { folder });
  model.answer = () => JSON.stringify({ verdict: 'ordinary', reason: 'ש'.repeat(300) });
  let most = 0;

  for (let n = 0; n < 4_000; n += 100) {
    for (let m = n; m < n + 100; m++) tier.ask(question(m));
    await until('they are answered', async () => {
      await clock.advance(0);
      return answers.length >= n + 100;
    });
    most = Math.max(most, tier.state.cacheBytes);
  }
  await tier.close();

  const kept = await readFile(join(folder, 'model-answers.ndjson'));
  assert.ok(kept.length <= CACHE_BYTES_MAX && most <= CACHE_BYTES_MAX && kept.length > 100_000);
  assert.ok(kept.includes(question(3_999).templateId));
});

test('a disk that takes nothing leaves the answers in memory', async (t) => {
  const folder = await tempDir(t);
  await writeFile(join(folder, 'file'), '');
  const { tier, clock, model, answers } = await open(t, {}, { folder: join(folder, 'file') });

  tier.ask(question(1));
  await clock.advance(0);
  tier.ask(question(1));
  await clock.advance(0);

  assert.equal(model.prompts.length, 1);
  assert.equal(answers.length, 2);
});

test('who uses an answer badly does not disturb the tier', async (t) => {
  let told = 0;
  const { tier, clock } = await open(
    t,
    {},
    {
      onAnswer: () => {
        told++;
        throw new Error('not mine');
      },
    },
  );

  tier.ask(question(1));
  tier.ask(question(2));
  await clock.advance(0);

  assert.equal(told, 2);
});

test('a model that cannot even rest or end does not disturb it either', async (t) => {
  const { tier, clock, model, answers } = await open(t);
  const fail = async () => {
    throw new Error('no end');
  };
  model.rest = fail;
  model[Symbol.asyncDispose] = fail;

  tier.ask(question(1));
  await clock.advance(301_000);
  tier.ask(question(2));
  await clock.advance(HOUR_MS * 2);
  await tier.close();

  assert.equal(answers.length, 2);
});

test('settings that name no model, or one that is not there, fail nothing and are told', async (t) => {
  const lines: string[] = [];
  const clock = new FakeClock();
  const logger = createLogger({ clock, write: (line) => lines.push(line) });
  const folder = await tempDir(t);
  for (const settings of [
    { ...SETTINGS, url: undefined },
    { ...SETTINGS, url: 'http://example.com' },
    { ...SETTINGS, source: 'gguf' as const, url: undefined, name: undefined, path: '/no/such.gguf' },
    { ...SETTINGS, source: 'gguf' as const, url: undefined, name: '../../etc/passwd' },
  ]) {
    await using tier = new ModelTier({ ...partsOf(folder, clock), settings, logger, onAnswer: () => undefined });
    tier.ask(question(1));
    await clock.advance(HOUR_MS + 1_000);

    assert.equal(tier.state.state, 'paused');
    assert.equal(tier.counts.failed.get('NSV_MODEL_UNUSABLE'), 2);
  }
  assert.ok(lines.length >= 4 && lines.every((line) => line.includes('NSV_MODEL_UNUSABLE')));
});

test('a file that is brought later is used after the pause', async (t) => {
  const folder = await tempDir(t);
  const path = join(folder, 'models', 'tiny.gguf');
  let tries = 0;
  const { tier, clock, answers } = await open(
    t,
    {},
    {
      before: () => {
        if (++tries < 3) throw new NervesysError('NSV_MODEL_UNUSABLE', `no ${path}`);
      },
    },
  );

  tier.ask(question(1));
  await clock.advance(2 * HOUR_MS + 1_000);

  assert.equal(answers.length, 1);
});

for (const manner of ['dies-once', 'good'] as const)
  test(`with a real process (${manner}) the question is answered, and closing leaves no process`, async (t) => {
    const folder = await tempDir(t);
    await writeFile(join(folder, 'tiny.gguf'), makeTinyGguf());
    const started: ChildProcess[] = [];
    const answers: ModelAnswer[] = [];
    const tier = new ModelTier({
      ...partsOf(folder, systemClock),
      modelsFolder: folder,
      spawn: spawnScripted(manner, started),
      settings: { ...SETTINGS, source: 'gguf', url: undefined, name: 'tiny' },
      random: () => 0,
      onAnswer: (answer) => answers.push(answer),
    });

    tier.ask(question(1));
    await until('it is answered', () => answers.length === 1);
    await tier.close();
    await tier.close();

    assert.equal(answers[0]?.reason, 'the disk is full');
    assert.equal(answers[0]?.model, 'tiny');
    assert.equal(tier.counts.starts, manner === 'good' ? 1 : 2);
    assert.ok(started.every(({ exitCode, signalCode }) => exitCode !== null || signalCode !== null));
  });

test('closing does not wait for an answer', async (t) => {
  const { tier, clock, model, answers } = await open(t);
  model.answer = (_, signal) =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  tier.ask(question(1));
  await clock.advance(0);

  await tier.close();
  tier.ask(question(2));

  assert.ok(model.isClosed);
  assert.deepEqual(answers, []);
});

test('everything is counted for the metrics', async (t) => {
  const { tier, clock, model } = await open(t);
  tier.ask(question(1));
  await clock.advance(0);
  model.answer = () => 'nonsense';
  tier.ask(question(2));
  await clock.advance(1_000);

  const text = formatMetrics(modelMetrics(tier.counts, tier.state));

  for (const line of [
    'nervesys_agent_model_questions_total 2',
    'nervesys_agent_model_answers_total{verdict="critical"} 1',
    'nervesys_agent_model_failures_total{code="NSV_MODEL_ANSWER_INVALID"} 1',
    'nervesys_agent_model_waiting 1',
    'nervesys_agent_model_memory_bytes 1000',
  ])
    assert.ok(text.includes(`${line}\n`), `${line} is not in\n${text}`);
});

class ScriptedModel implements LanguageModel {
  readonly name: string;
  readonly identity: string;
  readonly prompts: Prompt[] = [];
  isAwake = false;
  isClosed = false;
  rests = 0;
  answer: (prompt: Prompt, signal: AbortSignal) => string | Promise<string> = () => GOOD;

  constructor(name: string) {
    this.name = name;
    this.identity = name;
  }

  get memoryBytes(): number | undefined {
    return this.isAwake ? 1_000 : undefined;
  }

  async ask(prompt: Prompt, { signal }: { readonly signal: AbortSignal }): Promise<string> {
    this.isAwake = true;
    this.prompts.push(prompt);
    return this.answer(prompt, signal);
  }

  async rest(): Promise<void> {
    this.rests++;
    this.isAwake = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isClosed = true;
    this.isAwake = false;
  }
}

interface OpenOptions {
  readonly folder?: string;
  readonly clock?: FakeClock;
  readonly onAnswer?: ModelTierOptions['onAnswer'];
  /** Before a model is opened. */
  readonly before?: () => void;
}

async function open(t: TestContext, settings: Partial<ModelSettings> = {}, options: OpenOptions = {}) {
  const { folder = await tempDir(t), clock = new FakeClock(), before } = options;
  const models: ScriptedModel[] = [];
  const answers: ModelAnswer[] = [];
  const tier = new ModelTier({
    ...partsOf(folder, clock),
    settings: { ...SETTINGS, ...settings },
    random: () => 0.5,
    onAnswer: options.onAnswer ?? ((answer) => answers.push(answer)),
    open: ({ name }) => {
      before?.();
      models.push(new ScriptedModel(name === 'm' ? 'scripted' : `scripted-${name}`));
      return models.at(-1)!;
    },
  });
  t.after(() => tier.close());
  return { tier, clock, answers, models, model: models[0]! };
}

function partsOf(folder: string, clock: Clock) {
  return {
    cache: { path: join(folder, 'model-answers.ndjson') },
    modelsFolder: join(folder, 'models'),
    spawn: spawnScripted('good'),
    clock,
    logger: silentLogger,
  };
}

function question(n: number) {
  return {
    templateId: n.toString(16).padStart(16, '0') as TemplateId,
    text: `something <*> n${n}`,
    example: `something of n${n}`,
    agentId: 'GROK' as AgentId,
    similar: [],
  };
}
