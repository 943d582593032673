import type { AlertReport } from '../../contract/alert.ts';
import type { ServerName } from '../../contract/ids.ts';
import { type RuleSettings, TAGS_KEY } from '../../contract/rules.ts';
import { formatDuration } from '../../platform/quantity.ts';
import type { RuleHit } from './rule-engine.ts';
import type { Absence } from './rule-memory.ts';

/** The same rule on the same AI agent is told again this long after, with how often it hit meanwhile. */
export const TOLD_AGAIN_MS = 60_000;
/** Any record may name an AI agent of its own; past this many troubles at a time new ones wait for their minute. */
const TROUBLES_MAX = 1_000;
const MESSAGE_LENGTH_MAX = 1_000;
const TITLE_LENGTH_MAX = 200;

export interface RuleAlertsOptions {
  readonly server: ServerName;
  /** Of the configuration that the rules stand in. */
  readonly revision: () => string;
  readonly tell: (alert: AlertReport) => void;
}

interface Trouble {
  toldAt: number;
  /** Hits since it was told. */
  untold: number;
  latest: RuleHit;
  latestAt: number;
}

/** Makes alerts of hits: each trouble at once, then at most once a minute. */
export class RuleAlerts {
  readonly #options: RuleAlertsOptions;
  readonly #troubles = new Map<string, Trouble>();

  constructor(options: RuleAlertsOptions) {
    this.#options = options;
  }

  hit(hit: RuleHit, now: number): void {
    const key = `${hit.agentId}\n${hit.rule.name}`;
    const known = this.#troubles.get(key);
    if (known === undefined) {
      const isRoom = this.#troubles.size < TROUBLES_MAX;
      this.#troubles.set(key, { toldAt: now, untold: isRoom ? 0 : 1, latest: hit, latestAt: now });
      if (isRoom) this.#options.tell(this.#alertOf(hit, 1, now));
      return;
    }
    known.untold++;
    known.latest = hit;
    known.latestAt = now;
  }

  /** Tells what hit again and has waited its minute, and forgets what is over. Returns when to come again (epoch ms), if ever. */
  tellAgain(now: number): number | undefined {
    let next: number | undefined;
    for (const [key, trouble] of this.#troubles) {
      const dueAt = trouble.toldAt + TOLD_AGAIN_MS;
      if (dueAt > now && trouble.toldAt <= now) {
        next = Math.min(next ?? dueAt, dueAt);
        continue;
      }
      if (trouble.untold === 0) this.#troubles.delete(key);
      else {
        this.#options.tell(this.#alertOf(trouble.latest, trouble.untold, trouble.latestAt));
        trouble.untold = 0;
        trouble.toldAt = now;
        next = Math.min(next ?? now + TOLD_AGAIN_MS, now + TOLD_AGAIN_MS);
      }
    }
    return next;
  }

  absent({ rule: { settings }, agentId, lastAt }: Absence, now: number): void {
    const silentMs = now - lastAt;
    this.#options.tell({
      ...this.#common(settings, agentId, now),
      title: titleOf(settings, `nothing that it waits for came for ${formatDuration(silentMs)}`),
      detail: { ...this.#detail(settings), absent_since: new Date(lastAt).toISOString() },
    });
  }

  #alertOf({ rule, agentId, record }: RuleHit, hits: number, at: number): AlertReport {
    const { message, context } = JSON.parse(`{${record.json}`) as {
      message: string;
      context: Readonly<Record<string, unknown>>;
    };
    return {
      ...this.#common(rule, agentId, at),
      title: titleOf(rule, message),
      detail: {
        ...this.#detail(rule),
        hits,
        level: record.level,
        action: record.action,
        timestamp: record.timestamp,
        message: message.slice(0, MESSAGE_LENGTH_MAX).toWellFormed(),
        tags: context[TAGS_KEY] ?? [],
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

function titleOf({ name, description, effects: { alert } }: RuleSettings, what: string): string {
  const title = alert?.title ?? description ?? `${name}: ${what.split('\n', 1)[0]}`;
  return title.slice(0, TITLE_LENGTH_MAX).toWellFormed();
}
