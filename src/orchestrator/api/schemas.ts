import { Type } from '@sinclair/typebox';
import { SERVER_NAME_PATTERN } from '../../contract/ids.ts';
import { SERVER_PATTERN } from '../../contract/server-pattern.ts';

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
