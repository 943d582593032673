import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  checkConfigFolder,
  diffConfigs,
  explainAgent,
  loadConfig,
  resolveAgent,
  serverPart,
} from '../../src/config/index.ts';
import { readServerPart } from '../../src/config/read-server-part.ts';
import { complaintsOf, configFolder } from './folder.ts';

const WHOLE = `rules:
  - name: everything
    description: All that can be said.
    when:
      level_at_least: WARN
      agent: ['CHAT*']
      action: [reply, 'tool_*']
      contains: slow
      matches: '(?i)took \\d+ s'
      context:
        model: [gpt-4o, null, 4, true]
        usage.total_tokens: { above: 10, at_most: 20.5 }
        url: { is_not: /x, exists: true, contains: [a, b], matches: 'a{2}' }
      rate: { more_than: 5, within: 10m }
    then:
      alert: { severity: critical, title: Too slow }
      route: [oncall, manager]
      tag: slow
      sample: 0.5%
      redact: { matches: 'x{3}', context: user.name }
      set: { level: ERROR, action: slow_reply }
  - name: backup
    when: { action: backup, absent_for: 1d }
    then: { alert: warning }
  - name: calm
    when: { contains: retrying }
    then: { ordinary: true }
  - name: noise
    when: {}
    then: { drop: true }
`;

test('a rule is read whole, and told back in the words it was written in', async (t) => {
  const { config } = await loadConfig(
    await configFolder(t, { 'agents/_defaults.yaml': WHOLE, 'agents/grok.yaml': '' }),
  );

  const [everything, backup, calm, noise] = config.agentDefaults.rules;
  assert.deepEqual(calm?.effects, { ordinary: true });
  assert.deepEqual(everything?.when.levels, ['WARN', 'ERROR', 'CRITICAL']);
  assert.deepEqual(everything?.when.rate, { moreThan: 5, withinMs: 600_000 });
  assert.equal(everything?.effects.sampleShare, 0.005);
  assert.equal(backup?.when.absentForMs, 86_400_000);
  assert.deepEqual(noise, { name: 'noise', when: {}, effects: { drop: true } });
  const told = resolveAgent(config, 'GROK', 'A').rules;
  const again = await loadConfig(
    await configFolder(t, { 'agents/_defaults.yaml': JSON.stringify({ rules: told }), 'agents/grok.yaml': '' }),
  );
  assert.deepEqual(again.config.agentDefaults.rules, config.agentDefaults.rules);
});

test('a server is served the rules of its AI agents as they are, and reads the same from it', async (t) => {
  const { config } = await loadConfig(
    await configFolder(t, {
      'agents/_defaults.yaml': WHOLE,
      'agents/grok.yaml': 'rules: [{ name: noise, enabled: false }]\n',
    }),
  );

  const part = await readServerPart(JSON.parse(JSON.stringify(serverPart(config, 'A'))), config.revision);

  assert.deepEqual(part.agentDefaults.rules, config.agentDefaults.rules);
  assert.deepEqual(
    part.agents[0]?.rules.map(({ name }) => name),
    ['everything', 'backup', 'calm'],
  );
});

test('where a rule comes from is told, and a change of one is one difference', async (t) => {
  const files = {
    'agents/_defaults.yaml': WHOLE,
    'agents/grok.yaml': 'rules:\n  - { name: noise, when: { level: DEBUG }, then: { tag: x } }\n',
  };
  const { config, roots } = await checkConfigFolder(await configFolder(t, files));
  const after = await loadConfig(
    await configFolder(t, {
      ...files,
      'agents/grok.yaml': 'rules: [{ name: noise, when: { level: INFO }, then: { tag: x } }]\n',
    }),
  );

  const told = explainAgent(config!, roots, 'GROK').map(({ path, from }) => `${path} ${from?.file}:${from?.line}`);

  assert.ok(told.includes('rules[noise] agents/grok.yaml:2'), told.join('\n'));
  assert.ok(told.includes('rules[backup] agents/_defaults.yaml:22'), told.join('\n'));
  assert.deepEqual(
    diffConfigs(config!, after.config).map(({ path }) => path),
    ['agents.GROK.rules[noise]'],
  );
});

const COMPLAINTS: readonly [rules: string, complaint: RegExp][] = [
  ['{ name: a, when: {}, then: { ordinary: true, alert: info } }', /rules\[0\]\.then\.ordinary contradicts alert/],
  ['{ name: a, when: {}, then: {} }', /rules\[0\]\.then does nothing; use at least one of alert/],
  ['{ name: a, then: { tag: x } }', /rules\[0\]\.when is missing; say what must hold/],
  ['{ name: a, when: {} }', /rules\[0\]\.then is missing/],
  ['{ name: A b, when: {}, then: { tag: x } }', /rules\[0\]\.name is "A b"; use a name of small letters/],
  [
    '{ name: a, when: { level: [WARN], level_at_least: WARN }, then: { tag: x } }',
    /level_at_least is given beside level/,
  ],
  ['{ name: a, when: { levle: WARN }, then: { tag: x } }', /levle is not known here; did you mean level/],
  ['{ name: a, when: { agent: GIMAI }, then: { tag: x } }', /when\.agent can never hit: this file is GROK’s/],
  [
    "{ name: a, when: { matches: '(a)\\1' }, then: { tag: x } }",
    /when\.matches is "\(a\)\\\\1": it has \\1: a back-reference.*; use a regular expression/,
  ],
  [
    '{ name: a, when: { context: { n: { above: 5, below: 5 } } }, then: { tag: x } }',
    /can never hit: no number is above 5 and below 5/,
  ],
  [
    '{ name: a, when: { context: { n: { is: [1, x], above: 3 } } }, then: { tag: x } }',
    /none of its values is within the bounds/,
  ],
  [
    '{ name: a, when: { context: { n: { is: 1, is_not: [1, 2] } } }, then: { tag: x } }',
    /is and is_not exclude each other/,
  ],
  [
    '{ name: a, when: { context: { n: { exists: false, contains: x } } }, then: { tag: x } }',
    /must be absent and have a value/,
  ],
  ['{ name: a, when: { context: { n: { above: 1, matches: x } } }, then: { tag: x } }', /must be a number and a text/],
  ['{ name: a, when: { context: { n: {} } }, then: { tag: x } }', /compares nothing/],
  [
    '{ name: a, when: { context: {} }, then: { tag: x } }',
    /when\.context is a group of keys; use a group of at most 20 paths/,
  ],
  ['{ name: a, when: { rate: { more_than: 1 } }, then: { tag: x } }', /rate\.within is missing/],
  ['{ name: a, when: { absent_for: 1h }, then: { drop: true } }', /then\.drop has no record to work on/],
  [
    '{ name: a, when: { absent_for: 1h, rate: { more_than: 1, within: 1m } }, then: { alert: info } }',
    /absent_for contradicts rate/,
  ],
  ['{ name: a, when: {}, then: { drop: true, tag: x } }', /then\.tag is in vain: the record is dropped/],
  ['{ name: a, when: {}, then: { tag: x, route: ops } }', /then\.route has no alert to go with/],
  ['{ name: a, when: {}, then: { redact: {} } }', /then\.redact replaces nothing/],
  ['{ name: a, when: {}, then: { set: {} } }', /then\.set sets nothing/],
  ['{ name: a, when: {}, then: { set: { action: nervesys.loss } } }', /is nervesys\.loss, which is reserved/],
  ['{ name: a, when: {}, then: { sample: 100% } }', /then\.sample is "100%"; use a share/],
  ['{ name: a, when: {}, then: { alert: urgent } }', /then\.alert is "urgent"; use one of info, warning, critical/],
  [
    '{ name: nois, enabled: false }',
    /rules\[0\]\.name is nois, which is no rule of _defaults\.yaml; did you mean noise\?/,
  ],
  [
    '{ name: a, when: { context: { n: { is: [ab, null], contains: x } } }, then: { tag: x } }',
    /can never hit: none of its values holds the text/,
  ],
  ['{ name: a, when: { context: { n: { is: null, exists: true } } }, then: { tag: x } }', /must be there and be null/],
  ['{ name: a, when: { level: INFO, absent_for: 1h }, then: { alert: info } }', /would always hit: noise drops all/],
  [
    '{ name: a, when: { action: git_push, contains: [PING /x, PING /y] }, then: { tag: x } }',
    /can never hit: pings drops all of its records before/,
  ],
  [
    '{ name: a, when: { level: DEBUG, contains: x }, then: { tag: x } }',
    /rules\[0\] can never hit: noise drops all of its records before/,
  ],
];

for (const [rule, complaint] of COMPLAINTS)
  test(`refused with its place: ${rule}`, async (t) => {
    const complaints = await complaintsOf(t, {
      'agents/_defaults.yaml': [
        'rules:',
        '  - { name: noise, when: { level: [DEBUG, INFO] }, then: { drop: true } }',
        "  - { name: pings, when: { agent: [GIMAI, G?OK], action: 'git_*', contains: PING }, then: { drop: true } }",
        '',
      ].join('\n'),
      'agents/grok.yaml': `rules:\n  - ${rule}\n`,
    });

    assert.equal(complaints.length, 1, complaints.join('\n'));
    assert.match(complaints[0]!, complaint);
    assert.match(complaints[0]!, /^agents\/grok\.yaml:[12]:\d+: /);
  });

test('a condition that some value fulfils is not called one that can never hit', async (t) => {
  const conditions = ["{ is: '200', above: 100 }", '{ is: [null], exists: false }', '{ is: [1, x], is_not: 1 }'];

  const complaints = await complaintsOf(t, {
    'agents/grok.yaml': `rules:\n${conditions.map((one, n) => `  - { name: r${n}, when: { context: { v: ${one} } }, then: { tag: x } }\n`).join('')}`,
  });

  assert.deepEqual(complaints, []);
});

test('an absence that no AI agent is waited for is refused in the defaults: it would never be told', async (t) => {
  const waiting = (agent: string) => ({
    'agents/_defaults.yaml': `rules: [{ name: a, when: { ${agent}absent_for: 1h }, then: { alert: info } }]\n`,
  });

  assert.match(
    String(await complaintsOf(t, waiting(''))),
    /when\.absent_for can never hit: .* there is none; add the file/,
  );
  assert.match(
    String(await complaintsOf(t, { ...waiting('agent: GROKK, '), 'agents/grok.yaml': '' })),
    /none has such a name/,
  );
  assert.deepEqual(await complaintsOf(t, { ...waiting("agent: 'GR*', "), 'agents/grok.yaml': '' }), []);
});

test('a rule is not called vain for what an earlier one drops where a rule between them changes records', async (t) => {
  const rules = (between: string) => ({
    'agents/_defaults.yaml': [
      'rules:',
      '  - { name: noise, when: { level: DEBUG }, then: { drop: true } }',
      `  - { name: between, when: { action: retry }, then: ${between} }`,
      '  - { name: counted, when: { level: DEBUG, action: retry }, then: { sample: 1% } }',
      '',
    ].join('\n'),
  });

  assert.deepEqual(await complaintsOf(t, rules('{ set: { level: DEBUG } }')), []);
  assert.match(String(await complaintsOf(t, rules('{ alert: info }'))), /can never hit: noise drops/);
});
