import { Kind, type TSchema } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import { Value } from '@sinclair/typebox/value';
import type { FastifySchemaCompiler } from 'fastify';
import { NervesysError } from '../../platform/errors.ts';

/**
 * Checks requests by their TypeBox schemas. Text in an address (`?minutes=60`) is read as the type that is asked for; JSON bodies
 * are taken as they are. Fastify's own (ajv) would turn null into "" and "5" into 5 there.
 */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  if (!(Kind in schema)) return (value: unknown) => ({ value }); // a plugin's own route: it brings none of our types
  const checker = TypeCompiler.Compile(schema);
  return (given: unknown) => {
    // Where an object has a default, TypeBox would make one of an array.
    const completed = Array.isArray(given) ? given : Value.Default(schema, given ?? undefined);
    const value = httpPart === 'body' ? completed : Value.Convert(schema, completed);
    if (checker.Check(value)) return { value };
    const first = checker.Errors(value).First();
    const message =
      first === undefined ? `${httpPart} is not as expected` : `${httpPart}${first.path}: ${first.message}`;
    return { error: new NervesysError('NSV_BODY_INVALID', message) };
  };
};
