import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AUDIT_ACTIONS } from '../../src/contract/audit.ts';
import { AUDIT_GROUPS } from '../../src/dashboard/messages/audit-words.ts';
import { readAuditDetail } from '../../src/dashboard/model/audit-detail.ts';

test('the detail of an entry is shown whole, whatever it is, and repeats are counted', () => {
  for (const [text, more, facts] of [
    ['{}', undefined, []],
    ['{"role":"admin","sessions":3}', undefined, ['role: admin', 'sessions: 3']],
    ['{"server":null,"uses":1}', undefined, ['uses: 1']],
    ['{"code":"NSV_FORBIDDEN","more":41}', 41, ['code: NSV_FORBIDDEN']],
    ['{"more":"odd"}', undefined, ['more: odd']],
    ['{"a":{"b":1}}', undefined, ['a: {"b":1}']],
    ['[1]', undefined, ['[1]']],
    ['null', undefined, ['null']],
    ['not JSON', undefined, ['not JSON']],
  ] as const)
    assert.deepEqual(readAuditDetail(text), { more, facts }, text);
});

test('each action that is told is in one of the groups to choose from', () => {
  assert.deepEqual(AUDIT_GROUPS.flatMap(({ actions }) => actions).sort(), [...AUDIT_ACTIONS].sort());
});
