import type { TestContext } from 'node:test';
import { DiskReserve, reservePath } from '../../src/agent/buffer/disk-reserve.ts';
import { DiskRoom } from '../../src/agent/buffer/disk-room.ts';
import { KeptBeats } from '../../src/agent/buffer/kept-beats.ts';
import { openBufferFile } from '../../src/agent/buffer/schema.ts';
import { BufferStore } from '../../src/agent/buffer/store.ts';
import { WaitingAlerts } from '../../src/agent/buffer/waiting-alerts.ts';
import type { Epoch } from '../../src/contract/ids.ts';
import type { Clock } from '../../src/platform/clock.ts';
import { silentLogger } from '../../src/platform/logger.ts';

const EPOCH = '0123456789abcdef' as Epoch;
const LIMIT_BYTES = 100_000_000;

interface TableOptions {
  readonly limitBytes?: number | undefined;
  readonly waitingMax?: number | undefined;
}

/** A buffer file's tables for alerts and beats, without the buffer around them. */
export function openTables(
  t: TestContext,
  path: string,
  clock: Clock,
  { limitBytes = LIMIT_BYTES, waitingMax }: TableOptions = {},
) {
  const store = new BufferStore(openBufferFile(path, limitBytes, 10_000_000), path);
  const room = new DiskRoom(store, new DiskReserve(reservePath(path)), limitBytes, limitBytes, clock);
  const tables = { store, room, limitBytes, clock, logger: silentLogger };
  const alerts = new WaitingAlerts({ ...tables, epoch: EPOCH, ...(waitingMax === undefined ? {} : { waitingMax }) });
  const beats = new KeptBeats(tables);
  let isOpen = true;
  const close = async () => {
    if (!isOpen) return;
    isOpen = false;
    await alerts.close();
    store.close();
  };
  t.after(close);
  return { alerts, beats, store, close };
}
