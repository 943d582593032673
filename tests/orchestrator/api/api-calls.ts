/**
 * For each call of the orchestrator's API, what it needs to succeed. A call that is new, and needs more than its address, gets an entry here:
 * a function that makes what it needs (with the admin's key) and answers what to send. It is asked anew for everybody who may call.
 */
import { createHmac } from 'node:crypto';
import { parseToken } from '../../../src/contract/enrolment.ts';
import { announce, archiveBatch, type Fleet } from '../../support/archive-fleet.ts';
import { makeBatch } from '../../support/batch.ts';
import { heartbeat, type TestOrchestrator } from '../../support/orchestrator.ts';
import { foundRevision } from '../../support/revisions.ts';
import { until } from '../../support/until.ts';
import { report, templateId } from '../triage/templates.ts';

export interface ApiRequest {
  /** What stands for `{name}` in the address. */
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** In the place of `body`, as it is. */
  readonly raw?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** In the place of the key of whoever asks. */
  readonly key?: string;
  /** Default: the documented success. */
  readonly status?: number;
}

export type MakeRequest = (world: World) => ApiRequest | Promise<ApiRequest>;

export const WEBHOOK_SECRET = 'of the webhook';
export const PASSWORD = 'five plain words are enough';

/** What calls are made on, and what they were made with. */
export class World {
  readonly system: TestOrchestrator;
  readonly fleet: Fleet;
  #count = 0;

  constructor(fleet: Fleet) {
    this.fleet = fleet;
    this.system = fleet.orchestrator;
  }

  /** A name that nothing has yet. */
  next(prefix: string): string {
    return `${prefix}${++this.#count}`;
  }

  async ask(method: string, path: string, body?: unknown, key?: string) {
    const answer = await this.system.ask(method, path, { ...(body === undefined ? {} : { body }), key });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.text}`);
    return answer.json;
  }

  async enrolled(): Promise<{ readonly server: string; readonly key: string }> {
    const server = this.next('GARDEN');
    return { server, key: await this.system.enrol(server) };
  }

  async person(role: string): Promise<string> {
    const name = this.next('person ');
    await this.ask('POST', '/api/v1/people', { name, role, password: PASSWORD });
    return name;
  }

  /** The cookie of a browser of somebody with this role. */
  async signedIn(role: string): Promise<string> {
    const name = await this.person(role);
    const answer = await this.system.ask('POST', '/api/v1/session', {
      key: null,
      headers: { origin: this.system.url },
      body: { name, password: PASSWORD },
    });
    return answer.headers.get('set-cookie')?.split(';')[0] ?? '';
  }

  /** A batch that nobody has announced. */
  batch() {
    const first = ++this.#count * 10;
    return makeBatch({ first });
  }

  async tokenSecret(): Promise<string> {
    return parseToken((await this.ask('POST', '/api/v1/tokens', {})).token)!.secret;
  }

  report() {
    return {
      dedup_key: this.next('trouble '),
      severity: 'critical',
      server: 'AIGARDEN01',
      agent_id: 'GROK',
      kind: 'log.critical',
      title: 'the disk is full',
      detail: { lines: ['a', 'b'], free: 0, none: null },
      at: new Date().toISOString(),
    };
  }

  /** The id of an alert that is open. */
  async alert(): Promise<string> {
    await this.ask('POST', '/api/v1/alerts', { alerts: [this.report()] }, this.fleet.key);
    return (await this.ask('GET', '/api/v1/alerts?state=open&limit=1')).alerts[0].id;
  }

  /** The id of a template that AIGARDEN01 has told. */
  async template(): Promise<string> {
    const id = this.next('e-');
    const told = report(`user <*> did ${id}`);
    await this.ask('POST', '/api/v1/templates', { id, templates: [told] }, this.fleet.key);
    return told.template;
  }

  /** The id of an open alert that was made from a template. */
  async triageAlert(): Promise<string> {
    const text = `user <*> broke ${this.next('')}`;
    const detail = { template: templateId(text), template_text: text, tier: 'scorer', score: 0.9 };
    await this.ask('POST', '/api/v1/alerts', { alerts: [{ ...this.report(), detail }] }, this.fleet.key);
    return (await this.ask('GET', '/api/v1/alerts?state=open&limit=1')).alerts[0].id;
  }

  /** An AI agent of AIGARDEN01 that has beaten. */
  async agent(): Promise<string> {
    const name = this.next('AGENT');
    await this.ask('POST', '/api/v1/heartbeats', { heartbeats: [heartbeat('AIGARDEN01', name)] }, this.fleet.key);
    return name;
  }

  /** The rollout that there is, in this state. */
  async rollout(state: 'rolling' | 'paused'): Promise<void> {
    const { rollout } = await this.ask('GET', '/api/v1/rollout');
    if (rollout.state === state) return;
    if (state === 'paused') await this.ask('POST', '/api/v1/rollout/pause', {});
    else await this.ask('POST', '/api/v1/rollout/resume', { revision: rollout.revision });
  }
}

const SILENCE = { server: 'AIGARDEN*', kind: 'threshold.*', seconds: 3_600, reason: 'a new rack' };

const rolledOut = async (world: World) => (await world.ask('GET', '/api/v1/revisions')).revisions[0].revision as string;

export const API_CALLS: Readonly<Record<string, readonly MakeRequest[]>> = {
  'GET /api/v1/schemas/{name}': [() => ({ path: { name: 'agent.schema.json' } })],

  'POST /api/v1/enroll': [
    async (world) => ({
      body: {
        secret: await world.tokenSecret(),
        server: world.next('GARDEN'),
        agent_version: '0.1.0',
        boot_id: null,
        now: new Date().toISOString(),
      },
    }),
  ],
  'POST /api/v1/enroll/rotate': [
    async (world) => {
      const { server, key } = await world.enrolled();
      await world.ask('POST', `/api/v1/servers/${server}/rotate-key`);
      return { key };
    },
  ],
  'GET /api/v1/agent/upgrade': [
    async (world) => {
      const { server, key } = await world.enrolled();
      await world.ask('POST', '/api/v1/upgrades', { server });
      return { key };
    },
  ],
  'POST /api/v1/agent/upgrade': [
    () => ({ body: { bundle_sha256: 'a'.repeat(64), outcome: 'failed', reason: 'it did not start' } }),
  ],
  'POST /api/v1/heartbeats': [
    () => ({
      body: { heartbeats: [heartbeat('AIGARDEN01', 'GROK'), heartbeat('AIGARDEN01', 'GIMAI', { status: 'unwell' })] },
    }),
  ],
  'POST /api/v1/alerts': [(world) => ({ body: { alerts: [world.report()] } })],
  'POST /api/v1/templates': [
    (world) => ({ body: { id: world.next('e-'), templates: [report('user <*> came'), { template: 'none' }] } }),
  ],
  'POST /api/v1/batches': [
    (world) => ({ body: world.batch().announcement }),
    async (world) => {
      const batch = world.batch();
      await archiveBatch(world.fleet, batch);
      return { body: batch.announcement };
    },
  ],
  'POST /api/v1/batches/confirm': [
    async (world) => {
      const batch = world.batch();
      const { key } = (await announce(world.fleet, batch)).json;
      const { manifest, sha256 } = batch.announcement;
      const { epoch, first, last } = manifest;
      return { body: { epoch, first, last, sha256, key, outcome: 'stored' } };
    },
  ],
  'POST /api/v1/batches/placed': [
    (world) => ({
      body: { ...world.batch().announcement, key: 'logs/AIGARDEN01/2025-12-10/19-40.99.json.gz' },
    }),
  ],
  'PUT /api/v1/uploads/{key}': [
    async (world) => {
      const batch = world.batch();
      return uploadOf((await announce(world.fleet, batch)).json, batch.object);
    },
    async (world) => {
      const batch = world.batch();
      const { json } = await announce(world.fleet, batch);
      await world.fleet.archive.put(json.key, batch.object);
      return { ...uploadOf(json, batch.object), status: 412 };
    },
  ],
  'GET /api/v1/config': [
    () => ({}),
    async (world) => {
      const { revision } = (await world.system.ask('GET', '/api/v1/config', { key: world.fleet.key })).json;
      return { headers: { 'if-none-match': `"${revision}"` }, status: 304 };
    },
  ],

  'POST /api/v1/session': [
    async (world) => ({
      headers: { origin: world.system.url },
      body: { name: await world.person('viewer'), password: PASSWORD },
    }),
  ],
  'DELETE /api/v1/sessions/{id}': [async () => ({ path: { id: '{own}' } })],

  'GET /api/v1/servers/{server}': [() => ({ path: { server: 'AIGARDEN01' } })],
  'GET /api/v1/agents/{agent_id}': [async (world) => ({ path: { agent_id: await world.agent() } })],
  'GET /api/v1/agents/{agent_id}/history': [() => ({ path: { agent_id: 'GROK' }, query: { server: 'AIGARDEN01' } })],
  'GET /api/v1/agents/{agent_id}/timeline': [
    async (world) => ({ path: { agent_id: await world.agent() }, query: { server: 'AIGARDEN01', since: '1h' } }),
  ],
  'GET /api/v1/servers/{server}/timeline': [() => ({ path: { server: 'AIGARDEN01' } })],
  'GET /api/v1/alerts/{id}': [async (world) => ({ path: { id: await world.alert() } })],
  'POST /api/v1/alerts/{id}/acknowledge': [
    async (world) => ({ path: { id: await world.alert() }, body: { note: 'on it' } }),
  ],
  'POST /api/v1/alerts/{id}/resolve': [async (world) => ({ path: { id: await world.alert() }, body: {} })],
  'POST /api/v1/alerts/{id}/silence': [async (world) => ({ path: { id: await world.alert() }, body: {} })],
  'POST /api/v1/alerts/{id}/mark': [
    async (world) => ({ path: { id: await world.triageAlert() }, body: { mark: 'ordinary', note: 'it is always so' } }),
  ],
  'GET /api/v1/templates': [
    async (world) => {
      await world.template();
      await world.template();
      return { query: { new: 'true', q: 'USER', level: 'INFO', alert: 'false', limit: '1' } };
    },
  ],
  'GET /api/v1/templates/{id}': [async (world) => ({ path: { id: await world.template() } })],
  'PUT /api/v1/triage/corrections/{template}': [
    async (world) => ({ path: { template: await world.template() }, body: { mark: 'alert' } }),
  ],
  'GET /api/v1/triage/corrections': [
    () => ({}),
    async (world) => {
      const { key } = world.fleet;
      const { tag } = (await world.system.ask('GET', '/api/v1/triage/corrections', { key })).json;
      return { key, headers: { 'if-none-match': `"${tag}"` }, status: 304 };
    },
  ],
  'DELETE /api/v1/triage/corrections/{template}': [
    async (world) => {
      const template = await world.template();
      await world.ask('PUT', `/api/v1/triage/corrections/${template}`, { mark: 'alert' });
      return { path: { template } };
    },
  ],
  'POST /api/v1/silences': [() => ({ body: SILENCE })],
  'DELETE /api/v1/silences/{id}': [
    async (world) => ({ path: { id: (await world.ask('POST', '/api/v1/silences', SILENCE)).id } }),
  ],
  'GET /api/v1/logs': [() => ({ query: { since: '2025-12-10T00:00:00Z', until: '2025-12-11T00:00:00Z' } })],
  'POST /api/v1/archive/reindex': [() => ({ body: {} })],
  'POST /api/v1/archive/expire': [() => ({ body: { dry_run: true } })],
  'POST /api/v1/backups': [
    async (world) => {
      // One is made at a time.
      await until('no backup is being made', async () => {
        const { backups } = await world.ask('GET', '/api/v1/backups');
        return backups.every((one: { state: string }) => one.state !== 'running');
      });
      return {};
    },
  ],
  'GET /api/v1/reports': [() => ({ query: { limit: '2' } })],
  'GET /api/v1/reports/{kind}/{period}': [
    () => ({ path: { kind: 'daily', period: '2025-12-10' } }),
    () => ({ path: { kind: 'critical', period: '2025-12-10' } }),
  ],
  'GET /api/v1/reports/{kind}/{period}/facts': [
    () => ({ path: { kind: 'daily', period: '2025-12-10' } }),
    () => ({ path: { kind: 'daily', period: '2025-12-10' }, headers: { 'if-none-match': '"2"' }, status: 304 }),
  ],
  'GET /api/v1/reports/{kind}/{period}/{file}': [
    () => ({ path: { kind: 'daily', period: '2025-12-10', file: 'en.pdf' } }),
    () => ({ path: { kind: 'daily', period: '2025-12-10', file: 'he.xlsx' }, query: { download: '1' } }),
    async (world) => {
      const { headers } = await world.system.ask('GET', '/api/v1/reports/daily/2025-12-10/en.pdf');
      const path = { kind: 'daily', period: '2025-12-10', file: 'en.pdf' };
      return { path, headers: { 'if-none-match': headers.get('etag')! }, status: 304 };
    },
  ],
  // One is made at a time: for each who asks, of another day.
  'POST /api/v1/reports/{kind}/{period}': [
    (world) => ({ path: { kind: 'daily', period: dayOf(Number(world.next(''))) } }),
  ],
  'POST /api/v1/reports/{kind}/{period}/send': [
    () => ({ path: { kind: 'daily', period: '2025-12-10' }, body: { shelf: 'drive' } }),
  ],
  'POST /api/v1/channels/{name}/test': [() => ({ path: { name: 'phone' } })],

  'GET /api/v1/revisions/{revision}': [async (world) => ({ path: { revision: await rolledOut(world) } })],
  'POST /api/v1/rollout/pause': [
    async (world) => {
      await world.rollout('rolling');
      return { body: { reason: 'it is Friday' } };
    },
  ],
  'POST /api/v1/rollout/resume': [
    async (world) => {
      await world.rollout('paused');
      return { body: {} };
    },
  ],
  'POST /api/v1/rollout/rollback': [
    async (world) => {
      await world.rollout('rolling');
      return { body: {} };
    },
  ],

  'POST /api/v1/tokens': [() => ({ body: { server: 'AIGARDEN*', uses: null, expires_in_seconds: 60 } })],
  'DELETE /api/v1/tokens/{id}': [
    async (world) => ({ path: { id: (await world.ask('POST', '/api/v1/tokens', {})).id } }),
  ],
  'POST /api/v1/servers/{server}/revoke': [async (world) => ({ path: { server: (await world.enrolled()).server } })],
  'POST /api/v1/servers/{server}/rotate-key': [
    async (world) => ({ path: { server: (await world.enrolled()).server } }),
  ],
  'POST /api/v1/servers/{server}/retire': [async (world) => ({ path: { server: (await world.enrolled()).server } })],
  'POST /api/v1/servers/{server}/reinstate': [
    async (world) => {
      const { server } = await world.enrolled();
      await world.ask('POST', `/api/v1/servers/${server}/retire`);
      return { path: { server } };
    },
  ],
  'POST /api/v1/agents/{agent_id}/retire': [
    async (world) => ({ path: { agent_id: await world.agent() }, body: { server: 'AIGARDEN01' } }),
  ],
  'POST /api/v1/agents/{agent_id}/reinstate': [
    async (world) => ({ path: { agent_id: await world.agent() }, body: { server: 'AIGARDEN01' } }),
  ],
  'POST /api/v1/upgrades': [async (world) => ({ body: { server: (await world.enrolled()).server } })],

  'POST /api/v1/people': [(world) => ({ body: { name: world.next('person '), role: 'operator', password: PASSWORD } })],
  'PATCH /api/v1/people/{name}': [
    async (world) => ({ path: { name: await world.person('viewer') }, body: { role: 'operator' } }),
  ],
  'DELETE /api/v1/people/{name}': [async (world) => ({ path: { name: await world.person('viewer') } })],
  'DELETE /api/v1/people/{name}/sessions': [async (world) => ({ path: { name: await world.person('viewer') } })],
  'POST /api/v1/keys': [() => ({ body: { name: 'a script', role: 'viewer', expires_in_seconds: 60 } })],
  'DELETE /api/v1/keys/{id}': [
    async (world) => ({
      path: { id: (await world.ask('POST', '/api/v1/keys', { name: 'a script', role: 'viewer' })).id },
    }),
  ],
  'GET /api/v1/audit': [() => ({}), () => ({ query: { after: '0', limit: '5' } })],

  'POST /api/v1/hooks/github': [
    () => ({
      raw: '{}',
      headers: { 'x-hub-signature-256': `sha256=${createHmac('sha256', WEBHOOK_SECRET).update('{}').digest('hex')}` },
    }),
  ],
  'POST /api/v1/hooks/gitlab': [() => ({ body: {}, headers: { 'x-gitlab-token': WEBHOOK_SECRET } })],
};

/** The files of a configuration that sets up what calls need: a channel `phone` that leads to this server, and an end for logs. */
export function configFiles(minutes: number, ntfy: { readonly url: string; readonly topic: string }) {
  return {
    'agents/_defaults.yaml': `silent_after: ${minutes}m\n`,
    'orchestrator.yaml': `rollout: { canary: 10%, wait: 10m, then: [50%, 100%] }
backup: { enabled: false }
channels:
  phone: { type: ntfy, url: "${ntfy.url}", topic: ${ntfy.topic} }
  office: { type: teams }
`,
    'storage.yaml': 'retention: { logs: 4000d }\n',
  };
}

/** A revision that everybody runs, and one that is on its way to them. */
export async function beginRollout(
  { orchestrator }: TestOrchestrator,
  ntfy: Parameters<typeof configFiles>[1],
): Promise<void> {
  for (const minutes of [10, 20]) await orchestrator.revisions.record(await foundRevision(configFiles(minutes, ntfy)));
}

function uploadOf(
  { url, key, headers }: { readonly url: string; readonly key: string; readonly headers: Record<string, string> },
  object: Uint8Array,
): ApiRequest {
  const { 'content-length': _length, ...rest } = headers; // fetch sets it
  const query = Object.fromEntries(new URL(url, 'http://x').searchParams);
  return { path: { key }, query, headers: rest, raw: object };
}

/** A day of its own for each number. */
function dayOf(number: number): string {
  return new Date(Date.UTC(2024, 0, number)).toISOString().slice(0, 10);
}
