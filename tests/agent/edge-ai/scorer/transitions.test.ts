import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tokens } from '../../../../src/agent/edge-ai/scorer/tokens.ts';
import { readTransition } from '../../../../src/agent/edge-ai/scorer/transitions.ts';

for (const [text, expected] of [
  ['array changed from CLEAN to DEGRADED', true],
  ['array changed from DEGRADED to CLEAN', false],
  ['uplink: UP -> DOWN', true],
  ['uplink: down → up', false],
  ['peer moved from Established to Idle', true],
  ['peer moved from OpenConfirm to Established', undefined],
  ['breaker tax from CLOSED to OPEN', true],
  ['breaker tax from OPEN to HALF_OPEN', false],
  ['door from closed to open', undefined],
  ['payment 4: pending -> failed', undefined],
  ['from', undefined],
  ['->', undefined],
] as const) {
  const said = expected === undefined ? 'says nothing' : expected ? 'is a fall' : 'is a recovery';
  test(`“${text}” ${said}`, () => {
    const tokens = new Tokens();
    tokens.read(text, true);

    assert.equal(readTransition(tokens)?.isFall, expected);
  });
}
