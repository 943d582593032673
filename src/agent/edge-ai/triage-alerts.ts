import type { AlertReport } from '../../contract/alert.ts';
import type { ServerName } from '../../contract/ids.ts';
import type { AlertSubject } from '../alert-teller.ts';
import { RepeatedAlerts } from '../repeated-alerts.ts';
import type { DetectorHit } from './detectors/index.ts';
import type { ModelWord } from './model-desk.ts';
import type { HitVerdict, TriageHit } from './triage-engine.ts';
import type { Template } from './types.ts';

export interface TriageAlertsOptions {
  readonly server: ServerName;
  /** Of the configuration that runs. */
  readonly revision: () => string;
  /** `about`: the record, where it is at hand. */
  readonly tell: (alert: AlertReport, about?: AlertSubject) => void;
  /** Whether people have called it ordinary, perhaps since a line of it came that waits to be counted. */
  readonly isOrdinary: (template: Template) => boolean;
}

/**
 * A flood of lines that are always new and always look like trouble is one trouble: past so many templates within a minute, those that come
 * then are told together.
 */
const TROUBLES_MAX = 400;
/** Of one AI agent, so that its flood does not hide what others are in. */
const TROUBLES_OF_ONE_MAX = TROUBLES_MAX / 4;
const TITLE_LENGTH_MAX = 200;
const MESSAGE_LENGTH_MAX = 1_000;
/** Of a record that is longer only what an alert says is kept until it is told again. */
const KEPT_WHOLE_LENGTH_MAX = 4_000;

/** What is told of a record. */
interface Said {
  readonly agentId: AlertSubject['agentId'];
  readonly json?: string;
  readonly level: string;
  readonly action: string;
  readonly timestamp: string;
  readonly message: string;
  readonly template: Template;
  readonly verdict: HitVerdict;
  readonly word: ModelWord | undefined;
  readonly detected: DetectorHit | undefined;
  /** Names the trouble on this server; it stays the same while the template becomes more general. */
  readonly key: string;
}

/** Makes alerts of lines that are taken for trouble: each template of an AI agent at once, then at most once a minute, with how often. */
export class TriageAlerts {
  readonly #options: TriageAlertsOptions;
  readonly #troubles: RepeatedAlerts<Said>;

  constructor(options: TriageAlertsOptions) {
    this.#options = options;
    this.#troubles = new RepeatedAlerts<Said>({
      troublesMax: TROUBLES_MAX,
      troublesOfOneMax: TROUBLES_OF_ONE_MAX,
      keep: (said) => (said.json !== undefined && said.json.length > KEPT_WHOLE_LENGTH_MAX ? withoutJson(said) : said),
      tell: (said, hits, at, isOfOthers) => {
        if (!isOfOthers && options.isOrdinary(said.template)) return;
        options.tell(
          this.#alertOf(said, hits, at, isOfOthers),
          isOfOthers || said.json === undefined ? undefined : { agentId: said.agentId, json: said.json },
        );
      },
    });
  }

  /** `now`: epoch ms. */
  hit(hit: TriageHit, now: number): void {
    const said = saidOf(hit);
    this.#troubles.hit(said.key, hit.verdict.severity, said, now, said.agentId);
  }

  /** Tells what the model says of a trouble that was told: nothing more has happened. */
  annotate(hit: TriageHit, now: number): void {
    this.#options.tell({ ...this.#alertOf(saidOf(hit), 1, now, false), count: 0 });
  }

  /** Tells what came again and has waited its minute. Returns when to come again (epoch ms), if ever. */
  tellAgain(now: number): number | undefined {
    return this.#troubles.tellAgain(now);
  }

  /** Tells what came again and has not waited its minute: the agent ends. */
  tellRest(): void {
    this.#troubles.tellRest();
  }

  #alertOf(said: Said, hits: number, at: number, isOfOthers: boolean): AlertReport {
    const { server, revision } = this.#options;
    const { agentId, level, action, timestamp, message, template, verdict, detected, word } = said;
    const { severity, ...judged } = verdict;
    const title = detected?.title ?? (titleOf(message) || `A line without text, ${level}`);
    return {
      dedup_key: `${server}:${isOfOthers ? `:template:others:${severity}` : said.key}`,
      severity,
      server,
      agent_id: isOfOthers ? null : agentId,
      kind: detected?.kind ?? 'log.critical',
      title: isOfOthers ? titleOf(`Many kinds of lines look like trouble, such as: ${title}`) : title,
      count: hits,
      detail: {
        ...detected?.detail,
        ...judged,
        template_text: template.text,
        ...(word === undefined ? {} : { model: word }),
        revision: revision(),
        ...(isOfOthers ? { of_many: true, latest_agent: agentId } : {}),
        hits,
        level,
        action,
        timestamp,
        message,
      },
      at: new Date(at).toISOString(),
    };
  }
}

/** What names the trouble of a template of an AI agent, after the server. */
export function troubleOf(agentId: string, { id, aliases }: Template): string {
  return `${agentId}:template:${aliases[0] ?? id}`;
}

function saidOf({ record, message, template, verdict, detected, word }: TriageHit): Said {
  const { agentId, json, level, action, timestamp } = record;
  const key =
    detected === undefined
      ? troubleOf(agentId, template)
      : `${agentId}:detector:${detected.detector}:${detected.subject}`;
  const excerpt = Buffer.from(message.slice(0, MESSAGE_LENGTH_MAX)).toString(); // a slice would keep the whole in memory
  return { agentId, json, level, action, timestamp, message: excerpt, template, verdict, detected, word, key };
}

function withoutJson({ json: _, ...said }: Said): Said {
  return said;
}

/** Its first line, without what nobody can read. */
function titleOf(message: string): string {
  const [line] = message.replace(/^[\s\p{Cc}]+/u, '').split(/[\r\n]/, 1) as [string];
  return line
    .slice(0, TITLE_LENGTH_MAX)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trimEnd()
    .toWellFormed();
}
