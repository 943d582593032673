import { ALERT_SEVERITIES } from '../contract/alert.ts';
import { ACTION_LENGTH_MAX, AGENT_ID_LENGTH_MAX } from '../contract/ids.ts';
import { LEVELS } from '../contract/record.ts';
import type { RuleConditions, RuleEffects, RuleSettings } from '../contract/rules.ts';
import { CHANNEL_NAME, CHANNEL_NAME_MEANING } from './channels-section.ts';
import { contextConditions } from './context-conditions.ts';
import {
  described,
  duration,
  type Field,
  flag,
  group,
  list,
  number,
  oneOf,
  oneOrMore,
  parsed,
  present,
  type Read,
  required,
  text,
} from './fields.ts';
import { linearPattern } from './pattern-field.ts';

/** A record is held against each; a server with hundreds of rules would be slow, and nobody would know why a line went. */
export const RULES_MAX = 100;
const NAME = /^[a-z][a-z0-9_]{0,39}$/;
export const RULE_PATTERN_LENGTH_MAX = 500;
const TEXT_LENGTH_MAX = 500;
const LIST_MAX = 100;
const TAGS_MAX = 10;

const word = (meaning: string) => parsed(meaning, NAME.source, (value) => (NAME.test(value) ? value : undefined));
const level = oneOf(...LEVELS);
const wildcard = (meaning: string, lengthMax: number) => text({ lengthMax, meaning });

const pattern = linearPattern(RULE_PATTERN_LENGTH_MAX);
const texts = oneOrMore(text({ lengthMax: TEXT_LENGTH_MAX }), { lengthMax: LIST_MAX, of: 'texts' });

const SHARE = /^(?=.*[1-9])\d{1,2}(\.\d{1,4})?%$/;
const share = parsed('a share such as 10% or 0.5%', SHARE.source, (value) => {
  const percent = SHARE.test(value) ? Number(value.slice(0, -1)) : 0;
  return percent > 0 ? percent / 100 : undefined;
});

const whenFields = {
  level: described(
    oneOrMore(level, { lengthMax: LEVELS.length, of: 'levels' }),
    'Records of this level, or of one of these.',
  ),
  level_at_least: described(level, 'Records of this level and above.'),
  agent: described(
    oneOrMore(wildcard('the name of an AI agent; * stands for any characters', AGENT_ID_LENGTH_MAX), {
      lengthMax: LIST_MAX,
      of: 'names',
    }),
    'Records of this AI agent, or of one of these; * stands for any characters. For rules of _defaults.yaml.',
  ),
  action: described(
    oneOrMore(wildcard('an action; * stands for any characters', ACTION_LENGTH_MAX), {
      lengthMax: LIST_MAX,
      of: 'actions',
    }),
    'Records with this action, or one of these; * stands for any characters.',
  ),
  contains: described(texts, 'This text, or one of these, stands in the message; upper and lower case differ.'),
  matches: described(
    pattern,
    'This regular expression is found in the message. Syntax of RE2, matched in linear time; (?i) in front: upper and lower case are the same. \\d, \\w and \\b know ASCII only: at Hebrew letters \\b finds no boundary.',
  ),
  context: described(
    contextConditions({ pattern, texts }),
    'What holds of values in the context, by their path: keys with dots between, such as usage.total_tokens. A value or a list says what it is; ' +
      'a group compares: is, is_not, above, at_least, below, at_most, exists, contains, matches.',
  ),
  rate: described(
    group({
      more_than: required(
        described(number({ least: 1, most: 1_000_000, whole: true }), 'So many records, and one more.'),
      ),
      within: required(described(duration('10s', '1d'), 'So long, by the time of their arrival.')),
    }),
    'Holds while more than so many records of an AI agent, for which the rest holds, came within this time (to a sixtieth of it).',
  ),
  absent_for: described(
    duration('1m', '30d'),
    'Turns the rule around: it holds once no record of an AI agent, for which the rest holds, has come for so long. Only `alert` and `route` can follow.',
  ),
} as const;

const thenFields = {
  alert: described(
    severityOrGroup(),
    'People are told: info, warning or critical; or a group with severity and title. Told at once, then at most once a minute with how often.',
  ),
  route: described(
    oneOrMore(
      parsed(CHANNEL_NAME_MEANING, CHANNEL_NAME.source, (value) => (CHANNEL_NAME.test(value) ? value : undefined)),
      { lengthMax: TAGS_MAX, of: 'names' },
    ),
    'The channels by which the alert is told (`channels` in orchestrator.yaml); left out: by each whose settings take it.',
  ),
  tag: described(
    oneOrMore(word('a name of small letters, digits and _'), { lengthMax: TAGS_MAX, of: 'tags' }),
    'Noted in the record’s context, _tags.',
  ),
  drop: described(flag(), 'The record is not stored, but counted. Later rules don’t see it.'),
  sample: described(
    share,
    'Of such records only this share is stored, evenly, with the share in their context, _sampled.',
  ),
  redact: described(
    group({
      matches: described(pattern, 'What is replaced in the message and in texts of the context.'),
      context: described(
        oneOrMore(text({ lengthMax: 200 }), { lengthMax: LIST_MAX, of: 'paths' }),
        'Paths of values in the context that are replaced whole.',
      ),
    }),
    'Replaced by [redacted:<name of the rule>] before the record is stored.',
  ),
  ordinary: described(
    flag(),
    'The record is ordinary: the triage does not judge it, so nobody is told of it unless another rule tells.',
  ),
  set: described(
    group({
      level: described(level, 'The level it gets.'),
      action: described(text({ lengthMax: ACTION_LENGTH_MAX }), 'The action it gets.'),
    }),
    'What the record gets instead of its own.',
  ),
} as const;

const ruleFields = {
  name: required(
    described(word('a name of small letters, digits and _, such as rate_limited'), 'By which it is known.'),
  ),
  description: described(text({ lengthMax: 500 }), 'For people: why it is there. It stands in its alerts.'),
  enabled: described(
    flag(),
    'false: it rests; in an AI agent’s file, also one of _defaults.yaml with this name. Left out: true.',
  ),
  when: described(group(whenFields), 'What must hold, all of it; {}: each record.'),
  // biome-ignore lint/suspicious/noThenProperty: the key's name in the file
  then: described(group(thenFields), 'What is done.'),
} as const;

export const ruleField = group(ruleFields);
/** The `rules:` section of an AI agent's file and of `_defaults.yaml`. */
export const rulesSection = list(ruleField, {
  lengthMax: RULES_MAX,
  of: 'rules, each with `name`, `when` and `then`',
});
export type RuleRead = Read<typeof ruleFields>;

/** The defaults' rules, then an AI agent's own; one of its own with a name of theirs takes that one's place. Resting ones are left out. */
export function mergeRules(
  own: readonly RuleRead[] | undefined,
  defaults: readonly RuleSettings[] = [],
): readonly RuleSettings[] {
  const rules = new Map(defaults.map((rule) => [rule.name, rule]));
  for (const rule of own ?? []) {
    if (rule.enabled === false) rules.delete(rule.name);
    else rules.set(rule.name, ruleSettings(rule));
  }
  return [...rules.values()];
}

function ruleSettings({ name, description, when, then }: RuleRead): RuleSettings {
  return { name, ...present({ description }), when: conditions(when), effects: effects(then) };
}

function conditions(when: RuleRead['when']): RuleConditions {
  const { level, level_at_least, agent, action, contains, matches, context, rate, absent_for } = when ?? {};
  const levels = LEVELS.filter(
    (one) =>
      (level === undefined || level.includes(one)) &&
      (level_at_least === undefined || LEVELS.indexOf(one) >= LEVELS.indexOf(level_at_least)),
  );
  return present({
    levels: level === undefined && level_at_least === undefined ? undefined : levels,
    agents: agent,
    actions: action,
    contains,
    matches,
    context,
    rate: rate === undefined ? undefined : { moreThan: rate.more_than, withinMs: rate.within },
    absentForMs: absent_for,
  });
}

function effects(then: RuleRead['then']): RuleEffects {
  const { alert, route, tag, drop, sample, redact, ordinary, set } = then ?? {};
  return present({
    alert,
    route,
    tags: tag,
    drop: drop === true ? true : undefined,
    sampleShare: sample,
    redact: redact === undefined ? undefined : present({ matches: redact.matches, paths: redact.context }),
    ordinary: ordinary === true ? true : undefined,
    setLevel: set?.level,
    setAction: set?.action,
  });
}

function severityOrGroup(): Field<NonNullable<RuleEffects['alert']>> {
  const severity = oneOf(...ALERT_SEVERITIES);
  const whole = group({
    severity: required(described(severity, 'How bad it is.')),
    title: described(text({ lengthMax: 200 }), 'What it says; left out: the rule’s description, or its name.'),
  });
  return {
    schema: { anyOf: [severity.schema, whole.schema], properties: whole.schema['properties'] },
    expects: 'info, warning or critical, or {severity: critical, title: …}',
    read(located, path, complaints) {
      if (located.type === 'map') {
        const read = whole.read(located, path, complaints);
        return read && { severity: read.severity, ...present({ title: read.title }) };
      }
      const read = severity.read(located, path, complaints);
      return read && { severity: read };
    },
  };
}
