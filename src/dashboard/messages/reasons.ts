import type { FleetAgent } from '../../contract/fleet.ts';
import type { TextKey, Words } from './words.ts';

/**
 * The orchestrator gives its reasons in English. These are the ones it knows (a test holds them against its judgement);
 * any other, from a newer orchestrator, is shown as it came.
 */
const REASONS: readonly (readonly [pattern: RegExp, key: TextKey])[] = [
  [/^beats arrive on time$/, 'reasonUp'],
  [/^no heartbeat for more than (?<time>.+)$/, 'reasonSilent'],
  [/^no sign of life for more than (?<time>.+)$/, 'reasonQuiet'],
  [/^back in service, and not heard since$/, 'reasonAwaited'],
  [/^stopped, by its own word$/, 'reasonStopped'],
  [/^it says it is critical$/, 'reasonCritical'],
  [/^it says it is degraded$/, 'reasonDegraded'],
  [/^records have waited for the archive for more than (?<time>.+)$/, 'reasonBacklog'],
  [/^its server has lost records since the beat before$/, 'reasonLost'],
  [/^the server's key was revoked$/, 'reasonRevoked'],
  [/^taken out of service$/, 'reasonRetired'],
];

/** Why the orchestrator judged as it did, in the reader's language where we have the words. */
export function sayReason(words: Words, reason: string): string {
  for (const [pattern, key] of REASONS) {
    const match = pattern.exec(reason);
    // The isolates keep "2m30s" in one piece within right-to-left words.
    if (match !== null) return words.say(key, { time: `\u2066${match.groups?.['time'] ?? ''}\u2069` });
  }
  return reason;
}

/** What stands under the state: nothing for an agent that is well, and a note for one that is beaten for but never showed itself. */
export function sayNote(words: Words, agent: FleetAgent): string {
  if (agent.state !== 'up') return sayReason(words, agent.reason);
  return agent.last_seen_at === null ? words.say('reasonUnheard') : '';
}
