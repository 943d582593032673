import { parseIpNetwork } from '../platform/ip-address.ts';
import { alertSettings, alertsSection, checkAlerts } from './alerts-section.ts';
import { backupSection, backupSettings } from './backup-section.ts';
import { channelSettings, channelsSection } from './channels-section.ts';
import { checkChannels } from './check-channels.ts';
import { checkReports } from './check-reports.ts';
import type { OrchestratorSettings } from './config.ts';
import { described, duration, group, httpUrl, list, number, parsed, type Read, text, withDefault } from './fields.ts';
import { gitSection, gitSettings } from './git-section.ts';
import { checkHistory, historySection, historySettings } from './history-section.ts';
import { type FileComplaints, type Located, positionOf } from './located.ts';
import { reportSettings, reportsSection } from './reports-section.ts';
import { checkRollout, rolloutSection, rolloutSettings } from './rollout-section.ts';
import { checkTls, tlsSection, tlsSettings } from './tls-section.ts';

const proxy = parsed(
  'the address or the network of a proxy, such as 127.0.0.1, 10.0.0.0/8 or fd00::/8, and never all addresses',
  '^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$',
  (value) => (parseIpNetwork(value) === undefined ? undefined : value),
);

/** `orchestrator.yaml`: where the central service listens, and how it judges heartbeats. */
const fields = {
  listen: withDefault(
    group({
      host: withDefault(
        text({ lengthMax: 253, meaning: 'an address or host name such as 127.0.0.1' }),
        '127.0.0.1',
        'The address it listens on; 127.0.0.1 is reached from this machine only.',
      ),
      port: withDefault(number({ least: 1, most: 65535, whole: true }), 7700, 'The port; --port wins over it.'),
    }),
    {},
    'Where the API and the page are.',
  ),
  public_url: described(
    httpUrl(),
    'The address under which servers reach it; tokens carry it. Left out: the one it listens on.',
  ),
  trusted_proxies: described(
    list(proxy, { lengthMax: 50, of: 'addresses' }),
    'Proxies whose word is believed on where a request comes from (X-Forwarded-For, X-Forwarded-Proto): addresses, or networks such as 10.0.0.0/8. Left out: none, and what comes through a proxy counts as its own.',
  ),
  tls: tlsSection,
  git: gitSection,
  heartbeat: withDefault(
    group({
      interval: withDefault(duration('5s', '1h'), '1m', 'How often each server beats for all its AI agents.'),
      late_after: withDefault(
        duration('10s', '1d'),
        '2m30s',
        'Without a beat for this long a server and its AI agents are late: two beats may be lost before.',
      ),
      down_after: withDefault(duration('20s', '7d'), '5m', 'Without a beat for this long they are down.'),
    }),
    {},
    'How heartbeats are judged, by the time they were received.',
  ),
  keys: withDefault(
    group({
      rotate_after: withDefault(
        duration('1h', '3650d'),
        '90d',
        'A server exchanges its key for a new one when it is older than this, by itself and without a gap.',
      ),
    }),
    {},
    'The keys that servers have got for their tokens.',
  ),
  rollout: rolloutSection,
  alerts: alertsSection,
  channels: channelsSection,
  dead_man: withDefault(
    group({
      interval: withDefault(
        duration('30s', '1d'),
        '1m',
        'How often. Whoever is pinged should call for help after three times as long.',
      ),
    }),
    {},
    'A sign of life outward, so that a silent orchestrator is noticed too: to the address in NERVESYS_DEAD_MAN_URL.',
  ),
  backup: backupSection,
  reports: reportsSection,
  history: historySection,
} as const;

export const orchestratorFile = group(fields);

export function orchestratorSettings(read: Read<typeof fields>): OrchestratorSettings {
  const { listen, public_url: publicUrl, heartbeat, keys } = read;
  return {
    listen,
    publicUrl,
    trustedProxies: read.trusted_proxies ?? [],
    tls: tlsSettings(read.tls),
    git: gitSettings(read.git),
    heartbeat: {
      intervalMs: heartbeat.interval,
      lateAfterMs: heartbeat.late_after,
      downAfterMs: heartbeat.down_after,
    },
    keys: { rotateAfterMs: keys.rotate_after },
    rollout: rolloutSettings(read.rollout),
    alerts: alertSettings(read.alerts),
    channels: channelSettings(read.channels),
    deadMan: { intervalMs: read.dead_man.interval },
    backup: backupSettings(read.backup),
    reports: reportSettings(read.reports),
    history: historySettings(read.history),
  };
}

/** interval < late_after < down_after: otherwise every server would be late between two beats. */
export function checkOrchestrator(
  settings: OrchestratorSettings,
  root: Located | undefined,
  complaints: FileComplaints,
): void {
  const { heartbeat } = settings;
  checkTls(settings, root, complaints);
  checkRollout(settings, root, complaints);
  checkAlerts(settings, root, complaints);
  checkChannels(settings, root, complaints);
  checkHistory(settings, root, complaints);
  checkReports(settings, root, complaints);
  const complain = (key: string, problem: string, remedy: string) =>
    complaints.add(positionOf(root, ['heartbeat', key]), `heartbeat.${key}`, problem, remedy);

  if (heartbeat.lateAfterMs <= heartbeat.intervalMs)
    complain('late_after', 'is not longer than heartbeat.interval', 'use at least twice the interval');
  if (heartbeat.downAfterMs <= heartbeat.lateAfterMs)
    complain('down_after', 'is not longer than heartbeat.late_after', 'use a longer time');
}
