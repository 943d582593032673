import { LOSS_ACTION } from '../contract/record.ts';
import type { ContextCondition, ContextValue, RuleConditions, RuleSettings } from '../contract/rules.ts';
import { matchesServerPattern as matchesName } from '../contract/server-pattern.ts';
import { LinearPattern } from '../platform/linear-pattern.ts';
import type { ChannelSettings } from './channel-settings.ts';
import { checkRoute } from './check-channels.ts';
import { nearest } from './complaints.ts';
import { joinPath } from './fields.ts';
import { FileComplaints, type Located, positionOf } from './located.ts';
import { mergeRules, RULES_MAX, type RuleRead, ruleField } from './rules-section.ts';

/** The rules of one file, as far as they could be read. */
export interface RulesToCheck {
  /** `undefined` in the place of one that could not be; `undefined`: none could. */
  readonly rules: readonly (RuleRead | undefined)[] | undefined;
  /** Those of `_defaults.yaml`, which come before; none for that file itself; `undefined`: not all of them could be read. */
  readonly defaults: readonly RuleSettings[] | undefined;
  /** Whose file it is; absent: `_defaults.yaml`. */
  readonly agentId: string | undefined;
  /** All AI agents that have a file. */
  readonly agentIds: readonly string[];
  /** That a rule's `route` may name. */
  readonly channels: readonly ChannelSettings[];
}

/** The rules of a file one by one, where not all of them can be read. */
export function readRules(root: Located | undefined): readonly (RuleRead | undefined)[] | undefined {
  const unheard = new FileComplaints('', []);
  const items = itemsOf(root);
  return items.length === 0 ? undefined : items.map((item) => ruleField.read(item, '', unheard));
}

type Complain = (path: readonly string[], problem: string, remedy: string) => void;

/** What no single key can tell: rules that do nothing, that can never hit, or that contradict themselves. */
export function checkRules(given: RulesToCheck, root: Located | undefined, complaints: FileComplaints): void {
  const { rules, defaults, channels } = given;
  if (rules === undefined) return;
  const items = itemsOf(root);
  const seen = new Set<string>();
  for (const [index, rule] of rules.entries()) {
    if (rule === undefined) continue;
    const complain: Complain = (path, problem, remedy) =>
      complaints.add(
        positionOf(items[index], path) ?? root?.at,
        path.reduce(joinPath, `rules[${index}]`),
        problem,
        remedy,
      );
    if (seen.has(rule.name)) complain(['name'], `is ${rule.name}, as that of another rule`, 'give each rule its own');
    seen.add(rule.name);
    if (rule.enabled === false) {
      if (defaults !== undefined) checkResting(rule, defaults, complain);
    } else {
      checkRule(rule, given, complain);
      checkRoute(rule.then?.route, channels, (problem, remedy) => complain(['then', 'route'], problem, remedy));
    }
  }
  // One that could not be read may change what comes after it.
  if (defaults !== undefined && !rules.includes(undefined))
    checkOrder(rules as readonly RuleRead[], defaults, given.agentId, root, complaints);
}

/** Rules of which nothing is left by those before them. */
function checkOrder(
  rules: readonly RuleRead[],
  defaults: readonly RuleSettings[],
  agentId: string | undefined,
  root: Located | undefined,
  complaints: FileComplaints,
): void {
  const items = itemsOf(root);
  const all = mergeRules(rules, defaults);
  if (all.length > RULES_MAX)
    complaints.add(root?.at, 'rules', `are ${all.length} with those of _defaults.yaml`, `use at most ${RULES_MAX}`);
  for (const [index, rule] of rules.entries()) {
    const at = all.findIndex(({ name }) => name === rule.name);
    // What a rule between them changes may be what the later one looks for.
    const changing = all.slice(0, Math.max(at, 0)).findLastIndex(changes);
    const hiding = all
      .slice(0, Math.max(at, 0))
      .find((earlier, place) => place > changing && hides(earlier, all[at]!, agentId));
    if (hiding === undefined) continue;
    const outcome = rule.when?.absent_for === undefined ? 'can never hit' : 'would always hit';
    const problem = `${outcome}: ${hiding.name} drops all of its records before`;
    complaints.add(items[index]?.at, `rules[${index}]`, problem, `put it before ${hiding.name}, or remove it`);
  }
}

function checkResting({ name, when, then }: RuleRead, defaults: readonly RuleSettings[], complain: Complain): void {
  const names = defaults.map((rule) => rule.name);
  if (when !== undefined || then !== undefined || names.includes(name)) return;
  const meant = nearest(name, names);
  complain(
    ['name'],
    `is ${name}, which is no rule of _defaults.yaml`,
    meant ? `did you mean ${meant}?` : 'remove it, or give it when and then',
  );
}

function checkRule({ when, then }: RuleRead, { agentId, agentIds }: RulesToCheck, complain: Complain): void {
  if (when === undefined) complain(['when'], 'is missing', 'say what must hold; {} is each record');
  if (then === undefined) complain(['then'], 'is missing', 'say what is done, such as { alert: warning }');
  if (when === undefined || then === undefined) return;
  checkWhen(when, agentId, complain);
  if (when.absent_for !== undefined && agentId === undefined && !agentIds.some((id) => isFor(when, id)))
    complain(
      ['when', 'absent_for'],
      `can never hit: it waits for records of AI agents with a file, and ${when.agent === undefined ? 'there is none' : 'none has such a name'}`,
      'add the file of the AI agent to agents/, or remove the rule',
    );
  if (when.absent_for !== undefined && when.rate !== undefined)
    complain(['when', 'absent_for'], 'contradicts rate', 'use one of them');
  const done = Object.entries(then).flatMap(([key, value]) => (value === undefined || value === false ? [] : [key]));
  if (done.length === 0)
    complain(['then'], 'does nothing', 'use at least one of alert, tag, drop, sample, redact, ordinary, set');
  if (then.route !== undefined && then.alert === undefined)
    complain(['then', 'route'], 'has no alert to go with', 'add an alert, or remove it');
  if (then.redact !== undefined && then.redact.matches === undefined && then.redact.context === undefined)
    complain(['then', 'redact'], 'replaces nothing', 'give it matches, context or both');
  if (then.set !== undefined && then.set.level === undefined && then.set.action === undefined)
    complain(['then', 'set'], 'sets nothing', 'give it level, action or both');
  if (then.set?.action === LOSS_ACTION)
    complain(['then', 'set', 'action'], `is ${LOSS_ACTION}, which is reserved`, 'use another');
  if (then.ordinary === true && then.alert !== undefined)
    complain(['then', 'ordinary'], 'contradicts alert', 'use one of them');
  const changes = done.filter((key) => !['alert', 'route'].includes(key));
  if (when.absent_for !== undefined && changes.length > 0)
    complain(['then', changes[0]!], 'has no record to work on', 'with absent_for use alert and route only');
  const vain = then.drop === true ? changes.filter((key) => key !== 'drop') : [];
  if (vain.length > 0) complain(['then', vain[0]!], 'is in vain: the record is dropped', 'use drop, or the others');
}

function checkWhen(when: NonNullable<RuleRead['when']>, agentId: string | undefined, complain: Complain): void {
  const { level, level_at_least: least } = when;
  if (level !== undefined && least !== undefined)
    complain(['when', 'level_at_least'], 'is given beside level', 'use one of them');
  if (agentId !== undefined && !isFor(when, agentId))
    complain(
      ['when', 'agent'],
      `can never hit: this file is ${agentId}’s`,
      'remove it, or move the rule to _defaults.yaml',
    );
  for (const condition of when.context ?? []) {
    const problem = contradiction(condition);
    if (problem !== undefined) complain(['when', 'context', condition.path], problem, 'mend one of them');
  }
}

function isFor({ agent }: NonNullable<RuleRead['when']>, agentId: string): boolean {
  return agent === undefined || agent.some((name) => matchesName(name, agentId));
}

/** Why a condition makes no sense; that it can never hit is said only where no value whatever fulfils it. */
function contradiction({ path: _, ...asked }: ContextCondition): string | undefined {
  const { is, isNot, exists, above, atLeast, below, atMost, contains, matches } = asked;
  const [low, high] = [
    Math.max(above ?? -Infinity, atLeast ?? -Infinity),
    Math.min(below ?? Infinity, atMost ?? Infinity),
  ];
  const isNumber = low !== -Infinity || high !== Infinity;
  if (exists === false && (isNumber || contains !== undefined || matches !== undefined))
    return 'can never hit: it must be absent and have a value';
  if (low > high || (low === high && (above === low || below === high)))
    return `can never hit: no number is above ${low} and below ${high}`;
  if (isNumber && (contains !== undefined || matches !== undefined)) return 'must be a number and a text';
  if (is === undefined) return undefined;
  if (is.every((value) => isNot?.includes(value))) return 'can never hit: is and is_not exclude each other';
  if (is.every((value) => exists !== undefined && exists !== (value !== null)))
    return exists ? 'can never hit: it must be there and be null' : 'can never hit: it must be absent and have a value';
  // Numbers may come as text.
  const within = (value: ContextValue) =>
    typeof value === 'number' || (typeof value === 'string' && /^-?\d+(?:\.\d+)?$/.test(value))
      ? Number(value) >= low && Number(value) <= high && Number(value) !== above && Number(value) !== below
      : false;
  if (isNumber && !is.some(within)) return 'can never hit: none of its values is within the bounds';
  const holds = (value: ContextValue) =>
    (contains === undefined || contains.some((text) => typeof value === 'string' && value.includes(text))) &&
    (matches === undefined || (typeof value === 'string' && new LinearPattern(matches).isIn(value)));
  return is.some(holds) ? undefined : 'can never hit: none of its values holds the text';
}

/** Whether records go on from it as others. */
function changes({ effects: { tags, sampleShare, redact, setLevel, setAction } }: RuleSettings): boolean {
  return [tags, sampleShare, redact, setLevel, setAction].some((effect) => effect !== undefined);
}

/** Whether `earlier` drops every record that `later` could hit. */
function hides(earlier: RuleSettings, later: RuleSettings, agentId: string | undefined): boolean {
  const { rate, absentForMs, context = [], ...given } = earlier.when;
  if (earlier.effects.drop !== true || rate !== undefined || absentForMs !== undefined) return false;
  const theirs: RuleConditions = { ...(agentId === undefined ? {} : { agents: [agentId] }), ...later.when };
  const conditions = (theirs.context ?? []).map((one) => JSON.stringify(one));
  if (!context.every((one) => conditions.includes(JSON.stringify(one)))) return false;
  return Object.entries(given).every(([key, value]) => {
    const their = theirs[key as keyof RuleConditions];
    if (!Array.isArray(value)) return value === their;
    return (
      Array.isArray(their) && (their as readonly string[]).every((one) => value.some((each) => covers(key, each, one)))
    );
  });
}

/** Whether what fulfils `one` fulfils `earlier`. */
function covers(key: string, earlier: string, one: string): boolean {
  if (key === 'contains') return one.includes(earlier);
  return earlier === one || (['agents', 'actions'].includes(key) && !/[*?]/.test(one) && matchesName(earlier, one));
}

function itemsOf(root: Located | undefined): readonly Located[] {
  const rules = root?.type === 'map' ? root.entries.find(({ key }) => key === 'rules')?.value : undefined;
  return rules?.type === 'list' ? rules.items : [];
}
