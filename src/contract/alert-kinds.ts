/**
 * The kinds of trouble that have words of their own in what people are told. The set is open: another kind is told by its alert's title.
 * `rule` and `log.critical` are missing on purpose, for their titles say more than their kind.
 */
export const ALERT_KINDS = [
  'agent.contract',
  'agent.silent',
  'agent.exited',
  'agent.upgrade',
  'server.cloned',
  'server.silent',
  'threshold.cpu_percent',
  'threshold.ram_percent',
  'threshold.disk_percent',
  'threshold.buffer_percent',
  'threshold.errors_per_minute',
  'threshold.oldest_unarchived',
  'threshold.lost_records',
  'threshold.clock_skew',
  'ai.tool_loop',
  'ai.no_progress',
  'ai.context_length',
  'ai.rate_limit',
  'ai.permission_storm',
  'ai.false_success',
  'ai.token_spend',
  'ai.prompt_injection',
  'triage.rate_change',
  'triage.gone_silent',
  'archive.refused',
  'archive.stranger',
  'backup.failed',
  'buffer.damaged',
  'buffer.lost',
  'channel.failing',
  'config.halted',
  'config.held',
  'config.refused',
  'config.source',
  'enrolment.refused',
  'report.missing',
] as const;
export type AlertKind = (typeof ALERT_KINDS)[number];

export function isAlertKind(kind: string): kind is AlertKind {
  return (ALERT_KINDS as readonly string[]).includes(kind);
}
