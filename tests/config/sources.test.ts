import assert from 'node:assert/strict';
import { test } from 'node:test';
import { journaldOn, loadConfig, sourcesOn, syslogOn } from '../../src/config/index.ts';
import { complaintsOf, configFolder } from './folder.ts';

test('a file may say how its lines are read; what is not said is not there', async (t) => {
  const { config } = await loadConfig(
    await configFolder(t, {
      'agents/grok.yaml':
        "sources:\n  - { file: /a.log, multiline: auto, format: json, time_zone: Asia/Jerusalem }\n  - { file: /b.log, multiline: { start: '^\\d{4}-' } }\n  - file: /c.log\n",
    }),
  );

  assert.deepEqual(sourcesOn(config, 'ONE'), [
    {
      agentId: 'GROK',
      file: '/a.log',
      startAt: 'beginning',
      format: 'json',
      multiline: 'auto',
      timeZone: 'Asia/Jerusalem',
    },
    { agentId: 'GROK', file: '/b.log', startAt: 'beginning', multiline: { start: '^\\d{4}-' } },
    { agentId: 'GROK', file: '/c.log', startAt: 'beginning' },
  ]);
});

test('syslog and journald stand in the file of an AI agent, or in the defaults for all of a server', async (t) => {
  const { config } = await loadConfig(
    await configFolder(t, {
      'agents/_defaults.yaml': "servers: [ONE]\nsources: [{ syslog: { udp: '127.0.0.1:5514', tcp: '[::1]:5514' } }]\n",
      'agents/grok.yaml':
        'servers: [ONE, TWO]\nsources: [{ journald: { units: [ollama.service], agent_id_from: unit } }]\n',
    }),
  );

  const syslog = { udp: { host: '127.0.0.1', port: 5514 }, tcp: { host: '::1', port: 5514 } };
  assert.deepEqual(syslogOn(config, 'ONE'), [{ agentId: undefined, syslog }]);
  assert.deepEqual(syslogOn(config, 'TWO'), []);
  assert.deepEqual(journaldOn(config, 'TWO'), [
    { agentId: 'GROK', journald: { units: ['ollama.service'], agentIdFrom: 'unit' } },
  ]);
  assert.deepEqual(sourcesOn(config, 'ONE'), []);
});

test('the local API is on 127.0.0.1 unless the defaults say otherwise', async (t) => {
  const usual = await loadConfig(await configFolder(t, {}));
  assert.deepEqual(usual.config.agentListen, {
    host: '127.0.0.1',
    port: 4318,
    hosts: [],
    socketPath: undefined,
    socketMode: 0o600,
  });

  for (const mode of ["'0660'", '0660', '"660"']) {
    const { config } = await loadConfig(
      await configFolder(t, {
        'agents/_defaults.yaml': `listen: { host: 172.17.0.1, port: 4400, hosts: [host.docker.internal], socket: /run/n/a.sock, socket_mode: ${mode} }\n`,
      }),
    );
    assert.deepEqual(config.agentListen, {
      host: '172.17.0.1',
      port: 4400,
      hosts: ['host.docker.internal'],
      socketPath: '/run/n/a.sock',
      socketMode: 0o660,
    });
  }
});

const REFUSED: readonly (readonly [string, string, string, RegExp])[] = [
  [
    'two kinds in one',
    'grok',
    "- { file: /a, syslog: { udp: '127.0.0.1:1' } }",
    /sources\[0\] names file and syslog; use one/,
  ],
  ['no kind', 'grok', '- { start_at: end }', /sources\[0\]\.file is missing/],
  [
    'a key of another kind',
    'grok',
    '- { journald: { units: [a.service] }, format: json }',
    /sources\[0\]\.format is not known here/,
  ],
  ['a syslog that listens nowhere', 'grok', '- { syslog: {} }', /sources\[0\]\.syslog listens nowhere/],
  [
    'a name for an address',
    'grok',
    "- { syslog: { udp: 'localhost:5514' } }",
    /udp is "localhost:5514"; use an address and port/,
  ],
  ['a port past the last', 'grok', "- { syslog: { udp: '127.0.0.1:70000' } }", /udp is "127\.0\.0\.1:70000"/],
  ['no units', 'grok', '- { journald: { units: [] } }', /units is empty/],
  ['a unit that is an option', 'grok', "- { journald: { units: ['--root=/'] } }", /units\[0\] is "--root=\/"/],
  [
    'a pattern with a look-ahead',
    'grok',
    "- { file: /a, multiline: { start: '(?=a)' } }",
    /multiline\.start is "\(\?=a\)"/,
  ],
  ['a pattern for everything', 'grok', "- { file: /a, multiline: { start: 'a*' } }", /multiline\.start is "a\*"/],
  ['another word for multiline', 'grok', '- { file: /a, multiline: yes }', /multiline is neither auto nor/],
  ['a zone that is none', 'grok', '- { file: /a, time_zone: Mars/Olympus }', /time_zone is "Mars\/Olympus"/],
  ['a file in the defaults', '_defaults', '- { file: /a }', /sources\[0\] is a file; use syslog or journald/],
  [
    'nobody to own it',
    '_defaults',
    "- { syslog: { udp: '127.0.0.1:1', agent_id_from: fixed } }",
    /agent_id_from is fixed, but there is no AI agent/,
  ],
];
for (const [what, file, source, complaint] of REFUSED)
  test(`refused in sources: ${what}`, async (t) => {
    const complaints = await complaintsOf(t, { [`agents/${file}.yaml`]: `sources:\n  ${source}\n` });
    assert.equal(complaints.length, 1, complaints.join('\n'));
    assert.match(complaints[0]!, complaint);
  });

test('refused: permissions that are none', async (t) => {
  const [complaint] = await complaintsOf(t, { 'agents/_defaults.yaml': "listen: { socket_mode: '0999' }\n" });
  assert.match(complaint!, /listen\.socket_mode is "0999"; use permissions such as '0660'/);
});
