/** Facts of a day that is over stay what they were, whatever becomes of its servers, alerts, templates and logs afterwards. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { AgentId, ServerName } from '../../../../src/contract/ids.ts';
import type { TemplateReport } from '../../../../src/contract/triage.ts';
import { assignKey, markArchived } from '../../../../src/orchestrator/catalog/batch-rows.ts';
import { tendPartitions } from '../../../../src/orchestrator/database/partitions.ts';
import { acknowledgeAlert } from '../../../../src/orchestrator/database/queries/acknowledge-alert.ts';
import { forgetExpired, readExpired } from '../../../../src/orchestrator/database/queries/expired-objects.ts';
import { forgetTemplates } from '../../../../src/orchestrator/database/queries/forget-templates.ts';
import { recordAlerts } from '../../../../src/orchestrator/database/queries/record-alerts.ts';
import { recordTemplates } from '../../../../src/orchestrator/database/queries/record-templates.ts';
import { recordTransitions } from '../../../../src/orchestrator/database/queries/record-transitions.ts';
import { resolveAlerts } from '../../../../src/orchestrator/database/queries/resolve-alerts.ts';
import { retire } from '../../../../src/orchestrator/database/queries/retire.ts';
import { sweepExpired } from '../../../../src/orchestrator/database/queries/sweep-expired.ts';
import { DEFAULT_HISTORY } from '../../../../src/orchestrator/history/resolutions.ts';
import { factsDigest } from '../../../../src/orchestrator/reports/facts-digest.ts';
import { makeBatch } from '../../../support/batch.ts';
import { TestPostgres } from '../../../support/postgres.ts';
import { ReportFleet } from '../../../support/report-fleet.ts';
import { report } from '../../triage/templates.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** 10 December 2025 in Jerusalem. */
const START = Date.parse('2025-12-09T22:00:00Z');
const END = START + DAY;

class Farm extends ReportFleet {
  #sent = 1;

  async alert(name: string, at: number, severity: 'warning' | 'critical', agent: string | null = 'GROK') {
    const told = {
      dedup_key: name,
      severity,
      server: 'AIGARDEN01' as ServerName,
      agent_id: agent as AgentId | null,
      kind: `kind.${name}`,
      title: `${name} at ${at}`,
      detail: {},
      at: new Date(at).toISOString(),
      count: 1,
    };
    const [alert] = await this.database.transaction((transaction) =>
      recordAlerts(transaction, [told], new Date(at), 'agent'),
    );
    return alert!.id;
  }

  resolve(id: string, at: number) {
    return this.database.transaction((transaction) =>
      resolveAlerts(transaction, { ids: [id] }, new Date(at), { by: null, note: null }),
    );
  }

  acknowledge(id: string, at: number) {
    return this.database.transaction((transaction) =>
      acknowledgeAlert(transaction, id, { by: 'dana', note: null }, new Date(at)),
    );
  }

  lines(text: string, at: number, lines: number) {
    const iso = new Date(at).toISOString();
    const counts = [
      { agent_id: 'GROK', level: 'ERROR', day: iso.slice(0, 10), hour: Number(iso.slice(11, 13)), lines },
    ];
    const one = report(text, { first_seen_at: iso, last_seen_at: iso, is_alert: true, counts });
    const sender = { server: 'AIGARDEN01', id: `e-${this.#sent++}`, day: iso.slice(0, 10) };
    return this.database.transaction((transaction) =>
      recordTemplates(transaction, sender, [one as unknown as TemplateReport]),
    );
  }

  async batch(window: number, archivedAt: number) {
    const { announcement } = makeBatch({
      first: this.#sent,
      server: 'AIGARDEN01',
      window: new Date(window).toISOString(),
    });
    this.#sent += 3;
    const row = await assignKey(this.database, announcement, new Date(window + 5 * MINUTE));
    await markArchived(this.database, row, row.key, new Date(archivedAt));
  }
}

test('where logs are past their retention, what came of each server is not known, and in all it is', async () => {
  await using database = await postgres.database();
  const farm = new Farm(database);
  await farm.join('AIGARDEN01', 'GROK', START - HOUR);
  await farm.beatRarely('AIGARDEN01', 'GROK', START, END);
  await farm.batch(START + HOUR, START + HOUR + 10 * MINUTE);
  await farm.batch(START + 20 * HOUR, START + 20 * HOUR + 10 * MINUTE);
  const told = (facts: Awaited<ReturnType<Farm['gather']>>) => [
    facts.totals.objects,
    facts.servers[0]!.objects,
    facts.archive.by_server.map(({ objects }) => objects),
  ];
  assert.deepEqual(told(await farm.gather('daily', '2025-12-10', END)), [2, 2, [2]]);

  const horizon = { windowBefore: new Date(START + 2 * HOUR), archivedBefore: new Date(END) };
  await forgetExpired(database, await readExpired(database, horizon, 100), new Date(END + DAY));

  const first = await farm.gather('daily', '2025-12-10', END + DAY);
  assert.deepEqual(told(first), [2, null, []]);
  assert.equal(first.servers[0]!.archived_bytes, null);
  const all = { windowBefore: new Date(END), archivedBefore: new Date(END) };
  await forgetExpired(database, await readExpired(database, all, 100), new Date(END + DAY));
  assert.equal(factsDigest(await farm.gather('daily', '2025-12-10', END + 2 * DAY)), factsDigest(first));
});

test('a day is told the same three days later', async () => {
  await using database = await postgres.database();
  const farm = new Farm(database);
  for (const name of ['GROK', 'GIMAI']) {
    await farm.join('AIGARDEN01', name, START - 2 * DAY);
    await farm.beatRarely('AIGARDEN01', name, START - 2 * DAY, END + 3 * DAY, (index) => ({
      cpu: index % 90,
      counts: { INFO: 10, ERROR: index % 7 === 0 ? 1 : 0 },
      replace: {
        lost_records: Math.floor(index / 500),
        metrics: {
          cpu_percent: index % 90,
          ram_percent: 40,
          disk_percent: 55,
          buffer_size_mb: 12.3 + (index % 10) / 10,
        },
      },
    }));
  }
  await farm.move('AIGARDEN01', 'GROK', START + 20 * HOUR, 'up', 'down');
  const open = await farm.alert('open', START + 20 * HOUR, 'critical');
  const over = await farm.alert('over', START + HOUR, 'warning', null);
  await farm.acknowledge(over, START + 2 * HOUR);
  await farm.resolve(over, START + 3 * HOUR);
  await farm.lines('cannot reach <*>', START - HOUR, 4);
  await farm.lines('cannot reach <*>', START + HOUR, 5);
  await farm.lines('all is lost', START + 2 * HOUR, 6);
  await farm.batch(START + HOUR, START + HOUR + 10 * MINUTE);
  await farm.batch(END - 2 * HOUR, END + HOUR);
  await farm.rollUp(END + 10 * MINUTE);
  const prices = { storagePrices: { currency: 'USD', keepTbMonth: 4e6, writeMillion: 1e6, keepMillionMonth: 1e6 } };
  const first = await farm.gather('daily', '2025-12-10', END + 20 * MINUTE, 'Asia/Jerusalem', prices);

  await farm.move('AIGARDEN01', 'GROK', END + 2 * HOUR, 'down', 'up');
  await farm.acknowledge(open, END + HOUR);
  await farm.resolve(open, END + 2 * HOUR);
  await farm.alert('over', END + 3 * HOUR, 'critical', null);
  await farm.lines('cannot reach <*>', END + HOUR, 50);
  await farm.lines('quite new', END + HOUR, 50);
  await farm.batch(END + HOUR, END + HOUR + 10 * MINUTE);
  await farm.join('AIGARDEN09', 'NEWCOMER', END + DAY);
  const retired = await database.transaction((transaction) =>
    retire(transaction, { server: 'AIGARDEN01' }, new Date(END + DAY)),
  );
  await recordTransitions(database, retired!);
  const now = END + 3 * DAY;
  await farm.rollUp(now);
  await tendPartitions(database, now, DEFAULT_HISTORY);
  await sweepExpired(database, new Date(now));
  await forgetTemplates(database, new Date(now - 90 * DAY));
  const later = await farm.gather('daily', '2025-12-10', now, 'Asia/Jerusalem', prices);

  assert.equal(first.archive.buffer_peak?.mb, 13.2, 'not as single precision has it');
  assert.deepEqual({ ...later, gathered_at: first.gathered_at }, first);
  assert.equal(factsDigest(later), factsDigest(first));
});
