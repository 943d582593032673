import type { Notification, NotifiedAlert } from '../../src/orchestrator/alerts/notification.ts';

/** An alert as a channel is asked to tell it, some fields replaced. */
export function notifiedAlert(replace: Partial<NotifiedAlert> = {}): NotifiedAlert {
  return {
    id: '1',
    severity: 'critical',
    kind: 'agent.silent',
    title: 'GROK gives no sign of life',
    server: 'AIGARDEN01',
    agent_id: 'GROK',
    count: 1,
    first_at: '2026-01-15T10:03:00.000Z',
    last_at: '2026-01-15T10:03:00.000Z',
    state: 'open',
    detail: {},
    lines: ['ERROR connection to the model lost', 'WARN trying again in 5 s'],
    acknowledged_by: null,
    ...replace,
  };
}

export function notification(replace: Partial<Notification> = {}): Notification {
  const alerts = replace.alerts ?? [notifiedAlert()];
  return {
    id: 'event-1:oncall',
    event: 'opened',
    groupKey: 'agent.silent/AIGARDEN01',
    severity: alerts[0]?.severity ?? 'info',
    alerts,
    total: alerts.length,
    at: '2026-01-15T10:03:00.000Z',
    link: 'https://nervesys.example.com/alerts?group=agent.silent%2FAIGARDEN01&x="<',
    ...replace,
  };
}

/** A rack of servers that are all silent. */
export function silentRack(count: number): Notification {
  const alerts = Array.from({ length: Math.min(20, count) }, (_, index) =>
    notifiedAlert({
      id: String(index),
      kind: 'server.silent',
      title: 'silent',
      server: `AIGARDEN${String(index + 1).padStart(2, '0')}`,
      agent_id: null,
      lines: [],
    }),
  );
  return notification({ alerts, total: count, groupKey: 'server.silent' });
}
