import type { FastifyRequest } from 'fastify';
import type { AuditAction } from '../../contract/audit.ts';
import type { Clock } from '../../platform/clock.ts';
import { NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { Pace } from '../../platform/pace.ts';
import type { Principal } from '../api/principal.ts';
import type { Database } from '../database/database.ts';
import { type AuditActor, appendAudit, type NewAuditEntry } from '../database/queries/append-audit.ts';

/** What is refused again within this time is counted into one entry. */
const GATHER_MS = 600_000;
/**
 * Different refusals gathered at a time; past it they are counted by action alone. Each is two entries at most, so
 * whatever an attacker does writes some 26,000 entries, 12 MB, a day.
 */
const KINDS_MAX = 90;
/** Of these one asker's, enough for each call there is; past it what else he tries is counted by action, so that he can't take the room of others. */
const ACTOR_KINDS_MAX = 60;
/** Of these such that name whose it was that he asked for. */
const ASKED_MAX = 10;
const NOBODY: AuditActor = { type: 'unknown', name: null, address: null };

/** As long as a server's name may be. */
const ASKED_CHARACTERS_MAX = 100;

/** What was refused, how often. */
interface Gathered {
  readonly entry: Omit<NewAuditEntry, 'at'>;
  readonly firstAt: number;
  lastAt: number;
  count: number;
}

/**
 * Refusals on their way into the audit log. Whoever knocks ten thousand times must not fill the disk: the first of a kind is
 * written at once, the others are counted and written together, ten minutes later or when the log is read.
 */
export class Refusals implements AsyncDisposable {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #pace: Pace;
  #gathered = new Map<string, Gathered>();
  /** Writes go one after the other: an attack takes one connection to the database at most. */
  #writing: Promise<void> = Promise.resolve();

  constructor(options: { readonly database: Database; readonly clock: Clock; readonly logger: Logger }) {
    this.#database = options.database;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#pace = new Pace(options.clock, async () => {
      await this.flush();
      return GATHER_MS;
    });
  }

  start(): void {
    this.#pace.start(GATHER_MS);
  }

  note(by: AuditActor, action: AuditAction, subject: string | null, detail: NewAuditEntry['detail'] = {}): void {
    const now = this.#clock.now();
    const entry = this.#gatheredAs({ by, action, subject, detail });
    const kind = JSON.stringify(entry);
    const known = this.#gathered.get(kind);
    if (known !== undefined) {
      known.count++;
      known.lastAt = now;
      return;
    }
    this.#gathered.set(kind, { entry, firstAt: now, lastAt: now, count: 0 });
    this.#write({ ...entry, at: new Date(now) });
  }

  /** The entry itself while there is room for it; else one that says less, and takes in many. */
  #gatheredAs(entry: Gathered['entry']): Gathered['entry'] {
    if (this.#gathered.has(JSON.stringify(entry))) return entry;
    const { by, action, subject, detail } = entry;
    const own = [...this.#gathered.values()].filter(({ entry: { by: other } }) => isSameActor(other, by));
    if (
      detail?.['asked'] !== undefined &&
      own.filter((one) => 'asked' in (one.entry.detail ?? {})).length >= ASKED_MAX
    ) {
      const { asked: _, ...unnamed } = detail;
      return this.#gatheredAs({ by, action, subject, detail: unnamed });
    }
    const hasRoom = this.#gathered.size < KINDS_MAX;
    if (hasRoom && own.length < ACTOR_KINDS_MAX) return entry;
    const anyOfActor = { by, action, subject: null, detail: { different: true } };
    if (hasRoom || this.#gathered.has(JSON.stringify(anyOfActor))) return anyOfActor;
    return { by: NOBODY, action: 'many.refused', subject: null, detail: { action } };
  }

  /** Notes a request that was answered with an error, if it is one of those that people should hear of. */
  noteRequest(request: FastifyRequest, error: unknown): void {
    if (!(error instanceof NervesysError)) return;
    const action = refusedAction(request, error);
    if (action === undefined) return;
    // The route's pattern, not its address: names in it are the asker's choice, and each would be a kind of its own.
    const subject = `${request.method} ${request.routeOptions.url ?? 'no such address'}`;
    const { asked } = error.facts; // whose it was, where a server asked for another's
    this.note(actorOf(request), action, subject, {
      code: error.code,
      ...(typeof asked === 'string' ? { asked: asked.slice(0, ASKED_CHARACTERS_MAX) } : {}),
    });
  }

  /** Writes what was counted; resolves when all that was noted so far is in the log, or could not be written. */
  async flush(): Promise<void> {
    const gathered = this.#gathered;
    this.#gathered = new Map();
    for (const { entry, firstAt, lastAt, count } of gathered.values()) {
      if (count === 0) continue;
      const detail = { ...entry.detail, more: count, since: new Date(firstAt).toISOString() };
      this.#write({ ...entry, detail, at: new Date(lastAt) });
    }
    await this.#writing;
  }

  /** Writes what is left. Safe twice. */
  async close(): Promise<void> {
    await this.#pace.close();
    await this.flush();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #write(entry: NewAuditEntry): void {
    this.#writing = this.#writing.then(() =>
      this.#database
        .transaction((transaction) => appendAudit(transaction, entry))
        // The refusal itself stands whether or not it could be told.
        .catch((error: unknown) =>
          this.#logger.error('refusal not in the audit log', { action: entry.action, ...errorFields(error) }),
        ),
    );
  }
}

function isSameActor(a: AuditActor, b: AuditActor): boolean {
  return a.type === b.type && a.name === b.name && a.address === b.address;
}

/** Who asks and from where, as the audit log tells it. */
export function actorOf(request: FastifyRequest): AuditActor {
  return { ...named(request.principal), address: request.clientAddress };
}

/** What this machine's own program does, with nobody asking. */
export const SYSTEM_ACTOR: AuditActor = { type: 'system', name: null, address: null };

function named(principal: Principal | null): { type: AuditActor['type']; name: string | null } {
  if (principal === null) return { type: 'unknown', name: null };
  return principal.type === 'agent'
    ? { type: 'agent', name: principal.server }
    : { type: principal.type, name: principal.name };
}

function refusedAction(request: FastifyRequest, { code, facts }: NervesysError): AuditAction | undefined {
  switch (code) {
    case 'NSV_UPLOAD_EXPIRED':
      // One that is only too old is an agent's that was away.
      return facts['forged'] === true ? 'upload.refused' : undefined;
    case 'NSV_FORBIDDEN':
      return 'access.refused';
    case 'NSV_AGENT_REVOKED':
      return 'key.revoked_used';
    case 'NSV_UNAUTHORIZED':
      // A page whose session has ended asks without a key, all day: nothing to tell.
      return request.headers.authorization === undefined ? undefined : 'key.unknown';
    case 'NSV_TOKEN_UNKNOWN':
    case 'NSV_TOKEN_EXPIRED':
    case 'NSV_TOKEN_USED':
    case 'NSV_TOKEN_REVOKED':
    case 'NSV_TOKEN_WRONG_SERVER':
      return 'enrolment.refused';
    default:
      return undefined;
  }
}
