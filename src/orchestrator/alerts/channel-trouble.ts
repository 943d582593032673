import type { AlertView } from '../../contract/fleet.ts';
import type { Queryable } from '../database/database.ts';
import { ORCHESTRATOR_ALERTS_SERVER, type OwnTrouble, raiseAlerts, settleAlerts } from './raise.ts';

/** So many attempts that may succeed by themselves are nobody's business: some two minutes. */
const PASSING_ATTEMPTS = 5;
/** It is critical once nobody was told for some time. */
const CRITICAL_ATTEMPTS = 12;

/** The alert that a channel doesn't work, where it is time for it: people are told by the others, and the page shows it. */
export function channelFailing(
  { channel, attempts }: { readonly channel: string; readonly attempts: number },
  reason: string,
  passing: boolean,
): OwnTrouble | undefined {
  if (passing && attempts < PASSING_ATTEMPTS) return undefined;
  return {
    ...nameOf(channel),
    agentId: null,
    kind: 'channel.failing',
    severity: attempts >= CRITICAL_ATTEMPTS ? 'critical' : 'warning',
    title: `Alerts cannot be told by ${channel}: ${reason}`,
    detail: { channel, attempts, reason },
  };
}

/** Raises or resolves it, in the transaction in which the attempt's outcome is noted. */
export async function channelTrouble(
  transaction: Queryable,
  channel: string,
  works: boolean,
  trouble: OwnTrouble | undefined,
  at: Date,
): Promise<AlertView[]> {
  if (works) return settleAlerts(transaction, [nameOf(channel)], at);
  return trouble === undefined ? [] : raiseAlerts(transaction, [trouble], at);
}

function nameOf(channel: string) {
  return { server: ORCHESTRATOR_ALERTS_SERVER, dedupKey: `channel.failing:${channel}` } as const;
}
