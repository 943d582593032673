import { createReadStream } from 'node:fs';
import { Redactors } from '../agent/redaction/index.ts';
import { RuleEngine } from '../agent/rules/rule-engine.ts';
import { encodeLine } from '../agent/sources/line-formats/encode-line.ts';
import { openTimeZone } from '../agent/sources/line-formats/time-zone.ts';
import { agentsOn, type Config, loadConfig, resolveAgent, writeRule } from '../config/index.ts';
import { type AgentId, parseAgentId, parseServerName, type ServerName, UNKNOWN_AGENT_ID } from '../contract/ids.ts';
import { type ArchivedRecord, RECORD_BYTES_MAX } from '../contract/record.ts';
import type { RuleSettings } from '../contract/rules.ts';
import { systemClock } from '../platform/clock.ts';
import { errorCode, NervesysError } from '../platform/errors.ts';
import { formatDuration } from '../platform/quantity.ts';
import { checkedFolder, unknownAgent } from './config.ts';
import { EXIT } from './exit-codes.ts';
import { formatRecord } from './logs.ts';
import { escapeControls, formatTable, note, painter, print, printJson } from './output.ts';
import { readLines } from './read-lines.ts';
import { resolveUserPath } from './settings.ts';

export interface RulesTestOptions {
  readonly config?: string;
  readonly agent: string;
  readonly server: string;
  readonly limit: number;
  readonly home?: string;
  readonly json?: boolean;
}

/** A rule that hit a line: what each condition looked at, and what it did. */
interface Explained {
  readonly rule: string;
  readonly why: Readonly<Record<string, string>>;
  readonly does: unknown;
}

interface HitLine {
  readonly line: number;
  readonly outcome: 'kept' | 'dropped';
  readonly rules: readonly Explained[];
  /** As it would be archived. */
  readonly record: Omit<ArchivedRecord, 'id'>;
}

/** A rule that waited in vain before a line. */
interface AbsentLine {
  readonly line: number;
  readonly agent_id: string;
  readonly rule: string;
  readonly absent_since: string;
}

/** `nervesys rules test FILE`: which rule hits which line, and why. */
export async function run(options: RulesTestOptions, file: string): Promise<number> {
  const server = parseServerName(options.server);
  const agentId = parseAgentId(options.agent);
  if (server === undefined || agentId === undefined)
    throw new NervesysError('NSV_SETTING_INVALID', 'test rules: --server or --agent is no name', {
      hint: 'names are as in --agent GROK --server AIGARDEN01',
    });
  const folder = checkedFolder(options, options.config);
  const { config } = await loadConfig(folder);
  const trial = new RulesTrial(config, server, options.limit);
  const redaction = new Redactors(config.agentDefaults.redaction, config.agents);
  const reading = { format: 'auto', zone: openTimeZone(undefined) } as const;
  const place = file === '-' ? 'standard input' : resolveUserPath(file);
  const stream = file === '-' ? process.stdin : createReadStream(place);
  try {
    for await (const text of readLines(stream as AsyncIterable<Buffer>, RECORD_BYTES_MAX))
      trial.take(text, (now) => encodeLine(text, reading, { server, now, agentId, redaction }));
  } catch (error) {
    throw new NervesysError('NSV_SETTING_INVALID', `read ${place}: ${errorCode(error) ?? (error as Error).message}`, {
      hint: 'name a file of log lines, or - for standard input',
    });
  }
  if (options.json) printJson(trial.result(folder));
  else {
    printTrial(trial, folder);
    for (const words of doubts(config, agentId, server)) note(words);
  }
  return EXIT.done;
}

/** Why the rules of the AI agent that was named had no say, where they had none. */
function doubts(config: Config, agentId: AgentId, server: ServerName): readonly string[] {
  if (agentId === UNKNOWN_AGENT_ID) return [];
  const { known, assigned } = resolveAgent(config, agentId, server);
  if (!known) return [unknownAgent(config, agentId)];
  const elsewhere = `${escapeControls(agentId)} does not run on ${escapeControls(server)}, so its own rules were left out; --server names another.`;
  return assigned ? [] : [elsewhere];
}

class RulesTrial {
  readonly hits: HitLine[] = [];
  readonly absences: AbsentLine[] = [];
  readonly revision: string;
  lines = 0;
  hitLines = 0;
  dropped = 0;
  readonly #counts = new Map<string, number>();
  readonly #engine: RuleEngine;
  readonly #limit: number;
  readonly #config: Config;
  readonly #server: ServerName;
  #explained: Explained[] = [];
  #now: number | undefined;

  constructor(config: Config, server: ServerName, limit: number) {
    this.#config = config;
    this.#server = server;
    this.#limit = limit;
    this.revision = config.revision;
    this.#engine = new RuleEngine(server);
    this.#engine.onHit = (rule, view, inWindow) => {
      this.#count(rule.name);
      const why = Object.fromEntries(rule.checks.map((check) => [check.key, check.found(view)]));
      const { rate } = rule.settings.when;
      if (rate !== undefined) why['rate'] = `${inWindow} within ${formatDuration(rate.withinMs)}`;
      this.#explained.push({ rule: rule.name, why, does: writeRule(rule.settings)['then'] });
    };
  }

  /** All rules that there are, by name, the defaults' first. */
  get rules(): readonly { readonly name: string; readonly hits: number }[] {
    const all = [this.#config.agentDefaults, ...agentsOn(this.#config, this.#server)].flatMap(({ rules }) => rules);
    return [...new Set(all.map(({ name }: RuleSettings) => name))].map((name) => ({
      name,
      hits: this.#counts.get(name) ?? 0,
    }));
  }

  take(text: string, encode: (now: number) => ReturnType<typeof encodeLine>): void {
    this.lines++;
    if (text.trim() === '') return;
    const record = encode(this.#now ?? systemClock.now());
    const now = Math.max(Date.parse(record.timestamp), this.#now ?? 0);
    if (this.#now === undefined) {
      const { agentDefaults } = this.#config;
      this.#engine.use(agentDefaults.rules, agentsOn(this.#config, this.#server), now);
    }
    this.#now = now;
    this.#lookForAbsences(now);
    this.#explained = [];
    const judgement = this.#engine.judge([record], now);
    for (const absence of judgement?.seen ?? []) Object.assign(absence, { lastAt: now, isTold: false });
    if (this.#explained.length === 0) return;
    this.hitLines++;
    const kept = judgement?.kept[0];
    if (kept === undefined) this.dropped++;
    if (this.hits.length < this.#limit)
      this.hits.push({
        line: this.lines,
        outcome: kept === undefined ? 'dropped' : 'kept',
        rules: this.#explained,
        record: JSON.parse(`{${(kept ?? record).json}`),
      });
  }

  result(folder: string): unknown {
    const { lines, hitLines, dropped, revision, rules, hits, absences } = this;
    return { config: folder, revision, lines, hit_lines: hitLines, dropped, rules, hits, absences };
  }

  #lookForAbsences(now: number): void {
    for (const absence of this.#engine.memory.absences) {
      const { rule, agentId, lastAt, isTold } = absence;
      if (isTold || now < lastAt + rule.settings.when.absentForMs!) continue;
      absence.isTold = true;
      this.#count(rule.name);
      if (this.absences.length < this.#limit)
        this.absences.push({
          line: this.lines,
          agent_id: agentId,
          rule: rule.name,
          absent_since: new Date(lastAt).toISOString(),
        });
    }
  }

  #count(rule: string): void {
    this.#counts.set(rule, (this.#counts.get(rule) ?? 0) + 1);
  }
}

function printTrial(trial: RulesTrial, folder: string): void {
  const paint = painter(process.stdout);
  const told = [
    ...trial.hits.map((hit) => ({ line: hit.line, text: formatHit(hit, paint) })),
    ...trial.absences.map((absence) => ({ line: absence.line, text: formatAbsence(absence, paint) })),
  ].sort((a, b) => a.line - b.line);
  for (const { text } of told) print(text);
  if (told.length > 0) print('');
  const { lines, hitLines, dropped, rules, revision } = trial;
  if (rules.length === 0) note(`There is no rule in ${escapeControls(folder)}.`);
  else
    print(
      formatTable(rules, [
        { title: 'RULE', text: ({ name }) => name },
        { title: 'HITS', text: ({ hits }) => (hits === 0 ? paint('dim', '0') : String(hits)), align: 'right' },
      ]),
    );
  const more = hitLines - trial.hits.length;
  note(
    `${lines} lines, ${hitLines} hit, ${dropped} dropped; by ${escapeControls(folder)} (revision ${revision}).` +
      `${more > 0 ? ` The first ${trial.hits.length} are shown; --limit shows more.` : ''}`,
  );
}

type Paint = ReturnType<typeof painter>;

function formatHit({ line, outcome, rules, record }: HitLine, paint: Paint): string {
  const mark = outcome === 'dropped' ? paint('red', 'dropped') : paint('green', 'kept   ');
  const head = `${paint('bold', `${line}:`)} ${mark} ${formatRecord(record as ArchivedRecord, paint)}`;
  const why = rules.map(({ rule, why, does }) => {
    const found = Object.entries(why).map(([key, value]) => `${key} ${escapeControls(value)}`);
    return `    ${paint('yellow', rule)}: ${found.join(', ') || 'each record'} → ${escapeControls(JSON.stringify(does))}`;
  });
  return [head, ...why].join('\n');
}

function formatAbsence({ line, agent_id, rule, absent_since }: AbsentLine, paint: Paint): string {
  return `${paint('bold', `${line}:`)} before it, ${paint('yellow', rule)}: nothing that it waits for came of ${escapeControls(agent_id)} since ${absent_since}`;
}
