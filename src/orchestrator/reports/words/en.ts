import { en as alerts } from '../../alerts/messages/en.ts';
import type { ReportWords } from './words.ts';

const number = new Intl.NumberFormat('en-GB');
const n = (count: number) => number.format(count);
/** `1 record`, `37 records`. */
const some = (count: number, one: string, many = `${one}s`) => `${n(count)} ${count === 1 ? one : many}`;
const usual = (count: number, unit: string) => (count === 0 ? 'Usual' : `Usual, ${some(count, unit)}`);
const was = (count: number) => (count === 1 ? 'was' : 'were');
const of = (names: string) => (names === '' ? '' : `: ${names}`);
const during = ({ when }: { when: string }) => (when === '' ? '' : ` ${when}`);

export const en: ReportWords = {
  language: 'en',
  direction: 'ltr',
  locale: 'en-GB',
  alerts,
  product: 'Nervesys',
  document: { daily: 'Daily brief', weekly: 'Weekly brief', monthly: 'Monthly brief' },
  week: (week, year) => `Week ${week} of ${year}`,
  fromTo: (from, to) => `${from} – ${to}`,

  duration: {
    second: (count) => some(count, 'second'),
    minute: (count) => some(count, 'minute'),
    hour: (count) => some(count, 'hour'),
    day: (count) => some(count, 'day'),
  },
  joinDurations: (greater, smaller) => `${greater} and ${smaller}`,
  moment: 'less than a second',
  shortDuration: {
    second: (count) => `${count} s`,
    minute: (count) => `${count} min`,
    hour: (count) => `${count} h`,
    day: (count) => `${count} d`,
  },
  millions: ['M', 'bn', 'tn'],
  bytes: ['B', 'kB', 'MB', 'GB', 'TB', 'PB'],

  light: { green: 'Good', yellow: 'Watch', red: 'Trouble', grey: 'Unknown' },
  lightReason: {
    down: 'was down',
    critical_alert: 'critical alert',
    lost_records: 'lost records',
    degraded: 'was degraded',
    late: 'reported late',
    errors_above_habit: 'more errors than usual',
    critical_records: 'wrote CRITICAL records',
    warning_alert: 'warning',
    unknown: 'too little is known',
  },
  state: {
    up: 'Up',
    degraded: 'Degraded',
    late: 'Late',
    down: 'Down',
    revoked: 'Revoked',
    retired: 'Retired',
    unknown: 'Unknown',
  },
  gap: {
    nobody_heard: (told) =>
      `Nothing was heard of any server${during(told)}: the orchestrator or the network was away. Whether AI agents worked then isn’t known, and that time isn’t counted as downtime.`,
    before_first_data: (told) =>
      `Nothing is known${during(told)}: the system was new then, or what it knew is kept no longer.`,
    coarse_history: () =>
      'CPU, memory and records are told from coarser averages, for the finer ones are kept no longer.',
    templates_by_utc_day: () => 'Kinds of lines were counted by the UTC day, not by the local one.',
    archive_behind: ({ servers, count }) =>
      `${some(count, 'server', 'servers')} had records at the end that weren’t in the archive yet${of(servers)}. A later version counts what has come since.`,
    no_prices: () => 'The cost of the archive isn’t known: storage.yaml has no prices.',
    unfinished: () => 'The period wasn’t over when this was made.',
  },
  andMore: (count) => `and ${n(count)} more`,
  unknown: '—',
  unknownMeans: '— means that it isn’t known. It never stands for zero.',
  undrawableMeans: (sign) => `${sign} stands for a character that this document’s fonts don’t have.`,

  numbers: {
    availability: 'Availability',
    records: 'Records',
    error_rate: 'Error rate',
    alerts_opened: 'Alerts',
    lost_records: 'Lost records',
    archived_bytes: 'Archived',
    archive_cost: 'Archive cost',
    ai_tokens: 'AI tokens',
    ai_cost_usd: 'AI cost',
  },
  compared: {
    now: { daily: 'This day', weekly: 'This week', monthly: 'This month' },
    before: { daily: 'Day before', weekly: 'Week before', monthly: 'Month before' },
    weekBefore: 'Week before',
    habit: {
      daily: (count) => usual(count, 'day'),
      weekly: (count) => usual(count, 'week'),
      monthly: (count) => usual(count, 'month'),
    },
    points: (signed) => `${signed} pp`,
    meaning: {
      daily: 'In small print: by how much this day differs.',
      weekly: 'In small print: by how much this week differs.',
      monthly: 'In small print: by how much this month differs.',
    },
    notKnown: (rows) => `There is nothing to compare with: ${rows}.`,
  },

  headings: {
    numbers: 'Key numbers',
    hands: 'What needs a hand',
    agents: 'AI agents',
    charts: 'The period in charts',
    days: 'Day by day',
    incidents: 'Incidents',
    templates: 'New kinds of errors',
    changes: 'Changes in Git',
    work: 'AI work',
    gaps: 'What is missing here',
  },
  columns: {
    light: 'State',
    agent: 'AI agent',
    server: 'Server',
    availability: 'Available',
    down: 'Down',
    records: 'Records',
    errors: 'Errors',
    why: 'Why',
    day: 'Day',
    alerts: 'Alerts',
    archived: 'Archived',
    when: 'When',
    severity: 'Severity',
    what: 'What happened',
    course: 'What became of it',
    line: 'Line',
    level: 'Level',
    count: 'Lines',
    revision: 'Revision',
    change: 'Change',
    by: 'By',
    state: 'State',
    model: 'Model',
    calls: 'Calls',
    failedCalls: 'Failed',
    inputTokens: 'Tokens in',
    outputTokens: 'Tokens out',
    toolCalls: 'Tool calls',
    toolFailures: 'Failed',
    cost: 'Cost',
    number: 'Number',
  },
  none: {
    hands: 'Nothing. No critical alert is open.',
    incidents: 'There was no alert.',
    templates: 'No new kind of error was seen.',
    notKnown: 'Whether there were any isn’t known.',
    changes: 'The configuration didn’t change.',
    agents: 'No AI agent was known in this time.',
  },
  agentsShown: (shown, others) =>
    `The ${n(shown)} with most trouble are listed. The other ${some(others, 'AI agent')}, one sign each, the worst first:`,
  othersAre: (count, light) => `${n(count)} ${light}`,
  othersGrid: 'One sign for each AI agent that isn’t listed',
  listCut: (shown, total) => `The first ${n(shown)} of ${n(total)}.`,
  incident: {
    on: (agent, server) => `${agent} on ${server}`,
    server: (server) => server,
    over: (after) => `over after ${after}`,
    stillOpen: 'still open',
    seenBy: (name) => `seen by ${name}`,
    seen: 'seen',
    unseen: 'nobody took it',
    times: (count) => (count === 2 ? 'told twice' : `told ${n(count)} times`),
    fromBefore: 'from before',
  },
  revisionState: {
    refused: 'Refused',
    checked: 'Checked',
    rolling: 'Rolling out',
    everywhere: 'Everywhere',
    replaced: 'Replaced',
    rolled_back: 'Rolled back',
  },
  rolloutState: {
    rolling: 'Rolling out',
    paused: 'Paused',
    done: 'Done',
    replaced: 'Replaced',
    halted: 'Halted',
    rolled_back: 'Rolled back',
  },
  refusedFor: (first, complaints) => (complaints > 1 ? `${first} (and ${n(complaints - 1)} more)` : first),
  unnamedModel: 'not named',
  partialCost: 'Some of the work has no known price: the cost is a part of the whole.',
  allTogether: 'All together',
  best: 'Best',
  worst: 'Worst',

  hand: {
    nothing_heard: {
      what: () => 'Nothing was heard of any AI agent',
      todo: 'If servers should be there, run nervesys doctor on the orchestrator and on one of them. If there are none yet, add one from the fleet page.',
    },
    critical_open: {
      what: (count, names) => `${some(count, 'critical alert')} still open${of(names)}`,
      todo: 'On the alerts page, see who has taken it on; take it on yourself, or find who can.',
    },
    down_at_end: {
      what: (count, names) => `${some(count, 'AI agent was', 'AI agents were')} down at the end${of(names)}`,
      todo: 'See whether its program runs on its server, and its last records for why it stopped.',
    },
    records_lost: {
      what: (count, names) => `${some(count, 'record was', 'records were')} lost${of(names)}`,
      todo: 'Find out why the buffer filled up: see how far the archive can be reached from there, and give the buffer more space.',
    },
    channel_failing: {
      what: (count, names) => `${some(count, 'channel')} could not tell people of alerts${of(names)}`,
      todo: 'Test the channel on the settings page and renew its secret; until then rely on the other ones.',
    },
    backup_failed: {
      what: (count) => `${some(count, 'backup')} failed`,
      todo: 'Run nervesys doctor on the orchestrator, mend what it names, and make a backup now.',
    },
    report_missing: {
      what: (count) => `${some(count, 'report was', 'reports were')} missing`,
      todo: 'Render it again on the reports page, which says what went wrong.',
    },
    archive_refused: {
      what: (count, names) => `The archive refused the records of ${some(count, 'server')}${of(names)}`,
      todo: 'Check the access key and the rights on the bucket. Records are kept on the server until then.',
    },
    archive_behind: {
      what: (count, names) =>
        `${some(count, 'server was', 'servers were')} behind with the archive at the end${of(names)}`,
      todo: 'See whether the server reaches the archive, and how full its buffer is.',
    },
    revision_refused: {
      what: (count, names) => `${some(count, 'revision')} of the configuration ${was(count)} refused${of(names)}`,
      todo: 'Mend what the check complains of and commit again. What ran before runs on.',
    },
    rollout_halted: {
      what: (count, names) => `${some(count, 'rollout')} ${was(count)} halted${of(names)}`,
      todo: 'Read on the configuration page what it found, then mend the revision or roll it out again.',
    },
  },
  verdict: {
    headline: {
      quiet: { daily: 'A quiet day.', weekly: 'A quiet week.', monthly: 'A quiet month.' },
      troubled: { daily: 'A day with trouble.', weekly: 'A week with trouble.', monthly: 'A month with trouble.' },
      bad: { daily: 'A bad day.', weekly: 'A bad week.', monthly: 'A bad month.' },
      unclear: {
        daily: 'Most of this day isn’t known.',
        weekly: 'Most of this week isn’t known.',
        monthly: 'Most of this month isn’t known.',
      },
      unknown: {
        daily: 'Nothing is known of this day.',
        weekly: 'Nothing is known of this week.',
        monthly: 'Nothing is known of this month.',
      },
    },
    headlineSoFar: {
      quiet: 'Not over yet, quiet so far.',
      troubled: 'Not over yet, with trouble so far.',
      bad: 'Not over yet, bad so far.',
      unclear: 'Not over yet, and most of it so far isn’t known.',
      unknown: 'Not over yet, and nothing is known so far.',
    },
    allUp: (agents, kind) => {
      const all = { daily: 'all day', weekly: 'all week', monthly: 'all month' }[kind];
      if (agents === 1) return `The one AI agent was up ${all}`;
      return agents === 2 ? `Both AI agents were up ${all}` : `All ${n(agents)} AI agents were up ${all}`;
    },
    noneDown: () => 'No AI agent was down',
    noneKnownDown: () => 'No AI agent is known to have been down',
    downOnce: (name, duration, at) => `${name} was down for ${duration} ${at}`,
    downOften: (name, times, together, longest, at) =>
      `${name} was down ${times === 2 ? 'twice' : `${n(times)} times`}, ${together} together; the longest time was ${longest} ${at}`,
    severalDown: (agents, worst, longest, at) =>
      `${n(agents)} AI agents were down, the longest ${worst} for ${longest}${at === '' ? '' : ` ${at}`}`,
    downFor: (name, together) => `${name} was down for ${together}`,
    downAll: (name, kind) => `${name} was down ${{ daily: 'all day', weekly: 'all week', monthly: 'all month' }[kind]}`,
    atTime: (time) => `at ${time}`,
    onDay: (day, time) => `on ${day} at ${time}`,
    atStart: { daily: 'when the day began', weekly: 'when the week began', monthly: 'when the month began' },
    toEnd: (at) => `${at}, and still was at the end`,
    nothingLost: 'nothing was lost',
    noLossKnown: 'no loss is known of',
    lost: (records) => `${some(records, 'record was', 'records were')} lost`,
    lossUnknown: 'whether anything was lost isn’t known',
    and: (first, second) => `${first}; ${second}`,
    alerts: (critical, open) => {
      const opened = some(critical, 'critical alert');
      if (open === 0) return critical === 1 ? `${opened}, which is over` : `${opened}, all of them over`;
      if (open === critical) return critical === 1 ? `${opened}, still open` : `${opened}, all still open`;
      return `${opened}, ${n(open)} of them still open`;
    },
    openFromBefore: (open) => `${some(open, 'critical alert')} from before ${open === 1 ? 'is' : 'are'} still open`,
    warnings: (count) => `${some(count, 'warning')}, nothing critical`,
    errorsAbove: (times) => `Errors were ${times} times as frequent as usual`,
    hands: (count) => (count === 1 ? 'One matter needs a hand' : `${n(count)} matters need a hand`),
    nobody: 'Nothing was heard of any AI agent in this time, so there is nothing to judge',
    incomplete: 'Some of the time is missing from these facts',
    unfinished: (time) => `This is told up to ${time}`,
  },
  version: (version) => `Version ${version}: data that arrived late is in it.`,
  made: (when, zone) => `made ${when} (${zone})`,
  page: ['Page ', ' of ', ''],
};
