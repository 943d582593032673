import type { AlertView } from '../../contract/fleet.ts';
import { NERVESYS_AGENT_ID } from '../../contract/ids.ts';
import type { Queryable } from '../database/database.ts';
import { readLastWords, readSilentServers } from '../database/queries/state-facts.ts';
import { isUnseen, SAYS_CRITICAL, SAYS_DEGRADED, STOPPED } from '../fleet/judge-state.ts';
import type { Transition } from '../fleet/transitions.ts';
import { type OwnTrouble, raiseAlerts, settleAlerts } from './raise.ts';

/** Troubles of state have these names, one of each a server or AI agent. */
const SERVER_SILENT = 'server.silent';
const AGENT_KINDS = ['agent.silent', 'agent.stopped', 'agent.critical', 'agent.degraded'] as const;
type AgentKind = (typeof AGENT_KINDS)[number];

/**
 * What changes of state mean to people: alerts are raised and resolved in the transaction that stores the changes. A server that is down
 * is one alert, not one more for each of its AI agents; one that is merely late is none, for a hiccup wakes nobody.
 */
export async function tellStates(
  transaction: Queryable,
  transitions: readonly Transition[],
  lateAfterMs: number,
  now: Date,
): Promise<AlertView[]> {
  const own = transitions.filter(({ agentId }) => agentId !== NERVESYS_AGENT_ID);
  const raised = own.flatMap((transition) => troubleOf(transition) ?? []);
  const settled = own.filter(({ from }) => from !== null).flatMap(overBy);
  return [
    ...(await settleAlerts(transaction, settled, now)),
    ...(await raiseAlerts(transaction, await withoutSilentServers(transaction, raised, lateAfterMs), now)),
  ];
}

type StateTrouble = OwnTrouble & { readonly transition: Transition };

function troubleOf(transition: Transition): StateTrouble | undefined {
  const { server, agentId, to, reason } = transition;
  const trouble = (kind: AgentKind | typeof SERVER_SILENT, severity: OwnTrouble['severity'], title: string) => ({
    server,
    agentId,
    dedupKey: nameOf(agentId, kind),
    kind,
    severity,
    title,
    detail: { state: to, reason, since: transition.at.toISOString() },
    transition,
  });
  if (agentId === null)
    return to === 'down' ? trouble(SERVER_SILENT, 'critical', `${server} is down: ${reason}`) : undefined;
  const kind = agentKindOf(transition);
  switch (kind) {
    case undefined:
      return undefined;
    case 'agent.silent':
      return trouble(kind, to === 'down' ? 'critical' : 'warning', `${agentId} on ${server} is silent: ${reason}`);
    case 'agent.stopped':
      return trouble(kind, 'info', `${agentId} on ${server} has stopped`);
    case 'agent.critical':
      return trouble(kind, 'critical', `${agentId} on ${server} says that it is critical`);
    case 'agent.degraded':
      return trouble(kind, 'warning', `${agentId} on ${server} says that it is degraded`);
    default:
      return kind satisfies never;
  }
}

/** Which trouble of an AI agent this state is. */
function agentKindOf({ to, reason }: Transition): AgentKind | undefined {
  if (to === 'down') return reason === STOPPED ? 'agent.stopped' : 'agent.silent';
  if (to === 'late') return isUnseen(reason) ? 'agent.silent' : undefined;
  if (reason === SAYS_CRITICAL) return 'agent.critical';
  if (reason === SAYS_DEGRADED) return 'agent.degraded';
  return undefined; // other reasons have alerts of their own: the backlog a threshold, lost records the agent's
}

/** What is over by this change: all that it isn't itself. One that is late again may be as down as it was. */
function overBy(transition: Transition): { readonly server: string; readonly dedupKey: string }[] {
  const { server, agentId, to } = transition;
  if (agentId === null)
    return to === 'down' || to === 'late' ? [] : [{ server, dedupKey: nameOf(null, SERVER_SILENT) }];
  const kind = agentKindOf(transition);
  if (to === 'late' && kind === undefined) return [];
  return AGENT_KINDS.filter((one) => one !== kind).map((one) => ({ server, dedupKey: nameOf(agentId, one) }));
}

/** AI agents that are silent because their server is say nothing new; one that ended with an error says more than that it stopped. */
async function withoutSilentServers(
  transaction: Queryable,
  troubles: readonly StateTrouble[],
  lateAfterMs: number,
): Promise<readonly OwnTrouble[]> {
  const down = troubles.filter(({ kind, transition: { to } }) => kind === 'agent.silent' && to === 'down');
  const silent = await readSilentServers(
    transaction,
    down.map(({ server, transition }) => ({ server, at: transition.at })),
    lateAfterMs,
  );
  const stopped = troubles.filter(({ kind }) => kind === 'agent.stopped');
  const words = await readLastWords(
    transaction,
    stopped.map(({ server, agentId }) => ({ server, agentId: agentId! })),
  );
  return troubles
    .filter((trouble) => !(down.includes(trouble) && silent.has(trouble.server)))
    .map(({ transition: _, ...trouble }) => {
      const said = trouble.kind === 'agent.stopped' ? words.get(`${trouble.server}\n${trouble.agentId}`) : undefined;
      if (said === undefined || said.length === 0) return trouble;
      return {
        ...trouble,
        severity: 'warning',
        title: `${trouble.title}: ${said.join(', ')}`,
        detail: { ...trouble.detail, said },
      };
    });
}

function nameOf(agentId: string | null, kind: string): string {
  return agentId === null ? kind : `${kind}:${agentId}`;
}
