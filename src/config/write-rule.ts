import type { RuleConditions, RuleEffects, RuleSettings } from '../contract/rules.ts';
import { writeDuration } from '../platform/quantity.ts';
import { present } from './fields.ts';

/** A rule in the form and words of the settings files, as an AI agent is told it and people read it. */
export function writeRule({ name, description, when, effects }: RuleSettings): Readonly<Record<string, unknown>> {
  return Object.fromEntries([
    ['name', name],
    ...(description === undefined ? [] : [['description', description]]),
    ['when', writeConditions(when)],
    ['then', writeEffects(effects)],
  ]);
}

function writeConditions(when: RuleConditions): Readonly<Record<string, unknown>> {
  const { levels, agents, actions, contains, matches, context, rate, absentForMs } = when;
  return present({
    level: one(levels),
    agent: one(agents),
    action: one(actions),
    contains: one(contains),
    matches,
    context:
      context === undefined
        ? undefined
        : Object.fromEntries(
            context.map(({ path, isNot, atLeast, atMost, is, ...rest }) => {
              const others = present({ ...rest, is_not: one(isNot), at_least: atLeast, at_most: atMost });
              return [path, Object.keys(others).length === 0 ? one(is) : present({ is: one(is), ...others })];
            }),
          ),
    rate: rate === undefined ? undefined : { more_than: rate.moreThan, within: writeDuration(rate.withinMs) },
    absent_for: absentForMs === undefined ? undefined : writeDuration(absentForMs),
  });
}

function writeEffects(effects: RuleEffects): Readonly<Record<string, unknown>> {
  const { alert, route, tags, drop, sampleShare, redact, ordinary, setLevel, setAction } = effects;
  const isSet = setLevel !== undefined || setAction !== undefined;
  return present({
    alert: alert === undefined ? undefined : alert.title === undefined ? alert.severity : alert,
    route: one(route),
    tag: one(tags),
    drop,
    sample: sampleShare === undefined ? undefined : writeShare(sampleShare),
    redact: redact === undefined ? undefined : present({ matches: redact.matches, context: one(redact.paths) }),
    ordinary,
    set: isSet ? present({ level: setLevel, action: setAction }) : undefined,
  });
}

function one<T>(values: readonly T[] | undefined): T | readonly T[] | undefined {
  return values?.length === 1 ? values[0] : values;
}

/** 0.005 → `0.5%`. */
export function writeShare(share: number): string {
  return `${Number((share * 100).toFixed(4))}%`;
}
