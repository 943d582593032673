import type { Heartbeat } from '../../src/contract/heartbeat.ts';
import { emptyLevelCounts, type LevelCounts } from '../../src/contract/record.ts';
import type { Queryable } from '../../src/orchestrator/database/database.ts';
import { recordHeartbeats } from '../../src/orchestrator/database/queries/record-heartbeats.ts';
import { heartbeat } from './orchestrator.ts';

export interface ToldBeat {
  readonly server?: string;
  readonly agentId?: string;
  /** The agent's clock, and when it arrives; default: at once. */
  readonly at: number;
  readonly receivedAt?: number;
  readonly cpu?: number;
  readonly counts?: Partial<LevelCounts>;
  readonly replace?: Partial<Record<keyof Heartbeat, unknown>>;
}

/** Puts beats into the history as the orchestrator would on receiving them. */
export async function tellBeats(database: Queryable, beats: readonly ToldBeat[]): Promise<void> {
  for (let from = 0; from < beats.length; from += 1_000) {
    await recordHeartbeats(
      database,
      beats
        .slice(from, from + 1_000)
        .map(({ server = 'AIGARDEN01', agentId = 'GROK', at, receivedAt = at, ...beat }) => ({
          beat: heartbeat(server, agentId, {
            timestamp: new Date(at).toISOString(),
            metrics: { cpu_percent: beat.cpu ?? 10, ram_percent: 40, disk_percent: 55, buffer_size_mb: 0.5 },
            level_counts: { ...emptyLevelCounts(), ...beat.counts },
            ...beat.replace,
          }),
          receivedAt: new Date(receivedAt),
          judgement: { state: 'up', reason: 'beats arrive on time' },
        })),
    );
  }
}
