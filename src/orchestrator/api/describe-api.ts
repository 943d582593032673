import assert from 'node:assert/strict';
import type { onRequestHookHandler, RouteOptions } from 'fastify';
import { NERVESYS_VERSION } from '../../contract/version.ts';
import type { App } from './app.ts';
import { SESSION_COOKIE } from './authenticator.ts';
import { requireAdmin, requireAgent, requireAny, requireOperator, requirePerson, requireSession } from './principal.ts';
import { ProblemSchema, problemAnswer } from './problems.ts';

type Security = readonly Readonly<Record<string, readonly string[]>>[];

const people = (role: string): Security => [{ key: [role] }, { session: [role] }];
const KNOWN: Security = [{ server: [] }, ...people('viewer')];

/** Whom the guards of principal.ts let through, as the description says it: the roles are the least that do. */
const GUARDS: ReadonlyMap<unknown, Security> = new Map<unknown, Security>([
  [requireAgent, [{ server: [] }]],
  [requirePerson, people('viewer')],
  [requireOperator, people('operator')],
  [requireAdmin, people('admin')],
  [requireAny, KNOWN],
  [requireSession, [{ session: ['viewer'] }]],
]);
/** What opens the files that a new server installs: no browser fetches them. */
export const TOKEN_OR_KEY: Security = [{ token: [] }, { server: [] }, { key: ['viewer'] }];

const TAGS: Readonly<Record<string, string>> = {
  agents: 'For the lean agents of servers',
  fleet: 'How servers and AI agents are',
  alerts: 'What went wrong',
  triage: 'Templates of log lines, and what people said of them',
  archive: 'What is in the archive, and how it gets there',
  reports: 'What people read of the fleet: documents, and the facts that they are made of',
  configuration: 'Revisions of the configuration, and how they reach the fleet',
  tokens: 'How servers are let in',
  session: 'Signing in, and who I am',
  people: 'Who may sign in, and keys for programs',
  audit: 'Who did what',
  hooks: 'Called by a Git host',
  health: 'For those who watch the orchestrator itself',
};

/** What the description says besides the routes. */
export const API_DESCRIPTION = {
  openapi: '3.1.0',
  info: {
    title: 'Nervesys orchestrator',
    version: NERVESYS_VERSION,
    description:
      'Errors are RFC 9457 problem documents with a stable `code` (docs/ERRORS.md). Fields are only ever added: read what you know, and ignore the rest.',
  },
  tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
  components: {
    securitySchemes: {
      server: { type: 'http' as const, scheme: 'bearer', description: 'the key that a server got when it joined' },
      key: { type: 'http' as const, scheme: 'bearer', description: 'an API key of at least the named role' },
      session: {
        type: 'apiKey' as const,
        in: 'cookie' as const,
        name: SESSION_COOKIE,
        description: "a browser's session; it changes things only from our own page (Origin)",
      },
      token: { type: 'http' as const, scheme: 'bearer', description: "the secret of a server's token" },
    },
  },
};

/** Completes what each route that is registered from now on says of itself: whom it lets in, its name for generated clients, its errors. */
export function describeRoutes(app: App): void {
  app.addHook('onRoute', (route) => {
    const { schema } = route;
    if (schema === undefined || schema.hide === true) return;
    route.schema = {
      ...schema,
      operationId: operationId(String(route.method), route.url),
      security: schema.security ?? securityOf(route),
      response: {
        ...(schema.response as object | undefined),
        default: problemAnswer(ProblemSchema, 'What went wrong: see `code`'),
      },
    };
  });
}

function securityOf({ method, url, config, onRequest }: RouteOptions): Security {
  const guards = ([onRequest].flat() as (onRequestHookHandler | undefined)[]).flatMap((one) => GUARDS.get(one) ?? []);
  assert.ok(
    guards.length > 0 && config?.open !== true,
    `${String(method)} ${url}: its guard says nothing to the description; give its schema a \`security\``,
  );
  return guards;
}

/** `GET /api/v1/agents/:agent_id/history` → `getAgentsByAgentIdHistory`. */
function operationId(method: string, url: string): string {
  const words = url
    .replace(/^\/api\/v1/, '')
    .replaceAll(/:(\w+)|\*/g, (_, name = REST) => `by-${name}`)
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '');
  return method.toLowerCase() + words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('');
}

type Json = Record<string, unknown>;

/** The last touches to the whole document. */
export function finishDescription(document: Json): Json {
  const { paths, ...rest } = nameComponents(document) as { paths: Record<string, Record<string, Operation>> };
  for (const operation of Object.values(paths).flatMap((methods) => Object.values(methods))) {
    for (const parameter of operation.parameters ?? []) {
      if (parameter.schema.default !== undefined) parameter.required = false;
      if (parameter.name === '*') parameter.name = REST;
    }
    for (const response of Object.values(operation.responses))
      if (response.description === 'Default Response') response.description = 'Done';
  }
  const named = Object.entries(paths).map(([path, methods]) => [path.replace('{*}', `{${REST}}`), methods]);
  return { ...rest, paths: Object.fromEntries(named) };
}

interface Operation {
  readonly parameters?: { name: string; required?: boolean; readonly schema: { readonly default?: unknown } }[];
  readonly responses: Readonly<Record<string, { description: string }>>;
}
/** What a `*` at the end of an address stands for; a name in the archive. */
const REST = 'key';

/** Schemas that have a title become components, so that a client's types get names and nothing is said twice. */
function nameComponents(document: Json): Json {
  const schemas: Record<string, unknown> = {};
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== 'object' || value === null) return value;
    const { [DESCRIBED_BY]: described } = value as Json;
    if (described !== undefined) return walk(described);
    const walked: Json = Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, key === 'examples' ? inner : walk(inner)]),
    );
    const { title, ...rest } = walked;
    if (typeof title !== 'string' || !('type' in rest || 'anyOf' in rest)) return walked;
    const text = JSON.stringify(rest);
    assert.equal(JSON.stringify(schemas[title] ?? rest), text, `two schemas are called ${title}`);
    schemas[title] = rest;
    return { $ref: `#/components/schemas/${title}` };
  };
  const { components, ...others } = document as { components: { schemas?: Json } };
  const walked = walk(others) as Json;
  return { ...walked, components: { ...components, schemas } };
}

/** A schema that is looser than what it stands for (its parts are checked one by one) says here what that is. */
export const DESCRIBED_BY = 'x-described-by';
