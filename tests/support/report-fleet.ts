import assert from 'node:assert/strict';
import type { AgentState } from '../../src/contract/heartbeat.ts';
import type { ReportFacts } from '../../src/contract/report-facts.ts';
import type { SummaryKind } from '../../src/contract/reports.ts';
import type { Database } from '../../src/orchestrator/database/database.ts';
import { recordTransitions } from '../../src/orchestrator/database/queries/record-transitions.ts';
import { rollUpOnce } from '../../src/orchestrator/database/queries/roll-up-status.ts';
import { DEFAULT_HISTORY } from '../../src/orchestrator/history/resolutions.ts';
import { type FactsQuestion, gatherFacts } from '../../src/orchestrator/reports/facts/gather-facts.ts';
import { factsPeriod } from '../../src/orchestrator/reports/period.ts';
import { type ToldBeat, tellBeats } from './beats.ts';

const MINUTE_MS = 60_000;

/** Rolls up all that there is, as the history keeper does. */
export async function rollAllUp(database: Database, now: number): Promise<void> {
  for (let steps = 0; ; steps++) {
    assert.ok(steps < 2_000, 'it goes on for ever');
    const outcome = await rollUpOnce(database, { now, intervalMs: MINUTE_MS, keep: DEFAULT_HISTORY });
    if (outcome === 'done') return;
    if (outcome === 'unsettled') await new Promise((resolve) => setTimeout(resolve, 20)); // another test's transaction
  }
}

/** Servers with one AI agent each, whose days are written into the database as the orchestrator would have. Times are ISO or epoch ms. */
export class ReportFleet {
  readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  /** A server and its AI agent are there, and up, from then on. */
  async join(server: string, agentId: string, at: string | number, state: AgentState = 'up'): Promise<void> {
    const since = new Date(at);
    await this.database.query(
      `INSERT INTO servers (server, enrolled_at, last_seen_at, state, state_at, next_judged_at) VALUES ($1, $2, $2, 'up', $2, $2)
       ON CONFLICT DO NOTHING`,
      [server, since],
    );
    await tellBeats(this.database, [{ server, agentId, at: since.getTime() }]);
    await this.database.query(
      'UPDATE agents_latest SET state = $3, state_at = $4 WHERE server = $1 AND agent_id = $2',
      [server, agentId, state, since],
    );
    const first = { server, from: null, to: state, reason: 'beats arrive on time', at: since };
    await recordTransitions(this.database, [
      { ...first, agentId: null },
      { ...first, agentId },
    ]);
  }

  /** The AI agent, and its server where `both`, changes its state. */
  async move(server: string, agentId: string, at: string | number, from: AgentState, to: AgentState, both = false) {
    const one = { server, from, to, reason: `it is ${to}`, at: new Date(at) };
    await recordTransitions(this.database, [{ ...one, agentId }, ...(both ? [{ ...one, agentId: null }] : [])]);
    await this.database.query(
      'UPDATE agents_latest SET state = $3, state_at = $4 WHERE server = $1 AND agent_id = $2',
      [server, agentId, to, one.at],
    );
  }

  /** A beat a minute (or each `stepMs`) from `from` up to, not including, `to`. */
  async beat(
    server: string,
    agentId: string,
    from: string | number,
    to: string | number,
    beat: (index: number, at: number) => Partial<ToldBeat> = () => ({}),
    stepMs = MINUTE_MS,
  ): Promise<void> {
    const [since, until] = [new Date(from).getTime(), new Date(to).getTime()];
    const count = Math.ceil((until - since) / stepMs);
    await tellBeats(
      this.database,
      Array.from({ length: count }, (_, index) => {
        const at = since + index * stepMs;
        return { server, agentId, at, ...beat(index, at) };
      }),
    );
  }

  /** A beat each 5 minutes, in each of which an AI agent is heard thus: where a day of minutes would only take longer. */
  beatRarely(
    server: string,
    agentId: string,
    from: string | number,
    to: string | number,
    beat: (index: number, at: number) => Partial<ToldBeat> = () => ({}),
  ): Promise<void> {
    return this.beat(server, agentId, from, to, beat, 5 * MINUTE_MS);
  }

  async rollUp(now: string | number): Promise<void> {
    // Hours and days from the first beat on: the month before it is empty, and would be gone through hour by hour.
    await this.database.query(
      `UPDATE status_rollup SET hours_until = coalesce(hours_until, first.day), days_until = coalesce(days_until, first.day)
       FROM (SELECT date_bin('1 day', min(least(timestamp, received_at)) - interval '1 day', '2000-01-01T00:00:00Z') AS day FROM agent_status) AS first`,
    );
    await rollAllUp(this.database, new Date(now).getTime());
  }

  gather(
    kind: SummaryKind,
    name: string,
    now: string | number,
    timeZone = 'Asia/Jerusalem',
    replace: Partial<FactsQuestion> = {},
  ): Promise<Omit<ReportFacts, 'version'>> {
    const period = factsPeriod(kind, name, timeZone);
    assert.ok(period !== undefined);
    const question: FactsQuestion = {
      kind,
      period,
      now: new Date(now).getTime(),
      storagePrices: undefined,
      modelPrices: [],
      intervalMs: MINUTE_MS,
      history: DEFAULT_HISTORY,
      ...replace,
    };
    return gatherFacts(this.database, question, AbortSignal.timeout(60_000));
  }
}
