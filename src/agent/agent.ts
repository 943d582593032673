import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { agentsOn, type Config, resolveAgent, type StorageSettings, sourcesOn } from '../config/index.ts';
import { CLOCK_SKEW_MS_WARNING } from '../contract/agreement.ts';
import type { AlertReport } from '../contract/alert.ts';
import type { ConfigDelivery } from '../contract/config-delivery.ts';
import type { AgentId, ServerName } from '../contract/ids.ts';
import { forgetAddress, noteAddress } from '../platform/address-file.ts';
import { removeDrafts } from '../platform/atomic-file.ts';
import { type Clock, withDeadline } from '../platform/clock.ts';
import { describeError, NervesysError } from '../platform/errors.ts';
import { errorFields, type Logger } from '../platform/logger.ts';
import { Pace } from '../platform/pace.ts';
import { formatDuration } from '../platform/quantity.ts';
import type { Random } from '../platform/random.ts';
import type { Archive } from '../storage/index.ts';
import { type EnrolmentToken, loadOrEnrol } from './bootstrap/enrolment.ts';
import { readIncarnation } from './bootstrap/incarnation.ts';
import { rotateKey } from './bootstrap/key-rotation.ts';
import { type BufferSizes, LogBuffer } from './buffer/buffer.ts';
import { asideBytes, setAsideIfDamaged } from './buffer/find-damage.ts';
import type { SealedBatch } from './buffer/types.ts';
import type { ConfigChanges } from './config-sync/changes.ts';
import { configFile, KEPT_COPIES, keepConfig, keptConfigBytes, keptConfigText } from './config-sync/config-file.ts';
import { ConfigSync } from './config-sync/config-sync.ts';
import { ConfigTaker } from './config-sync/config-taker.ts';
import type { ConfigRepository, GitSync } from './config-sync/git-sync.ts';
import { reportDamage } from './damage-report.ts';
import {
  CorrectionsSync,
  MODEL_ANSWERS_BYTES_MAX,
  type ModelHost,
  modelOpener,
  Triage,
  TriageSink,
  triageMetrics,
} from './edge-ai/index.ts';
import { AlertSender } from './heartbeat/alert-sender.ts';
import { BackfillSender } from './heartbeat/backfill-sender.ts';
import { type BeatAnswer, HeartbeatSender } from './heartbeat/heartbeat-sender.ts';
import { MissedBeats } from './heartbeat/missed-beats.ts';
import { probeProcess } from './heartbeat/process-probe.ts';
import { OrchestratorClient } from './orchestrator-client.ts';
import { archiveRefused, archiveStranger, recordsLost } from './own-alerts.ts';
import { QuietWatch } from './quiet-watch.ts';
import { Redactors, redactionMetrics } from './redaction/index.ts';
import { AgentRegistry, type RememberedAgent } from './registry.ts';
import { RuleSink, ruleMetrics } from './rules/index.ts';
import { fixedPrefix } from './sources/file-tail/find-files.ts';
import { type FlushResult, type LocalAddress, LocalApi } from './sources/http/local-api.ts';
import { ServerSources } from './sources/server-sources.ts';
import type { NewProgram, Upgrader } from './upgrade/upgrader.ts';
import { BatchQueues } from './uploader/batch-queues.ts';
import type { Consignment, Delivery } from './uploader/delivery.ts';
import { DirectDelivery, type NameDoubt } from './uploader/direct-delivery.ts';
import { OrchestratedDelivery } from './uploader/orchestrated-delivery.ts';
import { Uploader } from './uploader/uploader.ts';

export interface AgentOptions {
  /** `NERVESYS_HOME`, absolute; everything the agent writes is in `agent/` below it. */
  readonly home: string;
  readonly server: ServerName;
  readonly config: Config;
  /** Port of the local API, where it isn't the configuration's; 0 takes a free one. */
  readonly port?: number | undefined;
  /** Join an orchestrator, by the stored key or, where there is none, by the token; absent: the agent keeps to itself. */
  readonly join?: {
    readonly token: EnrolmentToken | undefined;
    readonly url?: string;
    readonly authority?: () => string | undefined;
  };
  /** Given where the agent holds credentials of its own; else it asks the orchestrator for permission, batch by batch. */
  readonly archive?: Archive;
  /** Told of storage settings that say another place for it. */
  readonly onStorage?: ((storage: StorageSettings) => void) | undefined;
  /** Throws where an agent could not be started with this configuration here: it is refused, or the next start would find it. */
  readonly checkConfig?: ((config: Config) => void) | undefined;
  /** Obey the configuration that the orchestrator serves; else this one holds for good. */
  readonly followConfig?: boolean;
  /** Obey what stands in this repository, which this agent follows by itself, and not what an orchestrator serves. */
  readonly configRepository?: ConfigRepository;
  /** Called with the first beat that the orchestrator has taken. */
  readonly onFirstBeat?: () => void;
  /** Where this agent may upgrade itself: the one-file agent that runs, and who is told of another that waits. */
  readonly upgrade?: { readonly program: string | undefined; readonly onReady: (program: NewProgram) => void };
  /** For a language model that the configuration names; absent: none can be asked. */
  readonly model?: ModelHost;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Frees memory that a finished piece of work has left: called after large batches, and once it is quiet. Absent: V8's own time. */
  readonly freeMemory?: (what: 'young' | 'all') => void;
  /** Called once, when the first records come. */
  readonly onFirstRecords?: () => void;
}

/** From here on the memory of an archived batch is worth freeing at once: V8 would let some 60 MB of such gather. */
const LARGE_BATCH_BYTES = 1_000_000;
/** How often it is looked whether the open window has ended; also how late a window may be sealed. */
const WINDOW_CHECK_MS = 1_000;
/** No record came for so long: then it is quiet. */
const QUIET_CHECK_MS = 5_000;
/** The AI agents seen last are noted this often, in the buffer file under this name. */
const REMEMBER_MS = 60_000;
const AGENTS_META = 'agents';
/** What found no room on the disk (the agent's address, the configuration) is written again; once it stands there, as good as never. */
const NOTE_AGAIN_MS = 1_000;
const NOTED_MS = 86_400_000;
/** The damaged file that was told already, so that a restart doesn't tell it again. */
const SALVAGE_TOLD_META = 'salvage_told';
/** What a new buffer gets at least, however much a damaged file takes of the limit. */
const LIMIT_BYTES_MIN = 2_000_000;
/** A flush that takes longer than this is answered as incomplete; it goes on by itself. */
const FLUSH_DEADLINE_MS = 30_000;
/** An agent that has just been started joins within this, as a rule; only then can anything be archived. */
const JOINING_MS = 1_500;
/** At the end, so much for bringing what is left to the archive; the rest stays in the buffer. */
const CLOSING_FLUSH_MS = 4_000;

/**
 * The lean agent of a server: doors → buffer → uploader, and the heartbeat beside them. Everything works without the
 * orchestrator; what needs it (permission, heartbeats, alerts) begins once the agent has joined, which is tried for ever.
 */
export class Agent implements AsyncDisposable {
  readonly #options: AgentOptions;
  readonly #parts = new AsyncDisposableStack();
  readonly #closing = new AbortController();
  readonly #buffer: LogBuffer;
  readonly #bufferPath: string;
  /** Why the buffer file was set aside at this start, if it was. */
  readonly #damage: string | undefined;
  readonly #queues: BatchQueues;
  readonly #uploader: Uploader;
  /** Alerts that the archive refuses batches, by their dedup_key: over once it takes them again. */
  readonly #refusals = new Map<string, AlertReport>();
  readonly #registry: AgentRegistry;
  readonly #quiet = new QuietWatch();
  readonly #redaction: Redactors;
  readonly #triage: Triage;
  /** Where records go: through the rules and triage into the buffer. */
  readonly #sink: RuleSink;
  readonly #delivery: Delivery | PendingDelivery;
  #heartbeats: HeartbeatSender | undefined;
  #localApi: LocalApi | undefined;
  readonly #sources: ServerSources;
  /** What is in effect; another revision may come while we run. */
  #config: Config;
  readonly #taker: ConfigTaker;
  /** A configuration that runs and is yet to be kept on the disk. */
  #unkept: string | undefined;
  #isUnnoted = false;
  readonly #noting: Pace;
  #configSync: ConfigSync | undefined;
  #gitSync: GitSync | undefined;
  #joining: Promise<void> = Promise.resolve();
  #joinTrouble: string | undefined;
  #client: OrchestratorClient | undefined;
  #closed: Promise<void> | undefined;

  /** Opens all parts; resolves when the local API takes requests. Joining the orchestrator goes on in the background. */
  static async open(options: AgentOptions): Promise<Agent> {
    const agent = new Agent(options);
    try {
      await agent.#start();
      return agent;
    } catch (error) {
      await agent.close();
      throw error;
    }
  }

  private constructor(options: AgentOptions) {
    const { home, server, config, clock, random, logger, archive } = options;
    const { buffer } = config.storage;
    this.#options = options;
    this.#config = config;
    this.#taker = new ConfigTaker({
      running: config.revision,
      apply: (next, delivery) => this.#apply(next, delivery),
      onChange: () => this.#heartbeats?.beatNow(),
      clock,
      logger,
    });
    this.#noting = new Pace(clock, async () => {
      const isNoted = (!this.#isUnnoted || (await this.#noteAddress())) && (await this.#keepConfig());
      return isNoted ? NOTED_MS : NOTE_AGAIN_MS;
    });
    this.#delivery =
      archive === undefined
        ? new PendingDelivery()
        : new DirectDelivery(archive, (doubt, batch) => this.#tellDoubt(doubt, batch));
    this.#bufferPath = buffer.path ?? join(home, 'agent', 'buffer.db');
    this.#damage = setAsideIfDamaged(this.#bufferPath);
    this.#buffer = LogBuffer.open({
      path: this.#bufferPath,
      server,
      ...this.#bufferSizes(config, keptConfigBytes(home)),
      clock,
      logger,
      onSealed: (byWindow) => this.#batchSealed(byWindow),
      onLoss: (lost, lostRecords, alerts) => alerts.tell(recordsLost(lost, lostRecords, server, clock.now())),
      onFirstAppend: () => options.onFirstRecords?.(),
    });
    this.#buffer.setRevision(config.revision);
    this.#parts.use(this.#buffer);
    this.#queues = new BatchQueues(this.#buffer);
    this.#registry = new AgentRegistry({
      clock,
      configured: agentsOn(config, server).map(({ agentId }) => agentId as AgentId),
      probe: probeProcess,
    });
    this.#redaction = new Redactors(config.agentDefaults.redaction, config.agents);
    const judging = {
      server,
      revision: () => this.#config.revision,
      tell: (alert: AlertReport) => this.#tell(alert),
      clock,
      logger,
    };
    const openModel = options.model && modelOpener({ ...options.model, home, clock, random, logger });
    this.#triage = new Triage({ ...judging, buffer: this.#buffer, config, openModel });
    this.#parts.use(this.#triage);
    this.#sink = new RuleSink({ ...judging, buffer: new TriageSink(this.#buffer, this.#triage) });
    this.#parts.use(this.#sink);
    this.#sources = new ServerSources({
      server,
      sink: this.#sink,
      registry: this.#registry,
      redaction: this.#redaction,
      clock,
      random,
      logger,
    });
    this.#registry.restore(rememberedAgents(this.#buffer.meta(AGENTS_META), logger));
    this.#uploader = new Uploader({
      queue: this.#queues,
      delivery: this.#delivery,
      clock,
      random,
      logger,
      onTrouble: (error) => this.#tellArchiveTrouble(error),
      onArchived: ({ bytes }) => {
        if (bytes >= LARGE_BATCH_BYTES) options.freeMemory?.('young');
      },
    });
    this.#parts.use(this.#uploader);
  }

  /** Address of the local API. */
  get url(): string {
    return this.#localApi!.url;
  }

  /** Seals what is open and brings it to the archive. @throws NervesysError `NSV_FLUSH_INCOMPLETE` with the reason; nothing is lost. */
  async flush(signal?: AbortSignal, deadlineMs: number = FLUSH_DEADLINE_MS): Promise<FlushResult> {
    try {
      await this.#waitForJoining();
      await this.#buffer.seal();
      const { batches } = this.#buffer.stats();
      const last = batches.at(-1);
      if (last === undefined) return { objects: [], records: 0 };
      const records = batches.reduce((sum, batch) => sum + batch.records, 0);
      const objects = await withDeadline(this.#options.clock, deadlineMs, signal, (within) =>
        this.#uploader.archived(last.id, within),
      );
      await this.#buffer.shrink();
      return { objects, records };
    } catch (error) {
      throw new NervesysError('NSV_FLUSH_INCOMPLETE', `bring all records to the archive: ${describeError(error)}`, {
        retryable: true,
        cause: error,
        hint: 'everything is kept and goes by itself; `nervesys doctor` looks for the reason',
      });
    }
  }

  /** Takes nothing in any more, brings what it can to the archive within a few seconds, and closes. Safe twice. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #start(): Promise<void> {
    const { home, config, clock, join: joining, configRepository } = this.#options;
    await mkdir(join(home, 'agent'), { recursive: true, mode: 0o700 });
    await removeDrafts(configFile(home)); // of a process that was killed: within the limit there is no room for them
    this.#parts.use(
      new Pace(clock, async () => {
        this.#buffer.sealEndedWindow();
        return WINDOW_CHECK_MS;
      }).start(WINDOW_CHECK_MS),
    );
    if (this.#damage !== undefined) await this.#salvage(this.#damage);
    const remember = new Pace(clock, async () => {
      this.#rememberAgents();
      return REMEMBER_MS;
    });
    this.#parts.use(remember.start(REMEMBER_MS));
    this.#uploader.start();
    await this.#sink.setRules(config);
    this.#sink.start();
    this.#triage.start();
    this.#parts.use(new Pace(clock, async () => this.#freeMemoryWhenQuiet()).start(QUIET_CHECK_MS));
    this.#parts.use(this.#sources);
    await this.#sources.openFiles(config);
    await this.#openLocalApi(config);
    this.#parts.defer(() => this.#localApi?.close());
    this.#parts.use(this.#noting.start((await this.#noteAddress()) ? NOTED_MS : NOTE_AGAIN_MS));
    this.#sources.startFiles();
    await this.#sources.openDoors(config);
    if (configRepository !== undefined) await this.#followRepository(configRepository);
    if (joining !== undefined) this.#joining = this.#join(joining);
  }

  /** Where the local API is to be. */
  #localAddress({ agentListen: { host, port, hosts, socketPath, socketMode } }: Config): LocalAddress {
    const { home, port: ownPort = port } = this.#options;
    return { host, port: ownPort, hosts, socketPath: socketPath ?? join(home, 'agent', 'agent.sock'), socketMode };
  }

  async #openLocalApi(config: Config): Promise<void> {
    const { server, clock, logger } = this.#options;
    this.#localApi = await LocalApi.open({
      server,
      sink: this.#sink,
      registry: this.#registry,
      redaction: this.#redaction,
      clock,
      logger,
      ...this.#localAddress(config),
      agentConfig: (agentId) => resolveAgent(this.#config, agentId, server),
      flush: (signal) => this.flush(signal),
      health: () => this.#health(),
      explain: (record) => this.#triage.explain(record),
      configState: () => this.#taker.state,
      metrics: () => [
        ...redactionMetrics(this.#redaction.counts),
        ...ruleMetrics(this.#sink.counts, this.#buffer.stats().droppedRecords),
        ...triageMetrics(this.#triage.figures),
      ],
    });
  }

  /** Of the limit, what else the agent keeps on disk has its part. */
  #bufferSizes({ storage: { buffer, upload }, triageModel }: Config, keptBytes: number): BufferSizes {
    const besideBytes = keptBytes + (triageModel.source === 'off' ? 0 : MODEL_ANSWERS_BYTES_MAX);
    const limitBytes = Math.max(buffer.limitBytes - asideBytes(this.#bufferPath) - besideBytes, LIMIT_BYTES_MIN);
    return { limitBytes, windowMs: upload.windowMs, batchTextBytes: upload.batchSizeBytes };
  }

  /**
   * Notes where commands of this machine find us; whether it could. A full disk has no room even for that: the agent starts on it all the same,
   * or it would never drain.
   */
  async #noteAddress(): Promise<boolean> {
    const { home, logger } = this.#options;
    const { url, socketPath } = this.#localApi!;
    const wasUnnoted = this.#isUnnoted;
    try {
      this.#isUnnoted = true;
      await noteAddress(join(home, 'agent'), { url, socket: socketPath ?? null });
      this.#isUnnoted = false;
    } catch (error) {
      if (!wasUnnoted)
        logger.warn('the address of this agent could not be noted; it is tried again', errorFields(error));
    }
    return !this.#isUnnoted;
  }

  /** Keeps the configuration that runs on the disk, unless that is done; whether it is. */
  async #keepConfig(isFirst = false): Promise<boolean> {
    const { home, logger } = this.#options;
    const text = this.#unkept;
    if (text === undefined) return true;
    try {
      await keepConfig(home, text);
      if (this.#unkept === text) this.#unkept = undefined;
    } catch (error) {
      // It holds all the same; only a start while nobody answers would begin with an older one.
      if (isFirst)
        logger.warn('the configuration could not be kept on the disk; it is tried again', errorFields(error));
    }
    return this.#unkept === undefined;
  }

  /** Exchanges the token (or takes the stored key), then starts what needs the orchestrator. */
  async #join(joining: NonNullable<AgentOptions['join']>): Promise<void> {
    const { home, server, clock, random, logger } = this.#options;
    try {
      const incarnation = await readIncarnation();
      const { url, key, authority } = await loadOrEnrol({
        home,
        server,
        ...joining,
        authority: joining.authority?.(),
        onTrouble: (trouble) => {
          this.#joinTrouble = trouble === undefined ? undefined : describeError(trouble);
        },
        clock,
        random,
        logger,
        incarnation,
        signal: this.#closing.signal,
      });
      this.#joinTrouble = undefined;
      const client = new OrchestratorClient({
        url,
        key,
        authority: joining.authority ?? authority,
        incarnation,
        clock,
      });
      this.#client = client;
      this.#parts.use(client);
      this.#parts.use(new AlertSender({ queue: this.#buffer.alerts, client, clock, random, logger }).start());
      this.#parts.use(new CorrectionsSync({ client, place: this.#triage, clock, random, logger }).start());
      void this.#triage.opened.then(() => this.#reportTemplates(client));
      const missed = new MissedBeats({ shelf: this.#buffer.beats, server, random, logger });
      const isConnected = () => this.#heartbeats?.trouble === undefined;
      const backfill = new BackfillSender({ client, missed, isConnected, clock, random, logger }).start();
      this.#parts.use(backfill);
      this.#heartbeats = new HeartbeatSender({
        client,
        missed,
        onArrived: () => backfill.connected(),
        registry: this.#registry,
        buffer: this.#buffer,
        server,
        intervalMs: () => this.#config.orchestrator.heartbeat.intervalMs,
        config: () => (this.#gitSync === undefined ? this.#taker.state : { ...this.#taker.state, source: 'git' }),
        folder: join(home, 'agent'),
        disks: () => [home, ...sourcesOn(this.#config, server).map(({ file }) => dirname(fixedPrefix(file)))],
        troubles: () => this.#health(),
        rotateKey: (signal) => rotateKey({ home, client, logger }, signal),
        onAnswer: this.#afterBeat(client),
        clock,
        random,
        logger,
      }).start();
      this.#parts.use(this.#heartbeats);
      if (this.#options.followConfig === true && this.#options.configRepository === undefined)
        this.#followOrchestrator(client);
      if (this.#delivery instanceof PendingDelivery) {
        this.#delivery.resolve(await this.#deliveryBy(client));
        this.#uploader.retryNow();
      }
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      this.#joinTrouble = describeError(error);
      logger.error('this server could not join the orchestrator; records are kept', errorFields(error));
    }
  }

  /** Which there are is told from when there are any. */
  async #reportTemplates(client: OrchestratorClient): Promise<void> {
    const { clock, random, logger } = this.#options;
    const { TemplateReporter } = await import('./edge-ai/template-reporter.ts');
    const { state } = this.#triage;
    const take = () => this.#triage.takeReports();
    const takeWork = () => this.#triage.takeWork();
    const { epoch } = this.#buffer;
    if (this.#closing.signal.aborted) return;
    this.#parts.use(new TemplateReporter({ client, take, takeWork, state, epoch, clock, random, logger }).start());
  }

  #followOrchestrator(client: OrchestratorClient): void {
    const { clock, random, logger } = this.#options;
    this.#configSync = new ConfigSync({ client, taker: this.#taker, clock, random, logger }).start();
    this.#parts.use(this.#configSync);
  }

  async #followRepository(source: ConfigRepository): Promise<void> {
    const { home, server, clock, random, logger, freeMemory } = this.#options;
    const { GitSync } = await import('./config-sync/git-sync.ts'); // few agents do
    this.#gitSync = new GitSync({
      source,
      gitDir: join(home, 'agent', 'config.git'),
      server,
      taker: this.#taker,
      onRead: () => freeMemory?.('all'), // reading YAML leaves megabytes
      clock,
      random,
      logger,
    }).start();
    this.#parts.use(this.#gitSync);
  }

  /** Puts another configuration into effect: only what it changes is made anew, and what is buffered isn't touched. */
  async #apply(config: Config, delivery: ConfigDelivery): Promise<readonly string[]> {
    const { server, checkConfig, configRepository, logger } = this.#options;
    const before = this.#config;
    checkConfig?.(config);
    const { findChanges } = await import('./config-sync/changes.ts'); // most agents see no change for days
    const { restart, later } = findChanges(before, config, server);
    const text = keptConfigText(delivery, configRepository);
    try {
      await this.#use(config, restart, text);
    } catch (error) {
      await this.#use(before, restart, text).catch((lasting: unknown) =>
        logger.error('what ran before could not be put into effect again; it is tried again', errorFields(lasting)),
      );
      throw error;
    }
    this.#unkept = text;
    if (!(await this.#keepConfig(true))) this.#noting.nudge();
    return later;
  }

  /**
   * Makes anew what a change touches; what may fail for want of something comes first. `text`: as it is kept on the disk, which is within the
   * buffer's limit.
   */
  async #use(config: Config, restart: ConfigChanges['restart'], text: string): Promise<void> {
    const { server, onStorage } = this.#options;
    if (restart.has('listen')) await this.#listenElsewhere(config);
    if (restart.has('rules')) await this.#sink.setRules(config);
    if (restart.has('redaction')) this.#redaction.use(config.agentDefaults.redaction, config.agents);
    // From here on records are taken under this revision.
    this.#triage.use(config);
    this.#config = config;
    this.#buffer.setRevision(config.revision);
    if (restart.has('agents'))
      this.#registry.configure(agentsOn(config, server).map(({ agentId }) => agentId as AgentId));
    this.#buffer.setSizes(this.#bufferSizes(config, KEPT_COPIES * Buffer.byteLength(text)));
    if (restart.has('archive')) {
      onStorage?.(config.storage);
      this.#uploader.retryNow();
    }
    if (restart.has('files')) await this.#sources.changeFiles(config);
    if (restart.has('doors')) await this.#sources.changeDoors(config);
  }

  async #listenElsewhere(config: Config): Promise<void> {
    await this.#localApi!.move(this.#localAddress(config));
    if (!(await this.#noteAddress())) this.#noting.nudge();
  }

  /** What a beat that was answered means for this agent's own program. */
  #afterBeat(client: OrchestratorClient): (answer: BeatAnswer, signal: AbortSignal) => Promise<void> {
    const { home, upgrade, onFirstBeat, clock, logger } = this.#options;
    let first = onFirstBeat;
    let upgrader: Upgrader | undefined;
    // How an upgrade ended is still to be told.
    let isUntold = existsSync(join(home, 'program', 'upgrade.json'));
    return async (answer, signal) => {
      if (answer.taken) {
        first?.();
        first = undefined;
      }
      if (upgrade === undefined || (!answer.upgrade && !isUntold)) return;
      const { Upgrader } = await import('./upgrade/upgrader.ts'); // most agents are never asked
      upgrader ??= new Upgrader({ home, client, ...upgrade, clock, logger });
      await upgrader.beat(answer.upgrade, signal);
      isUntold = upgrader.hasUntold;
    };
  }

  async #deliveryBy(client: OrchestratorClient): Promise<Delivery> {
    const { server, config, clock, random, logger } = this.#options;
    if (config.storage.credentials !== 'scoped') return new OrchestratedDelivery(client, clock);
    const { ScopedDelivery } = await import('./uploader/scoped-delivery.ts'); // few fleets use it
    const onDoubt = (doubt: NameDoubt, batch: SealedBatch) => this.#tellDoubt(doubt, batch);
    return this.#parts.use(new ScopedDelivery({ server, client, clock, random, logger, onDoubt }));
  }

  async #waitForJoining(): Promise<void> {
    const joined = new AbortController();
    const patience = this.#options.clock.sleep(JOINING_MS, joined.signal).catch(() => undefined); // it has joined
    await Promise.race([this.#joining, patience]);
    joined.abort();
  }

  async #close(): Promise<void> {
    const { home, logger } = this.#options;
    await Promise.all([this.#configSync?.close(), this.#gitSync?.close()]);
    await this.#taker.close();
    await Promise.all([this.#localApi?.close(), this.#sources.close()]);
    if (this.#buffer.stats().records > 0) {
      await this.flush(undefined, CLOSING_FLUSH_MS).catch((error: unknown) => {
        const { records } = this.#buffer.stats();
        logger.warn('records stay in the buffer until the next start', { records, ...errorFields(error) });
      });
    }
    this.#closing.abort(new DOMException('closing', 'AbortError'));
    await this.#joining;
    this.#rememberAgents();
    await this.#parts.disposeAsync();
    await forgetAddress(join(home, 'agent'));
  }

  /** An AI agent that is silent over our restart is still known by its last sign. */
  #rememberAgents(): void {
    try {
      const text = JSON.stringify(this.#registry.snapshot());
      if (text !== this.#buffer.meta(AGENTS_META)) this.#buffer.setMeta(AGENTS_META, text);
    } catch (error) {
      this.#options.logger.warn('the AI agents seen last could not be noted', errorFields(error)); // a full disk: next time
    }
  }

  /** Agents of a fleet seal at the same minute; they send spread over the jitter. */
  #batchSealed(byWindow: boolean): void {
    const { clock, random } = this.#options;
    const waitMs = byWindow ? random() * this.#config.storage.upload.jitterMs : 0;
    clock.sleep(waitMs, this.#closing.signal).then(
      () => this.#uploader.batchSealed(),
      () => undefined, // closing: the last flush sends it
    );
  }

  #freeMemoryWhenQuiet(): number {
    if (this.#quiet.isTimeToFree(this.#buffer.stats().lastSequence)) {
      this.#buffer.freeSpareMemory();
      this.#options.freeMemory?.('all');
    }
    return QUIET_CHECK_MS;
  }

  #health(): string[] {
    const reasons: string[] = [];
    const stats = this.#buffer.stats();
    if (stats.held) reasons.push('the buffer is full: new records are refused until the archive takes some');
    if (this.#joinTrouble !== undefined)
      reasons.push(`this server has not joined the orchestrator: ${this.#joinTrouble}`);
    if (this.#client?.tlsTrouble !== undefined) reasons.push(describeError(this.#client.tlsTrouble));
    const refusal = this.#heartbeats?.refusal;
    if (refusal !== undefined) reasons.push(refusal);
    const skewMs = this.#heartbeats?.clockSkewMs ?? 0;
    if (Math.abs(skewMs) > CLOCK_SKEW_MS_WARNING)
      reasons.push(
        `the clock of this host is ${formatDuration(Math.abs(skewMs))} ${skewMs > 0 ? 'ahead of' : 'behind'} the orchestrator's: set it (NTP)`,
      );
    if (this.#uploader.trouble !== undefined)
      reasons.push(`the archive takes nothing: ${describeError(this.#uploader.trouble)}`);
    if (this.#gitSync?.trouble !== undefined) reasons.push(this.#gitSync.trouble);
    reasons.push(...this.#sources.troubles());
    return reasons;
  }

  #tellArchiveTrouble(error: NervesysError | undefined): void {
    const { server, clock } = this.#options;
    if (error !== undefined) {
      const alert = archiveRefused(error, server, clock.now());
      this.#refusals.set(alert.dedup_key, alert);
      this.#tell(alert);
      return;
    }
    const at = new Date(clock.now()).toISOString();
    for (const alert of this.#refusals.values()) this.#tell({ ...alert, at, resolved: true });
    this.#refusals.clear();
  }

  #tellDoubt(doubt: NameDoubt, { manifest }: SealedBatch): void {
    const { server, clock, logger } = this.#options;
    const alert = archiveStranger(doubt, manifest, server, clock.now());
    logger.warn(alert.title, { key: doubt.key, otherEpoch: doubt.epoch, epoch: manifest.epoch });
    this.#tell(alert);
  }

  /** It waits in the buffer file until an orchestrator has it, perhaps one that is joined later. */
  #tell(report: AlertReport): void {
    this.#buffer.alerts.tell(report);
  }

  /** Takes up a buffer file that was set aside: its batches go first, its file positions are ours, and what is lost is told. */
  async #salvage(reason: string): Promise<void> {
    const { server, config, clock, logger } = this.#options;
    const { upload } = config.storage;
    const { DamagedBuffer } = await import('./buffer/salvage.ts');
    const damaged = await DamagedBuffer.open({
      path: this.#bufferPath,
      notes: this.#buffer,
      server,
      windowMs: upload.windowMs,
      batchTextBytes: upload.batchSizeBytes,
    });
    this.#parts.use(damaged);
    if (this.#buffer.meta(SALVAGE_TOLD_META) !== damaged.name) {
      const { record, alert } = reportDamage(damaged, reason, server, clock.now());
      await this.#buffer.append([record], { positions: damaged.positions });
      if (damaged.epoch !== undefined) this.#buffer.setMeta('previous_epoch', damaged.epoch);
      this.#buffer.setMeta(SALVAGE_TOLD_META, damaged.name);
      logger.error('the buffer file was damaged and set aside', {
        reason,
        salvagedRecords: damaged.records,
        lost: damaged.lost,
      });
      this.#tell(alert);
    }
    this.#queues.putFirst(damaged);
  }
}

function rememberedAgents(text: string | undefined, logger: Logger): RememberedAgent[] {
  try {
    return text === undefined ? [] : (JSON.parse(text) as RememberedAgent[]);
  } catch (error) {
    logger.warn(
      'the AI agents seen last could not be read; they are known again by their next sign',
      errorFields(error),
    );
    return [];
  }
}

/** Stands in until the agent has joined: batches wait, and say why. */
class PendingDelivery implements Delivery {
  #delivery: Delivery | undefined;

  get description(): string {
    return this.#delivery?.description ?? 'not joined yet';
  }

  resolve(delivery: Delivery): void {
    this.#delivery = delivery;
  }

  deliver(consignment: Consignment, signal: AbortSignal): Promise<string> {
    if (this.#delivery !== undefined) return this.#delivery.deliver(consignment, signal);
    throw new NervesysError(
      'NSV_ORCHESTRATOR_UNREACHABLE',
      'archive a batch: this server has not joined an orchestrator yet',
      {
        retryable: true,
        hint: 'give it a token (NERVESYS_TOKEN), or check that its orchestrator runs',
      },
    );
  }
}
