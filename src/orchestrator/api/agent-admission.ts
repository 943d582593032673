import type { IncomingHttpHeaders } from 'node:http';
import { BOOT_HEADER, BOOT_ID_PATTERN, INCARNATION_HEADER, INCARNATION_PATTERN } from '../../contract/agreement.ts';
import type { ServerName } from '../../contract/ids.ts';
import type { Clock } from '../../platform/clock.ts';
import { errorCode, NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { type OwnTrouble, raiseNow } from '../alerts/raise.ts';
import type { Database } from '../database/database.ts';
import type { AgentKeyState } from '../database/queries/find-principal.ts';
import { noteIncarnation } from '../database/queries/note-incarnation.ts';
import { takeIntoUse } from '../database/queries/rotate-key.ts';
import type { EventHub } from '../fleet/event-hub.ts';
import type { Authenticator } from './authenticator.ts';
import { contractObstacle } from './contract-check.ts';

/** How long after a restart the process before it may still be heard (its last requests). */
const OVERLAP_MS = 5_000;
/** The same obstacle of one server is told to people again after this. */
const TELL_AGAIN_MS = 3_600_000;
const TOLD_MAX = 10_000;

export interface AdmissionOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly hub: EventHub;
  readonly authenticator: Pick<Authenticator, 'forget' | 'forgetHere'>;
  readonly overlapMs?: number | undefined;
}

/**
 * What is looked at with each request of an agent once its key is known: the contract it speaks, whether it is the machine that the key
 * belongs to, and whether its key is a successor that is used for the first time. Costs no query while nothing has changed.
 */
export class AgentAdmission {
  readonly #options: AdmissionOptions;
  readonly #toldAt = new Map<string, number>();

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Rejects with `NSV_AGENT_TOO_OLD`, `NSV_ORCHESTRATOR_TOO_OLD` or `NSV_AGENT_CLONED`; people hear of it by an alert. */
  async admit(server: ServerName, key: AgentKeyState, headers: IncomingHttpHeaders): Promise<void> {
    const obstacle = contractObstacle(headers);
    if (obstacle !== undefined) {
      await this.#tell(server, 'agent.contract', 'The agent and the orchestrator speak different contracts', obstacle);
      throw obstacle;
    }
    await this.#checkIncarnation(server, key, headers);
    if (key.replaces === null || key.firstUsed) return;
    const { database, clock, logger, authenticator } = this.#options;
    await takeIntoUse(database, key.sha256, new Date(clock.now()));
    logger.info('a server uses its new key', { server });
    await Promise.all([authenticator.forget(key.sha256), authenticator.forget(key.replaces)]);
  }

  async #checkIncarnation(server: ServerName, key: AgentKeyState, headers: IncomingHttpHeaders): Promise<void> {
    const { database, clock, logger, authenticator, overlapMs = OVERLAP_MS } = this.#options;
    const incarnation = headers[INCARNATION_HEADER];
    // An agent that says nothing of itself is an older one: it can't be told from a copy, as before.
    if (typeof incarnation !== 'string' || !INCARNATION_PATTERN.test(incarnation) || incarnation === key.incarnation)
      return;
    const boot = headers[BOOT_HEADER];
    const bootId = typeof boot === 'string' && BOOT_ID_PATTERN.test(boot) ? boot : null;
    const now = new Date(clock.now());
    const verdict = await noteIncarnation(database, { keySha256: key.sha256, incarnation, bootId, now, overlapMs });
    if (verdict === 'heard') {
      authenticator.forgetHere(key.sha256);
      return;
    }
    const refusal = new NervesysError(
      'NSV_AGENT_CLONED',
      `another machine that was here first uses the key of ${server}: this one is a copy of it`,
    );
    if (verdict === 'found') {
      logger.warn('two machines use one key', { server, incarnation, bootId });
      await this.#tell(
        server,
        'server.cloned',
        `Two machines use the key of ${server}: the one that came later is asked to join by itself`,
        refusal,
      );
    }
    throw refusal;
  }

  /** Alerts, an hour apart at least; that it can't be stored just now changes nothing for the agent. */
  async #tell(server: ServerName, kind: string, title: string, reason: NervesysError): Promise<void> {
    const { database, clock, logger, hub } = this.#options;
    const name = `${kind} ${server}`;
    const now = clock.now();
    if (now - (this.#toldAt.get(name) ?? Number.NEGATIVE_INFINITY) < TELL_AGAIN_MS) return;
    if (this.#toldAt.size >= TOLD_MAX) this.#toldAt.clear();
    this.#toldAt.set(name, now);
    try {
      const trouble: OwnTrouble = {
        server,
        agentId: null,
        dedupKey: `${kind}:${errorCode(reason)}`,
        kind,
        severity: 'warning',
        title,
        detail: { code: reason.code, message: reason.message },
      };
      await raiseNow({ database, hub }, [trouble], new Date(now));
    } catch (error) {
      logger.error('an alert could not be stored', { kind, server, ...errorFields(error) });
    }
  }
}
