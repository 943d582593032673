import type { Level } from '../../contract/record.ts';

const LEVEL_WORDS: ReadonlyMap<string, Level> = new Map<string, Level>(
  Object.entries({
    trace: 'DEBUG',
    verbose: 'DEBUG',
    silly: 'DEBUG',
    fine: 'DEBUG',
    debug: 'DEBUG',
    info: 'INFO',
    information: 'INFO',
    informational: 'INFO',
    notice: 'INFO',
    log: 'INFO',
    success: 'INFO',
    warn: 'WARN',
    warning: 'WARN',
    error: 'ERROR',
    err: 'ERROR',
    severe: 'ERROR',
    failure: 'ERROR',
    critical: 'CRITICAL',
    crit: 'CRITICAL',
    fatal: 'CRITICAL',
    alert: 'CRITICAL',
    emerg: 'CRITICAL',
    emergency: 'CRITICAL',
    panic: 'CRITICAL',
  } as const),
);

/** Level names of the common loggers, in any case, and pino's and bunyan's numbers (10 trace … 60 fatal). */
export function parseLevel(value: unknown): Level | undefined {
  if (typeof value === 'string') return LEVEL_WORDS.get(value) ?? LEVEL_WORDS.get(value.trim().toLowerCase());
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  if (value >= 60) return 'CRITICAL';
  if (value >= 50) return 'ERROR';
  if (value >= 40) return 'WARN';
  return value >= 30 ? 'INFO' : 'DEBUG';
}
