import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { AlertSender } from '../../../src/agent/heartbeat/alert-sender.ts';
import type { AlertReport } from '../../../src/contract/alert.ts';
import type { ServerName } from '../../../src/contract/ids.ts';
import { NervesysError } from '../../../src/platform/errors.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function alert(key: string, severity: AlertReport['severity'] = 'warning', title = key): AlertReport {
  return {
    dedup_key: key,
    severity,
    server: 'A' as ServerName,
    agent_id: null,
    kind: 'test',
    title,
    detail: {},
    at: '2026-01-01T00:00:00.000Z',
  };
}

function fixture(t: TestContext, waitingMax?: number) {
  const clock = new FakeClock();
  const sent: string[][] = [];
  let respond: (alerts: readonly AlertReport[]) => Promise<void> | void = () => {};
  const sender = new AlertSender({
    client: {
      async sendAlerts(alerts) {
        await respond(alerts);
        sent.push(alerts.map(({ title }) => title));
      },
    },
    clock,
    random: () => 0,
    logger: silentLogger,
    ...(waitingMax === undefined ? {} : { waitingMax }),
  });
  t.after(() => sender.close());
  return {
    clock,
    sent,
    sender: sender.start(),
    on: (reply: typeof respond) => {
      respond = reply;
    },
  };
}

const away = () => {
  throw new NervesysError('NSV_ORCHESTRATOR_UNREACHABLE', 'nobody there', { retryable: true });
};

test('an alert leaves at once', async (t) => {
  const { clock, sender, sent } = fixture(t);
  await clock.advance(0);

  sender.tell(alert('a'));
  await clock.advance(0);

  assert.deepEqual(sent, [['a']]);
  assert.equal(sender.waiting, 0);
});

test('while the orchestrator is away alerts wait, the same trouble once with its latest words', async (t) => {
  const { clock, sender, sent, on } = fixture(t);
  on(away);

  sender.tell(alert('a', 'warning', 'a first'));
  await clock.advance(1_000);
  sender.tell(alert('b'));
  sender.tell(alert('a', 'warning', 'a again'));
  await clock.advance(120_000);
  assert.equal(sender.waiting, 2);

  on(() => {});
  await clock.advance(30_000);
  assert.deepEqual(sent, [['b', 'a again']]);
});

test('the wait that an orchestrator asks for is heeded, but not for hours', async (t) => {
  const { clock, sender, sent, on } = fixture(t);
  const busy = (retryAfterMs: number) => () => {
    throw new NervesysError('NSV_ORCHESTRATOR_REFUSED', 'busy', { retryable: true, facts: { retryAfterMs } });
  };
  let attempts = 0;
  const counted = (reply: () => void) => () => {
    attempts++;
    reply();
  };

  on(counted(busy(40_000)));
  sender.tell(alert('a'));
  await clock.advance(39_000);
  const withinTheWait = attempts;
  on(counted(busy(86_400_000)));
  await clock.advance(2_000);
  on(() => {});
  await clock.advance(301_000);

  assert.equal(withinTheWait, 1);
  assert.equal(attempts, 2);
  assert.deepEqual(sent, [['a']]);
});

test('told again while it is being sent, the newer words are sent too', async (t) => {
  const { clock, sender, sent, on } = fixture(t);
  let finish = () => {};
  on(
    () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      }),
  );
  sender.tell(alert('a', 'warning', 'old'));
  await clock.advance(0);

  sender.tell(alert('a', 'warning', 'new'));
  on(() => {});
  finish();
  await clock.advance(0);

  assert.deepEqual(sent, [['old'], ['new']]);
});

test('past the bound the least severe, oldest goes, and is counted', async (t) => {
  const { clock, sender, sent, on } = fixture(t, 3);
  on(away);

  for (const [key, severity] of [
    ['c1', 'critical'],
    ['w1', 'warning'],
    ['i1', 'info'],
    ['c2', 'critical'],
    ['w2', 'warning'],
  ] as const)
    sender.tell(alert(key, severity));
  assert.deepEqual([sender.waiting, sender.dropped], [3, 2]);

  on(() => {});
  await clock.advance(60_000);
  assert.deepEqual(sent, [['c1', 'c2', 'w2']]);
});

test('one alert that the orchestrator refuses as wrong does not hold the others', async (t) => {
  const { clock, sender, sent, on } = fixture(t);
  on(away);
  for (const key of ['good-1', 'bad', 'good-2']) sender.tell(alert(key));
  await clock.advance(500);
  on((alerts) => {
    if (alerts.some(({ title }) => title === 'bad'))
      throw new NervesysError('NSV_ORCHESTRATOR_REFUSED', '400', { facts: { status: 400 } });
  });

  await clock.advance(60_000);

  assert.deepEqual(sent, [['good-1'], ['good-2']]);
  assert.deepEqual([sender.waiting, sender.dropped], [0, 1]);
});

test('a revoked key keeps alerts waiting', async (t) => {
  const { clock, sender, on } = fixture(t);
  on(() => {
    throw new NervesysError('NSV_AGENT_REVOKED', 'revoked');
  });
  sender.tell(alert('a'));
  await clock.advance(300_000);

  assert.deepEqual([sender.waiting, sender.dropped], [1, 0]);
});
