/*
 * Goal: each detector fires on its trouble and on nothing else, whoever writes of it, and long sessions of ordinary work are told of by none.
 * Method: transcripts in the shapes that agents and frameworks send, through the real mapping and encoding.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hitsOf, namesOf, readTranscript } from './transcripts.ts';

const TROUBLES: Readonly<Record<string, readonly string[]>> = {
  'claude-code-loop': ['tool_loop'],
  'genai-loop': ['tool_loop'],
  'plain-lines-loop': ['tool_loop'],
  'codex-no-progress': ['no_progress'],
  'gemini-permission-storm': ['permission_storm'],
  'claude-permission-storm': ['permission_storm'],
  'context-length': ['context_length'],
  'rate-limit': ['rate_limit'],
  'false-success-one-record': ['false_success', 'false_success', 'false_success', 'false_success'],
  'false-success-two-records': ['false_success'],
  'prompt-injection-english': ['prompt_injection', 'prompt_injection', 'prompt_injection', 'prompt_injection'],
  'prompt-injection-hebrew': ['prompt_injection', 'prompt_injection', 'prompt_injection'],
};

for (const [name, expected] of Object.entries(TROUBLES))
  test(`the transcript ${name} is told as ${[...new Set(expected)].join(' and ')}`, () => {
    assert.deepEqual([...namesOf(hitsOf(readTranscript(name)))].sort(), expected);
  });

for (const name of ['healthy-coding-session', 'healthy-support-service', 'healthy-plain-lines'])
  test(`the transcript ${name} is told of by no detector`, () => {
    const records = readTranscript(name);

    const hits = hitsOf(records);

    assert.ok(records.length >= 300);
    assert.deepEqual(
      hits.map(({ detector, title }) => `${detector}: ${title}`),
      [],
    );
  });
