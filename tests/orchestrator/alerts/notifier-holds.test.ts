import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readAlertDetail } from '../../../src/orchestrator/database/queries/read-alert-detail.ts';
import { readAlerts } from '../../../src/orchestrator/database/queries/read-alerts.ts';
import { endSilence } from '../../../src/orchestrator/database/queries/silences.ts';
import { NervesysError } from '../../../src/platform/errors.ts';
import { AlertStory } from '../../support/alert-story.ts';
import { channelSettings } from '../../support/channel-settings.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { webhookSettings } from '../../support/recording-channel.ts';
import { until } from '../../support/until.ts';

// The goal: what is held back for a time is told once afterwards, not never and not in a heap.

let postgres: TestPostgres;
before(async () => {
  postgres = await TestPostgres.start();
});
after(() => postgres.close());

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;

test('reminders don’t heap up while a silence, quiet hours or a broken channel holds them', async (t) => {
  const hours = { fromMinutes: 11 * 60, toMinutes: 15 * 60, days: ['thursday'] as const, except: undefined };
  const story = await AlertStory.begin(
    t,
    postgres,
    webhookSettings('oncall'),
    webhookSettings('night', { quietHours: hours }),
    webhookSettings('broken'),
  );
  story.alerts = { ...story.alerts, remindAfterMs: 30 * MINUTE };
  await story.raise('RACK1'); // 10:03 on a Thursday
  await story.raise('RACK2');
  await story.pass(MINUTE);
  const broken = new NervesysError('NSV_CHANNEL_UNREACHABLE', 'no answer', { retryable: true });
  story.channel('broken').answer = () => Promise.reject(broken);
  const silence = await story.silence('RACK1', 24 * HOUR);
  const told = (channel: string) =>
    story
      .channel(channel)
      .told.filter(({ alerts }) => alerts[0]!.kind === 'server.silent')
      .map(({ event, total }) => `${event} ${total}`);

  await story.pass(4 * HOUR, 5 * MINUTE);
  const before = told('oncall');
  await story.settle('RACK2');
  await story.pass(20 * MINUTE, MINUTE);
  await endSilence(story.database, silence, 'dana', new Date(story.clock.now()));
  story.channel('broken').answer = async () => ({ providerId: null });
  await story.pass(30 * MINUTE, MINUTE);

  assert.deepEqual(before, ['opened 2', ...Array(8).fill('reminded 1')]);
  assert.deepEqual(told('oncall').slice(before.length), ['reminded 1']);
  assert.ok(told('night').length <= 3, told('night').join());
  assert.ok(told('broken').length <= 3, told('broken').join());
});

test('what a silence of days held back is not given up at the first failure', async (t) => {
  const story = await AlertStory.begin(t, postgres);
  await story.silence('RACK*', 48 * HOUR);
  await story.raise('RACK1');
  await story.pass(47 * HOUR, HOUR);
  let failures = 0;
  story.channel().answer = async () => {
    if (failures++ < 3) throw new NervesysError('NSV_CHANNEL_UNREACHABLE', 'no answer', { retryable: true });
    return { providerId: null };
  };

  await story.pass(2 * HOUR, MINUTE);

  assert.deepEqual([failures, ...story.channel().summary], [4, 'opened server.silent']);
});

test('a replica that doesn’t know a new channel yet leaves what it is told to those that do', async (t) => {
  const story = await AlertStory.begin(t, postgres);
  const behind = story.replica();
  await story.raise('RACK1');
  await story.notifier.planOnce();
  await story.clock.advance(5 * SECOND);
  const settings = story.settings;
  story.settings = [];

  await behind.tellOnce();
  story.settings = settings;
  await story.pass(30 * SECOND, SECOND);

  assert.deepEqual(story.channel().summary, ['opened server.silent']);
});

test('a channel of the last resort isn’t called for what has just begun because something else has waited', async (t) => {
  const boss = webhookSettings('boss', { severity: 'critical', escalateAfterMs: 15 * MINUTE });
  const story = await AlertStory.begin(t, postgres, webhookSettings('oncall'), boss);
  const seen = await story.raise('RACK1');
  await story.pass(10 * MINUTE);
  await story.acknowledge(seen.id);
  await story.pass(4 * MINUTE);
  await story.raise('RACK2');

  await story.pass(10 * MINUTE);
  assert.deepEqual(story.channel('boss').summary, []);
  await story.pass(6 * MINUTE);

  assert.deepEqual(story.channel('boss').summary, ['escalated server.silent']);
});

test('what comes back while it is being found over is told', async (t) => {
  const story = await AlertStory.begin(t, postgres);
  story.alerts = { ...story.alerts, settleMs: HOUR };
  const flap = async () => {
    await story.settle('RACK1');
    await story.notifier.planOnce();
    await story.raise('RACK1');
    await story.notifier.planOnce();
  };
  await story.raise('RACK1', 'warning');
  await story.notifier.planOnce();
  await flap();
  await flap();
  await flap();
  await story.settle('RACK1');
  await story.clock.advance(5 * SECOND);

  // It comes back between the look at its state and the note that nobody need be told.
  const { database } = story;
  const transaction = database.transaction.bind(database);
  let isBack = false;
  database.transaction = async (work) => {
    if (!isBack) {
      isBack = true;
      await story.raise('RACK1');
      await story.notifier.planOnce();
    }
    return transaction(work);
  };
  await story.notifier.tellOnce();
  await story.pass(HOUR, MINUTE);

  assert.deepEqual(story.channel().summary, ['opened server.silent']);
});

test('what a provider says in characters that Postgres cannot hold is told once all the same, and noted', async (t) => {
  const story = await AlertStory.begin(t, postgres, webhookSettings('oncall'), webhookSettings('mail'));
  story.channel().answer = async () => ({ providerId: 'a\0b\ud800' });
  story.channel('mail').answer = async () => {
    throw new NervesysError('NSV_CHANNEL_DENIED', 'tell mail: \0\ud800');
  };
  const { id } = await story.raise('RACK1');

  await story.pass(10 * MINUTE, 10 * SECOND);

  const detail = await readAlertDetail(story.database, id, new Date(story.clock.now()));
  assert.deepEqual(detail!.deliveries.map(({ channel, state, error }) => [channel, state, error]).sort(), [
    ['mail', 'waiting', 'tell mail: \ufffd\ufffd'],
    ['oncall', 'told', null],
  ]);
  assert.equal(story.channel().told.filter(({ alerts }) => alerts[0]!.id === id).length, 1);
  assert.equal((await readAlerts(story.database, { kind: 'channel.failing' })).length, 1);
});

test('what a provider has taken is not told again because Postgres is away when that is to be noted', async (t) => {
  const story = await AlertStory.begin(t, postgres);
  const { database } = story;
  const transaction = database.transaction.bind(database);
  let isAway = false;
  database.transaction = async (work) => {
    if (isAway) throw new NervesysError('NSV_DATABASE_UNREACHABLE', 'Postgres is away', { retryable: true });
    return transaction(work);
  };
  story.channel().answer = async () => {
    isAway = true;
    return { providerId: 'x' };
  };
  await story.raise('RACK1');
  await story.notifier.planOnce();
  await story.clock.advance(5 * SECOND);

  let isDone = false;
  const telling = story.notifier.tellOnce().then(() => {
    isDone = true;
  });
  await until('it is told', () => story.channel().told.length > 0);
  for (let n = 0; n < 300; n++) await story.clock.advance(SECOND);
  isAway = false;
  await until('it is noted', async () => {
    await story.clock.advance(SECOND);
    return isDone;
  });
  await telling;
  await story.pass(HOUR);

  assert.deepEqual(story.channel().summary, ['opened server.silent']);
});

test('what begins while all of its group is acknowledged is a trouble of its own, told to begin and to end', async (t) => {
  const story = await AlertStory.begin(t, postgres);
  const known = await story.raise('RACK1');
  await story.pass(MINUTE);
  await story.acknowledge(known.id);
  await story.pass(24 * HOUR, HOUR);

  await story.raise('RACK2');
  await story.pass(MINUTE);
  await story.settle('RACK2');
  await story.pass(MINUTE);
  await story.settle('RACK1');
  await story.pass(MINUTE);

  const [first, , second] = story.channel().told;
  assert.deepEqual(
    story.channel().told.map(({ event, alerts, groupKey }) => [event, alerts[0]!.server, groupKey]),
    [
      ['opened', 'RACK1', first!.groupKey],
      ['acknowledged', 'RACK1', first!.groupKey],
      ['opened', 'RACK2', second!.groupKey],
      ['resolved', 'RACK2', second!.groupKey],
      ['resolved', 'RACK1', first!.groupKey],
    ],
  );
  assert.notEqual(first!.groupKey, second!.groupKey); // a pager calls nobody for an incident that is acknowledged
});

test('a group that all of its alerts have left is closed, and its incident with it', async (t) => {
  const chat = channelSettings({ type: 'ntfy', name: 'chat', topic: 'x' } as Parameters<typeof channelSettings>[0]);
  const story = await AlertStory.begin(t, postgres, webhookSettings('pager'), chat);
  const known = await story.raise('RACK1', 'warning');
  await story.pass(MINUTE);
  await story.acknowledge(known.id);
  await story.pass(MINUTE);
  await story.raise('RACK2', 'warning');
  await story.pass(10 * MINUTE);
  await story.raise('RACK1', 'critical');

  await story.pass(10 * MINUTE);
  assert.deepEqual(
    story.channel('pager').told.map(({ event, groupKey }) => `${event} ${groupKey.split('-')[1]}`),
    ['opened 1', 'acknowledged 1', 'opened 2', 'resolved 1', 'opened 2'],
  );
  await story.settle('RACK1');
  await story.settle('RACK2');
  await story.pass(10 * MINUTE);

  assert.deepEqual(
    story.channel('chat').told.map(({ event, total }) => `${event} ${total}`),
    ['opened 1', 'opened 1', 'opened 1', 'resolved 2'],
  );
  const { rows } = await story.database.query('SELECT FROM alert_groups WHERE closed_at IS NULL');
  assert.equal(rows.length, 0);
});
