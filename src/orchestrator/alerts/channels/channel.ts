import type { ChannelType } from '../../../config/index.ts';
import type { Notification } from '../notification.ts';

/** A way by which people are told, such as one Slack channel. It keeps no state that another replica would miss. */
export interface Channel {
  /** As in `orchestrator.yaml`. */
  readonly name: string;
  readonly type: ChannelType;
  /**
   * Tells it once, within `TELL_TIMEOUT_MS`. Resolves when the provider has taken it, with its id for the message where it gives one.
   * Rejects with a `NervesysError` of code `NSV_CHANNEL_…`: `retryable` says whether the same may succeed later, and
   * `facts.retryAfterMs` when, where the provider says so. Aborting rejects with the signal's reason. No error holds a secret.
   */
  tell(notification: Notification, signal: AbortSignal): Promise<Told>;
}

export interface Told {
  readonly providerId: string | null;
}

/** The whole attempt: a provider that takes longer is tried again later. */
export const TELL_TIMEOUT_MS = 15_000;
