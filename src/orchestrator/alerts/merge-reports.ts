import { ALERT_COUNT_MAX, type AlertReport } from '../../contract/alert.ts';
import { NervesysError } from '../../platform/errors.ts';
import type { StoredReport } from '../database/queries/record-alerts.ts';

/**
 * What one request of `server` tells: one report a `dedup_key` (the last one's words, counted), and which troubles are over by its last
 * word. An instant from the future would stay newest for ever, so it becomes `now` (epoch ms), and one that no clock shows 1970. Throws `NSV_FORBIDDEN`, `NSV_BODY_INVALID`.
 */
export function mergeReports(
  reports: readonly AlertReport[],
  server: string,
  now: number,
): { readonly told: StoredReport[]; readonly over: string[] } {
  const told = new Map<string, StoredReport>();
  const over = new Map<string, boolean>();
  for (const { resolved = false, ...report } of reports) {
    const key = report.dedup_key;
    if (report.server !== server)
      throw new NervesysError('NSV_FORBIDDEN', `alert ${key} is of another server; this key is for ${server}`);
    const at = Date.parse(report.at);
    if (Number.isNaN(at)) throw new NervesysError('NSV_BODY_INVALID', `alert ${key}: at is not an instant`);
    over.set(key, resolved);
    if (resolved) continue;
    const before = told.get(key);
    const count = Math.min((before?.count ?? 0) + (report.count ?? 1), ALERT_COUNT_MAX);
    const detail = before === undefined ? report.detail : withModelOf(before.detail, report);
    told.set(key, { ...report, detail, at: new Date(Math.max(0, Math.min(at, now))).toISOString(), count });
  }
  return { told: [...told.values()], over: [...over].filter(([, isOver]) => isOver).map(([key]) => key) };
}

/**
 * The detail of a report that comes after one with `before`. What the model said of a template holds on while its lines go on; a report that
 * only tells what the model says leaves the rest as it was.
 */
function withModelOf(before: AlertReport['detail'], { detail, count }: AlertReport): AlertReport['detail'] {
  const { model } = before;
  if (count === 0) return { ...before, model: detail['model'] ?? model };
  const isKept = typeof model === 'object' && model !== null && detail['model'] === undefined;
  return isKept && before['template'] === detail['template'] ? { ...detail, model } : detail;
}
