import type { Static, TSchema, TUnsafe } from '@sinclair/typebox';

/**
 * A schema for a type of the contract: `describe<FleetAnswer>()('FleetAnswer', Type.Object({…}))`. It compiles only when both say the same,
 * field by field, optional ones and nulls included, so that neither can change without the other. The name is the one it has among
 * the components of the API's description.
 */
export function describe<T>() {
  return <S extends TSchema>(
    title: string,
    schema: Same<Plain<T>, Plain<Static<S>>> extends true ? S : Difference<T, Static<S>>,
  ): TUnsafe<T> => ({ ...(schema as TSchema), title }) as TUnsafe<T>;
}

/** Shown by the compiler where a schema and its type are not the same. */
type Difference<T, S> = `they differ in: ${DifferentKeys<Plain<T>, Plain<S>> & string}`;
type DifferentKeys<T, S> = {
  [K in keyof T | keyof S]: K extends keyof T & keyof S ? (Same<T[K], S[K]> extends true ? never : K) : K;
}[keyof T | keyof S];

type Same<A, B> = [A, B] extends [B, A] ? true : false;

/**
 * What JSON knows of a type: brands are gone, nothing is readonly, and a key that may be absent is told from one that must be there, so that
 * being assignable both ways means being the same.
 */
type Plain<T> = T extends string
  ? Unbranded<T>
  : T extends number | boolean | null | undefined
    ? T
    : T extends readonly (infer Item)[]
      ? Plain<Item>[]
      : T extends object
        ? { -readonly [K in keyof T]-?: Empty extends Pick<T, K> ? Optional<T[K]> : Plain<T[K]> }
        : T;
type Optional<T> = readonly ['optional', Plain<Exclude<T, undefined>>];
/** A literal makes a key that must be there; a string, branded or not, doesn't. */
type Unbranded<T extends string> = Empty extends Record<T, 1> ? string : T;
type Empty = Record<never, never>;
