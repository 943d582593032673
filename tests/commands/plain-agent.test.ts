import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPlainAgent } from '../../src/commands/plain-agent.ts';

test('the agent’s command line as services write it is read at once', () => {
  assert.deepEqual(readPlainAgent(['agent']), {});
  assert.deepEqual(readPlainAgent(['agent', '--home', '/srv/x', '--agent-port', '0']), {
    home: '/srv/x',
    agentPort: 0,
  });
  assert.deepEqual(readPlainAgent(['agent', '--agent-port', '4318', '--trial']), { agentPort: 4318, trial: true });
});

test('any other, and any mistake, is left to what knows all command lines', () => {
  const others = [
    [],
    ['up'],
    ['agent', '--help'],
    ['agent', '-h'],
    ['agent', '--home'],
    ['agent', '--home', '--trial'],
    ['agent', '--home', ''],
    ['agent', '--home=/srv/x'],
    ['agent', '--agent-port', '65536'],
    ['agent', '--agent-port', '-1'],
    ['agent', '--agent-port', 'x'],
    ['agent', 'x', 'y'],
    ['agent', '--port', '1'],
  ];
  for (const args of others) assert.equal(readPlainAgent(args), undefined, args.join(' '));
});
