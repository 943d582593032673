import { type AlertReport, DEDUP_KEY_LENGTH_MAX } from '../../contract/alert.ts';
import type { ServerName } from '../../contract/ids.ts';
import type { DetectorHit } from './detectors/index.ts';

/** The alert of a trouble that shows in several records. `now`: epoch ms. */
export function detectedAlert(
  hit: DetectorHit,
  { server, revision, now }: { readonly server: ServerName; readonly revision: string; readonly now: number },
): AlertReport {
  const { detector, kind, severity, agentId, subject, count, title, reason, detail } = hit;
  return {
    // The names of a server, an AI agent and a tool may be longer together.
    dedup_key: `${server}:${agentId}:detector:${detector}:${subject}`.slice(0, DEDUP_KEY_LENGTH_MAX).toWellFormed(),
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
