import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { checkConfigTexts } from '../../../src/config/index.ts';
import type { FoundRevision } from '../../../src/orchestrator/index.ts';
import { NtfyServer } from '../../servers/ntfy-server.ts';
import { ProviderServer } from '../../servers/provider-server.ts';
import { TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { until } from '../../support/until.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

async function revisionOf(orchestratorYaml: string): Promise<FoundRevision> {
  const files = { 'orchestrator.yaml': orchestratorYaml };
  const { config, complaints } = await checkConfigTexts(new Map(Object.entries(files)));
  assert.deepEqual(complaints, []);
  return { revision: config!.revision, source: 'folder', commit: null, files, config: config!, refusal: undefined };
}

test('channels are shown without their secrets, tried by their name, and follow the configuration', async (t) => {
  const ntfy = await NtfyServer.start();
  t.after(() => ntfy.stop());
  const yaml = `channels:
  phone: { type: ntfy, url: "${ntfy.url}", topic: ${ntfy.topic}, lang: he }
  office: { type: teams }
`;
  const secrets: Record<string, string> = { phone: ntfy.token };
  const system = await TestOrchestrator.open(t, await postgres.database(), {
    foundRevision: await revisionOf(yaml),
    channelSecret: (name) => secrets[name],
  });

  const shown = await system.ask('GET', '/api/v1/channels');
  assert.equal(shown.status, 200);
  assert.deepEqual(
    shown.json.channels.map((one: Record<string, unknown>) => [one['name'], one['state'], one['target'], one['lang']]),
    [
      ['phone', 'ready', `${ntfy.url}/${ntfy.topic}`, 'he'],
      ['office', 'unconfigured', null, 'en'],
    ],
  );
  assert.equal(shown.json.dead_man, null);
  assert.ok(!shown.text.includes(ntfy.token));

  const tested = await system.ask('POST', '/api/v1/channels/phone/test');
  assert.equal(tested.status, 200, tested.text);
  assert.equal(tested.json.provider_id, 'm1');
  assert.match(ntfy.taken[0]!.json.title, /^בדיקה מ־Nervesys/);

  secrets['phone'] = 'tk_wrong';
  const denied = await system.ask('POST', '/api/v1/channels/phone/test');
  assert.deepEqual([denied.status, denied.json.code], [502, 'NSV_CHANNEL_DENIED']);
  assert.match(denied.json.detail, /answered 401: unauthorized/);
  assert.match(denied.json.hint, /access token is wrong/);
  assert.ok(!denied.text.includes('tk_wrong'));

  const unconfigured = await system.ask('POST', '/api/v1/channels/office/test');
  assert.deepEqual([unconfigured.status, unconfigured.json.code], [409, 'NSV_CHANNEL_UNCONFIGURED']);
  assert.match(unconfigured.json.hint, /NERVESYS_CHANNEL_OFFICE_SECRET/);
  assert.equal((await system.ask('POST', '/api/v1/channels/nobody/test')).status, 404);

  const { json: audit } = await system.ask('GET', '/api/v1/audit');
  assert.deepEqual(
    audit.entries
      .filter((one: { action: string }) => one.action === 'channel.tested')
      .map((one: { subject: string; detail: string }) => [one.subject, JSON.parse(one.detail).result]),
    [
      ['office', 'NSV_CHANNEL_UNCONFIGURED'],
      ['phone', 'NSV_CHANNEL_DENIED'],
      ['phone', 'told'],
    ],
  );

  await system.orchestrator.revisions.record(await revisionOf('channels: { new: { type: slack } }\n'));
  await until('the new channel is there', async () => {
    const { json } = await system.ask('GET', '/api/v1/channels');
    return json.channels.map((one: { name: string }) => one.name).join() === 'new';
  });
});

test('a running orchestrator that watches its fleet gives a sign of life', async (t) => {
  const checks = await ProviderServer.answering(() => ({ status: 200, body: 'OK' }));
  t.after(() => checks.stop());
  const system = await TestOrchestrator.open(t, await postgres.database(), { deadManUrl: `${checks.url}/ping/uuid` });

  await until('the sign', () => checks.asked.length === 1);

  assert.deepEqual([checks.asked[0]!.path, checks.asked[0]!.text], ['/ping/uuid', 'ok']);
  const shown = await until('it is shown', async () => {
    const { json } = await system.ask('GET', '/api/v1/channels');
    return json.dead_man.pinged_at === null ? undefined : json.dead_man;
  });
  assert.equal(shown.problem, null);
});
