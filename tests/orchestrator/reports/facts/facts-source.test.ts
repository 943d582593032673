/** Facts of what the orchestrator itself has written: beats over HTTP, judged by its watch, in minutes that pass at once. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { CriticalFacts, ReportFacts } from '../../../../src/contract/report-facts.ts';
import type { ReportKind } from '../../../../src/contract/reports.ts';
import { DEFAULT_HISTORY } from '../../../../src/orchestrator/history/resolutions.ts';
import { PostgresFactsSource } from '../../../../src/orchestrator/reports/facts/postgres-facts-source.ts';
import { currentPeriod } from '../../../../src/orchestrator/reports/period.ts';
import { TestOrchestrator } from '../../../support/orchestrator.ts';
import { TestPostgres } from '../../../support/postgres.ts';
import { rollAllUp } from '../../../support/report-fleet.ts';
import { SetClock } from '../../../support/simulated-fleet.ts';
import { VirtualFleet } from '../../../support/virtual-fleet.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

/** A zone in which it is early in the day now, so that no midnight comes in between. */
function zoneOfMorning(now: number): string {
  const hours = ((6 - new Date(now).getUTCHours() + 36) % 24) - 12;
  return hours === 0 ? 'UTC' : `Etc/GMT${hours > 0 ? '-' : '+'}${Math.abs(hours)}`;
}

test('an outage that the orchestrator judged is in the facts, to the second, and so is who was well', async (t) => {
  const database = await postgres.database();
  t.after(() => database.close());
  const clock = new SetClock();
  const fleet = new VirtualFleet(clock);
  fleet.systems = [await TestOrchestrator.open(t, database, { clock, onTransitions: fleet.onTransitions })];
  await fleet.join(2);
  await fleet.minutes(3);
  fleet.servers[0]!.silent = true;
  await fleet.minutes(20);
  fleet.servers[0]!.silent = false;
  await fleet.minutes(3);
  const source = new PostgresFactsSource({
    database,
    settings: () => ({ storagePrices: undefined, modelPrices: [], intervalMs: 60_000, history: DEFAULT_HISTORY }),
  });
  const zone = zoneOfMorning(clock.now());
  const gather = (kind: ReportKind) =>
    source.gather(kind, currentPeriod(kind, clock.now(), zone), clock.now(), AbortSignal.timeout(30_000));

  const facts = (await gather('daily')) as Omit<ReportFacts, 'version'>;

  const agentOf = (server: string) =>
    facts.agents.find((agent) => agent.server === server && agent.agent_id === 'GROK')!;
  const [ill, well] = [agentOf('AIGARDEN01'), agentOf('AIGARDEN02')];
  // 21 minutes from beat to beat; the first five are up and late.
  assert.ok(Math.abs((ill.seconds.down ?? 0) - 16 * 60) < 20, `down for ${ill.seconds.down} s`);
  assert.ok(Math.abs((ill.seconds.late ?? 0) - 150) < 20);
  assert.deepEqual([ill.outages, ill.light, ill.state], [1, 'red', 'up']);
  assert.deepEqual(
    ill.spans?.map(({ state }) => state),
    ['unknown', 'up', 'late', 'down', 'up'],
  );
  assert.deepEqual([well.seconds.down, well.outages, well.state], [undefined, 0, 'up']);
  assert.equal(facts.servers[0]?.seconds.down, ill.seconds.down);
  assert.ok((facts.alerts.opened ?? 0) > 0, 'its alert is told of');
  assert.deepEqual(
    facts.gaps.map(({ kind }) => kind),
    ['before_first_data', 'unfinished', 'no_prices'],
  );

  await rollAllUp(database, clock.now() + 600_000);
  const rolled = (await gather('daily')) as Omit<ReportFacts, 'version'>;
  assert.deepEqual(
    rolled.agents.map(({ vitals, records }) => [vitals, records]),
    facts.agents.map(({ vitals, records }) => [vitals, records]),
  );
  const critical = (await gather('critical')) as Omit<CriticalFacts, 'version'>;
  assert.deepEqual([critical.kind, critical.period.name], ['critical', facts.period.name]);
  assert.equal(critical.total, facts.alerts.by_severity.critical);
});

test('who waits no longer is told so at once', async () => {
  await using database = await postgres.database();
  const source = new PostgresFactsSource({
    database,
    settings: () => ({ storagePrices: undefined, modelPrices: [], intervalMs: 60_000, history: DEFAULT_HISTORY }),
  });
  const now = Date.parse('2026-01-02T00:00:00Z');

  await assert.rejects(
    source.gather('daily', currentPeriod('daily', now, 'UTC'), now, AbortSignal.abort(new Error('closing'))),
    /closing/,
  );
});
