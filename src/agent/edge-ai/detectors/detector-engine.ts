import { type AgentId, NERVESYS_AGENT_ID } from '../../../contract/ids.ts';
import type { TemplateId } from '../../../contract/triage.ts';
import { TRIAGE_DEFAULT, type TriageSettings } from '../../../contract/triage-settings.ts';
import type { RecordView } from '../../rules/record-view.ts';
import type { Template } from '../types.ts';
import { AgentWatch, type StoredAgentWatch } from './agent-watch.ts';
import { type AiEvent, aiEventOf } from './ai-event.ts';
import { DETECTORS, type Description, type DetectorHit, type DetectorKey, TITLE_LENGTH_MAX } from './detector.ts';
import { falseSuccessIn } from './false-success.ts';
import { promptInjectionIn } from './prompt-injection.ts';
import type { TemplateHabit } from './template-habit.ts';
import type { Room } from './template-watch.ts';
import { type Telling, Troubles } from './troubles.ts';

/*
 * What goes wrong with AI agents in particular. Two detectors need nothing but the record (`lookAtOne`) and may have their say before it is
 * stored; the others count, so they are shown each record once, in order, after it was committed (`look`): one that was refused and comes
 * again would count twice. Memory is bounded whatever comes: AI agents, sessions, calls and templates each have a bound of their own, and what
 * was used least lately is forgotten. What takes days to learn is kept over a restart (`stored`); windows of minutes begin anew.
 */

const AGENTS_MAX = 1_000;
/** Of so many the events are watched: those of one may take two hundred kilobytes. */
const EVENTFUL_MAX = 50;
const HABITS_MAX = 2_000;
/** When there is no room for another template: so many of those that come least are forgotten, at most once in such a time. */
const HABITS_FORGOTTEN = 200;
const SWEEP_MS = 60_000;
const NOTHING: readonly DetectorHit[] = Object.freeze([]);

interface About {
  readonly agentId: AgentId;
  readonly key: DetectorKey;
}

export type SettingsOf = (agentId: string) => TriageSettings;

export class DetectorEngine {
  /** Records on which a detector failed, which is a mistake of ours. */
  failed = 0;
  readonly #find: ((id: TemplateId) => Template | undefined) | undefined;
  readonly #room: Room = { left: HABITS_MAX };
  /** The one used least lately first. */
  readonly #agents = new Map<string, AgentWatch>();
  /** Those that have had events, the one that had them least lately first. */
  readonly #eventful = new Map<string, AgentWatch>();
  readonly #troubles = new Troubles<About>();
  #settingsOf: SettingsOf = () => TRIAGE_DEFAULT;
  #latest: AgentWatch | undefined;
  #sweepAt: number | undefined;
  #hadNoRoom = false;

  /** `stored`: what `stored` gave in an earlier run; what can't be read counts as nothing. `find`: the miner's, by which templates that were merged or forgotten are not missed. */
  constructor(stored?: string, find?: (id: TemplateId) => Template | undefined) {
    this.#find = find;
    for (const [agentId, watch] of parse(stored).slice(-AGENTS_MAX))
      this.#agents.set(agentId, new AgentWatch(agentId as AgentId, TRIAGE_DEFAULT, this.#room, watch));
  }

  /** Other settings from the next record on. */
  use(settingsOf: SettingsOf, now: number): void {
    this.#settingsOf = settingsOf;
    for (const watch of this.#agents.values()) watch.settings = settingsOf(watch.agentId);
    this.#sweepAt ??= this.#agents.size > 0 ? now + SWEEP_MS : undefined;
  }

  /**
   * Shows it a record that was stored; `template`: of its message. Usually the same empty list. Never throws. `now`: time of arrival,
   * epoch ms; a clock that was set back tells nothing that isn't so. `event`: for whoever has read it before; `null`: it tells nothing.
   */
  look(view: RecordView, template: Template | undefined, now: number, event?: AiEvent | null): readonly DetectorHit[] {
    if (view.agentId === NERVESYS_AGENT_ID) return NOTHING;
    try {
      const watch = this.#latest?.agentId === view.agentId ? this.#latest : this.#watchOf(view.agentId as AgentId);
      if (!watch.settings.enabled) return NOTHING;
      this.#sweepAt ??= now + SWEEP_MS;
      let hits: DetectorHit[] | undefined;
      const rate = template === undefined ? undefined : watch.templates.look(template, watch.settings.detectors, now);
      if (rate !== undefined) hits = this.#add(hits, this.#show(watch, 'rateChange', rate, now));
      if (template !== undefined && this.#room.left <= 0) this.#hadNoRoom = true;
      const isClaimAwaited = watch.isClaimAwaited(now);
      const read = event ?? (event === undefined || isClaimAwaited ? aiEventOf(view, isClaimAwaited) : undefined);
      if (read !== undefined) this.#noteEventful(watch);
      if (read !== undefined)
        for (const [key, finding] of watch.look(read, now))
          hits = this.#add(hits, this.#show(watch, key, finding, now));
      return hits ?? NOTHING;
    } catch {
      this.failed++;
      return NOTHING;
    }
  }

  /** What the record alone tells, for whoever judges it before it is stored: nothing is counted, and each such record is a hit. Never throws. */
  lookAtOne(view: RecordView, event: AiEvent | null = aiEventOf(view) ?? null): DetectorHit | undefined {
    if (view.agentId === NERVESYS_AGENT_ID) return undefined;
    try {
      const settings = this.#latest?.agentId === view.agentId ? this.#latest.settings : this.#settingsOf(view.agentId);
      return lookAtOne(view, settings, event);
    } catch {
      this.failed++;
      return undefined;
    }
  }

  /** When `due` is to be called next (epoch ms); `undefined`: there is nothing to wait for. */
  get nextDueAt(): number | undefined {
    return this.#sweepAt;
  }

  /** What has fallen silent, and what has gone on for so long that it is to be told again. */
  due(now: number): readonly DetectorHit[] {
    const hits: DetectorHit[] = [];
    try {
      for (const telling of this.#troubles.due(now)) {
        const { enabled, detectors } = this.#settingsOf(telling.about.agentId);
        if (enabled && detectors[telling.about.key].enabled) hits.push(this.#hit(telling));
      }
      if (this.#hadNoRoom) this.#makeRoom();
      for (const watch of this.#agents.values()) {
        if (!watch.settings.enabled || watch.templates.isEmpty) continue;
        const silent = watch.templates.due(watch.settings.detectors, now, this.#find);
        const hit = silent && this.#show(watch, 'goneSilent', silent, now);
        if (hit !== undefined) hits.push(hit);
      }
    } catch {
      this.failed++;
    }
    const isIdle = this.#troubles.isEmpty && [...this.#agents.values()].every(({ templates }) => templates.isEmpty);
    this.#sweepAt = isIdle ? undefined : now + SWEEP_MS;
    return hits.length === 0 ? NOTHING : hits;
  }

  /** To be kept on disk every few minutes and at the end: habits, of those who wrote last first, in at most so many characters. */
  stored(lengthMax = STORED_LENGTH_MAX): string {
    return store([...this.#agents.values()], lengthMax);
  }

  #watchOf(agentId: AgentId): AgentWatch {
    let watch = this.#agents.get(agentId);
    if (watch === undefined) watch = new AgentWatch(agentId, this.#settingsOf(agentId), this.#room);
    else this.#agents.delete(agentId); // the one used last stands last
    this.#agents.set(agentId, watch);
    if (this.#agents.size > AGENTS_MAX) {
      const [oldest, forgotten] = this.#agents.entries().next().value!;
      forgotten.templates.close();
      this.#eventful.delete(oldest);
      this.#agents.delete(oldest);
    }
    this.#latest = watch;
    return watch;
  }

  #noteEventful(watch: AgentWatch): void {
    this.#eventful.delete(watch.agentId);
    this.#eventful.set(watch.agentId, watch);
    if (this.#eventful.size <= EVENTFUL_MAX) return;
    const [oldest, resting] = this.#eventful.entries().next().value!;
    resting.rest();
    this.#eventful.delete(oldest);
  }

  #show(watch: AgentWatch, key: DetectorKey, finding: Telling<About>['finding'], now: number): DetectorHit | undefined {
    if (!watch.settings.detectors[key].enabled) return undefined;
    const about = { agentId: watch.agentId, key };
    const telling = this.#troubles.show(`${watch.agentId}\n${key}\n${finding.subject}`, about, finding, now);
    return telling && this.#hit(telling);
  }

  #add(hits: DetectorHit[] | undefined, hit: DetectorHit | undefined): DetectorHit[] | undefined {
    if (hit === undefined) return hits;
    if (hits === undefined) return [hit];
    hits.push(hit);
    return hits;
  }

  #hit({ about: { agentId, key }, finding, isAgain, count }: Telling<About>): DetectorHit {
    const watch = this.#agents.get(agentId);
    const settings = watch?.settings ?? this.#settingsOf(agentId);
    return hitOf(key, settings, agentId, finding.describe(), { subject: finding.subject, isAgain, count });
  }

  #makeRoom(): void {
    this.#hadNoRoom = false;
    const all = [...this.#agents.values()].flatMap(({ templates }) =>
      [...templates.habits()].map((habit) => ({ templates, habit, worth: habit.worth })),
    );
    all.sort((a, b) => a.worth - b.worth);
    for (const { templates, habit } of all.slice(0, HABITS_FORGOTTEN)) templates.forget(habit);
  }
}

/** What a record tells all alone. Pure. */
export function lookAtOne(
  view: RecordView,
  settings: TriageSettings,
  event: AiEvent | null = aiEventOf(view) ?? null,
): DetectorHit | undefined {
  const { falseSuccess, promptInjection } = settings.detectors;
  if (!settings.enabled || !(falseSuccess.enabled || promptInjection.enabled)) return undefined;
  if (event === null) return undefined;
  const injected = promptInjection.enabled ? promptInjectionIn(event, promptInjection.phrases) : undefined;
  const agentId = view.agentId as AgentId;
  if (injected !== undefined) return hitOf('promptInjection', settings, agentId, injected);
  const claimed = falseSuccess.enabled ? falseSuccessIn(event) : undefined;
  return claimed && hitOf('falseSuccess', settings, agentId, claimed);
}

function hitOf(
  key: DetectorKey,
  { detectors }: TriageSettings,
  agentId: AgentId,
  { title, reason, detail }: Description,
  trouble: Pick<DetectorHit, 'subject' | 'isAgain' | 'count'> = { subject: '', isAgain: false, count: 1 },
): DetectorHit {
  const { name, kind } = DETECTORS[key];
  const cut = title.length > TITLE_LENGTH_MAX ? `${title.slice(0, TITLE_LENGTH_MAX - 1)}…` : title;
  return {
    detector: name,
    kind,
    severity: detectors[key].severity,
    agentId,
    ...trouble,
    title: cut.toWellFormed(),
    reason,
    detail,
  };
}

const STORED_HABITS_MAX = 1_000;
const STORED_LENGTH_MAX = 300_000;
const STORED_TEXT_LENGTH_MAX = 80;
/** `{"version":1,"agents":[]}` */
const AROUND_LENGTH = 25;

function store(watches: readonly AgentWatch[], lengthMax: number): string {
  const habits = watches.flatMap(({ templates }) => [...templates.habits()]).sort((a, b) => b.worth - a.worth);
  // The one that writes most may have habits for all of the room: then it keeps the half of them that counts most.
  for (let kept = Math.min(habits.length, STORED_HABITS_MAX); ; kept = Math.floor(kept / 2)) {
    const text = JSON.stringify({ version: 1, agents: agentsWith(new Set(habits.slice(0, kept)), watches, lengthMax) });
    if (text.length <= lengthMax || kept === 0) return text;
  }
}

/** The ones that wrote last first, as many as fit; at least the very last one. */
function agentsWith(
  kept: ReadonlySet<TemplateHabit>,
  watches: readonly AgentWatch[],
  lengthMax: number,
): readonly [string, StoredAgentWatch][] {
  const agents: [string, StoredAgentWatch][] = [];
  let length = AROUND_LENGTH;
  for (const watch of [...watches].reverse()) {
    const stored = watch.stored(kept, STORED_TEXT_LENGTH_MAX);
    if (stored === undefined) continue;
    const agent: [string, StoredAgentWatch] = [watch.agentId, stored];
    length += JSON.stringify(agent).length + 1;
    if (length > lengthMax && agents.length > 0) break;
    agents.unshift(agent);
  }
  return agents;
}

function parse(text: string | undefined): readonly [string, StoredAgentWatch][] {
  try {
    const stored = JSON.parse(text ?? 'null') as { version?: unknown; agents?: unknown } | null;
    if (stored?.version !== 1 || !Array.isArray(stored.agents)) return [];
    return stored.agents.filter(
      (each): each is [string, StoredAgentWatch] =>
        Array.isArray(each) && typeof each[0] === 'string' && typeof each[1] === 'object' && each[1] !== null,
    );
  } catch {
    return []; // habits that are learnt anew harm less than an agent that doesn't start
  }
}
