import type { TestContext } from 'node:test';
import type { AlertSettings, ChannelSettings } from '../../src/config/index.ts';
import { DEFAULT_ALERTS } from '../../src/config/index.ts';
import type { AlertSeverity } from '../../src/contract/alert.ts';
import { Notifier } from '../../src/orchestrator/alerts/notifier.ts';
import { raiseAlerts, settleAlerts } from '../../src/orchestrator/alerts/raise.ts';
import type { Database } from '../../src/orchestrator/database/database.ts';
import { acknowledgeAlert } from '../../src/orchestrator/database/queries/acknowledge-alert.ts';
import { insertSilence } from '../../src/orchestrator/database/queries/silences.ts';
import { PostgresEventHub } from '../../src/orchestrator/fleet/event-hub.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { FakeClock } from './fake-clock.ts';
import type { TestPostgres } from './postgres.ts';
import { RecordingChannel, webhookSettings } from './recording-channel.ts';

const SECOND = 1_000;

/** Alerts, channels and a notifier on a database of their own. */
export class AlertStory {
  readonly clock = new FakeClock();
  readonly channels = new Map<string, RecordingChannel>();
  readonly database: Database;
  settings: ChannelSettings[];
  alerts: AlertSettings = DEFAULT_ALERTS;
  readonly notifier: Notifier;

  private constructor(database: Database, settings: readonly ChannelSettings[]) {
    this.database = database;
    this.settings = [...settings];
    for (const { name } of settings) this.channels.set(name, new RecordingChannel(name));
    this.notifier = this.replica();
  }

  static async begin(t: TestContext, postgres: TestPostgres, ...settings: ChannelSettings[]): Promise<AlertStory> {
    const database = await postgres.database();
    t.after(() => database.close());
    return new AlertStory(database, settings.length === 0 ? [webhookSettings('oncall')] : settings);
  }

  replica(): Notifier {
    const { clock, database } = this;
    return new Notifier({
      database,
      clock,
      random: () => 0.5,
      logger: silentLogger,
      hub: new PostgresEventHub({ database, clock, logger: silentLogger }),
      policy: () => ({ alerts: this.alerts, channels: this.settings }),
      channel: (name) => this.channels.get(name),
      publicUrl: () => 'https://nervesys.example.com',
    });
  }

  channel(name = 'oncall'): RecordingChannel {
    return this.channels.get(name)!;
  }

  async raise(server: string, severity: AlertSeverity = 'critical', kind = 'server.silent', dedupKey = kind) {
    const trouble = { server, agentId: null, dedupKey, kind, severity, title: `${kind} on ${server}`, detail: {} };
    const at = new Date(this.clock.now());
    const [view] = await this.database.transaction((transaction) => raiseAlerts(transaction, [trouble], at));
    return view!;
  }

  async settle(server: string, dedupKey = 'server.silent'): Promise<void> {
    const at = new Date(this.clock.now());
    await this.database.transaction((transaction) => settleAlerts(transaction, [{ server, dedupKey }], at));
  }

  async acknowledge(id: string): Promise<void> {
    const at = new Date(this.clock.now());
    await this.database.transaction((transaction) => acknowledgeAlert(transaction, id, { by: 'dana', note: null }, at));
  }

  /** Nobody is told of what is about `server` (a pattern) for so long. */
  async silence(server: string, ms: number): Promise<string> {
    const now = this.clock.now();
    const [starts_at, ends_at] = [new Date(now).toISOString(), new Date(now + ms).toISOString()];
    const silence = { agent_id: null, kind: null, alert_id: null, created_by: 'dana', reason: 'a rack is moved' };
    const made = await insertSilence(this.database, { ...silence, server, starts_at, ends_at, created_at: starts_at });
    return made.id;
  }

  /** Time goes by, with a round every `step`. */
  async pass(ms: number, step = Math.max(SECOND, ms / 20)): Promise<void> {
    for (let gone = 0; gone < ms; gone += step) {
      await this.clock.advance(Math.min(step, ms - gone));
      await this.notifier.planOnce();
      await this.notifier.tellOnce();
    }
  }
}
