import { LogBuffer } from '../../../src/agent/buffer/buffer.ts';
import type { AlertReport } from '../../../src/contract/alert.ts';
import type { ServerName } from '../../../src/contract/ids.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { silentLogger } from '../../../src/platform/logger.ts';

/* Tells alerts into the buffer file that its argument names, one of them attempted, and waits to be killed. */

const server = 'AIGARDEN01' as ServerName;
const { alerts } = LogBuffer.open({
  path: process.argv[2]!,
  server,
  limitBytes: 100_000_000,
  windowMs: 600_000,
  batchTextBytes: 10_000_000,
  clock: systemClock,
  logger: silentLogger,
});
const alert = (key: string, title: string): AlertReport => ({
  dedup_key: key,
  severity: 'critical',
  server,
  agent_id: null,
  kind: 'test',
  title,
  detail: { lines_before: [{ message: 'אזהרה' }] },
  at: '2026-01-01T00:00:00.000Z',
});
alerts.tell(alert('disk', 'first'));
const [attempted] = alerts.next(100, 1_000_000);
alerts.tell(alert('disk', 'second'));
alerts.tell(alert('disk', 'third'));
alerts.tell(alert('ram', 'other'));
await systemClock.sleep(200);
process.send!(attempted!.id);
await systemClock.sleep(60_000);
