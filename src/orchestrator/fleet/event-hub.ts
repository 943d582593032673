import type { AlertView, FleetAgent, FleetServer } from '../../contract/fleet.ts';

/** What the page is told live (`GET /api/v1/events`). */
export type FleetEvent =
  | { readonly type: 'fleet'; readonly data: FleetAgent }
  | { readonly type: 'server'; readonly data: FleetServer }
  | { readonly type: 'alert'; readonly data: AlertView };

/** Where routes say what happened. Delivered here at once, and to the streams of other replicas shortly after. */
export interface EventHub {
  publish(event: FleetEvent): void;
  subscribe(subscriber: (event: FleetEvent) => void): Disposable;
}
