/** Stores a line that people are to be told of, and says so, but gets no further: it looks for the lines before it for ever. To be killed. */
import { join } from 'node:path';
import { LogBuffer } from '../../../src/agent/buffer/buffer.ts';
import { Triage } from '../../../src/agent/edge-ai/triage.ts';
import { TriageSink } from '../../../src/agent/edge-ai/triage-sink.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { record, SERVER, triageConfig } from './triaged.ts';

const buffer = LogBuffer.open({
  path: join(process.argv[2]!, 'buffer.db'),
  server: SERVER,
  limitBytes: 100_000_000,
  windowMs: 600_000,
  batchTextBytes: 10_000_000,
  clock: systemClock,
  logger: silentLogger,
});
const triage = new Triage({
  buffer: Object.assign(buffer, { linesBefore: () => new Promise<never>(() => undefined) }),
  server: SERVER,
  config: await triageConfig(),
  revision: () => 'abc123',
  tell: (alert) => buffer.alerts.tell(alert),
  clock: systemClock,
  logger: silentLogger,
}).start();
await new TriageSink(buffer, triage).append([
  record({ message: 'step 1 of 7' }),
  record({ message: 'out of memory: killed process 1', level: 'ERROR' }),
]);
process.send!(buffer.alerts.size);
setInterval(() => undefined, 1_000);
