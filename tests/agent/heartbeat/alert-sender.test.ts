import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { AlertSender } from '../../../src/agent/heartbeat/alert-sender.ts';
import type { AlertReport } from '../../../src/contract/alert.ts';
import type { ServerName } from '../../../src/contract/ids.ts';
import { NervesysError } from '../../../src/platform/errors.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { openTables } from '../../support/buffer-tables.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { tempDir } from '../../support/temp-dir.ts';

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

async function fixture(t: TestContext, waitingMax?: number) {
  const clock = new FakeClock();
  const sent: string[][] = [];
  const ids: string[] = [];
  let respond: (alerts: readonly AlertReport[]) => Promise<void> | void = () => {};
  const { alerts: queue } = openTables(t, join(await tempDir(t), 'buffer.db'), clock, { waitingMax });
  const sender = new AlertSender({
    queue,
    client: {
      async sendAlerts(alerts) {
        await respond(alerts);
        sent.push(alerts.map(({ title, count = 1 }) => (count === 1 ? title : `${title} ×${count}`)));
        ids.push(...alerts.map(({ id }) => id!));
      },
    },
    clock,
    random: () => 0,
    logger: silentLogger,
  });
  t.after(() => sender.close());
  sender.start();
  await clock.advance(0);
  return {
    clock,
    sent,
    ids,
    queue,
    on: (reply: typeof respond) => {
      respond = reply;
    },
  };
}

const away = () => {
  throw new NervesysError('NSV_ORCHESTRATOR_UNREACHABLE', 'nobody there', { retryable: true });
};

test('an alert leaves at once', async (t) => {
  const { clock, queue, sent } = await fixture(t);

  queue.tell(alert('a'));
  await clock.advance(0);

  assert.deepEqual(sent, [['a']]);
  assert.equal(queue.size, 0);
});

test('while the orchestrator is away a trouble waits as it was first attempted, and once more for all that came since', async (t) => {
  const { clock, queue, sent, on, ids } = await fixture(t);
  on(away);

  queue.tell(alert('a', 'warning', 'a first'));
  await clock.advance(1_000);
  queue.tell(alert('b'));
  for (const words of ['again', 'and again', 'still']) {
    queue.tell(alert('a', 'warning', words));
    await clock.advance(40_000);
  }
  assert.equal(queue.size, 3);

  on(() => {});
  await clock.advance(31_000);
  assert.deepEqual(sent, [['a first', 'b'], ['still ×3']]);
  assert.equal(new Set(ids).size, 3);
});

test('the worst goes first', async (t) => {
  const { clock, queue, sent, on } = await fixture(t);
  on(away);
  queue.tell(alert('first'));
  await clock.advance(0);
  for (const [key, severity] of Object.entries({ i: 'info', w: 'warning', c: 'critical' } as const))
    queue.tell(alert(key, severity));

  on(() => {});
  await clock.advance(31_000);

  assert.deepEqual(sent, [['c', 'first', 'w', 'i']]);
});

test('an alert whose answer was lost is repeated under the same id, whatever is told meanwhile', async (t) => {
  const { clock, queue, on } = await fixture(t);
  const seen: (readonly [string, number])[] = [];
  on((alerts) => {
    for (const { id, count } of alerts) seen.push([id!, count!]);
    if (seen.length < 3) away(); // it has arrived, and its answer never comes
  });

  queue.tell(alert('a'));
  await clock.advance(0);
  queue.tell(alert('a'));
  await clock.advance(60_000);

  const counted = new Map(seen);
  assert.equal(seen.length, 4);
  assert.equal(counted.size, 2);
  assert.deepEqual([...counted.values()], [1, 1]);
});

test('the wait that an orchestrator asks for is heeded, but not for hours', async (t) => {
  const { clock, queue, sent, on } = await fixture(t);
  const busy = (retryAfterMs: number) => () => {
    throw new NervesysError('NSV_ORCHESTRATOR_REFUSED', 'busy', { retryable: true, facts: { retryAfterMs } });
  };
  let attempts = 0;
  const counted = (reply: () => void) => () => {
    attempts++;
    reply();
  };

  on(counted(busy(40_000)));
  queue.tell(alert('a'));
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
  const { clock, queue, sent, on } = await fixture(t);
  let finish = () => {};
  on(
    () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      }),
  );
  queue.tell(alert('a', 'warning', 'old'));
  await clock.advance(0);

  queue.tell(alert('a', 'warning', 'new'));
  on(() => {});
  finish();
  await clock.advance(0);

  assert.deepEqual(sent, [['old'], ['new']]);
});

test('past the bound the least severe, oldest goes, and is counted', async (t) => {
  const { clock, queue, sent, on } = await fixture(t, 3);
  on(away);

  for (const [key, severity] of [
    ['c1', 'critical'],
    ['w1', 'warning'],
    ['i1', 'info'],
    ['c2', 'critical'],
    ['w2', 'warning'],
  ] as const)
    queue.tell(alert(key, severity));
  assert.deepEqual([queue.size, queue.dropped], [3, 2]);

  on(() => {});
  await clock.advance(60_000);
  assert.deepEqual(sent, [['c1', 'c2', 'w2']]);
});

test('one alert that the orchestrator refuses as wrong does not hold the others', async (t) => {
  const { clock, queue, sent, on } = await fixture(t);
  on(away);
  for (const key of ['good-1', 'bad', 'good-2']) queue.tell(alert(key));
  await clock.advance(500);
  on((alerts) => {
    if (alerts.some(({ title }) => title === 'bad'))
      throw new NervesysError('NSV_ORCHESTRATOR_REFUSED', '400', { facts: { status: 400 } });
  });

  await clock.advance(60_000);

  assert.deepEqual(sent, [['good-1'], ['good-2']]);
  assert.deepEqual([queue.size, queue.dropped], [0, 1]);
});

test('one that is refused for the lines before it goes without them', async (t) => {
  const { clock, queue, on } = await fixture(t);
  const seen: AlertReport[] = [];
  on((alerts) => {
    seen.push(...alerts);
    if (alerts.some(({ detail }) => detail['lines_before'] !== undefined))
      throw new NervesysError('NSV_ORCHESTRATOR_REFUSED', '413', { facts: { status: 413 } });
  });

  queue.tell({ ...alert('a'), detail: { rule: 'r', lines_before: [{ message: 'x' }] } });
  await clock.advance(1_000);

  assert.deepEqual(
    seen.map(({ detail }) => Object.keys(detail)),
    [['rule', 'lines_before'], ['rule']],
  );
  assert.deepEqual([queue.size, queue.dropped], [0, 0]);
});

test('a revoked key keeps alerts waiting', async (t) => {
  const { clock, queue, on } = await fixture(t);
  on(() => {
    throw new NervesysError('NSV_AGENT_REVOKED', 'revoked');
  });
  queue.tell(alert('a'));
  await clock.advance(300_000);

  assert.deepEqual([queue.size, queue.dropped], [1, 0]);
});
