import type { Words } from './words.ts';

export const en: Words = {
  language: 'en',
  direction: 'ltr',
  locale: 'en-GB',
  kinds: {
    'agent.contract': {
      what: 'its agent and the orchestrator speak different contracts',
      many: (count) => `${count} agents speak another contract`,
    },
    'agent.silent': { what: 'silent', many: (count) => `${count} AI agents are silent` },
    'agent.exited': { what: 'has ended', many: (count) => `${count} AI agents have ended` },
    'agent.upgrade': {
      what: 'the upgrade of its agent failed',
      many: (count) => `The upgrade of ${count} agents failed`,
    },
    'server.cloned': {
      what: 'two machines use its key',
      many: (count) => `The keys of ${count} servers are used twice`,
    },
    'server.silent': { what: 'silent', many: (count) => `${count} servers are silent` },
    'threshold.cpu_percent': { what: 'CPU load is high', many: (count) => `CPU load is high in ${count} places` },
    'threshold.ram_percent': {
      what: 'memory is nearly used up',
      many: (count) => `Memory is nearly used up in ${count} places`,
    },
    'threshold.disk_percent': { what: 'the disk is nearly full', many: (count) => `${count} disks are nearly full` },
    'threshold.buffer_percent': {
      what: 'the buffer is nearly full',
      many: (count) => `${count} buffers are nearly full`,
    },
    'threshold.errors_per_minute': { what: 'many errors', many: (count) => `Many errors in ${count} places` },
    'threshold.oldest_unarchived': {
      what: 'records wait too long for the archive',
      many: (count) => `Records wait too long for the archive in ${count} places`,
    },
    'threshold.lost_records': { what: 'records were lost', many: (count) => `Records were lost in ${count} places` },
    'threshold.clock_skew': { what: 'its clock is wrong', many: (count) => `The clocks of ${count} servers are wrong` },
    'ai.tool_loop': {
      what: 'calls the same tool again and again',
      many: (count) => `${count} AI agents call the same tool again and again`,
    },
    'ai.no_progress': {
      what: 'keeps failing and gets no further',
      many: (count) => `${count} AI agents keep failing and get no further`,
    },
    'ai.context_length': {
      what: 'sends the model more text than it takes',
      many: (count) => `${count} AI agents send their models more text than they take`,
    },
    'ai.rate_limit': {
      what: 'is slowed down by its model’s provider',
      many: (count) => `${count} AI agents are slowed down by their models’ providers`,
    },
    'ai.permission_storm': {
      what: 'is refused one permission after another',
      many: (count) => `${count} AI agents are refused one permission after another`,
    },
    'ai.false_success': {
      what: 'says that it succeeded, and it failed',
      many: (count) => `${count} AI agents say that they succeeded, and failed`,
    },
    'ai.token_spend': {
      what: 'uses far more tokens than usual',
      many: (count) => `${count} AI agents use far more tokens than usual`,
    },
    'ai.prompt_injection': {
      what: 'was given orders by what a tool brought',
      many: (count) => `${count} AI agents were given orders by what their tools brought`,
    },
    'triage.rate_change': {
      what: 'writes one kind of line far more often than usual',
      many: (count) => `Lines come far more often than usual in ${count} places`,
    },
    'triage.gone_silent': {
      what: 'no longer writes lines that used to come regularly',
      many: (count) => `Lines that used to come regularly are missing in ${count} places`,
    },
    'archive.refused': {
      what: 'the archive refuses its records; they are kept',
      many: (count) => `The archive refuses the records of ${count} servers; they are kept`,
    },
    'archive.stranger': {
      what: 'another buffer archives under its name',
      many: (count) => `Other buffers archive under the names of ${count} servers`,
    },
    'backup.failed': { what: 'the backup failed', many: (count) => `${count} backups failed` },
    'buffer.damaged': { what: 'the buffer file was damaged', many: (count) => `${count} buffer files were damaged` },
    'buffer.lost': {
      what: 'the buffer was full, records were given up',
      many: (count) => `${count} buffers were full, records were given up`,
    },
    'channel.failing': {
      what: 'people cannot be told by one of the channels',
      many: (count) => `People cannot be told by ${count} channels`,
    },
    'config.halted': {
      what: 'the rollout of a configuration was halted',
      many: (count) => `${count} rollouts were halted`,
    },
    'config.held': {
      what: 'the rollout of a configuration does not get on',
      many: (count) => `${count} rollouts do not get on`,
    },
    'config.refused': {
      what: 'a configuration was refused; what ran runs on',
      many: (count) => `${count} configurations were refused; what ran runs on`,
    },
    'config.source': {
      what: 'the repository of the configuration cannot be followed',
      many: (count) => `${count} repositories cannot be followed`,
    },
    'enrolment.refused': { what: 'it was not let in', many: (count) => `${count} servers were not let in` },
    'report.missing': { what: 'a report is missing', many: (count) => `${count} reports are missing` },
  },
  severity: { info: 'For your information', warning: 'Warning', critical: 'Critical' },
  agentOn: (agent, server) => `${agent} on ${server}`,
  server: (server) => server,
  ourselves: 'Nervesys itself',
  manyAlerts: (count) => `${count} alerts`,
  andMore: (count) => `and ${count} more`,
  among: 'among them',
  escalated: (age) => `Nobody has answered for ${age}`,
  reminded: (age) => `Still so after ${age}`,
  acknowledged: (by) => (by === null ? 'Somebody is on it' : `${by} is on it`),
  resolved: (age) => `Over after ${age}`,
  test: 'Test from Nervesys: this channel works',
  testSummary: 'Nothing is wrong. Alerts come here from now on.',
  since: (time, age) => `since ${time}, for ${age}`,
  fromTo: (from, to) => `from ${from} to ${to}`,
  limit: (value, limit) => `${value}, the limit is ${limit}`,
  times: (count) => `${count} times`,
  labels: {
    severity: 'How bad',
    where: 'Where',
    when: 'When',
    value: 'Measured',
    times: 'Told',
    said: 'In its words',
    rule: 'Rule',
    acknowledgedBy: 'Seen by',
  },
  lastLines: 'The last lines before it',
  open: 'Open in Nervesys',
  footer: 'Sent by Nervesys',
  moment: 'a moment',
  join: (greater, smaller) => `${greater} ${smaller}`,
  one: { second: '1 second', minute: '1 minute', hour: '1 hour', day: '1 day' },
};
