import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { agentFilePlaces } from '../../src/commands/agent-files.ts';
import { packageRoot } from '../../src/commands/settings.ts';
import { tempDir } from '../support/temp-dir.ts';

test('everything that new servers install is there, the one-file agent too where nobody made it before', async (t) => {
  const home = await tempDir(t);
  await mkdir(join(home, 'orchestrator'));
  const places = agentFilePlaces(home);

  const bundle = await places.bundle();

  const shipped = join(packageRoot(), 'dist', 'nervesys-agent.cjs');
  assert.equal(bundle, existsSync(shipped) ? shipped : join(home, 'orchestrator', 'nervesys-agent.cjs'));
  assert.match(readFileSync(bundle as string, 'latin1'), /^#!\/usr\/bin\/env node/);
  for (const path of [places.node, places.unit, places.bootstrap]) assert.ok(existsSync(path), path);
});
