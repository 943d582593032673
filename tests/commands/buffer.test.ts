import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { LogBuffer } from '../../src/agent/buffer/buffer.ts';
import { encodeTextLine } from '../../src/agent/sources/record-encoder.ts';
import type { ServerName } from '../../src/contract/ids.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { fill, openBuffer, records } from '../support/full-buffer.ts';
import { tempDir } from '../support/temp-dir.ts';
import { runNervesys } from './run-nervesys.ts';

test('where no agent runs, buffer tells what its file holds, and changes nothing', async () => {
  const home = await mkdtemp(join(tmpdir(), 'nervesys-buffer-'));
  try {
    await mkdir(join(home, 'agent'));
    const path = join(home, 'agent/buffer.db');
    const server = 'AIGARDEN01' as ServerName;
    const buffer = LogBuffer.open({
      path,
      server,
      limitBytes: 10_000_000,
      windowMs: 600_000,
      batchTextBytes: 1_000_000,
      clock: systemClock,
      logger: silentLogger,
    });
    const line = (text: string) => encodeTextLine(text, { server, now: systemClock.now() });
    await buffer.append([line('one'), line('two'), line('three')]);
    await buffer.seal();
    await buffer.append([line('four')]);
    await buffer.close();
    const before = await stat(path);

    const json = await runNervesys(['buffer', '--json', '--home', home]);
    const text = await runNervesys(['buffer', '--home', home]);

    const view = JSON.parse(json.stdout.toString());
    assert.deepEqual([view.records, view.open_records, view.batches.length, view.batches[0].records], [4, 1, 1, 3]);
    assert.match(json.stderr, /The agent is not running/);
    assert.match(text.stdout.toString(), /Records +4: 1 in the open window, 3 in 1 sealed batches/);
    const after = await stat(path);
    assert.deepEqual([after.size, after.mtimeMs], [before.size, before.mtimeMs]);
  } finally {
    await rm(home, { recursive: true });
  }
});

test('where no agent runs, buffer tells what its file has given up', async (t) => {
  const home = await tempDir(t);
  const { buffer } = await openBuffer(t, { path: join(home, 'agent/buffer.db') });
  await buffer.append(records(200, 'DEBUG'), { onFull: 'evict' });
  await fill(buffer, 'DEBUG', 'hold');
  await buffer.append(records(20, 'ERROR'), { onFull: 'evict' });
  const { lostRecords } = buffer.stats();
  await buffer.close();

  const { stdout } = await runNervesys(['buffer', '--home', home]);

  assert.ok(lostRecords > 0);
  assert.match(stdout.toString(), new RegExp(`Lost +${lostRecords} records`));
});
