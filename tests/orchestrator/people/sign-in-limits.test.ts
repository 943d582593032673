import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Passwords } from '../../../src/orchestrator/people/passwords.ts';
import { SignInLimits } from '../../../src/orchestrator/people/sign-in-limits.ts';
import { errorCode } from '../../../src/platform/errors.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** Whether an attempt is looked at; it fails. */
function attempt(limits: SignInLimits, address: string, name: string): boolean {
  try {
    limits.begin(address, name);
    return true;
  } catch (error) {
    assert.equal(errorCode(error), 'NSV_SIGN_IN_BUSY');
    return false;
  }
}

test('five wrong passwords are free, then the wait doubles from a second to five minutes, and an hour forgives', async () => {
  const clock = new FakeClock();
  const limits = new SignInLimits(clock);
  for (let n = 0; n < 5; n++) assert.ok(attempt(limits, '192.0.2.1', `name-${n}`));

  const waits: number[] = [];
  for (let n = 0; n < 11; n++) {
    let waited = 0;
    while (!attempt(limits, '192.0.2.1', `other-${n}`)) {
      await clock.advance(1_000);
      waited++;
    }
    waits.push(waited);
  }

  assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
  await clock.advance(3_600_001);
  for (let n = 0; n < 5; n++) assert.ok(attempt(limits, '192.0.2.1', `late-${n}`));
  assert.ok(!attempt(limits, '192.0.2.1', 'late'));
});

test('a name that many addresses try is held up for them, but not where its person has signed in before', () => {
  const limits = new SignInLimits(new FakeClock());
  limits.begin('198.51.100.7', 'dana');
  limits.succeeded('198.51.100.7', 'dana');

  const looked = Array.from({ length: 100 }, (_, n) => attempt(limits, `192.0.2.${n}`, 'dana'));

  assert.equal(looked.filter(Boolean).length, 5);
  assert.ok(!attempt(limits, '203.0.113.1', 'dana'));
  assert.ok(attempt(limits, '198.51.100.7', 'dana'));
  assert.ok(attempt(limits, '203.0.113.1', 'eve'));
});

test('all addresses of one IPv6 network count as one, and its neighbours as others', () => {
  const limits = new SignInLimits(new FakeClock());
  for (const address of ['2001:db8::1', '2001:db8:0:0:1::2', '2001:0db8::ffff:1', '2001:db8:0:0:a:b:c:d', '2001:db8::'])
    assert.ok(attempt(limits, address, address));

  assert.ok(!attempt(limits, '2001:db8::5', 'dana'));
  assert.ok(attempt(limits, '2001:db8:0:1::5', 'dana'));
  assert.ok(attempt(limits, '::1', 'eve'));
  assert.ok(attempt(limits, '::ffff:192.0.2.1', 'eve'));
});

test('asking whether an attempt comes too early counts nothing', () => {
  const limits = new SignInLimits(new FakeClock());
  for (let n = 0; n < 50; n++) limits.check('192.0.2.1', 'dana');

  assert.ok(attempt(limits, '192.0.2.1', 'dana'));
});

test('passwords are checked one at a time, eight wait, and the next is turned away', async () => {
  const passwords = new Passwords({ N: 1024, r: 8, p: 1 });
  const stored = await passwords.store('five plain words are enough', 'dana');

  const answers = await Promise.allSettled(
    Array.from({ length: 20 }, () => passwords.matches('five plain words are enough', stored)),
  );

  const refused = answers.filter((one) => one.status === 'rejected');
  assert.equal(refused.length, 12);
  assert.ok(refused.every((one) => errorCode(one.reason) === 'NSV_SIGN_IN_BUSY'));
  assert.ok(answers.every((one) => one.status === 'rejected' || one.value));
  assert.equal(await passwords.matches('five plain words are enough', null), false);
  assert.equal(await passwords.matches('five plain words are enough', 'scrypt:nonsense'), false);
  // The same letters, composed by another keyboard.
  const accent = await passwords.store('caf\u00e9 cr\u00e8me matin', 'dana');
  assert.equal(await passwords.matches('cafe\u0301 cre\u0300me matin', accent), true);
});
