import type { AlertReport } from '../../contract/alert.ts';
import type { AgentId, ServerName } from '../../contract/ids.ts';
import { type RuleSettings, TAGS_KEY } from '../../contract/rules.ts';
import { formatDuration } from '../../platform/quantity.ts';
import type { RuleHit } from './rule-engine.ts';
import type { Absence } from './rule-memory.ts';

/** The same rule on the same AI agent is told again this long after, with how often it hit meanwhile. */
export const TOLD_AGAIN_MS = 60_000;
/** Any record may name an AI agent of its own; past this many troubles at a time new ones are told together, by rule, once a minute. */
const TROUBLES_MAX = 1_000;
/** Of a record that is longer only what an alert says is kept until it is told: there may be `TROUBLES_MAX` of them. */
const KEPT_WHOLE_LENGTH_MAX = 4_000;
const TAGS_MAX = 100;
const TAG_LENGTH_MAX = 40;
const MESSAGE_LENGTH_MAX = 1_000;
const TITLE_LENGTH_MAX = 200;

export interface RuleAlertsOptions {
  readonly server: ServerName;
  /** Of the configuration that the rules stand in. */
  readonly revision: () => string;
  /** `about`: the AI agent whose lines before it tell more, and the record, where it is at hand. */
  readonly tell: (alert: AlertReport, about?: AlertSubject) => void;
}

export interface AlertSubject {
  readonly agentId: AgentId;
  /** As it is stored, `EncodedRecord.json`. Absent: it is not about a record. */
  readonly json?: string;
}

interface Trouble {
  toldAt: number;
  /** Hits since it was told. */
  untold: number;
  latest: Latest;
  latestAt: number;
  /** AI agents for which there was no room. */
  readonly isOfOthers: boolean;
}

/** A hit, or what is told of it. */
type Latest = RuleHit | Said;

interface Said {
  readonly rule: RuleSettings;
  readonly agentId: AgentId;
  readonly said: Readonly<Record<string, unknown>> & { readonly message: string };
}

/** Makes alerts of hits: each trouble at once, then at most once a minute. */
export class RuleAlerts {
  readonly #options: RuleAlertsOptions;
  readonly #troubles = new Map<string, Trouble>();
  /** By rule: those for which there was no room. */
  readonly #others = new Map<string, Trouble>();

  constructor(options: RuleAlertsOptions) {
    this.#options = options;
  }

  hit(hit: RuleHit, now: number): void {
    const key = `${hit.agentId}\n${hit.rule.name}`;
    const isRoom = this.#troubles.size < TROUBLES_MAX;
    const known = this.#troubles.get(key) ?? (isRoom ? undefined : this.#others.get(hit.rule.name));
    if (known !== undefined) {
      known.untold++;
      known.latest = worthKeeping(hit);
      known.latestAt = now;
      return;
    }
    const trouble = { toldAt: now, untold: isRoom ? 0 : 1, latest: worthKeeping(hit), latestAt: now };
    if (isRoom) this.#troubles.set(key, { ...trouble, isOfOthers: false });
    else this.#others.set(hit.rule.name, { ...trouble, isOfOthers: true });
    if (isRoom) this.#options.tell(this.#alertOf(hit, 1, now), subjectOf(hit));
  }

  /** Tells what hit again and has waited its minute, and forgets what is over. Returns when to come again (epoch ms), if ever. */
  tellAgain(now: number): number | undefined {
    const next = [this.#troubles, this.#others].flatMap((troubles) => this.#tellOf(troubles, now) ?? []);
    return next.length === 0 ? undefined : Math.min(...next);
  }

  #tellOf(troubles: Map<string, Trouble>, now: number): number | undefined {
    let next: number | undefined;
    for (const [key, trouble] of troubles) {
      const dueAt = trouble.toldAt + TOLD_AGAIN_MS;
      if (dueAt > now && trouble.toldAt <= now) {
        next = Math.min(next ?? dueAt, dueAt);
        continue;
      }
      if (trouble.untold === 0) troubles.delete(key);
      else {
        const { latest, untold, latestAt, isOfOthers } = trouble;
        this.#options.tell(
          this.#alertOf(latest, untold, latestAt, isOfOthers),
          isOfOthers ? undefined : subjectOf(latest),
        );
        trouble.untold = 0;
        trouble.toldAt = now;
        next = Math.min(next ?? now + TOLD_AGAIN_MS, now + TOLD_AGAIN_MS);
      }
    }
    return next;
  }

  absent({ rule: { settings }, agentId, lastAt }: Absence, now: number): void {
    const silentMs = now - lastAt;
    this.#options.tell(
      {
        ...this.#common(settings, agentId, now),
        title: titleOf(settings, `nothing that it waits for came for ${formatDuration(silentMs)}`),
        detail: { ...this.#detail(settings), absent_since: new Date(lastAt).toISOString() },
      },
      { agentId: agentId as AgentId },
    );
  }

  #alertOf(latest: Latest, hits: number, at: number, isOfOthers = false): AlertReport {
    const { rule, agentId, said } = 'said' in latest ? latest : saidOf(latest);
    const others = isOfOthers ? { dedup_key: `${this.#options.server}::rule:${rule.name}`, agent_id: null } : undefined;
    return {
      ...this.#common(rule, agentId, at),
      ...others,
      title: titleOf(rule, said.message),
      count: hits,
      detail: {
        ...this.#detail(rule),
        ...(isOfOthers ? { of_many: true, latest_agent: agentId } : {}),
        hits,
        ...said,
      },
    };
  }

  #detail({ name, description, effects: { route } }: RuleSettings): Readonly<Record<string, unknown>> {
    return {
      rule: name,
      description: description ?? null,
      revision: this.#options.revision(),
      ...(route === undefined ? {} : { route }),
    };
  }

  #common(rule: RuleSettings, agentId: string, at: number) {
    return {
      dedup_key: `${this.#options.server}:${agentId}:rule:${rule.name}`,
      severity: rule.effects.alert!.severity,
      server: this.#options.server,
      agent_id: agentId as AlertReport['agent_id'],
      kind: 'rule',
      at: new Date(at).toISOString(),
    } as const;
  }
}

/** Of a long record only what is said was kept; where it stood is not looked for then. */
function subjectOf(latest: Latest): AlertSubject | undefined {
  return 'said' in latest ? undefined : { agentId: latest.agentId, json: latest.record.json };
}

function worthKeeping(hit: RuleHit): Latest {
  return hit.record.json.length > KEPT_WHOLE_LENGTH_MAX ? saidOf(hit) : hit;
}

function saidOf({ rule, agentId, record: { json, level, action, timestamp } }: RuleHit): Said {
  const { message, context } = JSON.parse(`{${json}`) as {
    message: string;
    context: Readonly<Record<string, unknown>>;
  };
  const given = context[TAGS_KEY];
  // A source may have written there, too.
  const tags = (Array.isArray(given) ? given : [])
    .filter((tag) => typeof tag === 'string' && tag.length <= TAG_LENGTH_MAX)
    .slice(0, TAGS_MAX);
  const excerpt = Buffer.from(message.slice(0, MESSAGE_LENGTH_MAX)).toString(); // a slice would keep the whole in memory
  return { rule, agentId, said: { level, action, timestamp, message: excerpt, tags } };
}

function titleOf({ name, description, effects: { alert } }: RuleSettings, what: string): string {
  const title = alert?.title ?? description ?? `${name}: ${what.split('\n', 1)[0]}`;
  return title.slice(0, TITLE_LENGTH_MAX).toWellFormed();
}
