import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RestartPolicy, Restarts, type RunEnd } from '../../../src/commands/exec/restart-policy.ts';

const FAILED: RunEnd = { failed: true, started: true, asked: false, ranMs: 10 };
const waits = (policy: RestartPolicy, ends: readonly Partial<RunEnd>[]) => {
  const restarts = new Restarts(policy);
  return ends.map((end) => restarts.after({ ...FAILED, ...end }));
};

test('the wait doubles from a second to a minute, and begins anew after a minute of running', () => {
  assert.deepEqual(
    waits('on-failure', [{}, {}, {}, {}, {}, {}, {}, {}, { ranMs: 60_000 }, {}]),
    [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 1_000, 2_000],
  );
});

test('who is done, was asked to end or never ran is not started again', () => {
  assert.deepEqual(waits('never', [{}]), [undefined]);
  assert.deepEqual(waits('on-failure', [{ failed: false }]), [undefined]);
  assert.deepEqual(waits('always', [{ failed: false }, { asked: true }]), [1_000, undefined]);
  assert.deepEqual(waits('always', [{ started: false }]), [undefined]);
  assert.deepEqual(waits('always', [{}, { started: false }]), [1_000, 2_000]);
});
