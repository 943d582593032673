import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Scorer } from '../../../../src/agent/edge-ai/scorer/scorer.ts';
import type { Score } from '../../../../src/agent/edge-ai/types.ts';
import type { Level } from '../../../../src/contract/record.ts';

const scorer = new Scorer();

function score(message: string, level?: Level): Score {
  return scorer.score({ message, template: message, level });
}

function assertAlerts(messages: readonly string[], level?: Level): void {
  assert.deepEqual(
    messages.filter((message) => !score(message, level).isAlert),
    [],
  );
}

function assertOrdinary(messages: readonly string[], level?: Level): void {
  assert.deepEqual(
    messages.filter((message) => score(message, level).isAlert),
    [],
  );
}

describe('trouble in plain words', () => {
  test('a crash, an exhausted resource, broken hardware, lost data and a silent node alert without any level', () => {
    assertAlerts([
      'worker 7 crashed while writing segment 12',
      'out of memory, sacrificing child 812',
      'no space left on /srv/data',
      'uncorrectable error in memory module B2',
      'fan 3 of enclosure 1 has failed',
      'intake temperature above the limit',
      'index segment 9 is corrupt',
      'storage node 12 is not responding',
      'lost heartbeat from storage node 12',
      'giving up on replica 4 after 10 attempts',
      'possible break-in attempt from 203.0.113.7',
      'no route to host 192.0.2.9',
    ]);
  });

  test('the same in Hebrew alerts, with and without the letters that stand before a word', () => {
    assertAlerts(['הדיסק מלא', 'דיסק מלא', 'השרת אינו מגיב', 'קריסה של שירות הדוחות', 'החיבור למסד הנתונים אבד']);
  });

  test('vowel signs and marks of direction change nothing', () => {
    assert.equal(score('\u200fהַדִּיסְק מָלֵא').score, score('הדיסק מלא').score);
  });

  test('what befalls AI agents alerts', () => {
    assertAlerts(
      [
        'context length exceeded: 210000 tokens',
        'insufficient quota, check the billing of this account',
        'rate limit still exceeded after 6 retries, giving up',
        'tool write_file failed after 3 retries, task abandoned',
        'model not loaded',
        'CUDA out of memory',
      ],
      'ERROR',
    );
  });
});

describe('words of trouble where there is none', () => {
  test('a quantity of nothing is ordinary', () => {
    assertOrdinary([
      '0 errors',
      'errors: 0',
      'errors=0 failed=0',
      'failed logins: 0',
      'error: none',
      'error=null',
      'no errors found',
      'ended without failure',
      'never crashed since the upgrade',
      'oom kills: 0',
    ]);
  });

  test('the quantity decides: the same words with a number alert', () => {
    assert.ok(score('uncorrectable errors: 4').score > score('uncorrectable errors: 0').score + 0.3);
  });

  test('what was put right is ordinary', () => {
    assertOrdinary([
      'corrected ECC error on module A1',
      'recovered from a lost connection',
      'retry succeeded',
      'storage node 12 is now reachable again',
      'link is back up',
    ]);
  });

  test('what could not be put right is not', () => {
    assertAlerts(['failed to recover the journal', 'could not be restored from backup']);
  });

  test('a failure that is tried again is not yet an alert', () => {
    assertOrdinary(['upload failed, retrying in 5 s', 'attempt 1 of 5 failed, trying again'], 'WARN');
  });

  test('names of things, settings and handlers are ordinary', () => {
    assertOrdinary([
      'onError handler registered',
      'loaded class org.acme.FatalErrorListener',
      'failover=enabled',
      'abort_on_panic=1',
      'rotating /var/log/app/error.log',
      'crash reporter installed',
      'failure detector started',
    ]);
  });

  test('an end that somebody wanted is ordinary', () => {
    assertOrdinary([
      'exiting normally',
      'shutdown requested by user',
      'terminating block responder',
      'process 12 exited with code 0',
    ]);
  });

  test('their like in Hebrew is ordinary', () => {
    assertOrdinary(['לא נמצאו שגיאות', 'הגיבוי הושלם ללא תקלות', 'שגיאות: 0', 'החיבור שוחזר', 'מטפל שגיאות נרשם']);
  });
});

describe('levels', () => {
  test('each severer level makes the same words more likely an alert', () => {
    const scores = (['DEBUG', 'INFO', 'ERROR', 'CRITICAL'] as const).map(
      (level) => score('replica 4 failed', level).score,
    );

    assert.deepEqual(
      scores,
      scores.toSorted((one, other) => one - other),
    );
    assert.ok(scores[3]! - scores[0]! > 0.2);
  });

  test('CRITICAL alerts without a word that is known', () => {
    assertAlerts(['quux state reached in unit 4'], 'CRITICAL');
  });

  test('harmless text at ERROR doesn’t', () => {
    assertOrdinary(
      ['listening on port 8080', 'user entered an invalid date', 'query returned no rows', 'done'],
      'ERROR',
    );
  });

  test('the lines of a dump at CRITICAL don’t', () => {
    assertOrdinary(['link register: 0x0012ab30', 'stack pointer: 0x7ffe'], 'CRITICAL');
  });

  test('a level in the header of a raw line counts as if the source had given it', () => {
    const given = score('unit 4 reached state 9', 'CRITICAL');
    const read = score('2025-12-01 10:00:00,123 FATAL unit 4 reached state 9');

    assert.ok(given.isAlert);
    assert.ok(read.isAlert);
    assert.match(read.reason, /CRITICAL/);
  });

  test('a header before an ordinary message doesn’t make it an alert', () => {
    assertOrdinary([
      'Dec  1 10:00:00 web-3 kernel: eth0: link is up',
      '[Mon Dec 01 10:00:00 2025] [notice] resuming normal operations',
      '12-01 10:00:00.123  1702  2395 D ErrorReporter: listener attached',
      '2025-12-01T10:00:00Z INFO org.acme.FailureDetector - tick 12',
    ]);
  });
});

describe('the answer', () => {
  test('its reason names the phrase that decided and a loud level', () => {
    assert.equal(score('worker: out of memory', 'CRITICAL').reason, '“out of memory”, CRITICAL');
    assert.equal(score('storage node 12 is not responding').reason, '“not responding”');
  });

  test('its reason quotes only a few words of a line', () => {
    const { reason } = score(`failed to write ${'secret '.repeat(50)} because the disk is full and the link is down`);

    assert.ok(reason.length < 120, reason);
    assert.ok(!reason.includes('secret'));
  });

  test('its reason says so where no phrase is known', () => {
    assert.equal(score('session opened for user deploy').reason, 'no sign of trouble');
    assert.equal(score('0 errors').reason, 'no sign of trouble');
  });

  test('it is unsure only near the threshold', () => {
    assert.equal(score('kernel panic, out of memory', 'CRITICAL').isUnsure, false);
    assert.equal(score('session opened for user deploy').isUnsure, false);
    assert.equal(score('upload of report failed').isUnsure, true);
  });

  test('it is the same for the same line, whatever was judged between', () => {
    const first = score('replica 4 failed to sync', 'WARN');
    for (const message of ['', 'x'.repeat(5_000), 'הדיסק מלא', 'a b c']) score(message);

    assert.deepEqual(score('replica 4 failed to sync', 'WARN'), first);
    assert.deepEqual(new Scorer().score({ message: 'replica 4 failed to sync', template: '', level: 'WARN' }), first);
  });
});
