import { type TUnsafe, Type } from '@sinclair/typebox';
import { SERVER_NAME_PATTERN } from '../../contract/ids.ts';
import { SERVER_PATTERN } from '../../contract/server-pattern.ts';
import { ROLES } from './principal.ts';

/** Shapes that several routes share. */
export const ServerNameSchema = Type.String({
  pattern: SERVER_NAME_PATTERN.source,
  description: 'a server, AIGARDEN01',
});
export const ServerPatternSchema = Type.String({
  pattern: SERVER_PATTERN.source,
  description: 'a server, or a pattern with * and ?: AIGARDEN*',
});
export const AgentIdSchema = Type.String({
  minLength: 1,
  maxLength: 50,
  pattern: '^[^\\u0000-\\u001f\\u007f]*$',
  description: 'an AI agent, GROK',
});
export const IdSchema = Type.String({ pattern: '^[0-9]{1,15}$' });
/** Letters of any script; no markup, no path, no control or direction-changing character, no sign at its beginning. */
export const PersonNameSchema = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern:
    "^(?![ .'-])[^\\u0000-\\u001f\\u007f-\\u00a0\\u200b-\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff\\ufeff<>\\u0022&/\\\\:;%?#=*$|`{}]+(?<! )$",
  description: 'a person, or what a key is for',
});
export const RoleSchema = Type.Union(
  ROLES.map((role) => Type.Literal(role)),
  { description: 'viewer, operator or admin' },
);

/** An instant as answers tell it. */
export const InstantSchema = Type.String({ format: 'date-time', description: 'ISO 8601, UTC' });
export const NullableInstantSchema = Type.Union([InstantSchema, Type.Null()]);
export const NullableTextSchema = Type.Union([Type.String(), Type.Null()]);
/** A count that is never negative. */
export const CountSchema = Type.Integer({ minimum: 0 });

/** An answer without a body; typed so that `send()` takes nothing. */
export function noBody(description: string): TUnsafe<unknown> {
  return Type.Unsafe<unknown>(Type.Null({ description }));
}
export const NO_CONTENT = noBody('Done');

/** One of these words. */
export function oneOf<const Word extends string>(words: readonly Word[], description?: string): TUnsafe<Word> {
  const options = description === undefined ? {} : { description };
  return Type.Unsafe<Word>(
    Type.Union(
      words.map((word) => Type.Literal(word)),
      options,
    ),
  );
}

/** An answer that is no JSON: streamed, or text. */
export function textAnswer(type: string, description: string) {
  return { description, content: { [mediaTypeOf(type)]: { schema: Type.Unsafe<unknown>(Type.String()) } } };
}

function mediaTypeOf(type: string): string {
  return type.split(';', 1)[0]!.trim();
}
