import assert from 'node:assert/strict';
import { chmod, symlink } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { builtInConfig, checkConfigFolder, formatComplaint, loadConfig } from '../../src/config/index.ts';
import { NervesysError } from '../../src/platform/errors.ts';
import { complaintsOf, configFolder } from './folder.ts';

const EXAMPLE = path.resolve(import.meta.dirname, '../../config');

const LASTING = { forMs: 300_000, hysteresisPercent: 5, clearAfterMs: 120_000 };

test('an absent folder means the defaults', async () => {
  const { config, files } = await loadConfig('/nonexistent/nervesys/config');

  assert.deepEqual(files, []);
  assert.equal(config.revision, 'built-in');
  assert.deepEqual(config, await builtInConfig());
  assert.equal(config.storage.buffer.limitBytes, 100_000_000);
  assert.equal(config.storage.upload.windowMs, 600_000);
  assert.equal(config.storage.upload.batchSizeBytes, 10_000_000);
  assert.deepEqual(config.storage.archive, {
    bucket: 'owalai-production',
    endpoint: 'https://gateway.storjshare.io',
    region: 'eu1',
    addressing: 'path',
    sts: { endpoint: undefined, roleArn: undefined, allowOverwriting: false },
    uplink: { program: 'uplink', authService: undefined },
  });
  assert.deepEqual([config.storage.credentials, config.storage.credentialsTtlMs], ['presigned', 43_200_000]);
  assert.deepEqual(config.orchestrator.heartbeat, { intervalMs: 60_000, lateAfterMs: 150_000, downAfterMs: 300_000 });
});

test('the example configuration loads, names the five AI agents, and shows the defaults where it says so', async () => {
  const { config } = await loadConfig(EXAMPLE);
  const defaults = await builtInConfig();

  assert.deepEqual(
    config.agents.map(({ agentId }) => agentId),
    ['CHATGPT', 'COPILOT', 'DEEPSEEK', 'GIMAI', 'GROK'],
  );
  assert.deepEqual(config.storage, defaults.storage);
  assert.deepEqual(config.orchestrator, defaults.orchestrator);
  assert.deepEqual(config.agentDefaults.thresholds, defaults.agentDefaults.thresholds);
});

test('durations and sizes become ms and bytes', async (t) => {
  const dir = await configFolder(t, {
    'storage.yaml': 'buffer: { limit: 64MiB }\nupload: { window: 1h, batch_size: 2.5MB, jitter: 1m30s }\n',
  });

  const { config } = await loadConfig(dir);

  assert.equal(config.storage.buffer.limitBytes, 64 * 1024 * 1024);
  assert.deepEqual(config.storage.upload, { windowMs: 3_600_000, batchSizeBytes: 2_500_000, jitterMs: 90_000 });
});

test('an AI agent takes from its own file, then from _defaults, then what is built in', async (t) => {
  const dir = await configFolder(t, {
    'agents/_defaults.yaml': 'role: Helper\nsilent_after: 3m\nservers: [ONE, TWO]\n',
    'agents/grok.yaml': 'role: Reviewer\nsources:\n  - file: /var/log/grok/*.log\n',
    'agents/other.yaml': 'agent_id: Other-2\nservers: [THREE]\n',
    'thresholds.yaml':
      'defaults: { cpu_percent: { warning: 50 } }\nagents: { GROK: { cpu_percent: { critical: 60 } } }\n',
  });

  const { config } = await loadConfig(dir);

  const [grok, other] = config.agents;
  assert.equal(grok?.agentId, 'GROK');
  assert.equal(grok?.role, 'Reviewer');
  assert.equal(grok?.silentAfterMs, 180_000);
  assert.deepEqual(grok?.servers, ['ONE', 'TWO']);
  assert.deepEqual(grok?.sources, [{ file: '/var/log/grok/*.log', startAt: 'beginning' }]);
  assert.deepEqual(grok?.thresholds.cpuPercent, { ...LASTING, warning: 50, critical: 60 });
  assert.equal(other?.agentId, 'Other-2');
  assert.equal(other?.role, 'Helper');
  assert.deepEqual(other?.servers, ['THREE']);
  assert.deepEqual(other?.thresholds.cpuPercent, { ...LASTING, warning: 50, critical: 97 });
});

test('an empty file, and one with comments only, mean the defaults', async (t) => {
  const dir = await configFolder(t, {
    'storage.yaml': '',
    'orchestrator.yaml': '# nothing yet\n',
    'agents/grok.yaml': '{}',
  });

  const { config } = await loadConfig(dir);

  assert.equal(config.storage.buffer.limitBytes, 100_000_000);
  assert.equal(config.agents[0]?.agentId, 'GROK');
});

test('the configuration is frozen all through', async () => {
  const { config } = await loadConfig(EXAMPLE);

  assert.throws(() => Object.assign(config.storage.buffer, { limitBytes: 1 }), TypeError);
  assert.throws(() => (config.agents as unknown[]).push({}), TypeError);
  assert.throws(() => Object.assign(config.agents[0]!.thresholds.cpuPercent, { warning: 1 }), TypeError);
});

test('the same files give the same revision anywhere, and any change of them another', async (t) => {
  const one = await configFolder(t, { 'storage.yaml': 'upload: { window: 10m }\n', 'agents/a.yaml': '{}' });
  const same = await configFolder(t, { 'agents/a.yaml': '{}', 'storage.yaml': 'upload: { window: 10m }\n' });
  const other = await configFolder(t, { 'storage.yaml': 'upload: { window: 20m }\n', 'agents/a.yaml': '{}' });
  const renamed = await configFolder(t, { 'storage.yaml': 'upload: { window: 10m }\n', 'agents/b.yaml': '{}' });

  const revisions = await Promise.all(
    [one, same, other, renamed].map(async (dir) => (await loadConfig(dir)).config.revision),
  );

  assert.equal(revisions[0], revisions[1]);
  assert.equal(new Set(revisions).size, 3);
  assert.match(revisions[0]!, /^[0-9a-f]{12}$/);
});

test('all complaints come at once, each with file, line, column, path, value and remedy, in the order of the files', async (t) => {
  const complaints = await complaintsOf(t, {
    'thresholds.yaml': 'defaults:\n  disk_percent: { warning: 120, critical: ninety }\n',
    'storage.yaml': 'buffer:\n  limit: 100\nupload:\n  windw: 10m\n',
    'agents/grok.yaml': 'servers: [GOOD, bad name]\n',
  });

  assert.deepEqual(complaints, [
    'agents/grok.yaml:1:17: servers[1] is "bad name"; use a server name such as AIGARDEN01',
    'storage.yaml:2:10: buffer.limit is 100; use a size from 8MB to 10GB, such as 10MB (10⁶ bytes) or 10MiB (2²⁰ each)',
    'storage.yaml:4:3: upload.windw is not known here; did you mean window?',
    'thresholds.yaml:2:28: defaults.disk_percent.warning is 120; use a number from 1 to 100',
    'thresholds.yaml:2:43: defaults.disk_percent.critical is "ninety"; use a number from 1 to 100',
  ]);
});

test('a mistake hides no other: what can be told in spite of it is told, and nothing that may be wrong because of it', async (t) => {
  const complaints = await complaintsOf(t, {
    'agents/_defaults.yaml': 'rolle: x\nrules: [{ name: noise, when: { level: DEBUG }, then: { drop: true } }]\n',
    'agents/grok.yaml': [
      'servers: [bad name]',
      'rules:',
      "  - { name: a, when: { matches: '(b' }, then: { tag: x } }",
      '  - { name: c, when: {}, then: {} }',
      '  - { name: noise, enabled: false }',
      '',
    ].join('\n'),
    'agents/painter.yaml': 'agent_id: GIMAI\ncolour: blue\n',
    'orchestrator.yaml': 'lissten: {}\nheartbeat: { interval: 10m }\nhistory: { days: 1 }\n',
    'storage.yaml': 'bufer: { limit: 1GB }\nupload: { window: 7m, batch_size: 90MB }\n',
    'thresholds.yaml': 'defaults: { cpu: {} }\nagents:\n  GIMAI: { cpu_percent: { warning: 99 } }\n  GROKK: {}\n',
  });

  assert.deepEqual(
    complaints.map((one) => one.split(';')[0]),
    [
      'agents/_defaults.yaml:1:1: rolle is not known here',
      'agents/grok.yaml:1:11: servers[0] is "bad name"',
      'agents/grok.yaml:3:33: rules[0].when.matches is "(b": it has a ( without its ), near character 2',
      'agents/grok.yaml:4:32: rules[1].then does nothing',
      'agents/painter.yaml:2:1: colour is not known here',
      'orchestrator.yaml:1:1: lissten is not known here',
      'orchestrator.yaml:2:12: heartbeat.late_after is not longer than heartbeat.interval',
      'orchestrator.yaml:3:18: history.days is 1',
      'storage.yaml:1:1: bufer is not known here',
      'storage.yaml:2:19: upload.window does not divide a day into whole minutes',
      'thresholds.yaml:1:13: defaults.cpu is not known here',
      'thresholds.yaml:4:3: agents.GROKK names an AI agent that has no file in agents/',
    ],
  );
});

test('the error says all of it in its message, and that what ran runs on', async (t) => {
  const dir = await configFolder(t, { 'storage.yaml': 'upload: { window: 7m }\n' });

  await assert.rejects(loadConfig(dir), (error) => {
    assert.ok(error instanceof NervesysError);
    assert.equal(error.code, 'NSV_CONFIG_INVALID');
    assert.equal(error.message.split('\n')[0], `the configuration in ${dir} has a mistake:`);
    assert.match(error.message, /\n {2}storage\.yaml:1:19: upload\.window does not divide a day/);
    assert.match(error.hint ?? '', /runs on/);
    return true;
  });
});

const refused: readonly [why: string, files: Record<string, string | Uint8Array>, complaint: RegExp][] = [
  [
    'a key that nobody knows',
    { 'storage.yaml': 'zzz: 1' },
    /^storage\.yaml:1:1: zzz is not known here; use one of buffer, upload, credentials, credentials_ttl, retention, prices, archive$/,
  ],
  ['a key twice', { 'storage.yaml': 'upload: {}\nupload: {}\n' }, /^storage\.yaml:2:1: has this key twice/],
  [
    'an empty value',
    { 'agents/grok.yaml': 'servers:\nrole: x\n' },
    /^agents\/grok\.yaml:1:9: servers is empty; .*remove the key$/,
  ],
  ['broken YAML', { 'storage.yaml': 'upload: [1, 2\n' }, /^storage\.yaml:\d+:\d+: is not valid YAML; mend this: /],
  ['two documents', { 'storage.yaml': 'upload: {}\n---\nbuffer: {}\n' }, /several documents/],
  ['a tab as indent', { 'storage.yaml': 'upload:\n\twindow: 10m\n' }, /^storage\.yaml:2:\d+: .*tab/i],
  ['a tag', { 'storage.yaml': 'upload: !!js/function "x"\n' }, /^storage\.yaml:1:9: has a tag/],
  ['a list at the top', { 'storage.yaml': '- 1\n' }, /^storage\.yaml:1:1: is a list of 1; use keys of: buffer/],
  [
    'a merge key',
    { 'storage.yaml': 'buffer: &x { limit: 50MB }\nupload:\n  <<: *x\n' },
    /upload\."<<" is not known here; YAML 1\.2 merges nothing: write the keys out/,
  ],
  [
    'bytes that are not UTF-8',
    { 'storage.yaml': new Uint8Array([0x61, 0xff, 0xfe]) },
    /^storage\.yaml: is not UTF-8 text/,
  ],
  [
    'a huge file',
    { 'storage.yaml': `# ${'x'.repeat(300_000)}` },
    /^storage\.yaml: has 300002 bytes; use at most 262144$/,
  ],
  [
    'a file under a slip of a name',
    { 'treshold.yaml': '' },
    /^treshold\.yaml: is a file that nobody reads; did you mean thresholds\.yaml\?$/,
  ],
  ['a folder in agents', { 'agents/team/grok.yaml': '' }, /^agents\/team\/grok\.yaml: is not read; put it into agents/],
  ['a folder almost named agents', { 'Agents/grok.yaml': '' }, /^Agents: is a folder that nobody reads; did you mean/],
  ['another ending', { 'agents/grok.yml': '' }, /^agents\/grok\.yml: is not read; name it with \.yaml/],
  [
    'jitter as long as the window',
    { 'storage.yaml': 'upload: { window: 1m, jitter: 1m }' },
    /^storage\.yaml:1:31: upload\.jitter is not below/,
  ],
  [
    'a batch too large for the buffer',
    { 'storage.yaml': 'buffer: { limit: 20MB }\nupload: { batch_size: 10MB }' },
    /^storage\.yaml:2:23: upload\.batch_size is more than a quarter of buffer\.limit \(20 MB\)/,
  ],
  [
    'a batch below a record',
    { 'storage.yaml': 'upload: { batch_size: 1MB }' },
    /upload\.batch_size is below the largest record/,
  ],
  [
    'late before the next beat',
    { 'orchestrator.yaml': 'heartbeat: { interval: 10m }' },
    /^orchestrator\.yaml:1:12: heartbeat\.late_after is not longer than heartbeat\.interval/,
  ],
  [
    'days kept for less time than hours',
    { 'orchestrator.yaml': 'history: { days: 365d }' },
    /history\.days is shorter than history\.hours/,
  ],
  [
    'beats kept longer than what is made of them',
    { 'orchestrator.yaml': 'history: { beats: 100d }' },
    /history\.five_minutes is shorter than history\.beats/,
  ],
  ['down before late', { 'orchestrator.yaml': 'heartbeat: { down_after: 2m }' }, /heartbeat\.down_after is not longer/],
  [
    'a port out of range',
    { 'orchestrator.yaml': 'listen: { port: 77000 }' },
    /listen\.port is 77000; use a whole number from 1 to 65535$/,
  ],
  [
    'warning above critical',
    { 'thresholds.yaml': 'defaults: { cpu_percent: { warning: 90, critical: 80 } }' },
    /^thresholds\.yaml:1:37: defaults\.cpu_percent\.warning is above critical/,
  ],
  [
    'warning above the default critical',
    { 'agents/grok.yaml': '', 'thresholds.yaml': 'agents: { GROK: { cpu_percent: { warning: 99 } } }' },
    /agents\.GROK\.cpu_percent\.warning is above critical/,
  ],
  [
    'limits for a misspelt AI agent',
    { 'agents/grok.yaml': '', 'thresholds.yaml': 'agents: { GROKK: {} }' },
    /^thresholds\.yaml:1:11: agents\.GROKK names an AI agent that has no file in agents\/; did you mean GROK\?$/,
  ],
  [
    'two files for one AI agent',
    { 'agents/a.yaml': 'agent_id: GROK', 'agents/grok.yaml': '' },
    /^agents\/grok\.yaml: agent_id is "GROK", as in agents\/a\.yaml/,
  ],
  [
    'a source with a relative path',
    { 'agents/grok.yaml': 'sources: [{ file: logs/x.log }]' },
    /sources\[0\]\.file is "logs\/x\.log"; use an absolute path/,
  ],
  ['a source without a file', { 'agents/grok.yaml': 'sources: [{ start_at: end }]' }, /sources\[0\]\.file is missing/],
  [
    'a word that is none of the choices',
    { 'storage.yaml': 'archive: { addressing: host }' },
    /archive\.addressing is "host"; use path or virtual_host$/,
  ],
  [
    'a role that is none',
    { 'storage.yaml': 'archive: { sts: { role_arn: nervesys } }' },
    /archive\.sts\.role_arn is "nervesys"; use a role's name, such as arn:aws:iam::/,
  ],
  [
    'a number where text belongs',
    { 'agents/grok.yaml': 'rules: [{ name: a, when: { contains: [404] }, then: { tag: x } }]\n' },
    /contains\[0\] is 404; use text of 1 to 500 characters, in quotes$/,
  ],
  ['__proto__', { 'storage.yaml': '__proto__: { buffer: {} }' }, /__proto__ is not known here/],
];

for (const [why, files, complaint] of refused) {
  test(`refused: ${why}`, async (t) => {
    const complaints = await complaintsOf(t, files);

    assert.equal(complaints.length, 1, complaints.join('\n'));
    assert.match(complaints[0]!, complaint);
  });
}

test('a secret in the wrong place is refused, and not repeated in the complaint', async (t) => {
  const complaints = await complaintsOf(t, {
    'storage.yaml': 'archive:\n  secret_key: hunter2hunter2\n  endpoint: https://user:hunter2@gateway.example.com\n',
  });

  assert.equal(complaints.length, 2);
  assert.ok(!complaints.join('\n').includes('hunter2'), complaints.join('\n'));
  assert.match(complaints[0]!, /secrets never live in these files/);
  assert.match(complaints[1]!, /https:\/\/…@gateway/);
});

test('a syntax error does not quote the file', async (t) => {
  const complaints = await complaintsOf(t, { 'storage.yaml': 'archive:\n  key: "hunter2\n' });

  assert.ok(complaints.length > 0);
  assert.ok(!complaints.join('\n').includes('hunter2'), complaints.join('\n'));
});

test('a line that is indented by mistake is one complaint at its place, however many follow from it, and quotes nothing', async (t) => {
  const text = ' role: x\ndescription: >-\n  one\n  two\n\nsilent_after: 5m\npassword: hunter2\nrules:\n  - name: a\n';
  const one = (role: string) => complaintsOf(t, { 'agents/grok.yaml': text.replace('role: x', role) });

  assert.deepEqual(await one('role: x'), [
    'agents/grok.yaml:2:1: does not fit what stands before it; mend the indentation, here or of the lines above',
  ]);
  assert.match(String(await one('role: x: y')), /^agents\/grok\.yaml:1:8: has a key where a value belongs;[^,]*, or/);
  for (const lineBreak of ['\n', '\r\n'])
    assert.deepEqual(
      await complaintsOf(t, {
        'agents/grok.yaml': `role: x\ndescription: >-\n  one\n\n  two\n\nsilent_after: 5\n`.replaceAll('\n', lineBreak),
      }),
      ['agents/grok.yaml:7:15: silent_after is 5; use a duration from 10s to 30d, such as 30s, 10m or 1h30m'],
    );
});

test('an anchor bomb is refused without writing it out', async (t) => {
  const levels = Array.from({ length: 12 }, (_, i) => `l${i + 1}: &l${i + 1} [${Array(10).fill(`*l${i}`).join(', ')}]`);
  const complaints = await complaintsOf(t, { 'storage.yaml': ['l0: &l0 [x]', ...levels].join('\n') });

  assert.equal(complaints.length, 1);
  assert.match(complaints[0]!, /more than 20000 values with its aliases written out/);
});

test('very deep nesting is refused, as brackets and as lists in lists', async (t) => {
  for (const text of [
    '['.repeat(60_000) + ']'.repeat(60_000),
    '- '.repeat(60_000),
    `a: ${'{a: '.repeat(40)}1${'}'.repeat(40)}`,
  ]) {
    const complaints = await complaintsOf(t, { 'storage.yaml': text });

    assert.ok(complaints.length <= 2, complaints.join('\n'));
    assert.match(complaints.join('\n'), /nests deeper than 30 levels/);
  }
});

test('an alias may be used as YAML allows, and a complaint points at its use', async (t) => {
  const complaints = await complaintsOf(t, {
    'thresholds.yaml': 'defaults:\n  cpu_percent: &limit { warning: 70, critical: 90 }\n  ram_percent: *limit\n',
  });
  const misused = await complaintsOf(t, {
    'thresholds.yaml':
      'defaults:\n  cpu_percent: &limit { warning: 70, critical: 90 }\n  ram_percent: { warning: *limit }\n',
  });

  assert.deepEqual(complaints, []);
  assert.deepEqual(misused, [
    'thresholds.yaml:3:27: defaults.ram_percent.warning is a group of keys; use a number from 1 to 100',
  ]);
});

test('what cannot be read is a complaint like any other', async (t) => {
  const dir = await configFolder(t, { 'storage.yaml/file': '', 'thresholds.yaml': 'defaults: 1' });
  if (process.getuid?.() !== 0) await chmod(path.join(dir, 'thresholds.yaml'), 0o000);

  await assert.rejects(loadConfig(dir), (error) => {
    assert.ok(error instanceof NervesysError);
    assert.match(error.message, /storage\.yaml: is not a file; make it a plain file\n {2}thresholds\.yaml/);
    return true;
  });
});

test('a link out of the folder is refused, and what it leads to is not told; one within is read', async (t) => {
  const dir = await configFolder(t, { 'secret.txt': 'hunter2', 'config/agents/grok.yaml': 'role: x\n' });
  await symlink('../../secret.txt', path.join(dir, 'config/agents/gimai.yaml'));
  await symlink('grok.yaml', path.join(dir, 'config/agents/copilot.yaml'));
  await symlink('config', path.join(dir, 'current'));

  const { complaints, files } = await checkConfigFolder(path.join(dir, 'current'));

  assert.deepEqual(complaints.map(formatComplaint), [
    'agents/gimai.yaml: is a link out of the folder; put the file itself there',
  ]);
  assert.deepEqual(files, ['agents/copilot.yaml', 'agents/grok.yaml']);
});

test('hundreds of mistakes are cut to a hundred, and the rest counted', async (t) => {
  const complaints = await complaintsOf(t, {
    'storage.yaml': Array.from({ length: 250 }, (_, i) => `k${i}zzzzzzz: 1`).join('\n'),
  });

  assert.equal(complaints.length, 100);
});
