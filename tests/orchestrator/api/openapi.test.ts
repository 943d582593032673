/**
 * Goal: the description of the API (`/api/v1/openapi.json`) says all and only what is so. Method: its routes are compared with those that fastify
 * has; then each is called as everybody whom it names, and as some whom it doesn't, and what comes back is held against its schemas, in which nothing
 * may be that isn't described. What a new route lacks is printed in one list.
 */
import assert from 'node:assert/strict';
import diagnostics from 'node:diagnostics_channel';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { FastifyInstance, RouteOptions } from 'fastify';
import { NtfyServer } from '../../servers/ntfy-server.ts';
import { TestRepository } from '../../support/git-repository.ts';
import { TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { SampleDesk } from '../../support/sample-desk.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { API_CALLS, type ApiRequest, beginRollout, configFiles, WEBHOOK_SECRET, World } from './api-calls.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

// biome-ignore lint/suspicious/noExplicitAny: a document that is asserted on
type Json = any;
interface Operation {
  readonly call: string;
  readonly method: string;
  readonly path: string;
  readonly described: Json;
}

/** Answers that are not described for programs: the page, its links, and the description itself. */
const NOT_DESCRIBED = /^(?:\/|\/assets\/\*|\/sign-in|\/docs.*|\/api\/v1\/openapi\.json)$/;
/** They end the session that they are called with. */
const ENDS_SESSION = /^DELETE \/api\/v1\/sessions?(?:\/|$)/;

test('the description of the API is complete, and true for everybody', { timeout: 60_000 }, async (t) => {
  const { world, routes } = await openWorld(t);
  const { system } = world;
  const document = (await system.ask('GET', '/api/v1/openapi.json')).json;
  const operations = operationsOf(document);
  const lacks: string[] = [];

  const inDocument = new Set(operations.map((one) => one.call));
  for (const route of routes) {
    if (!inDocument.has(route)) lacks.push(`${route}: the route exists, the description lacks it (give it a schema)`);
  }
  for (const { call } of operations) {
    if (!routes.includes(call)) lacks.push(`${call}: it is described, but there is no such route`);
  }
  for (const operation of operations) lacks.push(...complaintsOf(operation, document));
  for (const call of Object.keys(API_CALLS)) {
    if (!inDocument.has(call))
      lacks.push(`${call}: tests/orchestrator/api/api-calls.ts has a request for it, but there is no such call`);
  }
  assertNone(lacks);

  const checker = new AnswerChecker(document);
  for (const operation of operations) lacks.push(...(await tryOut(operation, world, checker)));
  assertNone(lacks);

  // Last, since nothing works after it: the one answer that needs Postgres away.
  await world.fleet.database.close();
  const readyz = operations.find((one) => one.call === 'GET /readyz')!;
  const away = await send(world, readyz, {}, null);
  assert.equal(away.status, 503);
  assert.equal(checker.complaint(readyz, away), undefined);
});

function assertNone(complaints: readonly string[]): void {
  assert.equal(complaints.length, 0, `\n${complaints.join('\n')}\n`);
}

async function openWorld(t: TestContext): Promise<{ world: World; routes: string[] }> {
  const apps: RouteOptions[] = [];
  // Fastify tells of each instance as it is made, before any route is there.
  const watch = (message: unknown) => {
    (message as { fastify: FastifyInstance }).fastify.addHook('onRoute', (route) => void apps.push(route));
  };
  diagnostics.subscribe('fastify.initialization', watch);
  const root = join(import.meta.dirname, '../../..');
  const repository = await TestRepository.make(await tempDir(t));
  const ntfy = await NtfyServer.start();
  t.after(() => ntfy.stop());
  await repository.push(configFiles(5, ntfy));
  const database = await postgres.database();
  const system = await TestOrchestrator.open(t, database, {
    reports: new SampleDesk(),
    passwordCost: { N: 1024, r: 8, p: 1 },
    channelSecret: () => ntfy.token,
    git: {
      repository: `file://${repository.bare}`,
      branch: 'main',
      path: 'config',
      credentials: {},
      pollMs: 600_000,
      random: () => 0.5,
      webhookSecret: WEBHOOK_SECRET,
    },
    agentFiles: {
      bundle: async () => join(root, 'package.json'), // any file
      node: join(root, 'package.json'),
      unit: join(root, 'package.json'),
      bootstrap: join(root, 'scripts/agent_bootstrap.sh'),
    },
    scoped: {
      issuer: {
        description: 'a stand-in',
        issue: async () => ({ accessKey: 'a', secretKey: 'b', sessionToken: 'c', expiresAt: Date.now() + 3_600_000 }),
      },
      place: { endpoint: 'https://store.example', region: 'x', bucket: 'logs', addressing: 'path' },
      lifetimeMs: 3_600_000,
    },
  });
  diagnostics.unsubscribe('fastify.initialization', watch);
  // A folder is not what scoped credentials are for; here it says what such a store would.
  Object.defineProperty(system.archive, 'guardsNames', { value: true });
  await beginRollout(system, ntfy);
  const fleet = { orchestrator: system, database, archive: system.archive, key: await system.enrol('AIGARDEN01') };
  const routes = apps
    .filter(({ url }) => !NOT_DESCRIBED.test(url))
    .flatMap(({ method, url }) => ([method].flat() as string[]).map((one) => `${one} ${templateOf(url)}`));
  assert.ok(routes.length > 60, 'hardly any route: is this test looking for the right thing?');
  return { world: new World(fleet), routes };
}

/** `/a/:b/*` → `/a/{b}/{key}`. */
function templateOf(url: string): string {
  return url.replaceAll(/:(\w+)/g, '{$1}').replace('*', '{key}');
}

function operationsOf(document: Json): Operation[] {
  return Object.entries<Json>(document.paths).flatMap(([path, methods]) =>
    Object.entries<Json>(methods).map(([method, described]) => ({
      call: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase(),
      path,
      described,
    })),
  );
}

/** What can be told without calling it. */
function complaintsOf({ call, path, described }: Operation, document: Json): string[] {
  const { summary = '', tags = [], operationId, security, responses, parameters = [] } = described;
  const lacks: string[] = [];
  const want = (holds: boolean, what: string) => void (holds || lacks.push(`${call}: ${what}`));
  want(summary.length >= 5, 'its schema has no `summary`');
  const declared = document.tags.map((tag: Json) => tag.name);
  want(tags.length === 1, 'its schema needs one tag');
  for (const tag of tags) want(declared.includes(tag), `tag ${tag} is not among TAGS in describe-api.ts`);
  const same = operationsOf(document).filter((one) => one.described.operationId === operationId);
  want(same.length === 1, `operationId ${operationId} is that of ${same.length} calls`);
  want(Array.isArray(security), 'it does not say whom it lets in');
  for (const name of (security ?? []).flatMap(Object.keys))
    want(name in document.components.securitySchemes, `there is no security scheme ${name}`);
  const successes = Object.keys(responses).filter((status) => /^[23]/.test(status));
  want(successes.length > 0, 'its schema has no `response` for success (noBody(…) for one without a body)');
  for (const status of successes) {
    const { content } = responses[status];
    want(
      content === undefined || Object.values<Json>(content).every((one) => Object.keys(one.schema ?? {}).length > 0),
      `the schema of its answer ${status} is empty`,
    );
  }
  want(responses.default?.content?.['application/problem+json'] !== undefined, 'its errors are not described');
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
  for (const name of inPath)
    want(
      parameters.some((one: Json) => one.in === 'path' && one.name === name),
      `its schema has no \`params\` for ${name}`,
    );
  const needsMore =
    inPath.length > 0 || described.requestBody !== undefined || parameters.some((one: Json) => one.required);
  want(
    !needsMore || call in API_CALLS,
    'it needs parameters or a body, and tests/orchestrator/api/api-calls.ts has no request for it',
  );
  return lacks;
}

/** Somebody who asks, as a request shows it. */
interface Asker {
  readonly name: string;
  /** Of the description: `key admin`. */
  readonly scheme: string;
  readonly headers: (world: World, fresh: boolean) => Promise<Record<string, string>>;
}

const ROLES = ['viewer', 'operator', 'admin'];
const ASKERS: readonly Asker[] = [
  { name: 'server', scheme: 'server', headers: async (world) => bearer(world.fleet.key) },
  { name: 'token', scheme: 'token', headers: async (world) => bearer(await world.tokenSecret()) },
  ...ROLES.map((role) => ({
    name: `key ${role}`,
    scheme: 'key',
    headers: remembered(async (world: World) =>
      bearer((await world.ask('POST', '/api/v1/keys', { name: `a ${role}`, role })).key),
    ),
  })),
  ...ROLES.map((role) => ({
    name: `session ${role}`,
    scheme: 'session',
    headers: remembered(async (world: World) => ({ cookie: await world.signedIn(role), origin: world.system.url })),
  })),
];

function bearer(key: string): Record<string, string> {
  return { authorization: `Bearer ${key}` };
}

/** Made once, unless a fresh one is asked for. */
function remembered(make: (world: World) => Promise<Record<string, string>>): Asker['headers'] {
  let made: Promise<Record<string, string>> | undefined;
  return (world, fresh) => {
    if (fresh) return make(world);
    made ??= make(world);
    return made;
  };
}

/** Whether `security` lets this asker in: by its scheme, with a role that is at least the named one. */
function isNamed(security: Json[], { name, scheme }: Asker): boolean {
  const role = ROLES.indexOf(name.split(' ')[1] ?? '');
  return security.some((one) => scheme in one && (one[scheme].length === 0 || role >= ROLES.indexOf(one[scheme][0])));
}

/** Calls it as everybody. */
async function tryOut(operation: Operation, world: World, checker: AnswerChecker): Promise<string[]> {
  const { call, described } = operation;
  const complaints: string[] = [];
  const seen = new Set<string>(call === 'GET /readyz' ? ['503'] : []);
  const open = described.security.length === 0;
  const requests = API_CALLS[call] ?? [() => ({})];
  const usual = Object.keys(described.responses).find((status) => /^2/.test(status));
  for (const asker of open ? [undefined] : ASKERS) {
    const named = asker === undefined || isNamed(described.security, asker);
    for (const make of named ? requests : requests.slice(0, 1)) {
      const request: ApiRequest = named ? await make(world) : {};
      const headers = (await asker?.headers(world, named && ENDS_SESSION.test(call))) ?? null;
      const answer = await send(world, operation, request, headers);
      const as = `${call} as ${asker?.name ?? 'anybody'}`;
      const wanted = named ? [request.status ?? Number(usual)] : [401, 403];
      if (!wanted.includes(answer.status))
        complaints.push(`${as}: ${answer.status} in the place of ${wanted.join(' or ')}: ${answer.text.slice(0, 300)}`);
      if (String(answer.status) in described.responses) seen.add(String(answer.status));
      const complaint = checker.complaint(operation, answer);
      if (complaint !== undefined) complaints.push(`${as}: ${complaint}`);
    }
  }
  for (const status of Object.keys(described.responses)) {
    if (status !== 'default' && !seen.has(status))
      complaints.push(`${call}: it is described to answer ${status}, and never did`);
  }
  if (described.requestBody?.content?.['application/json'] !== undefined) {
    const headers = open ? null : await ASKERS.find((one) => isNamed(described.security, one))!.headers(world, false);
    const made: ApiRequest = await requests[0]!(world);
    const wrong = await send(world, operation, { ...made, body: [null], status: 400 }, headers);
    if (wrong.status !== 400)
      complaints.push(`${call}: a body of another kind is answered ${wrong.status}: ${wrong.text.slice(0, 200)}`);
    const complaint = checker.complaint(operation, wrong);
    if (complaint !== undefined) complaints.push(`${call} with a wrong body: ${complaint}`);
  }
  return complaints;
}

interface Answer {
  readonly status: number;
  readonly type: string | undefined;
  readonly text: string;
}

async function send(
  world: World,
  { method, path }: Operation,
  { path: inPath = {}, query = {}, body, raw, headers, key }: ApiRequest,
  asker: Readonly<Record<string, string>> | null,
): Promise<Answer> {
  let address = path.replaceAll(/\{(\w+)\}/g, (_, name) =>
    name === 'key' ? (inPath[name] ?? 'x') : encodeURIComponent(inPath[name] ?? 'x'),
  );
  if (inPath['id'] === '{own}') {
    const { sessions } = (await (
      await fetch(`${world.system.url}/api/v1/sessions`, { headers: { ...asker } })
    ).json()) as Json;
    address = path.replace('{id}', sessions?.[0]?.id ?? '0123456789ab');
  }
  const search = Object.keys(query).length === 0 ? '' : `?${new URLSearchParams(query)}`;
  const leave = new AbortController();
  const response = await fetch(`${world.system.url}${address}${search}`, {
    method,
    redirect: 'manual',
    signal: leave.signal,
    headers: {
      ...asker,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
      ...(key === undefined ? {} : bearer(key)),
    },
    body: (raw as string | undefined) ?? (body === undefined ? null : JSON.stringify(body)),
  });
  const type = response.headers.get('content-type')?.split(';')[0];
  if (type === 'text/event-stream') {
    const first = await response.body!.getReader().read();
    leave.abort(); // it would go on for ever
    return { status: response.status, type, text: Buffer.from(first.value!).toString() };
  }
  return { status: response.status, type, text: await response.text() };
}

/** Holds answers against what is described; nothing may be in them that isn't. */
class AnswerChecker {
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });
  readonly #compiled = new Map<string, ValidateFunction>();
  readonly #document: Json;

  constructor(document: Json) {
    addFormats.default(this.#ajv);
    this.#document = document;
  }

  complaint({ call, described }: Operation, { status, type, text }: Answer): string | undefined {
    const [name, response] =
      described.responses[status] === undefined
        ? ['default', described.responses.default]
        : [status, described.responses[status]];
    if (name === 'default' && status < 400) return `${status} is not described`;
    if (response.content === undefined)
      return text === '' ? undefined : `${status} is described without a body, and has one: ${text.slice(0, 200)}`;
    const schema = response.content[type ?? '']?.schema;
    if (schema === undefined)
      return `${status} comes as ${type}, and is described as ${Object.keys(response.content).join(', ')}`;
    if (type?.endsWith('json') !== true || type.endsWith('ndjson')) return undefined;
    const key = `${call} ${name} ${type}`;
    const check = this.#compiled.get(key) ?? this.#compile(schema);
    this.#compiled.set(key, check);
    if (check(JSON.parse(text))) return undefined;
    return `its answer ${status} is not as described: ${this.#ajv.errorsText(check.errors)} in ${text.slice(0, 300)}`;
  }

  #compile(schema: Json): ValidateFunction {
    return this.#ajv.compile({ ...closed(schema), components: closed({ schemas: this.#document.components.schemas }) });
  }
}

/** The same schema, with no room for what it doesn't name. */
function closed(value: Json): Json {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const inner = Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, key === 'examples' ? one : closed(one)]),
  );
  return inner.type === 'object' && 'properties' in inner && !('additionalProperties' in inner)
    ? { ...inner, additionalProperties: false }
    : inner;
}
