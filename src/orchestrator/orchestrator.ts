import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { GitFollower, type GitFollowerOptions } from '../config/git/git-follower.ts';
import { Repository, type RepositorySettings } from '../config/git/repository.ts';
import { BACKUP_DEFAULTS, builtInConfig, DEFAULT_ALERTS, type StorageSettings } from '../config/index.ts';
import type { TokenAnswer } from '../contract/fleet.ts';
import { forgetAddress, noteAddress } from '../platform/address-file.ts';
import type { Clock } from '../platform/clock.ts';
import { errorCode, NervesysError } from '../platform/errors.ts';
import { IpNetworks } from '../platform/ip-address.ts';
import type { Logger } from '../platform/logger.ts';
import { isLoopbackHost } from '../platform/loopback.ts';
import { type Random, systemRandom } from '../platform/random.ts';
import type { Archive } from '../storage/archive.ts';
import { readOrMakeAdminKey } from './admin-key.ts';
import { type AgentFilePlaces, AgentFiles } from './agent-files.ts';
import { Channels } from './alerts/channels/channels.ts';
import { DeadMan, dutiesHealth } from './alerts/dead-man.ts';
import { Notifier } from './alerts/notifier.ts';
import { ORCHESTRATOR_ALERTS_SERVER, type OwnTrouble, raiseNow, settleNow } from './alerts/raise.ts';
import { tellStates } from './alerts/state-alerts.ts';
import { ThresholdWatch } from './alerts/thresholds/threshold-watch.ts';
import type { App, ServerDeps } from './api/app.ts';
import { Authenticator } from './api/authenticator.ts';
import { Metrics } from './api/metrics.ts';
import { hashSecret } from './api/secrets.ts';
import { buildServer } from './api/server.ts';
import { ServerCloser } from './api/server-closer.ts';
import { issueSignInLink, type SignInLink } from './api/session-routes.ts';
import { issueToken, type TokenRequest } from './api/tokens-routes.ts';
import { Refusals } from './audit/refusals.ts';
import { BackupKeeper, type BackupKeeperOptions } from './backups/backup-keeper.ts';
import { LogExpiry } from './catalog/log-expiry.ts';
import type { ScopedSettings } from './credentials/scoped-permits.ts';
import type { Database } from './database/database.ts';
import { registerApiKey } from './database/queries/register-api-key.ts';
import { whileAlone } from './database/while-alone.ts';
import { Dependencies } from './dependencies.ts';
import { Duties } from './duties.ts';
import { PostgresEventHub, publishAlerts } from './fleet/event-hub.ts';
import { FleetHearing } from './fleet/fleet-hearing.ts';
import { fleetPolicy } from './fleet/fleet-policy.ts';
import { DEFAULT_FLEET_POLICY, type FleetPolicy } from './fleet/judge-state.ts';
import { StateWatch } from './fleet/state-watch.ts';
import { type OnTransitions, Transitions } from './fleet/transitions.ts';
import { UpgradeOrders } from './fleet/upgrade-orders.ts';
import { DesiredConfig } from './gitops/desired-config.ts';
import { type FoundRevision, PostgresRevisionStore, type RevisionStore } from './gitops/revision-store.ts';
import { RolloutWatch } from './gitops/rollout-watch.ts';
import { SnapshotKeeper } from './gitops/snapshot-keeper.ts';
import { HistoryKeeper } from './history/history-keeper.ts';
import { DEFAULT_HISTORY, DEFAULT_INTERVAL_MS } from './history/resolutions.ts';
import { Passwords, type ScryptCost } from './people/passwords.ts';
import { followSettings, openReports, type ReportingOptions } from './reports/index.ts';
import type { ReportDesk } from './reports/report-desk.ts';
import { CertificateKeeper } from './tls/certificate-keeper.ts';
import { type CertificateSettings, openCertificateSource } from './tls/open-source.ts';
import { Corrections } from './triage/corrections.ts';
import { WatchedArchive } from './watched-archive.ts';

export interface OrchestratorOptions {
  /** `NERVESYS_HOME`, absolute. */
  readonly home: string;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Migrated (`openDatabase`). Stays open when the orchestrator closes; so does the archive. */
  readonly database: Database;
  readonly archive: Archive;
  /** Told of the storage settings that hold for the orchestrator itself: at the start, and whenever another revision has others. */
  readonly onStorage?: ((storage: StorageSettings) => void) | undefined;
  /** How servers get credentials for their own prefix; absent: none are given out. */
  readonly scoped?: ScopedSettings | undefined;
  /** The built page (`dist/dashboard`). */
  readonly dashboardDir?: string | undefined;
  /** What new servers install from here; without it nothing is handed out. */
  readonly agentFiles?: AgentFilePlaces | undefined;
  readonly policy?: Partial<FleetPolicy> | undefined;
  /** Told of each change of state of a server or AI agent, in the transaction that stores it. */
  readonly onTransitions?: OnTransitions | undefined;
  /** A server exchanges a key that is older than this; default: 90 days. */
  readonly keyRotateAfterMs?: number | undefined;
  /** What the configuration's folder holds now: recorded before anybody is let in. */
  readonly foundRevision?: FoundRevision | undefined;
  /** How long after a restart the process before it may still be heard; default: 5 s. */
  readonly overlapMs?: number | undefined;
  /** How agents and people reach this orchestrator where that isn't `http://host:port` (a reverse proxy). */
  readonly publicUrl?: string | undefined;
  /** Addresses and networks (`10.0.0.0/8`) of proxies whose X-Forwarded-For is believed; default: none. */
  readonly trustedProxies?: readonly string[] | undefined;
  /** Absent: as `auto`. */
  readonly tls?: CertificateSettings | undefined;
  /** A repository that is followed in the place of what is handed in by `foundRevision`. */
  readonly git?: GitFollowing | undefined;
  /** The secret of a channel by its name (`channels` in orchestrator.yaml); absent: none has one. */
  readonly channelSecret?: ((name: string) => string | undefined) | undefined;
  /** Where the sign of life goes; absent: none is given. */
  readonly deadManUrl?: string | undefined;
  /** How long a replica that is killed in the middle of a backup stands in the others' way; tests make it short, and parts small. */
  readonly backups?: Pick<BackupKeeperOptions, 'leaseMs' | 'partTextBytes'> | undefined;
  /** What reports need from outside: credentials of shelves. */
  readonly reporting?: ReportingOptions | undefined;
  /** Answers for reports in the place of the orchestrator's own; for tests. */
  readonly reports?: ReportDesk | undefined;
  /** What else is relied on: why it is away at this moment, `undefined` while it answers. */
  readonly troubles?: Readonly<Record<string, () => unknown>> | undefined;
  /** What a password costs to check; tests make it cheap. */
  readonly passwordCost?: ScryptCost | undefined;
}

export interface GitFollowing extends Omit<RepositorySettings, 'clock' | 'gitDir' | 'timeoutMs' | 'bytesMax'> {
  readonly pollMs: number;
  readonly random: Random;
  /** Of webhooks; absent: there are none. */
  readonly webhookSecret?: string | undefined;
}

/** A fetch may take so long, and the repository may be so large: both far beyond any configuration. */
const GIT_TIMEOUT_MS = 120_000;
const GIT_BYTES_MAX = 100_000_000;
/** One replica looks at the repository at a time. */
const FOLLOW_LOCK = 0x6e73_7636; // "nsv6"

export const ORCHESTRATOR_PORT = 7700;
const KEY_ROTATE_AFTER_MS = 90 * 86_400_000;
const DEAD_MAN_INTERVAL_MS = 60_000;

/** The running orchestrator: HTTP API and page, over a database and an archive that were handed in. */
export class Orchestrator implements AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly #keeper: CertificateKeeper | undefined;
  readonly #deps: ServerDeps;
  /** Where whoever finds revisions of the configuration hands them over. */
  readonly revisions: RevisionStore;
  /** What says how the fleet is; it does its rounds by itself. */
  readonly stateWatch: StateWatch;
  readonly #stack: AsyncDisposableStack;
  #closed: Promise<void> | undefined;

  /**
   * Listens when it resolves. Rejects with `NSV_PORT_IN_USE`, `NSV_DATABASE_UNREACHABLE`, `NSV_TLS_UNUSABLE`, or `NSV_PLAIN_HTTP_REFUSED`.
   */
  static async open(options: OrchestratorOptions): Promise<Orchestrator> {
    const { database, clock, logger } = options;
    await using stack = new AsyncDisposableStack();
    const closing = new AbortController();
    const listening = { since: clock.now(), url: '' };

    const dependencies = new Dependencies(clock);
    const duties = new Duties(clock);
    const metrics = new Metrics();
    const archive = new WatchedArchive(options.archive, clock, (error) => dependencies.note('archive', error));

    const folder = join(options.home, 'orchestrator');
    const keeper = await openKeeper(options, folder, stack);

    const publicUrl = () => options.publicUrl?.replace(/\/+$/, '') ?? listening.url;
    const hub = stack.use(new PostgresEventHub({ database, clock, logger }));
    const authenticator = new Authenticator({ database, clock, logger });
    const refusals = stack.use(new Refusals({ database, clock, logger }));
    const upgrades = stack.use(new UpgradeOrders({ database, clock, logger }));
    const desired = stack.use(new DesiredConfig({ database, clock, logger, hub, duties }));
    const corrections = stack.use(new Corrections({ database, clock, logger, hub }));
    const policy = () => fleetPolicy({ ...DEFAULT_FLEET_POLICY, ...options.policy }, desired.own);
    const hearing = new FleetHearing({ clock, logger });
    const revisions = new PostgresRevisionStore({ database, hearing, logger, hub, desired });
    const rolloutWatch = stack.use(
      new RolloutWatch({ database, clock, logger, hub, desired, hearing, policy, duties }),
    );
    const snapshots = stack.use(new SnapshotKeeper({ database, archive, desired, clock, logger, duties }));
    const backups = stack.use(
      new BackupKeeper({
        database,
        archive,
        clock,
        logger,
        hub,
        settings: () => desired.own?.orchestrator.backup ?? BACKUP_DEFAULTS,
        duties,
        ...options.backups,
      }),
    );
    const expiry = stack.use(
      new LogExpiry({ database, archive, clock, logger, hub, duties, storage: () => desired.own?.storage }),
    );
    const reports = stack.use(
      openReports({
        ...{ database, archive, clock, logger, hub, duties, metrics, publicUrl, desired },
        home: options.home,
        random: systemRandom,
        reporting: options.reporting ?? {},
      }),
    );
    const { git } = options;
    const follower =
      git &&
      stack.use(
        followRepository(git, folder, { database, clock, logger, hub, store: revisions, duties, dependencies }),
      );
    const transitions = new Transitions(async (transaction, changes) => {
      const alerts = await tellStates(transaction, changes, policy().lateAfterMs, new Date(clock.now()));
      transaction.afterCommit(() => {
        publishAlerts(hub, alerts);
      });
      await options.onTransitions?.(transaction, changes);
    });
    const stateWatch = stack.use(
      new StateWatch({ database, clock, logger, hub, policy, hearing, transitions, duties }),
    );
    const channels = new Channels({
      settings: () => desired.own?.orchestrator.channels ?? [],
      channelSecret: options.channelSecret ?? (() => undefined),
      clock,
      logger,
    });
    const notifier = stack.use(
      new Notifier({
        database,
        clock,
        random: systemRandom,
        logger,
        hub,
        policy: () => {
          const { alerts = DEFAULT_ALERTS, channels: told = [] } = desired.own?.orchestrator ?? {};
          return { alerts, channels: told };
        },
        channel: (name) => channels.get(name),
        publicUrl,
        duties,
        onDelivery: (channel, outcome) => metrics.add('nervesys_alert_deliveries_total', { channel, outcome }),
      }),
    );
    const openedAt = clock.monotonic();
    const deadMan =
      options.deadManUrl === undefined
        ? undefined
        : stack.use(
            new DeadMan({
              url: options.deadManUrl,
              intervalMs: () => desired.own?.orchestrator.deadMan?.intervalMs ?? DEAD_MAN_INTERVAL_MS,
              healthy: () => dutiesHealth([stateWatch.watchedAt, notifier.roundAt], openedAt, clock.monotonic()),
              clock,
              logger,
            }),
          );
    const thresholdWatch = stack.use(
      new ThresholdWatch({
        database,
        clock,
        logger,
        hub,
        heardNow: () => hearing.now(),
        config: () => desired.own,
        builtIn: await builtInConfig(),
        newsMaxMs: () => policy().lateAfterMs,
        duties,
      }),
    );
    const history = {
      keep: () => desired.own?.orchestrator.history ?? DEFAULT_HISTORY,
      intervalMs: () => desired.own?.orchestrator.heartbeat.intervalMs ?? DEFAULT_INTERVAL_MS,
    };
    const historyKeeper = stack.use(new HistoryKeeper({ database, clock, logger, duties, ...history }));
    const deps: ServerDeps = {
      clock,
      logger,
      database,
      archive,
      scoped: options.scoped,
      policy,
      keyRotateAfterMs: () =>
        desired.own?.orchestrator.keys.rotateAfterMs ?? options.keyRotateAfterMs ?? KEY_ROTATE_AFTER_MS,
      overlapMs: options.overlapMs,
      history,
      hub,
      authenticator,
      metrics,
      duties,
      dependencies,
      lookAtDependencies: () => {
        archive.lookSoon();
        for (const [name, trouble] of Object.entries(options.troubles ?? {})) dependencies.note(name, trouble());
      },
      refusals,
      upgrades,
      desired,
      corrections,
      backups,
      expiry,
      reports: options.reports ?? reports.desk,
      rolloutWatch,
      channels,
      deadMan: deadMan && (() => deadMan.state),
      thresholdWatch,
      webhook:
        git?.webhookSecret === undefined || follower === undefined
          ? undefined
          : { secret: git.webhookSecret, onPush: () => follower.nudge() },
      passwords: new Passwords(options.passwordCost),
      publicUrl,
      trustedProxies: new IpNetworks(options.trustedProxies ?? []),
      fingerprint: () => keeper?.current.fingerprint ?? null,
      listeningSince: () => listening.since,
      hearing,
      stateWatch,
      transitions,
      closing: closing.signal,
      dashboardDir: options.dashboardDir,
      agentFiles: options.agentFiles === undefined ? undefined : new AgentFiles(options.agentFiles),
    };
    if (options.foundRevision !== undefined) await revisions.record(options.foundRevision);
    await Promise.all([
      desired.start(),
      corrections.start(),
      hub.start(),
      authenticator.start(),
      upgrades.start(),
      historyKeeper.tend(),
      readOrMakeAdminKey(join(folder, 'admin.key')).then((key) =>
        registerApiKey(database, hashSecret(key), 'admin', new Date(clock.now())),
      ),
    ]);

    channels.look();
    stack.use(desired.onChange(() => channels.look()));
    stack.use(followSettings(reports, desired));
    const { onStorage } = options;
    if (onStorage !== undefined) stack.use(tellStorage(desired, onStorage));
    const app = await buildServer(deps, keeper?.current);
    const closer = new ServerCloser(app, clock);
    stack.defer(() => {
      closing.abort(new DOMException('closing', 'AbortError')); // ends the live streams
      return closer.close();
    });
    const port = await listen(app, options.host, options.port);
    listening.since = clock.now();
    listening.url = `${keeper === undefined ? 'http' : 'https'}://${urlHost(options.host)}:${port}`;

    stateWatch.start();
    notifier.start();
    deadMan?.start();
    rolloutWatch.start();
    thresholdWatch.start();
    historyKeeper.start();
    snapshots.start();
    backups.start();
    reports.start();
    expiry.start();
    follower?.start();
    const note = (authority = keeper?.current.authority) =>
      noteAddress(folder, { url: listening.url, ...(authority === undefined ? {} : { authority }) });
    await note();
    refusals.start();
    stack.defer(() => forgetAddress(folder));
    keeper?.keep(app.server as unknown as HttpsServer, ({ authority }) => note(authority));
    logger.info('orchestrator listens', { url: listening.url });
    return new Orchestrator(deps, revisions, stateWatch, listening.url, port, keeper, stack.move());
  }

  private constructor(
    deps: ServerDeps,
    revisions: RevisionStore,
    stateWatch: StateWatch,
    url: string,
    port: number,
    keeper: CertificateKeeper | undefined,
    stack: AsyncDisposableStack,
  ) {
    this.#deps = deps;
    this.revisions = revisions;
    this.stateWatch = stateWatch;
    this.#keeper = keeper;
    this.#stack = stack;
    this.url = url;
    this.port = port;
  }

  /** What a program on this machine trusts now, in PEM; a given certificate is another after its renewal. Absent over plain HTTP. */
  get authority(): string | undefined {
    return this.#keeper?.current.authority;
  }

  /** An enrolment token, made in the name of this machine's admin. */
  createToken(request: TokenRequest = {}): Promise<TokenAnswer> {
    return issueToken(this.#deps, request, 'admin');
  }

  /** A one-time link that opens the page, good for ten minutes. `baseUrl`: where the reader's browser finds us. */
  createSignInLink(baseUrl: string = this.#deps.publicUrl()): Promise<SignInLink> {
    return issueSignInLink(this.#deps, baseUrl);
  }

  /** Stops listening, ends the live streams, lets requests in flight finish (bounded), and stops. Safe twice. */
  close(): Promise<void> {
    this.#closed ??= this.#stack.disposeAsync();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function tellStorage(desired: DesiredConfig, onStorage: (storage: StorageSettings) => void): Disposable {
  let told: string | undefined;
  const tell = () => {
    const storage = desired.own?.storage;
    const text = JSON.stringify(storage);
    if (storage === undefined || text === told) return;
    told = text;
    onStorage(storage);
  };
  tell();
  return desired.onChange(tell);
}

/** A follower of the repository; that it is away is one alert, which its return resolves. */
function followRepository(
  { pollMs, random, webhookSecret: _, ...repository }: GitFollowing,
  folder: string,
  parts: Pick<GitFollowerOptions, 'clock' | 'logger' | 'store'> &
    Pick<OrchestratorOptions, 'database'> & {
      readonly hub: PostgresEventHub;
      readonly duties: Duties;
      readonly dependencies: Dependencies;
    },
): GitFollower {
  const { clock, logger, store, database, hub, dependencies } = parts;
  const report = parts.duties.take('config_source', pollMs);
  const told = async <T>(work: Promise<T | undefined>): Promise<T | undefined> => {
    try {
      const looked = await work;
      report();
      if (looked !== undefined) dependencies.note('git', undefined); // else another replica looks
      return looked;
    } catch (error) {
      report(error);
      if (errorCode(error) === 'NSV_GIT_FAILED') dependencies.note('git', error);
      throw error;
    }
  };
  const onTrouble = async (trouble: NervesysError | undefined) => {
    const at = new Date(clock.now());
    await (trouble === undefined
      ? settleNow({ database, hub }, [SOURCE_TROUBLE], at)
      : raiseNow({ database, hub }, [sourceTrouble(trouble)], at));
  };
  return new GitFollower({
    repository: new Repository({
      ...repository,
      gitDir: join(folder, 'config.git'),
      clock,
      timeoutMs: GIT_TIMEOUT_MS,
      bytesMax: GIT_BYTES_MAX,
    }),
    store,
    whileAlone: (work) => told(whileAlone(database, FOLLOW_LOCK, () => work())),
    pollMs,
    onTrouble,
    clock,
    random,
    logger,
  });
}

const SOURCE_TROUBLE = { server: ORCHESTRATOR_ALERTS_SERVER, dedupKey: 'config.source' } as const;

function sourceTrouble(trouble: NervesysError): OwnTrouble {
  return {
    ...SOURCE_TROUBLE,
    agentId: null,
    severity: 'warning',
    kind: 'config.source',
    title: 'The repository of the configuration cannot be followed; the last good one holds',
    detail: { code: trouble.code, message: trouble.message, hint: trouble.hint ?? null },
  };
}

/** The certificate to listen with; `undefined`: plain HTTP, on this machine alone or asked for by name. */
async function openKeeper(
  { host, publicUrl, tls, clock, logger }: OrchestratorOptions,
  folder: string,
  stack: AsyncDisposableStack,
): Promise<CertificateKeeper | undefined> {
  const source = openCertificateSource(tls ?? { mode: 'auto' }, {
    host,
    publicUrl,
    folder: join(folder, 'tls'),
    logger,
  });
  if (source !== undefined) return stack.use(await CertificateKeeper.open({ source, clock, logger }));
  if (!isLoopbackHost(host) && tls?.allowPlainHttp !== true)
    throw new NervesysError('NSV_PLAIN_HTTP_REFUSED', `listen on ${host} over plain HTTP: keys would travel readable`, {
      hint: 'use tls.mode: auto in orchestrator.yaml; behind a proxy with TLS add tls.allow_plain_http: true',
    });
  return undefined;
}

async function listen(app: App, host: string, port: number): Promise<number> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    const code = errorCode(cause);
    if (code === 'EADDRINUSE')
      throw new NervesysError('NSV_PORT_IN_USE', `listen on ${host}:${port}: the port is taken`, {
        cause,
        hint: 'stop the program that has it, or choose another with --port',
      });
    if (code === 'EACCES' || code === 'EADDRNOTAVAIL')
      throw new NervesysError('NSV_SETTING_INVALID', `listen on ${host}:${port}: not possible here`, {
        cause,
        hint: 'choose an address of this machine, and a port from 1024 on',
      });
    throw cause;
  }
  return (app.server.address() as AddressInfo).port;
}

/** `0.0.0.0` is where we listen, not where anybody can go. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
