/** A lean agent's file tail and buffer as a process that can be killed: `node tail-process.ts DIR PATTERN [lines]`. */
import { FileTail } from '../../../../src/agent/sources/file-tail/file-tail.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { silentLogger } from '../../../../src/platform/logger.ts';
import { openBuffer, SERVER } from '../../../support/local-api.ts';

const [dir, file, kind] = process.argv.slice(2) as [string, string, string?];
const buffer = openBuffer(dir);
const tail = await FileTail.open({
  sources: [{ file, startAt: 'beginning', agentId: 'GROK', ...(kind === 'lines' ? {} : { multiline: 'auto' }) }],
  server: SERVER,
  sink: buffer,
  clock: systemClock,
  logger: silentLogger,
  limits: { pollMs: 2, discoveryMs: 10, multilineQuietMs: 150, chunkBytes: 4_096 },
});
tail.start();
process.stdout.write('following\n');
