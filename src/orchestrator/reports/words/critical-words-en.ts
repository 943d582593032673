import type { CriticalWords } from './critical-words.ts';

const number = new Intl.NumberFormat('en-GB');
const n = (count: number) => number.format(count);
const by = (name: string | undefined) => (name === undefined ? '' : ` by ${name}`);
const verb = (count: number, one: string, many: string) =>
  `${count === 1 ? 'one' : n(count)} ${count === 1 ? one : many}`;

export const CRITICAL_WORDS_EN: CriticalWords = {
  document: 'Critical alerts',
  headline: ({ total, open }) => {
    if (total === 0) return 'No critical alert';
    if (total === 1) return open === 0 ? 'One critical alert, over' : 'One critical alert, not over';
    return `${n(total)} critical alerts, ${open === 0 ? 'all over' : open === total ? 'none over' : `${n(open)} not over`}`;
  },
  stands: ({ unseen, seen, over }) => {
    const parts = [
      ...(unseen > 0 ? [verb(unseen, 'waits for somebody', 'wait for somebody')] : []),
      ...(seen > 0 ? [verb(seen, 'is being looked at', 'are being looked at')] : []),
      ...(over > 0 ? [verb(over, 'is over', 'are over')] : []),
    ];
    const said = parts.length > 1 ? `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}` : (parts[0] ?? '');
    return said === '' ? '' : `${said.charAt(0).toUpperCase()}${said.slice(1)}.`;
  },
  inShort: (where, what, state) => `${where}: ${what} (${state}).`,
  states: {
    open: (age) => `not over for ${age}, and nobody is at it`,
    acknowledged: (name, age) => `not over for ${age}, being looked at${by(name)}`,
    resolved: (after) => `over after ${after}`,
  },
  labels: {
    where: 'Where',
    since: 'Since',
    state: 'How it stands',
    seen: 'Seen',
    reason: 'Why',
    rule: 'Rule',
    revision: 'Configuration',
    count: 'How often',
    kind: 'Kind',
  },
  seenAfter: (name, after) => `${name === undefined ? '' : `${name}, `}after ${after}`,
  nobodyYet: 'by nobody yet',
  nobodyWas: 'by nobody before it was over',
  times: (count) => `${n(count)} times`,
  timeline: 'What happened',
  events: {
    opened: ({ severity }) => `Opened as ${severity}`,
    reopened: ({ severity }) => `Came back as ${severity}`,
    worsened: ({ severity }) => `Became ${severity}`,
    eased: ({ severity }) => `Eased to ${severity}`,
    acknowledged: (told) => `Seen${by(told.by)}`,
    resolved: (told) => (told.by === undefined ? 'Over by itself' : `Closed${by(told.by)}`),
  },
  lines: 'Lines up to it',
  noLines: 'It was not raised by a line, or the lines before it are not known.',
  cause: 'raised it',
  told: 'Who was told',
  toldNobody: 'Nobody: no channel takes such alerts.',
  deliveries: {
    told: (channel) => `${channel} was told`,
    waiting: (channel) => `${channel} is still to be told`,
    failed: (channel) => `${channel} could not be told`,
    moot: (channel) => `${channel} was not told: it was over before`,
  },
  others: 'The others in short',
  andMore: (count) =>
    `And ${count === 1 ? 'one more critical alert' : `${n(count)} more critical alerts`}, which this report has no room for: the dashboard lists all of them.`,
  severityWas: { info: 'a note', warning: 'a warning', critical: 'critical' },
  none: 'There was no critical alert on this day.',
};
