import type { TextKey, Words } from './words.ts';

type Patterns = readonly (readonly [pattern: RegExp, key: TextKey])[];

/**
 * What the orchestrator says of a rollout, in English. These are the sentences that it knows (a test holds them against its judgement);
 * any other, and what a person has written, is shown as it came.
 */
const HOLDS: Patterns = [
  [/^no server of this stage is there$/, 'holdNobody'],
  [/^only (?<taken>\d+) of (?<there>\d+) servers of this stage run it$/, 'holdFew'],
  [/^servers that it has not reached are silent as well$/, 'holdNetwork'],
  [/^the fleet was not heard for a while, and is watched anew$/, 'holdUnheard'],
];

const FINDINGS: Patterns = [
  [/^a server refuses it: (?<error>.+)$/s, 'findingRefusal'],
  [/^(?<count>\d+) servers refuse it: (?<error>.+)$/s, 'findingRefusals'],
  [/^(?<silent>\d+) of (?<given>\d+) servers are silent since they got it$/, 'findingSilent'],
  [
    /^(?<after>[\d.]+ %) of the records of servers that run it are errors \(before: (?<before>[\d.]+ %), other servers: (?<others>[\d.]+ %)\)$/,
    'findingErrors',
  ],
  [/^servers that run it have lost (?<lost>\d+) records$/, 'findingLosses'],
];

const REASONS: Patterns = [
  [/^(?<revision>[0-9a-f]{12}) came after it$/, 'reasonReplaced'],
  [/^the source went back to (?<revision>[0-9a-f]{12}|built-in)$/, 'reasonSourceBack'],
  [/^it does the same as (?<revision>[0-9a-f]{12}|built-in), which was taken back: (?<why>.*)$/s, 'reasonSame'],
  [/^rolled back by (?<name>.+)$/s, 'reasonRolledBack'],
  ...FINDINGS,
];

/** Why the next stage has not begun, in the reader's language where we have the words. */
export function sayHold(words: Words, hold: string): string {
  return translate(words, HOLDS, hold);
}

/** By what sign a rollout was halted. */
export function sayFinding(words: Words, text: string): string {
  return translate(words, FINDINGS, text);
}

/** Why a rollout or a revision came to its end. */
export function sayRolloutReason(words: Words, reason: string): string {
  return translate(words, REASONS, reason);
}

function translate(words: Words, patterns: Patterns, text: string): string {
  for (const [pattern, key] of patterns) {
    const match = pattern.exec(text);
    if (match === null) continue;
    // Each part keeps its own direction within words of the other.
    const parts = Object.entries(match.groups ?? {}).map(([name, part]) => [name, `\u2068${part}\u2069`]);
    return words.say(key, Object.fromEntries(parts));
  }
  return text;
}
