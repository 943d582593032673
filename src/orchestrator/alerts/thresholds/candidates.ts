import type { Heartbeat } from '../../../contract/heartbeat.ts';
import type { BreachSubject } from '../../database/queries/breaches.ts';
import type { LowestLimits } from './limit-book.ts';

/** Subjects noted between two rounds; past it they are noted by their next beats, a minute later. */
const CANDIDATES_MAX = 20_000;
/** AI agents whose losses are remembered; past it the memory starts anew, and each is looked at once more. */
const LOSSES_MAX = 50_000;
/** A minute's errors may come in several beats (news come between): each then carries a part of them. */
const PARTS_OF_A_MINUTE = 4;

/**
 * Who may be past a limit, by the beats that came in: a cheap look at each against the lowest limits there are. Says too much rather
 * than too little, and forgets in a crash: the next beat says it again.
 */
export class Candidates {
  #servers = new Map<string, BreachSubject>();
  #agents = new Map<string, BreachSubject>();
  /** What each one's server had lost as of its latest beat: a counter that stands still is no news. */
  readonly #losses = new Map<string, number>();

  get size(): number {
    return this.#servers.size + this.#agents.size;
  }

  see(beat: Heartbeat, lowest: LowestLimits): void {
    // Rolled up in an outage: it tells how things were.
    if (beat.covers_seconds !== undefined) return;
    const { metrics, level_counts: counts } = beat;
    if (
      metrics.cpu_percent >= lowest.cpuPercent ||
      metrics.ram_percent >= lowest.ramPercent ||
      metrics.disk_percent >= lowest.diskPercent ||
      metrics.buffer_size_mb >= lowest.bufferMb ||
      beat.oldest_unarchived_seconds * 1000 >= lowest.oldestUnarchivedMs ||
      Math.abs(beat.clock_skew_ms) >= lowest.clockSkewMs ||
      (beat.lost_records > 0 && this.#hasLostMore(beat))
    )
      this.#note(this.#servers, beat.server, { server: beat.server, agentId: null });
    const errors = counts.ERROR + counts.CRITICAL;
    if (errors > 0 && errors * PARTS_OF_A_MINUTE >= lowest.errorsPerMinute)
      this.#note(this.#agents, `${beat.server}\n${beat.agent_id}`, { server: beat.server, agentId: beat.agent_id });
  }

  /** Takes at most so many; they are gone from here. */
  take(limit: number): BreachSubject[] {
    const taken: BreachSubject[] = [];
    for (const noted of [this.#servers, this.#agents])
      for (const [key, subject] of noted) {
        if (taken.length >= limit) return taken;
        taken.push(subject);
        noted.delete(key);
      }
    return taken;
  }

  /** They could not be judged. */
  giveBack(subjects: readonly BreachSubject[]): void {
    for (const subject of subjects)
      if (subject.agentId === null) this.#note(this.#servers, subject.server, subject);
      else this.#note(this.#agents, `${subject.server}\n${subject.agentId}`, subject);
  }

  #note(noted: Map<string, BreachSubject>, key: string, subject: BreachSubject): void {
    if (noted.size < CANDIDATES_MAX) noted.set(key, subject);
  }

  #hasLostMore({ server, agent_id: agentId, lost_records: lost }: Heartbeat): boolean {
    const key = `${server}\n${agentId}`;
    if (this.#losses.get(key) === lost) return false;
    if (this.#losses.size >= LOSSES_MAX) this.#losses.clear();
    this.#losses.set(key, lost);
    return true;
  }
}
