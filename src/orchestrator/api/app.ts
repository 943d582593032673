import type { IncomingMessage } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyBaseLogger, FastifyInstance, RawReplyDefaultExpression, RawServerDefault } from 'fastify';
import type { HistorySettings } from '../../config/index.ts';
import type { Clock } from '../../platform/clock.ts';
import type { IpNetworks } from '../../platform/ip-address.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Archive } from '../../storage/archive.ts';
import type { AgentFiles } from '../agent-files.ts';
import type { Channels } from '../alerts/channels/channels.ts';
import type { DeadManState } from '../alerts/dead-man.ts';
import type { ThresholdWatch } from '../alerts/thresholds/threshold-watch.ts';
import type { Refusals } from '../audit/refusals.ts';
import type { BackupKeeper } from '../backups/backup-keeper.ts';
import type { LogExpiry } from '../catalog/log-expiry.ts';
import type { ScopedSettings } from '../credentials/scoped-permits.ts';
import type { Database } from '../database/database.ts';
import type { Dependencies } from '../dependencies.ts';
import type { Duties } from '../duties.ts';
import type { EventHub } from '../fleet/event-hub.ts';
import type { FleetHearing } from '../fleet/fleet-hearing.ts';
import type { FleetPolicy } from '../fleet/judge-state.ts';
import type { StateWatch } from '../fleet/state-watch.ts';
import type { Transitions } from '../fleet/transitions.ts';
import type { UpgradeOrders } from '../fleet/upgrade-orders.ts';
import type { DesiredConfig } from '../gitops/desired-config.ts';
import type { RolloutWatch } from '../gitops/rollout-watch.ts';
import type { Passwords } from '../people/passwords.ts';
import type { ReportDesk } from '../reports/report-desk.ts';
import type { Corrections } from '../triage/corrections.ts';
import type { Authenticator } from './authenticator.ts';
import type { Metrics } from './metrics.ts';

/** The fastify instance that route files get: schemas are TypeBox, and what a handler reads is typed by them. */
export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  RawReplyDefaultExpression<RawServerDefault>,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

export interface WebhookSettings {
  readonly secret: string;
  readonly onPush: () => void;
}

/** What route files are handed. A route file exports one `xRoutes(app: App, deps: ServerDeps): void`. */
export interface ServerDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly database: Database;
  readonly archive: Archive;
  /** How scoped credentials are made; absent: none are given out. */
  readonly scoped?: ScopedSettings | undefined;
  /** Changes with the configuration, while we run. */
  readonly policy: () => FleetPolicy;
  /** How long the history is kept, and how often agents beat; both change as `policy` does. */
  readonly history: { readonly keep: () => HistorySettings; readonly intervalMs: () => number };
  /** A server exchanges a key that is older than this; changes as `policy` does. */
  readonly keyRotateAfterMs: () => number;
  /** See `AgentAdmission`; tests make it short. */
  readonly overlapMs?: number | undefined;
  readonly hub: EventHub;
  readonly authenticator: Authenticator;
  readonly metrics: Metrics;
  /** What runs in the background here, and when it last succeeded. */
  readonly duties: Duties;
  /** What we rely on, and what of it is away. */
  readonly dependencies: Dependencies;
  /** Looks at what has not been used for a while; returns at once. */
  readonly lookAtDependencies: () => void;
  /** Where refused requests are told from, into the audit log. */
  readonly refusals: Refusals;
  readonly passwords: Passwords;
  /** Base URL under which agents and people reach this orchestrator, without a trailing slash: `http://127.0.0.1:7700`. */
  readonly publicUrl: () => string;
  /** Whose word on where a request comes from is believed. */
  readonly trustedProxies: IpNetworks;
  /** SHA-256 of the certificate that agents pin, for tokens; null where there is none to pin. Absent: null. */
  readonly fingerprint?: () => string | null;
  /** Epoch ms since when this process has been listening. */
  readonly listeningSince: () => number;
  /** By what time beats are received. */
  readonly hearing: FleetHearing;
  readonly stateWatch: Pick<StateWatch, 'nudge'>;
  /** Where changes of state go that people make. */
  readonly transitions: Transitions;
  /** Aborts when the orchestrator closes: streams end then. */
  readonly closing: AbortSignal;
  /** The built page's folder; absent or empty: a plain page says how to build it. */
  readonly dashboardDir: string | undefined;
  /** What new servers install; absent: nothing is handed out. */
  readonly agentFiles: AgentFiles | undefined;
  /** What opens webhooks, and what a push does; absent: there are none. */
  readonly webhook?: WebhookSettings | undefined;
  /** Which agents are to go on to what is handed out. */
  readonly upgrades: UpgradeOrders;
  /** Which configuration each server is to run. */
  readonly desired: DesiredConfig;
  /** What people said of templates. */
  readonly corrections: Corrections;
  readonly backups: BackupKeeper;
  readonly expiry: LogExpiry;
  /** Absent: there are no reports. */
  readonly reports?: ReportDesk | undefined;
  readonly rolloutWatch: Pick<RolloutWatch, 'nudge'>;
  /** By which people are told; absent: there are none. */
  readonly channels?: Channels | undefined;
  /** How the sign of life outward stands; absent: none is given. */
  readonly deadMan?: (() => DeadManState) | undefined;
  /** Is shown each beat that was stored. */
  readonly thresholdWatch: Pick<ThresholdWatch, 'see'>;
}

/** A route that needs neither key nor session says so in its `config`: `{ config: { open: true } }`. */
declare module 'fastify' {
  interface FastifyContextConfig {
    open?: boolean;
    /** Its answer is held on purpose, so how long that took says nothing of how fast we are. */
    held?: boolean;
    /** Of records that anybody may have written: a key such as `__proto__` is left out, where elsewhere the body is refused. */
    holdsRecords?: boolean;
    /** AI agents' names are keys in it: any text, `__proto__` too, stays a key like others. Its handler must assign none of them. */
    holdsNames?: boolean;
  }
}
