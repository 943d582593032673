import type { ChannelSettings, ChannelType } from '../../src/config/index.ts';

type Own<T extends ChannelType> = Extract<ChannelSettings, { type: T }>;
type Common = 'name' | 'lang' | 'timeZone' | 'severity' | 'only' | 'resolved' | 'quietHours' | 'escalateAfterMs';

/** Settings of a channel with what holds where a file says nothing. */
export function channelSettings<T extends ChannelType>(
  own: { readonly type: T } & Omit<Own<T>, Common | 'type'> & Partial<Pick<Own<T>, Common>>,
): Own<T> {
  return {
    name: 'oncall',
    lang: 'en',
    timeZone: 'UTC',
    severity: 'warning',
    only: { agents: undefined, servers: undefined, kinds: undefined },
    resolved: true,
    quietHours: undefined,
    escalateAfterMs: undefined,
    ...own,
  } as unknown as Own<T>;
}
