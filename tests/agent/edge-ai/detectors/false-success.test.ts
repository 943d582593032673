import assert from 'node:assert/strict';
import { test } from 'node:test';
import { claimsSuccess, toolClaimsSuccess } from '../../../../src/agent/edge-ai/detectors/success-claims.ts';
import { hitsOf, type Item, namesOf, recordsOf } from './transcripts.ts';

const CLAIMS = [
  'All tests pass now, and the change is ready to merge.',
  'I fixed the failing date parser. All 214 tests passed.',
  'Deployment completed successfully',
  'Successfully deployed version 4 to production.',
  'The migration has been completed without errors.',
  'Done! The build was successful.',
  '✅ Deployed',
  'Task complete.',
  'הפריסה הושלמה בהצלחה.',
  'כל הבדיקות עברו, אפשר למזג.',
  'המשימה הושלמה',
];
const NO_CLAIMS = [
  'The deployment did not complete successfully.',
  'I could not get the tests to pass: 3 of them fail.',
  'Once all tests pass, I will merge it.',
  'Make sure that the build is successful before you merge.',
  'The migration finished successfully, but 2 tables failed.',
  'I am going to run the tests now.',
  'The command failed with exit code 1.',
  'If the upload is completed successfully you get a mail.',
  'Completed with errors.',
  'הפריסה לא הושלמה בהצלחה.',
  'הבדיקות נכשלו',
  'successful_requests: 14',
];

test('a claim of success is told from its denial, its wish and its half', () => {
  for (const text of CLAIMS) assert.equal(claimsSuccess(text), true, text);
  for (const text of NO_CLAIMS) assert.equal(claimsSuccess(text), false, text);
});

test('a tool that speaks of errors claims nothing, and only how its output ends counts', () => {
  assert.equal(toolClaimsSuccess('compiling…\nBuild finished successfully'), true);
  assert.equal(toolClaimsSuccess('Step 1 completed successfully\nERROR: step 2: no such table'), false);
  assert.equal(toolClaimsSuccess(`Step 1 completed successfully\n${'.'.repeat(2_000)}`), false);
  assert.equal(toolClaimsSuccess('All tests passed, 0 failed'), true);
});

const result = (context: Record<string, unknown>, after = 5, session = 's1'): Item => ({
  after,
  record: { action: 'tool_result', message: 'tool', context: { tool: 'shell', session, ...context } },
});
const says = (response: string, after = 5, session = 's1'): Item => ({
  after,
  log: {
    body: 'claude_code.assistant_response',
    attributes: { 'event.name': 'assistant_response', 'session.id': session, response },
  },
});
const told = (...items: readonly Item[]) => namesOf(hitsOf(recordsOf('GROK', items)));

test('the result right before decides, for five minutes, and a search that finds nothing is no failure', () => {
  const failed = result({ success: false, exit_code: 1, arguments: { command: 'npm test' } });
  const claim = says('All tests pass now.');

  assert.deepEqual(told(failed, claim), ['false_success']);
  assert.deepEqual(told(failed, claim, claim), ['false_success'], 'once');
  assert.deepEqual(told(failed, result({ success: true, arguments: { command: 'npm test' } }), claim), []);
  assert.deepEqual(told(failed, says('All tests pass now.', 301)), []);
  assert.deepEqual(told(failed, says('Two tests still fail.')), []);
  assert.deepEqual(told(failed, says('All tests pass now.', 5, 's2')), [], 'of another conversation');
  const unknown = result({ success: false }, 5, '');
  assert.deepEqual(told(unknown, says('All tests pass now.', 20, '')), ['false_success']);
  assert.deepEqual(told(unknown, says('All tests pass now.', 40, '')), [], 'perhaps of another one');
  assert.deepEqual(
    told(result({ success: false, exit_code: 1, arguments: { command: 'grep -r TODO src' } }), claim),
    [],
  );
  assert.deepEqual(told(result({ success: false, error: 'rejected by the user' }), claim), []);
});

test('a success whose result says otherwise is one; an error that a lookup brings back is a result', () => {
  assert.deepEqual(told(result({ success: true, result: { status: 'failed', reason: 'no space' } })), [
    'false_success',
  ]);
  assert.deepEqual(told(result({ success: 'true', result: '{"exit_code":3}' })), ['false_success']);
  assert.deepEqual(told(result({ success: true, result: { error: 'no such order' } })), []);
  assert.deepEqual(told(result({ success: true, exit_code: 1, arguments: { command: 'cd src && rg TODO' } })), []);
});

test('plain lines are read the same way', () => {
  const lines = (...texts: readonly string[]) => told(...texts.map((line) => ({ line })));

  assert.deepEqual(lines('ERROR Tool run_tests failed: exit code 1', 'INFO All tests pass, task complete.'), [
    'false_success',
  ]);
  assert.deepEqual(lines('INFO Tool run_tests returned 214 passed', 'INFO All tests pass, task complete.'), []);
  assert.deepEqual(lines('INFO Backup finished successfully (exit code 2)'), ['false_success']);
  assert.deepEqual(lines('INFO Backup finished successfully (exit code 0)'), []);
  assert.deepEqual(lines('INFO worker 3 exited with code 1, restarted successfully'), []);
});
