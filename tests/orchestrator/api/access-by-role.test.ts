/** Who may call what: every call that is described, as everybody who may not. A call that is new must say here for whom it is. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { TestRepository } from '../../support/git-repository.ts';
import { TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { SampleDesk } from '../../support/sample-desk.ts';
import { tempDir } from '../../support/temp-dir.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

const ASKERS = ['nobody', 'stranger', 'server', 'viewer', 'operator', 'admin'] as const;
type Asker = (typeof ASKERS)[number];

const OPEN: readonly Asker[] = ASKERS;
const SERVER: readonly Asker[] = ['server'];
const KNOWN: readonly Asker[] = ['server', 'viewer', 'operator', 'admin'];
const VIEWER: readonly Asker[] = ['viewer', 'operator', 'admin'];
/** A browser's, of which there is none here. */
const SESSION: readonly Asker[] = [];
const OPERATOR: readonly Asker[] = ['operator', 'admin'];
const ADMIN: readonly Asker[] = ['admin'];

const WHO: Readonly<Record<string, readonly Asker[]>> = {
  'GET /healthz': OPEN,
  'GET /readyz': OPEN,
  'GET /metrics': VIEWER,
  'GET /api/v1/schemas/{name}': OPEN,

  // Opened by something else than a key: a token's secret, a password from the own page, a signature.
  'POST /api/v1/enroll': OPEN,
  'POST /api/v1/session': OPEN,
  'PUT /api/v1/uploads/{key}': OPEN,
  'POST /api/v1/hooks/github': OPEN,
  'POST /api/v1/hooks/gitlab': OPEN,
  'GET /api/v1/agent/bootstrap.sh': OPEN,
  // And by a token's secret.
  'GET /api/v1/agent/manifest': KNOWN,
  'GET /api/v1/agent/bundle': KNOWN,
  'GET /api/v1/agent/node': KNOWN,
  'GET /api/v1/agent/unit': KNOWN,

  'POST /api/v1/enroll/rotate': SERVER,
  'GET /api/v1/agent/upgrade': SERVER,
  'POST /api/v1/agent/upgrade': SERVER,
  'POST /api/v1/heartbeats': SERVER,
  'POST /api/v1/alerts': SERVER,
  'POST /api/v1/templates': SERVER,
  'POST /api/v1/batches': SERVER,
  'POST /api/v1/batches/confirm': SERVER,
  'POST /api/v1/batches/placed': SERVER,
  'POST /api/v1/credentials': SERVER,
  'GET /api/v1/config': SERVER,

  'GET /api/v1/triage/corrections': KNOWN,

  'GET /api/v1/session': KNOWN,
  'DELETE /api/v1/session': KNOWN,
  'GET /api/v1/sessions': VIEWER,
  'DELETE /api/v1/sessions': SESSION,
  'DELETE /api/v1/sessions/{id}': SESSION,

  'GET /api/v1/fleet': VIEWER,
  'GET /api/v1/servers/{server}': VIEWER,
  'GET /api/v1/agents/{agent_id}': VIEWER,
  'GET /api/v1/agents/{agent_id}/history': VIEWER,
  'GET /api/v1/agents/{agent_id}/timeline': VIEWER,
  'GET /api/v1/servers/{server}/timeline': VIEWER,
  'GET /api/v1/events': VIEWER,
  'GET /api/v1/alerts': VIEWER,
  'GET /api/v1/alerts/{id}': VIEWER,
  'GET /api/v1/triage/corrections.yaml': VIEWER,
  'GET /api/v1/templates': VIEWER,
  'GET /api/v1/templates/{id}': VIEWER,
  'GET /api/v1/silences': VIEWER,
  'GET /api/v1/channels': VIEWER,
  'GET /api/v1/archive': VIEWER,
  'GET /api/v1/backups': VIEWER,
  'GET /api/v1/reports': VIEWER,
  'GET /api/v1/reports/{kind}/{period}': VIEWER,
  'GET /api/v1/reports/{kind}/{period}/facts': VIEWER,
  'GET /api/v1/reports/{kind}/{period}/{file}': VIEWER,
  'GET /api/v1/logs': VIEWER,
  'GET /api/v1/upgrades': VIEWER,
  'GET /api/v1/revisions': VIEWER,
  'GET /api/v1/revisions/{revision}': VIEWER,
  'GET /api/v1/rollout': VIEWER,

  'POST /api/v1/alerts/{id}/acknowledge': OPERATOR,
  'POST /api/v1/alerts/{id}/resolve': OPERATOR,
  'POST /api/v1/alerts/{id}/mark': OPERATOR,
  'POST /api/v1/alerts/{id}/silence': OPERATOR,
  'PUT /api/v1/triage/corrections/{template}': OPERATOR,
  'DELETE /api/v1/triage/corrections/{template}': OPERATOR,
  'POST /api/v1/silences': OPERATOR,
  'DELETE /api/v1/silences/{id}': OPERATOR,
  'POST /api/v1/servers/{server}/retire': OPERATOR,
  'POST /api/v1/servers/{server}/reinstate': OPERATOR,
  'POST /api/v1/agents/{agent_id}/retire': OPERATOR,
  'POST /api/v1/agents/{agent_id}/reinstate': OPERATOR,
  'POST /api/v1/channels/{name}/test': OPERATOR,
  'POST /api/v1/tokens': OPERATOR,
  'GET /api/v1/tokens': OPERATOR,
  'DELETE /api/v1/tokens/{id}': OPERATOR,
  'POST /api/v1/rollout/pause': OPERATOR,
  'POST /api/v1/rollout/resume': OPERATOR,
  'POST /api/v1/rollout/rollback': OPERATOR,

  'POST /api/v1/upgrades': ADMIN,
  'DELETE /api/v1/upgrades': ADMIN,
  'POST /api/v1/servers/{server}/revoke': ADMIN,
  'POST /api/v1/servers/{server}/rotate-key': ADMIN,
  'POST /api/v1/archive/reindex': ADMIN,
  'POST /api/v1/archive/expire': ADMIN,
  'POST /api/v1/backups': ADMIN,
  'POST /api/v1/reports/{kind}/{period}': ADMIN,
  'POST /api/v1/reports/{kind}/{period}/send': ADMIN,
  'POST /api/v1/sign-in-links': ADMIN,
  'GET /api/v1/people': ADMIN,
  'POST /api/v1/people': ADMIN,
  'PATCH /api/v1/people/{name}': ADMIN,
  'DELETE /api/v1/people/{name}': ADMIN,
  'DELETE /api/v1/people/{name}/sessions': ADMIN,
  'GET /api/v1/keys': ADMIN,
  'POST /api/v1/keys': ADMIN,
  'DELETE /api/v1/keys/{id}': ADMIN,
  'GET /api/v1/audit': ADMIN,
  'GET /api/v1/audit/verdict': ADMIN,
};

test('every call refuses everybody that it is not for, before it looks at what was sent', async (t) => {
  const repository = await TestRepository.make(await tempDir(t));
  await repository.push({ 'agents/grok.yaml': 'role: Reviewer\n' });
  const root = join(import.meta.dirname, '../../..');
  const system = await TestOrchestrator.open(t, await postgres.database(), {
    reports: new SampleDesk(),
    git: {
      repository: `file://${repository.bare}`,
      branch: 'main',
      path: 'config',
      credentials: {},
      pollMs: 600_000,
      random: () => 0.5,
      webhookSecret: 'of the webhook',
    },
    agentFiles: {
      bundle: async () => join(root, 'package.json'), // any file
      node: join(root, 'package.json'),
      unit: join(root, 'package.json'),
      bootstrap: join(root, 'scripts/agent_bootstrap.sh'),
    },
  });
  const keyOf = async (role: string) =>
    (await system.ask('POST', '/api/v1/keys', { body: { name: `a ${role}`, role } })).json.key as string;
  const keys: Readonly<Record<Asker, string | null>> = {
    nobody: null,
    stranger: 'A'.repeat(43),
    server: await system.enrol('AIGARDEN01'),
    viewer: await keyOf('viewer'),
    operator: await keyOf('operator'),
    admin: system.adminKey,
  };
  const { paths } = (await system.ask('GET', '/api/v1/openapi.json')).json;
  const described = Object.entries<Record<string, unknown>>(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  assert.deepEqual(described.sort(), Object.keys(WHO).sort());

  for (const [call, allowed] of Object.entries(WHO)) {
    const [method, pattern] = call.split(' ') as [string, string];
    const path = pattern.replace('{server}', 'AIGARDEN01').replaceAll(/\{[^}]+\}/g, 'x');
    for (const asker of ASKERS) {
      if (allowed.includes(asker)) continue;
      const { status, json, text } = await system.ask(method, path, { key: keys[asker] });
      const expected = asker === 'nobody' || asker === 'stranger' ? [401, 'NSV_UNAUTHORIZED'] : [403, 'NSV_FORBIDDEN'];
      // Where a token's secret opens, what is unknown is said of a token.
      if (asker === 'stranger' && json?.code === 'NSV_TOKEN_UNKNOWN') expected[1] = 'NSV_TOKEN_UNKNOWN';
      assert.deepEqual([status, json?.code], expected, `${call} as ${asker}: ${text}`);
    }
  }
});
