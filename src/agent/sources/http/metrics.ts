import { LEVELS, type LevelCounts } from '../../../contract/record.ts';
import { NERVESYS_VERSION } from '../../../contract/version.ts';
import type { Metric } from '../../../platform/metrics-text.ts';
import { processMetrics } from '../../../platform/process-metrics.ts';
import type { BufferStats } from '../../buffer/types.ts';

export interface AgentMetrics {
  readonly stats: BufferStats;
  readonly totals: LevelCounts;
  readonly knownAgents: number;
  readonly untracked: number;
  readonly requests: number;
  readonly repeated: number;
  readonly rejectedLines: number;
  readonly keysReused: number;
  readonly keysTooMany: number;
  readonly bodyBytes: number;
  /** Epoch ms. */
  readonly now: number;
}

/** What the agent measures of itself. Names are `nervesys_agent_…`, units in the name, counters end in `_total`. */
export function agentMetrics(of: AgentMetrics): Metric[] {
  const { stats } = of;
  const gauge = (name: string, help: string, value: number): Metric => ({ name, type: 'gauge', help, value });
  const counter = (name: string, help: string, value: number): Metric => ({ name, type: 'counter', help, value });
  return [
    {
      ...gauge('nervesys_agent_info', 'The running version.', 1),
      labels: { version: NERVESYS_VERSION, epoch: stats.epoch },
    },
    ...LEVELS.map((level) => ({
      ...counter('nervesys_agent_records_total', 'Records stored since the start.', of.totals[level]),
      labels: { level },
    })),
    counter('nervesys_agent_log_requests_total', 'POST /logs requests read.', of.requests),
    counter('nervesys_agent_log_requests_repeated_total', 'Requests repeated with a known key.', of.repeated),
    gauge('nervesys_agent_idempotency_keys', 'Keys of the last ten minutes that are remembered.', stats.rememberedKeys),
    ...(['reused', 'too_many'] as const).map((reason) => ({
      ...counter(
        'nervesys_agent_idempotency_keys_refused_total',
        'Requests refused for their key: with another body, or more keys than are remembered.',
        reason === 'reused' ? of.keysReused : of.keysTooMany,
      ),
      labels: { reason },
    })),
    counter('nervesys_agent_rejected_lines_total', 'Lines that were no records.', of.rejectedLines),
    counter('nervesys_agent_lost_records_total', 'Records given up, each in a loss receipt.', stats.lostRecords),
    counter('nervesys_agent_untracked_total', 'Records or statuses of AI agents past the bound.', of.untracked),
    gauge('nervesys_agent_known_agents', 'AI agents known on this server.', of.knownAgents),
    gauge('nervesys_agent_buffer_bytes', 'Bytes of the buffer on disk.', stats.bytes),
    gauge('nervesys_agent_buffer_limit_bytes', 'The most it may have.', stats.limitBytes),
    gauge('nervesys_agent_buffer_records', 'Records not yet archived.', stats.records),
    gauge('nervesys_agent_buffer_batches', 'Sealed batches not yet archived.', stats.batches.length),
    gauge('nervesys_agent_buffer_held', '1 while the buffer takes nothing more.', stats.held ? 1 : 0),
    gauge(
      'nervesys_agent_oldest_unarchived_seconds',
      'Age of the oldest record not yet archived.',
      stats.oldestAt === null ? 0 : Math.max(0, (of.now - stats.oldestAt) / 1000),
    ),
    gauge(
      'nervesys_agent_last_archived_timestamp_seconds',
      'When the archive last confirmed a batch; 0 for never.',
      (stats.lastArchivedAt ?? 0) / 1000,
    ),
    gauge('nervesys_agent_request_body_bytes', 'Bytes of requests being read.', of.bodyBytes),
    ...processMetrics(of.now),
  ];
}
