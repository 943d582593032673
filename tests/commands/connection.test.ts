import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { locateAgent } from '../../src/commands/connection.ts';

test('the agent of a home is meant also while it is away, never whoever listens on the default port', async () => {
  const home = await mkdtemp(join(tmpdir(), 'nervesys-connection-'));
  try {
    const socketPath = join(home, 'agent/agent.sock');
    const away = locateAgent({ home });
    await mkdir(join(home, 'agent'));
    await writeFile(socketPath, ''); // what stands for a socket: only its permission is asked here
    await writeFile(
      join(home, 'agent/address.json'),
      JSON.stringify({ url: 'http://127.0.0.1:4999', socket: socketPath }),
    );
    const running = locateAgent({ home });
    await rm(socketPath);
    const withoutSocket = locateAgent({ home });

    assert.equal(away.socketPath, socketPath);
    assert.deepEqual(running, { url: 'http://127.0.0.1:4999', socketPath });
    assert.deepEqual(withoutSocket, { url: 'http://127.0.0.1:4999' });
    assert.deepEqual(locateAgent({ home, agentPort: 5000 }), { url: 'http://127.0.0.1:5000' });
  } finally {
    await rm(home, { recursive: true });
  }
});
