import type { ChartWords } from './words.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export const CHART_WORDS_EN: ChartWords = {
  titles: {
    availability: 'Availability of AI agents',
    levels: 'Records by level',
    vitals: 'Load of servers',
    trend: 'The last two weeks',
    critical: 'The day at a glance',
  },
  states: {
    up: 'up',
    degraded: 'degraded',
    late: 'late',
    down: 'down',
    revoked: 'revoked',
    retired: 'retired',
    unknown: 'not known',
  },
  levels: { DEBUG: 'debug', INFO: 'info', WARN: 'warning', ERROR: 'error', CRITICAL: 'critical' },
  notKnown: 'not known',
  fleet: (agents) => `all ${count(agents)}`,
  moreAgents: (agents) => `and ${agents === 1 ? 'one more AI agent' : `${count(agents)} more AI agents`}`,
  alertStands: { unseen: 'nobody has taken it', seen: 'somebody is at it', goes_on: 'not over when this was made' },
  moreAlerts: (alerts) => `and ${alerts === 1 ? 'one more alert' : `${count(alerts)} more alerts`}`,
  allRecords: 'All records',
  warningsAndWorse: 'Warnings and worse alone',
  vitals: { cpu_percent: 'CPU', ram_percent: 'Memory' },
  spread: { p50: 'median of servers', p95: 'up to the 95th percentile', max: 'highest' },
  trend: {
    ai_cost_usd: 'Cost of AI work, $',
    archive_cost: (currency) => `Cost of the archive, ${currency}`,
    archived_bytes: 'Stored in the archive',
    records: 'Records',
    thisPeriod: 'this report',
    daysBefore: 'days before',
  },
  shortDay: (day, month) => `${day} ${MONTHS[month - 1] ?? ''}`,
  alt: {
    availabilityNobody: 'Timeline of the states of AI agents: none is known.',
    availability: ({ agents, wereDown, share, worst }) =>
      `Timeline of the states of ${agents === 1 ? 'one AI agent' : `${count(agents)} AI agents`}` +
      `${share === undefined ? '' : `, available for ${share} of the time`}: ` +
      (worst === undefined
        ? 'none was down.'
        : `${count(wereDown)} went down, ${worst.name} for longest, ${minutes(worst.minutes)} in all.`),
    levelsNothing: 'Records by level over time: none is known.',
    levels: ({ records, errors, busiest, slots, unknown }) =>
      `Records by level over ${slots} periods of time: ${records} records, of which ${errors} errors, most at ${busiest}` +
      `${unknown === 0 ? '' : `; of ${unknown} nothing is known`}.`,
    vitalsNothing: 'CPU and memory of servers over time: nothing is known.',
    vitals: ({ cpu, ram }) =>
      `CPU and memory of servers over time: ${[
        ...(cpu === undefined ? [] : [`CPU reached ${cpu}`]),
        ...(ram === undefined ? [] : [`memory reached ${ram}`]),
      ].join(', ')} at most.`,
    critical: ({ alerts, open }) =>
      `Timeline of ${alerts === 1 ? 'one critical alert' : `${count(alerts)} critical alerts`} over the day, ${open === 0 ? 'none of them' : `${count(open)} of them`} still open.`,
    trendNothing: (days) => `Trend of ${days} days: nothing is known.`,
    trend: ({ what, days, unknown, most, mostOn }) =>
      `${what} on each of ${days} days: the most was ${most} on ${mostOn}` +
      `${unknown === 0 ? '' : `; ${unknown === 1 ? 'one day is' : `${unknown} days are`} not known`}.`,
  },
};

function count(number: number): string {
  return String(number).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

function minutes(number: number): string {
  return number === 1 ? 'one minute' : `${count(number)} minutes`;
}
