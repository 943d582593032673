import type { AlertDeliveryView, AlertDetail, AlertEventView } from '../../contract/fleet.ts';

/** Something that happened to an alert, or that a channel was to tell of it. */
export type TimelineEntry =
  | { readonly type: 'event'; readonly at: string; readonly event: AlertEventView }
  | { readonly type: 'delivery'; readonly at: string; readonly delivery: AlertDeliveryView };

/** What happened and who was told, oldest first. What still waits stands at the end: its time is to come, or has just come. */
export function timelineOf({
  events,
  deliveries,
}: Pick<AlertDetail, 'events' | 'deliveries'>): readonly TimelineEntry[] {
  const entries: readonly TimelineEntry[] = [
    ...events.map((event) => ({ type: 'event', at: event.at, event }) as const),
    ...deliveries.map(
      (delivery) => ({ type: 'delivery', at: delivery.ended_at ?? delivery.due_at, delivery }) as const,
    ),
  ];
  const rank = (entry: TimelineEntry) => (entry.type === 'delivery' && entry.delivery.state === 'waiting' ? 1 : 0);
  // Stable: of what happened at once, an event comes before who was told of it.
  return [...entries].sort((a, b) => rank(a) - rank(b) || Date.parse(a.at) - Date.parse(b.at));
}
