import { ALERT_KINDS } from '../contract/alert-kinds.ts';
import { channelSecretName } from '../contract/channels.ts';
import { isLoopbackHost } from '../platform/loopback.ts';
import type { ChannelSettings } from './channel-settings.ts';
import { CHANNELS_MAX } from './channels-section.ts';
import { nearest } from './complaints.ts';
import type { OrchestratorSettings } from './config.ts';
import { type FileComplaints, keyPositionOf, type Located, positionOf } from './located.ts';

type Complain = (path: readonly string[], problem: string, remedy: string) => void;

/** What no single key can tell: two channels with one secret, mail in the clear, hours that are none. */
export function checkChannels(
  { channels = [] }: OrchestratorSettings,
  root: Located | undefined,
  complaints: FileComplaints,
): void {
  const complain: Complain = (path, problem, remedy) =>
    complaints.add((path.length === 2 ? keyPositionOf : positionOf)(root, path), path.join('.'), problem, remedy);
  if (channels.length > CHANNELS_MAX)
    complain(['channels'], `has ${channels.length} channels`, `use at most ${CHANNELS_MAX}`);
  const variables = new Map<string, string>();
  for (const channel of channels) {
    const variable = channelSecretName(channel.name);
    const other = variables.get(variable);
    if (other !== undefined)
      complain(
        ['channels', channel.name],
        `and ${other} would both read ${variable}`,
        'use names that differ in more than - and _',
      );
    variables.set(variable, channel.name);
    checkChannel(channel, (path, ...rest) => complain(['channels', channel.name, ...path], ...rest));
  }
}

/** Each name in a rule's `route` is a channel's. Where there are none at all, as in the folder of a server's agent, rules may come first. */
export function checkRoute(
  route: readonly string[] | undefined,
  channels: readonly ChannelSettings[],
  complain: (problem: string, remedy: string) => void,
): void {
  const names = channels.map(({ name }) => name);
  for (const name of channels.length === 0 ? [] : (route ?? [])) {
    if (names.includes(name)) continue;
    const meant = nearest(name, names);
    const remedy = meant
      ? `did you mean ${meant}?`
      : `add it to channels in orchestrator.yaml, or use ${names.join(', ')}`;
    complain(`names ${name}, which is no channel`, remedy);
  }
}

function checkChannel(channel: ChannelSettings, complain: Complain): void {
  const { quietHours, only } = channel;
  if (quietHours !== undefined && quietHours.fromMinutes === quietHours.toMinutes)
    complain(['quiet_hours', 'to'], 'is the same as from', 'use another time; leave the channel out to have it silent');
  for (const kind of only.kinds ?? []) {
    if (/[*?]/.test(kind) || (ALERT_KINDS as readonly string[]).includes(kind)) continue;
    const meant = nearest(kind, ALERT_KINDS); // what is near none may be a kind that an agent of your own tells
    if (meant !== undefined) complain(['only', 'kinds'], `names ${kind}, which is no kind`, `did you mean ${meant}?`);
  }
  if (channel.type === 'email') {
    if (channel.tls === 'none' && !isLoopbackHost(channel.host))
      complain(['tls'], 'is none: alerts and the password would travel readable', 'use starttls or implicit');
    const doubled = channel.to.find((address, index) => channel.to.indexOf(address) !== index);
    if (doubled !== undefined) complain(['to'], `names ${doubled} twice`, 'name each address once');
  }
  if (channel.type === 'ntfy' || channel.type === 'pagerduty' || channel.type === 'telegram') {
    if (channel.url.startsWith('http:') && !isLoopbackHost(new URL(channel.url).hostname.replace(/^\[|\]$/g, '')))
      complain(['url'], 'is http: its secret would travel readable', 'write it as https://…');
  }
}
