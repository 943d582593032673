import type { ContextCondition, ContextValue } from '../contract/rules.ts';
import { described, type Field, flag, group, type JsonSchema, joinPath, number, present } from './fields.ts';
import { showValue } from './located.ts';

const PATHS_MAX = 20;
const PATH_LENGTH_MAX = 200;
const VALUES_MAX = 100;
const VALUE_LENGTH_MAX = 500;
const VALUE_EXPECTS = 'a text, a number, true, false or null, or a list of such';
const VALUE_SCHEMA: JsonSchema = { type: ['string', 'number', 'boolean', 'null'] };

/** A plain value, or several. */
const values: Field<readonly ContextValue[]> = {
  schema: { anyOf: [VALUE_SCHEMA, { type: 'array', items: VALUE_SCHEMA, minItems: 1, maxItems: VALUES_MAX }] },
  expects: VALUE_EXPECTS,
  read(located, path, complaints) {
    const items = located.type === 'list' ? located.items : [located];
    const found = items.flatMap((item) => (item.type === 'scalar' && fits(item.value) ? [item.value] : []));
    if (found.length > 0 && found.length === items.length && found.length <= VALUES_MAX) return found;
    complaints.add(located.at, path, `is ${showValue(located)}`, `use ${VALUE_EXPECTS}`);
    return undefined;
  },
};

function fits(value: ContextValue): boolean {
  return typeof value !== 'string' || value.length <= VALUE_LENGTH_MAX;
}

/** The `context:` part of a rule's `when`: by path, what the value is, or a group that compares it. */
export function contextConditions(fields: {
  readonly pattern: Field<string>;
  readonly texts: Field<readonly string[]>;
}): Field<readonly ContextCondition[]> {
  const bound = number({ least: -1e15, most: 1e15 });
  const comparison = group({
    is: described(values, 'It is this, or one of these.'),
    is_not: described(values, 'It is none of these; holds also where it is absent.'),
    above: described(bound, 'It is a number above this.'),
    at_least: described(bound, 'It is a number not below this.'),
    below: described(bound, 'It is a number below this.'),
    at_most: described(bound, 'It is a number not above this.'),
    exists: described(flag(), 'Whether it is there; null counts as absent.'),
    contains: described(
      fields.texts,
      'It is text in which this, or one of these, stands, or a list with such an item.',
    ),
    matches: described(fields.pattern, 'It is text in which this regular expression is found.'),
  });
  return {
    schema: {
      type: 'object',
      minProperties: 1,
      maxProperties: PATHS_MAX,
      propertyNames: { minLength: 1, maxLength: PATH_LENGTH_MAX },
      additionalProperties: {
        anyOf: [...(values.schema['anyOf'] as JsonSchema[]), { ...comparison.schema, minProperties: 1 }],
      },
    },
    expects: `a group of at most ${PATHS_MAX} paths, each with ${VALUE_EXPECTS}, or with a comparison such as { above: 100 }`,
    read(located, path, complaints) {
      if (located.type !== 'map' || located.entries.length === 0 || located.entries.length > PATHS_MAX) {
        complaints.add(located.at, path, `is ${showValue(located)}`, `use ${this.expects}`);
        return undefined;
      }
      const conditions = located.entries.map(({ key, keyAt, value }): ContextCondition | undefined => {
        const at = joinPath(path, key);
        if (key === '' || key.length > PATH_LENGTH_MAX) {
          complaints.add(keyAt, at, 'is no path', `use one of 1 to ${PATH_LENGTH_MAX} characters`);
          return undefined;
        }
        if (value.type !== 'map') {
          const is = values.read(value, at, complaints);
          return is && { path: key, is };
        }
        if (value.entries.length === 0) {
          complaints.add(value.at, at, 'compares nothing', `use ${comparison.expects}`);
          return undefined;
        }
        const read = comparison.read(value, at, complaints);
        if (read === undefined) return undefined;
        const { is_not: isNot, at_least: atLeast, at_most: atMost, ...rest } = read;
        return { path: key, ...present({ ...rest, isNot, atLeast, atMost }) };
      });
      return conditions.includes(undefined) ? undefined : (conditions as ContextCondition[]);
    },
  };
}
