import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QuestionQueue } from '../../../../src/agent/edge-ai/model/question-queue.ts';
import type { AgentId } from '../../../../src/contract/ids.ts';
import type { TemplateId } from '../../../../src/contract/triage.ts';

test('what waits holds the beginning of a line, however long the line is', () => {
  const queue = new QuestionQueue();
  const line = `${'x'.repeat(1_000_000)}`;

  queue.add({ ...question(1), text: line, example: `\ud800${line}` });

  const { text, example } = queue.take()!.question;
  assert.ok(text.length <= 600 && example.length <= 600 && example.isWellFormed());
});

test('a question that failed goes behind none that came meanwhile, and keeps its failures', () => {
  const queue = new QuestionQueue();
  queue.add(question(1));
  const taken = queue.take()!;
  taken.failures = 1;
  queue.add(question(1));

  queue.putBack(taken);

  assert.equal(queue.size, 1);
  assert.equal(queue.take()?.failures, 1);
});

function question(n: number) {
  return {
    templateId: n.toString(16).padStart(16, '0') as TemplateId,
    text: 'x',
    example: 'x',
    agentId: 'GROK' as AgentId,
    similar: [],
  };
}
