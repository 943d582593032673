import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { AgentId, ServerName } from '../../../src/contract/ids.ts';
import { nextDueAt } from '../../../src/orchestrator/database/queries/notification-queue.ts';
import { readAlertDetail } from '../../../src/orchestrator/database/queries/read-alert-detail.ts';
import { readAlerts } from '../../../src/orchestrator/database/queries/read-alerts.ts';
import { recordAlerts } from '../../../src/orchestrator/database/queries/record-alerts.ts';
import { endSilence, insertSilence } from '../../../src/orchestrator/database/queries/silences.ts';
import { NervesysError } from '../../../src/platform/errors.ts';
import { AlertStory } from '../../support/alert-story.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { webhookSettings } from '../../support/recording-channel.ts';
import { until } from '../../support/until.ts';

// The goal: what happens to alerts reaches people as they would wish. Virtual time, a real Postgres, channels that keep what they are
// told; a round is what the notifier does each second.

let postgres: TestPostgres;
before(async () => {
  postgres = await TestPostgres.start();
});
after(() => postgres.close());

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;

test('a critical alert is told within seconds, and its end once', async (t) => {
  const story = await AlertStory.begin(t, postgres);
  await story.raise('AIGARDEN01');

  await story.pass(5 * SECOND);
  assert.deepEqual(story.channel().summary, ['opened server.silent']);
  await story.pass(MINUTE);
  await story.settle('AIGARDEN01');
  await story.pass(MINUTE);

  assert.deepEqual(story.channel().summary, ['opened server.silent', 'resolved server.silent']);
  const [opened, resolved] = story.channel().told;
  assert.equal(opened!.groupKey, resolved!.groupKey);
  assert.notEqual(opened!.id, resolved!.id);
  assert.match(opened!.link, /^https:\/\/nervesys\.example\.com\/#alerts\/\d+$/);
});

test('a hiccup that is over before it was told wakes nobody, and stands in the timeline', async (t) => {
  const story = await AlertStory.begin(t, postgres);
  const { id } = await story.raise('AIGARDEN01', 'warning');

  await story.pass(3 * SECOND);
  await story.settle('AIGARDEN01');
  await story.pass(HOUR);

  assert.deepEqual(story.channel().summary, []);
  const detail = await readAlertDetail(story.database, id, new Date(story.clock.now()));
  assert.deepEqual(
    detail!.events.map(({ event }) => event),
    ['opened', 'resolved'],
  );
  assert.deepEqual(
    detail!.deliveries.map(({ state }) => state),
    ['moot'],
  );
});

test('a rack of 40 silent servers is one message, and one when all of it is back', async (t) => {
  const story = await AlertStory.begin(t, postgres);
  for (let n = 1; n <= 40; n++) await story.raise(`RACK${n}`);

  await story.pass(10 * SECOND);
  for (let n = 1; n <= 39; n++) await story.settle(`RACK${n}`);
  await story.pass(MINUTE);
  assert.deepEqual(story.channel().summary, ['opened server.silent ×40']);
  await story.settle('RACK40');
  await story.pass(MINUTE);

  assert.deepEqual(story.channel().summary, ['opened server.silent ×40', 'resolved server.silent ×40']);
  assert.equal(story.channel().told[0]!.alerts.length, 20);
});

/** A rule of this name hits at AI agents `from` to `to`, each on a server of its own. */
async function ruleHits(
  story: AlertStory,
  rule: string,
  from: number,
  to: number,
  route?: readonly string[],
): Promise<void> {
  for (let n = from; n <= to; n++) {
    const server = `RACK${n}` as ServerName;
    const at = new Date(story.clock.now());
    const report = {
      dedup_key: `${server}:AGENT${n}:rule:${rule}`,
      severity: 'critical' as const,
      server,
      agent_id: `AGENT${n}` as AgentId,
      kind: 'rule',
      title: `${rule}: 503 Service Unavailable`,
      detail: { rule, ...(route === undefined ? {} : { route }) },
      at: at.toISOString(),
      count: 1,
    };
    await story.database.transaction((transaction) => recordAlerts(transaction, [report], at, 'agent'));
  }
}

test('a rule that names channels is told by those alone, whatever else they are told; by all where none of them is there', async (t) => {
  const names = ['everything', 'support', 'oncall'];
  const nobody = { only: { agents: ['NOBODY'], servers: undefined, kinds: undefined } };
  const settings = names.map((name) => webhookSettings(name, name === 'everything' ? {} : nobody));
  const story = await AlertStory.begin(t, postgres, ...settings);
  // As an agent tells it: the rule's `route`, a list.
  await ruleHits(story, 'no_replies', 1, 1, ['support', 'gone']);
  await ruleHits(story, 'merged', 2, 2, ['support', 'oncall']);
  await ruleHits(story, 'stuck', 3, 3, ['gone']);

  await story.pass(MINUTE);

  const told = names.map((name) =>
    story
      .channel(name)
      .told.map(({ alerts }) => alerts[0]!.title.split(':')[0])
      .sort(),
  );
  assert.deepEqual(told, [['stuck'], ['merged', 'no_replies'], ['merged']]);
});

test('200 AI agents that meet the same trouble in one minute are a few messages, and another trouble is one of its own', async (t) => {
  const story = await AlertStory.begin(t, postgres);
  for (let n = 0; n < 20; n++) {
    await ruleHits(story, 'provider_down', n * 10 + 1, n * 10 + 10);
    if (n === 10) await ruleHits(story, 'out_of_credit', 7, 7);
    await story.pass(3 * SECOND, SECOND);
  }
  await story.pass(10 * MINUTE, 10 * SECOND);

  const summary = story.channel().summary;
  assert.ok(summary.length <= 4, summary.join(', '));
  const named = story.channel().told.filter(({ alerts }) => alerts[0]!.detail['rule'] === 'provider_down');
  assert.equal(
    named.reduce((sum, { total }) => sum + total, 0),
    200,
    summary.join(', '),
  );
  assert.ok(summary.includes('opened rule'), 'the other trouble is told by itself');
});

test('a few AI agents with the same trouble are told one by one; from then on it is told as one, also what comes later and back', async (t) => {
  const story = await AlertStory.begin(t, postgres);
  for (let n = 1; n <= 5; n++) {
    await ruleHits(story, 'provider_down', n, n);
    await story.pass(5 * SECOND, SECOND);
  }
  assert.equal(story.channel().told.length, 5);
  for (let n = 6; n <= 30; n++) {
    await ruleHits(story, 'provider_down', n, n);
    await story.pass(5 * SECOND, SECOND);
  }
  assert.equal(story.channel().told.length, 6);
  await story.pass(6 * MINUTE, 10 * SECOND);

  assert.deepEqual(story.channel().summary.slice(5), ['opened rule', 'opened rule ×24']);
  await story.pass(HOUR, 5 * MINUTE);
  await ruleHits(story, 'provider_down', 31, 31);
  await story.pass(5 * SECOND, SECOND);
  assert.equal(story.channel().summary.at(-1), 'opened rule');
  assert.equal(story.channel().told.at(-1)!.alerts[0]!.agent_id, 'AGENT31');
});

test('what joins a trouble that was told already waits for the interval, unless it is worse', async (t) => {
  const story = await AlertStory.begin(t, postgres);
  await story.raise('AIGARDEN01', 'warning');
  await story.pass(20 * SECOND);

  await story.raise('AIGARDEN02', 'warning');
  await story.pass(MINUTE);
  assert.equal(story.channel().told.length, 1);
  await story.raise('AIGARDEN03', 'critical');
  await story.pass(10 * SECOND);

  assert.deepEqual(story.channel().summary, ['opened server.silent', 'opened server.silent ×2']);
  assert.equal(story.channel().told[1]!.severity, 'critical');
});

test('an alert that gets worse is told again though somebody has acknowledged the milder one', async (t) => {
  const story = await AlertStory.begin(t, postgres);
  const { id } = await story.raise('AIGARDEN01', 'warning', 'threshold.disk_percent');
  await story.pass(MINUTE);
  await story.acknowledge(id);
  await story.pass(MINUTE);

  await story.raise('AIGARDEN01', 'critical', 'threshold.disk_percent');
  await story.pass(10 * SECOND);

  assert.deepEqual(
    story.channel().told.map(({ event, severity, groupKey }) => `${event} ${severity} ${groupKey.split('-')[1]}`),
    // Another incident, for a pager calls nobody for one that is acknowledged; the first ends with it.
    ['opened warning 1', 'acknowledged warning 1', 'resolved warning 1', 'opened critical 2'],
  );
});

test('a silence for a time holds a message back, and it is told afterwards if it still holds', async (t) => {
  const story = await AlertStory.begin(t, postgres);
  const now = story.clock.now();
  const silence = {
    agent_id: null,
    kind: null,
    alert_id: null,
    starts_at: new Date(now).toISOString(),
    ends_at: new Date(now + HOUR).toISOString(),
    reason: 'a rack is moved',
    created_by: 'dana',
    created_at: new Date(now).toISOString(),
  };
  await insertSilence(story.database, { ...silence, server: 'RACK*' });
  await story.raise('RACK1');
  await story.raise('RACK2');
  await story.raise('AIGARDEN01');

  await story.pass(30 * MINUTE);
  assert.deepEqual(
    story.channel().told.map(({ alerts }) => alerts.map(({ server }) => server)),
    [['AIGARDEN01']],
  );
  await story.settle('RACK2');
  await story.pass(HOUR);

  assert.deepEqual(
    story.channel().told.map(({ event, alerts }) => [event, ...alerts.map(({ server }) => server)]),
    [
      ['opened', 'AIGARDEN01'],
      ['opened', 'RACK1'],
    ],
  );
});

test('a silence that is ended tells at once what it held back', async (t) => {
  const story = await AlertStory.begin(t, postgres);
  const { id } = await story.raise('AIGARDEN01');
  const now = new Date(story.clock.now());
  const silence = await insertSilence(story.database, {
    server: null,
    agent_id: null,
    kind: null,
    alert_id: id,
    starts_at: now.toISOString(),
    ends_at: new Date(now.getTime() + HOUR).toISOString(),
    reason: 'known',
    created_by: 'dana',
    created_at: now.toISOString(),
  });
  await story.pass(MINUTE);
  assert.deepEqual(story.channel().summary, []);

  await endSilence(story.database, silence.id, 'dana', new Date(story.clock.now()));
  await story.pass(2 * SECOND);

  assert.deepEqual(story.channel().summary, ['opened server.silent']);
});

test('a maintenance of the configuration is quiet about its servers, and no others', async (t) => {
  const story = await AlertStory.begin(t, postgres);
  story.alerts = {
    ...story.alerts,
    maintenance: [
      {
        servers: ['RACK*'],
        fromMinutes: 10 * 60,
        toMinutes: 11 * 60,
        days: ['thursday'],
        timeZone: 'UTC',
        reason: undefined,
      },
    ],
  };
  await story.raise('RACK1'); // 10:03 on a Thursday
  await story.raise('AIGARDEN01');

  await story.pass(50 * MINUTE);
  assert.deepEqual(
    story.channel().told.map(({ alerts }) => alerts[0]!.server),
    ['AIGARDEN01'],
  );
  await story.pass(10 * MINUTE);

  assert.deepEqual(
    story.channel().told.map(({ alerts }) => alerts[0]!.server),
    ['AIGARDEN01', 'RACK1'],
  );
});

test('quiet hours hold back warnings until the morning, and nothing critical', async (t) => {
  const days = ['thursday'] as const;
  const quietHours = { fromMinutes: 600, toMinutes: 720, days, except: 'critical' as const };
  const story = await AlertStory.begin(t, postgres, webhookSettings('oncall', { quietHours }));
  await story.raise('AIGARDEN01', 'warning', 'threshold.disk_percent');
  await story.raise('AIGARDEN01', 'critical', 'server.silent');

  await story.pass(HOUR);
  assert.deepEqual(story.channel().summary, ['opened server.silent']);
  await story.pass(HOUR);

  assert.deepEqual(story.channel().summary, ['opened server.silent', 'opened threshold.disk_percent']);
});

test('a channel of the last resort hears only of what nobody has acknowledged for so long', async (t) => {
  const boss = webhookSettings('boss', { severity: 'critical', escalateAfterMs: 15 * MINUTE });
  const story = await AlertStory.begin(t, postgres, webhookSettings('oncall'), boss);
  const seen = await story.raise('AIGARDEN01', 'critical', 'server.silent');
  await story.raise('AIGARDEN01', 'critical', 'archive.refused');

  await story.pass(10 * MINUTE);
  await story.acknowledge(seen.id);
  await story.pass(10 * MINUTE);

  assert.deepEqual(story.channel('boss').summary, ['escalated archive.refused']);
});

test('a critical alert that nobody acknowledges is told again, and no more once somebody does', async (t) => {
  const story = await AlertStory.begin(t, postgres);
  story.alerts = { ...story.alerts, remindAfterMs: 30 * MINUTE };
  const { id } = await story.raise('AIGARDEN01');

  await story.pass(70 * MINUTE, MINUTE);
  await story.acknowledge(id);
  await story.pass(2 * HOUR, 5 * MINUTE);

  assert.deepEqual(
    story.channel().told.map(({ event }) => event),
    ['opened', 'reminded', 'reminded', 'acknowledged'],
  );
});

test('a trouble that comes and goes is told to begin and to end, and not each time', async (t) => {
  const story = await AlertStory.begin(t, postgres);
  for (let n = 0; n < 12; n++) {
    await story.raise('AIGARDEN01');
    await story.pass(MINUTE, 10 * SECOND);
    await story.settle('AIGARDEN01');
    await story.pass(MINUTE, 10 * SECOND);
  }
  await story.pass(HOUR);

  // Twice as any other; from then on it counts as flapping, and its end is told when it has stayed over.
  assert.deepEqual(
    story.channel().told.map(({ event }) => event),
    ['opened', 'resolved', 'opened', 'resolved', 'opened', 'resolved'],
  );
  const alerts = await readAlerts(story.database);
  assert.deepEqual(
    alerts.map(({ state, reopened, count }) => [state, reopened, count]),
    [['resolved', 11, 12]],
  );
});

test('a channel that is down for an hour is told everything when it is back, in order, and the others tell of it', async (t) => {
  const story = await AlertStory.begin(t, postgres, webhookSettings('oncall'), webhookSettings('mail'));
  story.channel().answer = async () => {
    throw new NervesysError('NSV_CHANNEL_UNREACHABLE', 'tell oncall: no answer', { retryable: true });
  };
  await story.raise('AIGARDEN01');
  await story.pass(30 * MINUTE, 10 * SECOND);
  await story.settle('AIGARDEN01');
  await story.pass(30 * MINUTE, 10 * SECOND);
  assert.deepEqual(story.channel().summary, []);

  story.channel().answer = async () => ({ providerId: 'x' });
  await story.pass(10 * MINUTE, 10 * SECOND);

  assert.deepEqual(story.channel().summary, ['opened server.silent', 'resolved server.silent']);
  const mail = story.channel('mail').summary.filter((line) => line.endsWith('channel.failing'));
  assert.deepEqual(mail, ['opened channel.failing', 'opened channel.failing', 'resolved channel.failing']);
});

test('what a provider refuses for good is tried again slowly for a day, shown, and then given up', async (t) => {
  const story = await AlertStory.begin(t, postgres);
  let attempts = 0;
  story.channel().answer = async () => {
    attempts++;
    throw new NervesysError('NSV_CHANNEL_DENIED', 'tell oncall: 404', { hint: 'set its secret anew' });
  };
  const { id } = await story.raise('AIGARDEN01');

  await story.pass(10 * SECOND);
  const [failing] = await readAlerts(story.database, { kind: 'channel.failing' });
  assert.match(failing!.title, /oncall.*404.*set its secret anew/);
  await story.pass(25 * HOUR, 5 * MINUTE);

  const detail = await readAlertDetail(story.database, id, new Date(story.clock.now()));
  assert.equal(detail!.deliveries[0]!.state, 'failed');
  assert.ok(attempts > 20 && attempts < 80, `${attempts} attempts`);
});

test('two replicas share the work: everything is told once', async (t) => {
  const story = await AlertStory.begin(t, postgres);
  const other = story.replica();
  for (let n = 0; n < 10; n++) await story.raise('AIGARDEN01', 'critical', `kind.${n}`);

  await Promise.all([story.notifier.planOnce(), other.planOnce()]);
  await story.clock.advance(5 * SECOND);
  await Promise.all([story.notifier.tellOnce(), other.tellOnce()]);
  await story.pass(MINUTE);

  assert.equal(story.channel().told.length, 10);
  assert.equal(new Set(story.channel().told.map(({ id }) => id)).size, 10);
});

test('what a replica was telling when it was killed is told by another, under the same id', async (t) => {
  const story = await AlertStory.begin(t, postgres);
  const killed = story.replica();
  const ids: string[] = [];
  let begun = () => {};
  const hangs = new Promise<void>((resolve) => {
    begun = resolve;
  });
  story.channel().answer = (notification) => {
    ids.push(notification.id);
    begun();
    return new Promise(() => {}); // it never comes back from there
  };
  await story.raise('AIGARDEN01');
  await killed.planOnce();
  await story.clock.advance(5 * SECOND);
  void killed.tellOnce();
  await hangs;

  story.channel().answer = async (notification) => {
    ids.push(notification.id);
    return { providerId: null };
  };
  await story.pass(50 * SECOND);
  assert.equal(ids.length, 1);
  await story.pass(30 * SECOND);

  assert.equal(ids.length, 2);
  assert.equal(ids[0], ids[1]);
});

test('nobody asks again and again while a channel is being told, or waits after a failure', async (t) => {
  const story = await AlertStory.begin(t, postgres);
  const nextIn = async () => {
    const now = story.clock.now();
    const next = await nextDueAt(story.database, new Date(now));
    return next === undefined ? undefined : next - now;
  };
  let fail = () => {};
  story.channel().answer = () =>
    new Promise((_, reject) => {
      fail = () => reject(new NervesysError('NSV_CHANNEL_UNREACHABLE', 'no answer', { retryable: true }));
    });
  await story.raise('AIGARDEN01', 'critical');
  await story.notifier.planOnce();
  assert.equal(await nextIn(), 3 * SECOND);
  await story.clock.advance(5 * SECOND);
  const telling = story.notifier.tellOnce();
  await until('it is being told', async () => (await nextIn()) === undefined);
  await story.settle('AIGARDEN01');
  await story.notifier.planOnce(); // its end waits behind it

  assert.equal(await nextIn(), undefined);
  fail();
  await telling;
  const backoff = await nextIn();
  assert.ok(backoff !== undefined && backoff >= SECOND, `${backoff} ms`);
});

test('a slow channel holds no other', async (t) => {
  const story = await AlertStory.begin(t, postgres, webhookSettings('slow'), webhookSettings('quick'));
  let finish = () => {};
  story.channel('slow').answer = () =>
    new Promise((resolve) => {
      finish = () => resolve({ providerId: null });
    });
  await story.raise('AIGARDEN01', 'critical', 'kind.a');
  await story.notifier.planOnce();
  await story.clock.advance(5 * SECOND);
  const telling = story.notifier.tellOnce();
  await until('the first is told', () => story.channel('quick').told.length === 1);
  await story.raise('AIGARDEN01', 'critical', 'kind.b');
  await story.notifier.planOnce();
  await story.clock.advance(5 * SECOND);
  const other = story.replica();
  await until('the other replica tells the second', async () => {
    await other.tellOnce();
    return story.channel('quick').told.length === 2;
  });

  assert.deepEqual(story.channel('quick').summary, ['opened kind.a', 'opened kind.b']);
  story.channel('slow').answer = async () => ({ providerId: null });
  finish();
  await telling;
  assert.deepEqual(story.channel('slow').summary, ['opened kind.a', 'opened kind.b']);
});

test('an alert whose end nobody ever tells is over when it was not told again for a day', async (t) => {
  const story = await AlertStory.begin(t, postgres);
  await story.raise('AIGARDEN01', 'warning', 'enrolment.refused');
  await story.raise('AIGARDEN01', 'critical', 'server.silent');

  await story.pass(25 * HOUR, HOUR);

  const states = Object.fromEntries((await readAlerts(story.database)).map(({ kind, state }) => [kind, state]));
  assert.deepEqual(states, { 'enrolment.refused': 'resolved', 'server.silent': 'open' });
});

test('a clock that jumps a day back or forward loses no alert and tells none twice', async (t) => {
  const story = await AlertStory.begin(t, postgres);
  await story.raise('AIGARDEN01', 'critical', 'kind.a');
  await story.notifier.planOnce();
  story.clock.jump(24 * HOUR);
  await story.pass(MINUTE);
  await story.raise('AIGARDEN01', 'critical', 'kind.b');
  await story.notifier.planOnce();
  story.clock.jump(-48 * HOUR);
  await story.pass(MINUTE);
  await story.raise('AIGARDEN01', 'critical', 'kind.c');
  await story.pass(MINUTE);
  story.clock.jump(24 * HOUR);
  story.clock.jump(24 * HOUR);
  await story.pass(MINUTE);

  assert.deepEqual([...story.channel().summary].sort(), ['opened kind.a', 'opened kind.b', 'opened kind.c']);
});
