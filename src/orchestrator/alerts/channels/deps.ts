import type { Clock } from '../../../platform/clock.ts';
import type { Logger } from '../../../platform/logger.ts';

/** What channels are handed besides their settings and their secret. */
export interface ChannelDeps {
  readonly clock: Clock;
  readonly logger: Logger;
}
