import type { AlertReport } from '../../contract/alert.ts';
import type { AgentId, ServerName } from '../../contract/ids.ts';
import { type RuleSettings, TAGS_KEY } from '../../contract/rules.ts';
import { formatDuration } from '../../platform/quantity.ts';
import type { AlertSubject } from '../alert-teller.ts';
import { RepeatedAlerts } from '../repeated-alerts.ts';
import type { RuleHit } from './rule-engine.ts';
import type { Absence } from './rule-memory.ts';

/** Any record may name an AI agent of its own. */
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
  /** By AI agent and rule; past the bound by rule. */
  readonly #troubles: RepeatedAlerts<Latest>;

  constructor(options: RuleAlertsOptions) {
    this.#options = options;
    this.#troubles = new RepeatedAlerts<Latest>({
      troublesMax: TROUBLES_MAX,
      keep: worthKeeping,
      tell: (latest, hits, at, isOfOthers) =>
        options.tell(this.#alertOf(latest, hits, at, isOfOthers), isOfOthers ? undefined : subjectOf(latest)),
    });
  }

  hit(hit: RuleHit, now: number): void {
    this.#troubles.hit(`${hit.agentId}\n${hit.rule.name}`, hit.rule.name, hit, now);
  }

  /** Tells what hit again and has waited its minute, and forgets what is over. Returns when to come again (epoch ms), if ever. */
  tellAgain(now: number): number | undefined {
    return this.#troubles.tellAgain(now);
  }

  /** Tells what hit again and has not waited its minute: the agent ends. */
  tellRest(): void {
    this.#troubles.tellRest();
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

  #alertOf(latest: Latest, hits: number, at: number, isOfOthers: boolean): AlertReport {
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

function worthKeeping(hit: Latest): Latest {
  return 'record' in hit && hit.record.json.length > KEPT_WHOLE_LENGTH_MAX ? saidOf(hit) : hit;
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
