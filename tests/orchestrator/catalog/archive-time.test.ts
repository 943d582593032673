import assert from 'node:assert/strict';
import { it } from 'node:test';
import { withinArchiveTime } from '../../../src/orchestrator/catalog/archive-time.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const never = (signal: AbortSignal) =>
  new Promise<void>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

it('an archive that is silent too long is told as unreachable, not as a fault of ours', async () => {
  const clock = new FakeClock();
  const asked = withinArchiveTime(clock, 1_000, new AbortController().signal, never);
  const refused = assert.rejects(asked, { code: 'NSV_ARCHIVE_UNREACHABLE', retryable: true });

  await clock.advance(1_000);

  await refused;
});

it("a caller's abort and the archive's own errors pass as they are", async () => {
  const caller = new AbortController();
  const asked = withinArchiveTime(new FakeClock(), 1_000, caller.signal, never);
  caller.abort(new Error('gone'));

  await assert.rejects(asked, { message: 'gone' });
  await assert.rejects(
    withinArchiveTime(new FakeClock(), 1_000, new AbortController().signal, async () => {
      throw new Error('its own');
    }),
    { message: 'its own' },
  );
});
