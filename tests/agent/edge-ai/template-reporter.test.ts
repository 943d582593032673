import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { KeptState } from '../../../src/agent/edge-ai/kept-state.ts';
import { TemplateReporter } from '../../../src/agent/edge-ai/template-reporter.ts';
import type { Epoch } from '../../../src/contract/ids.ts';
import type { AiWorkCount, TemplateReport, TemplatesRequest } from '../../../src/contract/triage.ts';
import { NervesysError } from '../../../src/platform/errors.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { idOf, NOON } from './triaged.ts';

const EPOCH = '00112233' as Epoch;

class Meta {
  readonly values = new Map<string, string>();
  meta = (name: string) => this.values.get(name);
  setMeta = (name: string, value: string) => void this.values.set(name, value);
  stats = () => ({ bytes: 1_000_000, limitBytes: 100_000_000, held: false });
}

function report(n: number, text = `template ${n}`): TemplateReport {
  const at = '2026-01-15T12:00:00.000Z';
  return {
    template: idOf(text),
    text,
    aliases: [],
    first_seen_at: at,
    last_seen_at: at,
    is_alert: false,
    score: 0,
    counts: [],
  };
}

interface Opened {
  readonly clock: FakeClock;
  readonly sent: TemplatesRequest[];
  readonly waiting: TemplateReport[][];
  readonly work: AiWorkCount[];
  answer: () => Promise<void>;
  readonly reporter: TemplateReporter;
}

function open(t: TestContext, meta = new Meta(), now = NOON): Opened {
  const clock = new FakeClock(now);
  const sent: TemplatesRequest[] = [];
  const opened = {
    clock,
    sent,
    waiting: [] as TemplateReport[][],
    work: [] as AiWorkCount[],
    answer: () => Promise.resolve(),
  };
  const reporter = new TemplateReporter({
    client: {
      sendTemplates: (request) => {
        sent.push(structuredClone(request));
        return opened.answer();
      },
    },
    take: () => opened.waiting.splice(0),
    takeWork: () => opened.work.splice(0),
    state: new KeptState(meta, silentLogger),
    epoch: EPOCH,
    clock,
    random: () => 0.5,
    logger: silentLogger,
  }).start();
  t.after(() => reporter.close());
  return Object.assign(opened, { reporter });
}

const away = () =>
  Promise.reject(new NervesysError('NSV_ORCHESTRATOR_UNREACHABLE', 'nobody answers', { retryable: true }));
const refused = (status: number) => () =>
  Promise.reject(
    new NervesysError('NSV_ORCHESTRATOR_REFUSED', `${status}`, { retryable: status >= 500, facts: { status } }),
  );
/** What is read and packed takes turns of the event loop. */
async function minutes(clock: FakeClock, count: number): Promise<void> {
  for (let n = 0; n < count * 12; n++) {
    await clock.advance(5_000);
    await new Promise((done) => setTimeout(done, 1));
  }
}

test('what was counted is told every five minutes, in requests of bounded size, each under an id of its own', async (t) => {
  const opened = open(t);
  opened.waiting.push(
    Array.from({ length: 1_100 }, (_, n) => report(n)),
    [report(0)],
  );

  await minutes(opened.clock, 6);
  opened.waiting.push([report(1)]);
  await minutes(opened.clock, 6);

  assert.deepEqual(
    opened.sent.map(({ templates }) => templates.length),
    [500, 500, 100, 1, 1],
  );
  assert.equal(new Set(opened.sent.map(({ id }) => id)).size, 5);
  assert.ok(opened.sent.every(({ id }) => /^00112233-\d+$/.test(id)));
});

test('templates with long texts go in smaller requests', async (t) => {
  const opened = open(t);
  opened.waiting.push(Array.from({ length: 600 }, (_, n) => report(n, `${n} ${'ש'.repeat(1_900)}`)));

  await minutes(opened.clock, 6);

  assert.ok(opened.sent.length > 2);
  assert.ok(opened.sent.every((request) => Buffer.byteLength(JSON.stringify(request)) < 1_100_000));
  assert.equal(opened.sent.flatMap(({ templates }) => templates).length, 600);
});

test('what did not arrive is told again under the same id with the same content; what was counted since waits for it', async (t) => {
  const opened = open(t);
  opened.answer = away;
  opened.waiting.push([report(1)]);
  await minutes(opened.clock, 6);
  const first = opened.sent.splice(0);
  opened.waiting.push([report(2)]);
  await minutes(opened.clock, 11);
  const again = opened.sent.splice(0);
  opened.answer = () => Promise.resolve();
  await minutes(opened.clock, 11);

  assert.ok(first.length >= 1 && again.length >= 1);
  for (const request of [...first, ...again]) assert.deepEqual(request, first[0]);
  assert.deepEqual(
    opened.sent.map(({ id, templates }) => [id === first[0]?.id, templates.map(({ text }) => text)]),
    [
      [true, ['template 1']],
      [false, ['template 2']],
    ],
  );
});

test('over a restart what waits stays under its id, and a number is never given twice', async (t) => {
  const meta = new Meta();
  const first = open(t, meta);
  first.answer = away;
  first.waiting.push([report(1)]);
  await minutes(first.clock, 6);
  first.waiting.push([report(2)]);
  const closing = first.reporter.close();
  await minutes(first.clock, 1);
  await closing;

  const second = open(t, meta, NOON - 3_600_000);
  second.waiting.push([report(3)]);
  await minutes(second.clock, 11);

  assert.deepEqual(
    second.sent.map(({ templates }) => templates.map(({ text }) => text)),
    [['template 1'], ['template 2'], ['template 3']],
  );
  assert.equal(second.sent[0]?.id, first.sent[0]?.id);
  assert.equal(new Set(second.sent.map(({ id }) => id)).size, 3);
});

test('an older orchestrator is left alone for ten minutes, and nothing is lost', async (t) => {
  const opened = open(t);
  opened.answer = refused(404);
  opened.waiting.push([report(1)]);

  await minutes(opened.clock, 14);
  const asked = opened.sent.splice(0).length;
  opened.answer = () => Promise.resolve();
  await minutes(opened.clock, 11);

  assert.equal(asked, 2);
  assert.deepEqual(
    opened.sent.map(({ templates }) => templates[0]?.text),
    ['template 1'],
  );
});

test('a request that will never be taken does not hold those behind it', async (t) => {
  const opened = open(t);
  opened.answer = refused(400);
  opened.waiting.push([report(1)], [report(2)]);

  await minutes(opened.clock, 6);

  assert.equal(opened.sent.length, 2);
});
