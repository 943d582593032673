import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detectedAlert } from '../../../src/agent/edge-ai/detected-alert.ts';
import { DEDUP_KEY_LENGTH_MAX } from '../../../src/contract/alert.ts';
import type { AgentId, ServerName } from '../../../src/contract/ids.ts';

test('the name of a trouble is one that the orchestrator takes, however long those of which it is made', () => {
  const [server, agentId] = ['s'.repeat(100) as ServerName, 'a'.repeat(50) as AgentId];
  const { dedup_key: key } = detectedAlert(
    {
      detector: 'tool_loop',
      kind: 'ai.tool_loop',
      severity: 'warning',
      agentId,
      subject: '😀'.repeat(40),
      isAgain: false,
      count: 1,
      title: 'x',
      reason: 'y',
      detail: {},
    },
    { server, revision: 'abc123', now: 0 },
  );

  assert.ok(key.length <= DEDUP_KEY_LENGTH_MAX && key.isWellFormed());
  assert.ok(key.startsWith(`${server}:${agentId}:detector:tool_loop:`));
});
