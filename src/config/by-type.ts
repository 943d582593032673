import { nearest } from './complaints.ts';
import { described, type Field, type Fields, group, oneOf, type Read, required } from './fields.ts';

/** A group whose `type` decides which keys it has, besides those that all have. */
export function byType<T extends string, Own extends Readonly<Record<T, Fields>>, Common extends Fields>(
  types: readonly T[],
  own: Own,
  common: Common,
): Field<{ [K in T]: Read<Common> & Read<Own[K]> & { readonly type: K } }[T]> {
  type Whole = { [K in T]: Read<Common> & Read<Own[K]> & { readonly type: K } }[T];
  const typeField = oneOf(...types);
  const wholes = Object.fromEntries(
    types.map((type) => [
      type,
      group({ type: required(described(oneOf(type), 'What it is.')), ...own[type], ...common }),
    ]),
  ) as unknown as Readonly<Record<T, Field<Whole>>>;
  return {
    schema: { oneOf: types.map((type) => wholes[type].schema) },
    expects: `a group with a type, one of ${types.join(', ')}, and its keys`,
    read(located, path, complaints) {
      const given = located.type === 'map' ? located.entries.find(({ key }) => key === 'type') : undefined;
      if (given === undefined) {
        if (located.type !== 'map') complaints.add(located.at, path, 'is no group of keys', `use ${this.expects}`);
        else complaints.add(located.at, `${path}.type`, 'is missing', `use ${typeField.expects}`);
        return undefined;
      }
      const written = given.value.type === 'scalar' ? given.value.value : undefined;
      const type = types.find((one) => one === written);
      if (type !== undefined) return wholes[type].read(located, path, complaints);
      const meant = typeof written === 'string' ? nearest(written, types) : undefined;
      if (meant === undefined) {
        typeField.read(given.value, `${path}.type`, complaints);
        return undefined;
      }
      complaints.add(given.value.at, `${path}.type`, `is ${JSON.stringify(written)}`, `did you mean ${meant}?`);
      return undefined;
    },
  };
}
