/** By what name a channel's secret is looked up, in the environment and in Vault. */
export function channelSecretName(channel: string): string {
  return `NERVESYS_CHANNEL_${channel.toUpperCase().replaceAll('-', '_')}_SECRET`;
}

/** One channel as `GET /api/v1/channels` shows it; never a secret. */
export interface ChannelView {
  readonly name: string;
  readonly type: string;
  /** Where it leads to, as far as that is no secret: a chat, a topic, addresses. */
  readonly target: string | null;
  readonly lang: 'en' | 'he';
  readonly time_zone: string;
  readonly severity: string;
  readonly resolved: boolean;
  /** `unconfigured`: its secret is missing or can't be used; `problem` and `hint` say so. */
  readonly state: 'ready' | 'unconfigured';
  readonly problem: string | null;
  readonly hint: string | null;
}

export interface ChannelsAnswer {
  readonly channels: readonly ChannelView[];
  /** The sign of life outward, by the replica that was asked; null: none is given. */
  readonly dead_man: { readonly pinged_at: string | null; readonly problem: string | null } | null;
}

/** `POST /api/v1/channels/<name>/test`: what the provider answered. */
export interface ChannelTested {
  readonly name: string;
  readonly type: string;
  /** The provider's id of the message, where it gives one. */
  readonly provider_id: string | null;
  readonly took_ms: number;
}
