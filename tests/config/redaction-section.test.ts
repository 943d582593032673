import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtInConfig, loadConfig } from '../../src/config/index.ts';
import { REDACTION_DEFAULT } from '../../src/contract/redaction.ts';
import { complaintsOf, configFolder } from './folder.ts';

test('without a section all credentials are replaced, and no personal data', async () => {
  assert.deepEqual((await builtInConfig()).agentDefaults.redaction, REDACTION_DEFAULT);
});

test("an AI agent's own section wins over the defaults key by key", async (t) => {
  const dir = await configFolder(t, {
    'agents/_defaults.yaml':
      "redaction:\n  pii: [email]\n  patterns:\n    - { name: employee, pattern: 'EMP-\\d{6}' }\n",
    'agents/grok.yaml': 'redaction: { enabled: false }\n',
    'agents/gimai.yaml': 'redaction: { pii: [], kinds: [jwt] }\n',
  });

  const { config } = await loadConfig(dir);

  const patterns = [{ name: 'employee', pattern: 'EMP-\\d{6}' }];
  const defaults = { ...REDACTION_DEFAULT, pii: ['email'], patterns };
  assert.deepEqual(config.agentDefaults.redaction, defaults);
  const own = Object.fromEntries(config.agents.map(({ agentId, redaction }) => [agentId, redaction]));
  assert.deepEqual(own['GROK'], { ...defaults, enabled: false });
  assert.deepEqual(own['GIMAI'], { ...defaults, pii: [], kinds: ['jwt'] });
});

test('unknown kinds and patterns that are not linear are refused with their place', async (t) => {
  const complaints = await complaintsOf(t, {
    'agents/_defaults.yaml':
      "redaction:\n  kinds: [passwrod]\n  pii: [name]\n  enabled: maybe\n  patterns:\n    - { name: Bad Name, pattern: 'a' }\n    - { name: ahead, pattern: '(?=a)b' }\n    - { name: empty, pattern: 'a*' }\n",
  });

  assert.equal(complaints.length, 6);
  assert.match(
    complaints.join('\n'),
    /redaction\.patterns\[1\]\.pattern is "\(\?=a\)b": it has look-around.*; use a regular expression/,
  );
  assert.match(complaints.join('\n'), /redaction\.kinds\[0\] is "passwrod"/);
});
