import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  builtInConfig,
  checkConfigFolder,
  diffConfigs,
  explainAgent,
  loadConfig,
  serverPart,
} from '../../src/config/index.ts';
import { readServerPart } from '../../src/config/read-server-part.ts';
import { MODEL_DEFAULT, TRIAGE_DEFAULT } from '../../src/contract/triage-settings.ts';
import { complaintsOf, configFolder } from './folder.ts';

const { detectors } = TRIAGE_DEFAULT;

test('without a section lines are judged, every detector watches, and no model is asked', async () => {
  const config = await builtInConfig();

  assert.deepEqual(config.agentDefaults.triage, TRIAGE_DEFAULT);
  assert.deepEqual(config.triageModel, MODEL_DEFAULT);
  assert.equal(config.triageModel.source, 'off');
});

test("an AI agent's own keys win over those of the defaults, key by key", async (t) => {
  const dir = await configFolder(t, {
    'agents/_defaults.yaml':
      'triage:\n  severity: warning\n  detectors:\n    tool_loop: { times: 7, severity: critical }\n    gone_silent: { enabled: false }\n',
    'agents/grok.yaml':
      'triage:\n  detectors:\n    tool_loop: { within: 1h }\n    gone_silent: { enabled: true, silent: 2h }\n    token_spend: { tokens: 5000000, learn: 7d }\n    rate_change: { lines: 50 }\n',
    'agents/gimai.yaml': 'triage: { enabled: false }\n',
  });

  const { config } = await loadConfig(dir);

  const shared = {
    ...detectors,
    toolLoop: { ...detectors.toolLoop, times: 7, severity: 'critical' },
    goneSilent: { ...detectors.goneSilent, enabled: false },
  };
  const [gimai, grok] = config.agents;
  assert.deepEqual(gimai?.triage, { enabled: false, severity: 'warning', detectors: shared });
  assert.deepEqual(grok?.triage, {
    enabled: true,
    severity: 'warning',
    detectors: {
      ...shared,
      toolLoop: { ...shared.toolLoop, withinMs: 3_600_000 },
      goneSilent: { ...detectors.goneSilent, enabled: true, silentMs: 7_200_000 },
      tokenSpend: { ...detectors.tokenSpend, tokensMin: 5_000_000, learnMs: 604_800_000 },
      rateChange: { ...detectors.rateChange, linesMin: 50 },
    },
  });
});

test('unknown detectors, thresholds out of bounds and a model in the file of an AI agent are refused with their places', async (t) => {
  const complaints = await complaintsOf(t, {
    'agents/_defaults.yaml':
      'triage:\n  severity: info\n  detectors:\n    tool_loops: { times: 5 }\n    no_progress: { times: 1 }\n    token_spend: { factor: 1, learn: 1m }\n    false_success: { times: 3 }\n',
    'agents/grok.yaml': 'triage:\n  model: { source: gguf }\n  detectors: { rate_limit: { within: soon } }\n',
  });

  const text = complaints.join('\n');
  assert.equal(complaints.length, 8, text);
  assert.match(text, /_defaults\.yaml.*triage\.detectors\.tool_loops is not known here; did you mean tool_loop\?/);
  assert.match(text, /triage\.detectors\.no_progress\.times is 1; use a whole number from 2 to 1000/);
  assert.match(text, /triage\.severity is "info"; use warning or critical/);
  assert.match(text, /grok\.yaml.*triage\.model is not known here/);
});

test('a model has what its source needs and nothing else, and time for its questions', async (t) => {
  const about = async (model: string) =>
    (await complaintsOf(t, { 'agents/_defaults.yaml': `triage:\n  model: ${model}\n` })).join('\n');

  assert.equal(await about('{ source: http, url: "http://127.0.0.1:11434/v1", name: "qwen2.5:1.5b" }'), '');
  assert.equal(await about('{ source: gguf, name: tinyllama, memory: 1GB, per_hour: 20, deadline: 1m }'), '');
  const all = await about('{ source: http, path: /a.gguf }');
  for (const key of ['path', 'url', 'name']) assert.match(all, new RegExp(`triage\\.model\\.${key} is`));
  assert.match(await about('{ source: http, url: "http://127.0.0.1:1/v1" }'), /triage\.model\.name is missing/);
  assert.match(await about('{ source: gguf }'), /triage\.model\.path is missing, and source is gguf/);
  assert.match(
    await about('{ source: gguf, name: a, path: /a.gguf }'),
    /triage\.model\.name is given, and path as well/,
  );
  assert.match(await about('{ source: gguf, name: a, url: "http://127.0.0.1/v1" }'), /model\.url is given/);
  assert.match(
    await about('{ per_hour: 3600, deadline: 2s }'),
    /triage\.model\.deadline is longer than 3600 questions/,
  );
  assert.match(await about('{ url: "http://user:word@127.0.0.1/v1" }'), /triage\.model\.url/);
});

test('a server is served its triage, and takes the defaults from an orchestrator that does not know of any', async (t) => {
  const dir = await configFolder(t, {
    'agents/_defaults.yaml':
      'triage:\n  severity: warning\n  model: { source: http, url: "http://10.0.0.5/v1", name: small, memory: 1GB }\n',
    'agents/grok.yaml': 'triage: { detectors: { tool_loop: { times: 9 } } }\n',
  });
  const { config } = await loadConfig(dir);
  const delivered = JSON.parse(JSON.stringify(serverPart(config, 'AIGARDEN01'))) as Record<string, unknown>;

  const read = await readServerPart(delivered, config.revision);

  assert.deepEqual(read.agents[0]?.triage, config.agents[0]?.triage);
  assert.deepEqual(read.agentDefaults.triage, config.agentDefaults.triage);
  assert.deepEqual(read.triageModel, config.triageModel);
  const { triageModel: _, ...rest } = delivered;
  const older = JSON.parse(JSON.stringify(rest, (key, value) => (key === 'triage' ? undefined : value)));
  const readOlder = await readServerPart(older, config.revision);
  assert.deepEqual(readOlder.agents[0]?.triage, TRIAGE_DEFAULT);
  assert.deepEqual(readOlder.triageModel, MODEL_DEFAULT);
});

test('what changed and where a value comes from is told by the names that settings files use', async (t) => {
  const dir = await configFolder(t, {
    'agents/_defaults.yaml':
      'triage:\n  model: { memory: 1GB, per_hour: 30 }\n  detectors:\n    token_spend: { tokens: 9 }\n',
    'agents/grok.yaml': 'triage:\n  detectors:\n    tool_loop:\n      within: 20m\n',
  });
  const { config, roots } = await checkConfigFolder(dir);

  const told = new Map(
    explainAgent(config!, roots, 'GROK').map(({ path, value, from }) => [path, `${value} ${from?.file}:${from?.line}`]),
  );
  const changes = diffConfigs(await builtInConfig(), config!).map(({ path, before, after }) => [path, before, after]);

  assert.equal(told.get('triage.detectors.tool_loop.within'), '20m agents/grok.yaml:4');
  assert.equal(told.get('triage.detectors.token_spend.tokens'), '9 agents/_defaults.yaml:4');
  assert.equal(told.get('triage_model.memory'), '1GB agents/_defaults.yaml:2');
  assert.equal(told.get('triage_model.per_hour'), '30 agents/_defaults.yaml:2');
  assert.deepEqual(
    changes.find(([path]) => path === 'triage_model.memory'),
    ['triage_model.memory', '2GB', '1GB'],
  );
});
