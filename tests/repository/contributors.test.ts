import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/index.ts';
import { ROOT } from './sources.ts';

const ROSTER = path.join(ROOT, 'CONTRIBUTORS.json');

test('CONTRIBUTORS.json names the AI collaborators that config/agents/ describes (UPDATE=1 writes it)', async () => {
  const { config } = await loadConfig(path.join(ROOT, 'config'));
  const roster = JSON.parse(readFileSync(ROSTER, 'utf8'));
  const collaborators = config.agents.map(({ agentId, role, description }) => ({
    agent_id: agentId,
    role,
    description: description.trim(),
    config: `config/agents/${agentId.toLowerCase()}.yaml`,
  }));
  if (process.env['UPDATE'] === '1')
    writeFileSync(
      ROSTER,
      `${JSON.stringify({ ai_collaborators: collaborators, contributors: roster.contributors }, null, 2)}\n`,
    );

  const { ai_collaborators: written } = JSON.parse(readFileSync(ROSTER, 'utf8'));
  assert.deepEqual(written, collaborators, 'run UPDATE=1 npm test -- contributors');
});
