import { LOSS_ACTION } from '../contract/record.ts';
import type { ContextCondition, RuleConditions, RuleSettings } from '../contract/rules.ts';
import { matchesServerPattern as matchesName } from '../contract/server-pattern.ts';
import type { ChannelSettings } from './channel-settings.ts';
import { checkRoute } from './check-channels.ts';
import { nearest } from './complaints.ts';
import { joinPath } from './fields.ts';
import { type FileComplaints, type Located, positionOf } from './located.ts';
import { mergeRules, RULES_MAX, type RuleRead } from './rules-section.ts';

/** The rules of one file, as far as they could be read. */
export interface RulesToCheck {
  readonly rules: readonly RuleRead[] | undefined;
  /** Those of `_defaults.yaml`, which come before; none for that file itself. */
  readonly defaults: readonly RuleSettings[];
  /** Whose file it is; absent: `_defaults.yaml`. */
  readonly agentId: string | undefined;
  /** That a rule's `route` may name. */
  readonly channels: readonly ChannelSettings[];
}

type Complain = (path: readonly string[], problem: string, remedy: string) => void;

/** What no single key can tell: rules that do nothing, that can never hit, or that contradict themselves. */
export function checkRules(
  { rules, defaults, agentId, channels }: RulesToCheck,
  root: Located | undefined,
  complaints: FileComplaints,
): void {
  if (rules === undefined) return;
  const items = itemsOf(root);
  const seen = new Set<string>();
  for (const [index, rule] of rules.entries()) {
    const complain: Complain = (path, problem, remedy) =>
      complaints.add(
        positionOf(items[index], path) ?? root?.at,
        path.reduce(joinPath, `rules[${index}]`),
        problem,
        remedy,
      );
    if (seen.has(rule.name)) complain(['name'], `is ${rule.name}, as that of another rule`, 'give each rule its own');
    seen.add(rule.name);
    if (rule.enabled === false) checkResting(rule, defaults, complain);
    else {
      checkRule(rule, agentId, complain);
      checkRoute(rule.then?.route, channels, (problem, remedy) => complain(['then', 'route'], problem, remedy));
    }
  }
  const all = mergeRules(rules, defaults);
  if (all.length > RULES_MAX)
    complaints.add(root?.at, 'rules', `are ${all.length} with those of _defaults.yaml`, `use at most ${RULES_MAX}`);
  for (const [index, rule] of rules.entries()) {
    const at = all.findIndex(({ name }) => name === rule.name);
    // What a rule between them changes may be what the later one looks for.
    const changing = all.slice(0, Math.max(at, 0)).findLastIndex(changes);
    const hiding = all.slice(0, Math.max(at, 0)).find((earlier, place) => place > changing && hides(earlier, all[at]!));
    if (hiding === undefined) continue;
    const path = `rules[${index}]`;
    const remedy = `put it before ${hiding.name}, or remove it`;
    complaints.add(items[index]?.at, path, `can never hit: ${hiding.name} drops all of its records before`, remedy);
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

function checkRule({ when, then }: RuleRead, agentId: string | undefined, complain: Complain): void {
  if (when === undefined) complain(['when'], 'is missing', 'say what must hold; {} is each record');
  if (then === undefined) complain(['then'], 'is missing', 'say what is done, such as { alert: warning }');
  if (when === undefined || then === undefined) return;
  checkWhen(when, agentId, complain);
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
  const { level, level_at_least: least, agent } = when;
  if (level !== undefined && least !== undefined)
    complain(['when', 'level_at_least'], 'is given beside level', 'use one of them');
  if (agentId !== undefined && agent !== undefined && !agent.some((name) => matchesName(name, agentId)))
    complain(
      ['when', 'agent'],
      `can never hit: this file is ${agentId}’s`,
      'remove it, or move the rule to _defaults.yaml',
    );
  for (const condition of when.context ?? []) {
    const reason = contradiction(condition);
    if (reason !== undefined)
      complain(['when', 'context', condition.path], `can never hit: ${reason}`, 'mend one of them');
  }
}

/** Why no value can fulfil a condition. */
function contradiction({ path: _, exists, isNot, ...asked }: ContextCondition): string | undefined {
  const { is, above, atLeast, below, atMost, contains, matches } = asked;
  if (exists === false && Object.values(asked).some((value) => value !== undefined))
    return 'it must be absent and have a value';
  const [low, high] = [
    Math.max(above ?? -Infinity, atLeast ?? -Infinity),
    Math.min(below ?? Infinity, atMost ?? Infinity),
  ];
  if (low > high || (low === high && (above === low || below === high)))
    return `no number is above ${low} and below ${high}`;
  const isNumber = low !== -Infinity || high !== Infinity;
  if (isNumber && (contains !== undefined || matches !== undefined)) return 'it must be a number and a text';
  if (is === undefined) return undefined;
  if (is.every((value) => isNot?.includes(value))) return 'is and is_not exclude each other';
  const within = (value: unknown) =>
    typeof value === 'number' && value >= low && value <= high && value !== above && value !== below;
  return isNumber && !is.some(within) ? 'none of its values is within the bounds' : undefined;
}

/** Whether records go on from it as others. */
function changes({ effects: { tags, sampleShare, redact, setLevel, setAction } }: RuleSettings): boolean {
  return [tags, sampleShare, redact, setLevel, setAction].some((effect) => effect !== undefined);
}

/** Whether `earlier` drops every record that `later` could hit. */
function hides(earlier: RuleSettings, later: RuleSettings): boolean {
  const { rate, absentForMs, ...given } = earlier.when;
  if (earlier.effects.drop !== true || rate !== undefined || absentForMs !== undefined) return false;
  return Object.entries(given).every(([key, value]) => {
    const theirs = later.when[key as keyof RuleConditions];
    if (!Array.isArray(value) || key === 'context') return JSON.stringify(value) === JSON.stringify(theirs);
    return (
      Array.isArray(theirs) &&
      (theirs as readonly unknown[]).every((one) => (value as readonly unknown[]).includes(one))
    );
  });
}

function itemsOf(root: Located | undefined): readonly Located[] {
  const rules = root?.type === 'map' ? root.entries.find(({ key }) => key === 'rules')?.value : undefined;
  return rules?.type === 'list' ? rules.items : [];
}
