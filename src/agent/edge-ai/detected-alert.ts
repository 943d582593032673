import type { AlertReport } from '../../contract/alert.ts';
import type { ServerName } from '../../contract/ids.ts';
import type { DetectorHit } from './detectors/index.ts';

/** The alert of a trouble that shows in several records. `now`: epoch ms. */
export function detectedAlert(
  hit: DetectorHit,
  { server, revision, now }: { readonly server: ServerName; readonly revision: string; readonly now: number },
): AlertReport {
  const { detector, kind, severity, agentId, subject, count, title, reason, detail } = hit;
  return {
    dedup_key: `${server}:${agentId}:detector:${detector}:${subject}`,
    severity,
    server,
    agent_id: agentId,
    kind,
    title,
    count,
    detail: { ...detail, tier: 'detector', detector, reason, revision, hits: count },
    at: new Date(now).toISOString(),
  };
}
