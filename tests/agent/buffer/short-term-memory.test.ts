import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chunk } from '../../../src/agent/buffer/chunk.ts';
import { ShortTermMemory } from '../../../src/agent/buffer/short-term-memory.ts';
import type { AgentId } from '../../../src/contract/ids.ts';

/** A chunk with one short record of each of these AI agents, compressed. */
async function chunkOf(agentIds: readonly string[], first: number): Promise<Chunk> {
  const chunk = new Chunk(first, 0);
  const lines = agentIds.map((agentId, i) =>
    JSON.stringify({ id: `e-${first + i}`, timestamp: '2026-01-01T00:00:00.000Z', level: 'INFO', agent_id: agentId }),
  );
  chunk.add(Buffer.from(`${lines.join('\n')}\n`), agentIds.length, agentIds.length, 0);
  for (const agentId of agentIds) chunk.count(agentId as AgentId);
  await chunk.member();
  return chunk;
}

test('very many AI agents make the memory shorter, not larger', async () => {
  const memory = new ShortTermMemory();
  const agentIds = Array.from({ length: 10_000 }, (_, i) => `agent ${i}`);
  let entries = 0;

  for (let n = 0; n < 150; n++) {
    const chunk = await chunkOf(agentIds, n * agentIds.length + 1);
    memory.remember(chunk);
    entries = Math.floor(memory.heldBytes / (chunk.heldBytes / agentIds.length));
  }

  assert.ok(entries < 300_000, `${entries} counts of AI agents are held`);
  const recent = await memory.recent({ agentId: 'agent 7' as AgentId, limit: 5 });
  assert.deepEqual(
    recent.map(({ id }) => id),
    [149, 148, 147, 146, 145].map((n) => `e-${n * agentIds.length + 8}`),
  );
});

test('AI agents named like the inside of JavaScript or like JSON are found, and only they', async () => {
  const memory = new ShortTermMemory();
  const hostile = ['__proto__', 'constructor', '7', 'a","agent_id":"GROK', '\\', 'GROK ', 'gr\u2028ok', '%'];
  memory.remember(await chunkOf([...hostile, 'GROK'], 1));

  for (const agentId of [...hostile, 'GROK']) {
    const found = await memory.recent({ agentId: agentId as AgentId, limit: 10 });
    assert.deepEqual(
      found.map((record) => record.agent_id),
      [agentId],
    );
  }
  assert.deepEqual(await memory.recent({ agentId: 'hasOwnProperty' as AgentId, limit: 10 }), []);
});

test('a time beyond all times finds nothing, and one before all times everything', async () => {
  const memory = new ShortTermMemory();
  memory.remember(await chunkOf(['GROK'], 1));

  for (const [since, found] of [
    [9e15, 0],
    [300_000_000_000_000, 0],
    [-300_000_000_000_000, 1],
    [-9e15, 1],
  ] as const)
    assert.equal((await memory.recent({ since, limit: 10 })).length, found, String(since));
});
