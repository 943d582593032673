import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AgentFacts, ReportFacts } from '../../../../src/contract/report-facts.ts';
import { reportWords } from '../../../../src/orchestrator/reports/words/index.ts';
import { verdict } from '../../../../src/orchestrator/reports/words/verdict.ts';
import { sampleDay, samplePeriod } from '../../../support/report-samples.ts';

/** Isolates steer what is drawn; who reads a test needs the words. */
const plain = (text: string) => text.replace(/[\u2066-\u2069]/g, '');
const told = (facts: ReportFacts, lang: 'en' | 'he') => {
  const { headline, sentences } = verdict(facts, reportWords(lang));
  return plain([headline, ...sentences].join(' '));
};

const QUIET = sampleDay('quiet');
const MINUTE = 60;

/** A quiet day, on which GROK was down for these minutes from these times on. */
function withOutages(outages: readonly (readonly [from: string, minutes: number])[], more: Partial<AgentFacts> = {}) {
  return changed({
    agents: QUIET.agents.map((agent) => (agent.agent_id === 'GROK' ? downAgent(agent, outages, more) : agent)),
  });
}

function downAgent(
  agent: AgentFacts,
  outages: readonly (readonly [from: string, minutes: number])[],
  more: Partial<AgentFacts> = {},
): AgentFacts {
  return {
    ...agent,
    outages: outages.length,
    seconds: { up: 80_000, down: outages.reduce((sum, [, minutes]) => sum + minutes * MINUTE, 0) },
    spans: outages.map(([from, minutes]) => ({
      from,
      to: new Date(Date.parse(from) + minutes * MINUTE * 1_000).toISOString(),
      state: 'down' as const,
      reason: 'no heartbeat for more than 5m',
    })),
    ...more,
  };
}

function changed(more: Partial<ReportFacts>, totals: Partial<ReportFacts['totals']> = {}): ReportFacts {
  return { ...QUIET, ...more, totals: { ...QUIET.totals, ...totals } };
}

const AT_03_10 = '2025-12-10T01:10:00.000Z';
const critical = sampleDay('bad').alerts.list[0]!;
const alertsOf = (open: number, over: number): ReportFacts['alerts'] => ({
  ...QUIET.alerts,
  list: Array.from({ length: open + over }, (_, n) => ({
    ...critical,
    resolved_at: n < open ? null : critical.last_at,
  })),
});

const CASES: readonly {
  readonly name: string;
  readonly facts: ReportFacts;
  readonly en: string;
  readonly he: string;
}[] = [
  {
    name: 'all were up',
    facts: QUIET,
    en: 'A quiet day. All 5 AI agents were up all day; nothing was lost.',
    he: 'יום שקט. כל 5 סוכני ה־AI פעלו כל היום; דבר לא אבד.',
  },
  {
    name: 'the only one was up',
    facts: sampleDay('one-agent'),
    en: 'A quiet day. The one AI agent was up all day; nothing was lost.',
    he: 'יום שקט. סוכן ה־AI היחיד פעל כל היום; דבר לא אבד.',
  },
  {
    name: 'two agents take a dual',
    facts: changed({ agents: QUIET.agents.slice(0, 2) }),
    en: 'A quiet day. Both AI agents were up all day; nothing was lost.',
    he: 'יום שקט. שני סוכני ה־AI פעלו כל היום; דבר לא אבד.',
  },
  {
    name: 'down for fourteen minutes',
    facts: withOutages([[AT_03_10, 14]]),
    en: 'A quiet day. GROK was down for 14 minutes at 03:10; nothing was lost.',
    he: 'יום שקט. GROK ירד ל־14 דקות בשעה 03:10; דבר לא אבד.',
  },
  {
    name: 'down for one minute',
    facts: withOutages([[AT_03_10, 1]]),
    en: 'A quiet day. GROK was down for 1 minute at 03:10; nothing was lost.',
    he: 'יום שקט. GROK ירד לדקה אחת בשעה 03:10; דבר לא אבד.',
  },
  {
    name: 'down for two hours and a minute',
    facts: withOutages([[AT_03_10, 121]]),
    en: 'A quiet day. GROK was down for 2 hours and 1 minute at 03:10; nothing was lost.',
    he: 'יום שקט. GROK ירד לשעתיים ודקה אחת בשעה 03:10; דבר לא אבד.',
  },
  {
    name: 'down twice',
    facts: withOutages([
      [AT_03_10, 14],
      ['2025-12-10T10:00:00.000Z', 5],
    ]),
    en: 'A quiet day. GROK was down twice, 19 minutes together; the longest time was 14 minutes at 03:10; nothing was lost.',
    he: 'יום שקט. GROK ירד פעמיים, בסך הכול ל־19 דקות; הפעם הארוכה ביותר, בשעה 03:10, נמשכה 14 דקות; דבר לא אבד.',
  },
  {
    name: 'down without spans that tell when',
    facts: withOutages([[AT_03_10, 24 * 60]], { spans: null }),
    en: 'A quiet day. GROK was down for 1 day; nothing was lost.',
    he: 'יום שקט. GROK ירד ליום אחד; דבר לא אבד.',
  },
  {
    name: 'down all day',
    facts: withOutages([], { seconds: { down: 86_400 }, outages: 1, state: 'down', spans: null }),
    en: 'A quiet day. GROK was down all day; nothing was lost. One matter needs a hand.',
    he: 'יום שקט. GROK היה למטה כל היום; דבר לא אבד. עניין אחד דורש טיפול.',
  },
  {
    name: 'down from before midnight',
    facts: withOutages([['2025-12-09T22:00:00.000Z', 14]]),
    en: 'A quiet day. GROK was down for 14 minutes when the day began; nothing was lost.',
    he: 'יום שקט. GROK ירד ל־14 דקות בתחילת היום; דבר לא אבד.',
  },
  {
    name: 'down over the next midnight',
    facts: withOutages([['2025-12-10T20:00:00.000Z', 120]], { state: 'down' }),
    en: 'A quiet day. GROK was down for 2 hours at 22:00, and still was at the end; nothing was lost. One matter needs a hand.',
    he: 'יום שקט. GROK ירד לשעתיים בשעה 22:00, ועדיין היה למטה בסוף; דבר לא אבד. עניין אחד דורש טיפול.',
  },
  {
    name: 'down for less than a second',
    facts: withOutages([[AT_03_10, 0.005]]),
    en: 'A quiet day. GROK was down for less than a second at 03:10; nothing was lost.',
    he: 'יום שקט. GROK ירד לשבריר שנייה בשעה 03:10; דבר לא אבד.',
  },
  {
    name: 'the longest outage is not of the one that was down most',
    facts: changed({
      agents: QUIET.agents.map((agent, n) =>
        n === 0
          ? downAgent(agent, [
              [AT_03_10, 15],
              ['2025-12-10T10:00:00.000Z', 15],
            ])
          : n === 1
            ? downAgent(agent, [[AT_03_10, 20]])
            : agent,
      ),
    }),
    en: `A quiet day. 2 AI agents were down, the longest ${QUIET.agents[1]!.agent_id} for 20 minutes at 03:10; nothing was lost.`,
    he: `יום שקט. שני סוכני AI ירדו; ${QUIET.agents[1]!.agent_id} ירד לזמן הארוך ביותר, 20 דקות בשעה 03:10; דבר לא אבד.`,
  },
  {
    name: 'two were down',
    facts: changed({
      agents: QUIET.agents.map((agent, n) => (n < 2 ? downAgent(agent, [[AT_03_10, n === 1 ? 30 : 10]]) : agent)),
    }),
    en: `A quiet day. 2 AI agents were down, the longest ${QUIET.agents[1]!.agent_id} for 30 minutes at 03:10; nothing was lost.`,
    he: `יום שקט. שני סוכני AI ירדו; ${QUIET.agents[1]!.agent_id} ירד לזמן הארוך ביותר, 30 דקות בשעה 03:10; דבר לא אבד.`,
  },
  {
    name: 'late is not up all day',
    facts: changed({ agents: QUIET.agents.map((agent) => ({ ...agent, seconds: { up: 80_000, late: 6_400 } })) }),
    en: 'A quiet day. No AI agent was down; nothing was lost.',
    he: 'יום שקט. אף סוכן AI לא ירד; דבר לא אבד.',
  },
  {
    name: 'degraded is not up all day',
    facts: changed({
      agents: QUIET.agents.map((agent) => ({
        ...agent,
        seconds: { degraded: 86_400 },
        light_reasons: ['degraded' as const],
      })),
    }),
    en: 'A quiet day. No AI agent was down; nothing was lost.',
    he: 'יום שקט. אף סוכן AI לא ירד; דבר לא אבד.',
  },
  {
    name: 'most of the time is not known',
    facts: changed({ agents: QUIET.agents.map((agent) => ({ ...agent, seconds: { up: 36_000, unknown: 50_400 } })) }),
    en: 'Most of this day isn’t known. No AI agent is known to have been down; nothing was lost.',
    he: 'רוב היום הזה אינו ידוע. לא ידוע על סוכן AI שירד; דבר לא אבד.',
  },
  {
    name: 'quiet, and not over',
    facts: changed({ gaps: [{ kind: 'unfinished', from: '2025-12-10T10:00:00.000Z', to: QUIET.period.ends_at }] }),
    en: 'Not over yet, quiet so far. No AI agent was down; nothing was lost. This is told up to 12:00.',
    he: 'טרם הסתיים, ועד כה שקט. אף סוכן AI לא ירד; דבר לא אבד. העובדות הן עד 12:00.',
  },
  {
    name: 'nothing is known, and it is not over',
    facts: {
      ...sampleDay('empty'),
      gaps: [{ kind: 'unfinished', from: '2025-12-10T10:00:00.000Z', to: QUIET.period.ends_at }],
    },
    en: 'Not over yet, and nothing is known so far. Nothing was heard of any AI agent in this time, so there is nothing to judge.',
    he: 'טרם הסתיים, ועד כה לא ידוע דבר. לא נשמע דבר מאף סוכן AI בזמן הזה, ולכן אין מה לשפוט.',
  },
  {
    name: 'a server was not heard',
    facts: changed({
      servers: QUIET.servers.map((server, n) => (n === 0 ? { ...server, lost_records: null } : server)),
    }),
    en: 'A quiet day. All 5 AI agents were up all day; no loss is known of.',
    he: 'יום שקט. כל 5 סוכני ה־AI פעלו כל היום; לא ידוע על אובדן.',
  },
  {
    name: 'only warnings',
    facts: changed({ alerts: { ...QUIET.alerts, by_severity: { info: 0, warning: 3, critical: 0 } } }),
    en: 'A quiet day. All 5 AI agents were up all day; nothing was lost. 3 warnings, nothing critical.',
    he: 'יום שקט. כל 5 סוכני ה־AI פעלו כל היום; דבר לא אבד. 3 אזהרות, בלי התרעות קריטיות.',
  },
  {
    name: 'a critical alert from before is still open, beside a new one that is over',
    facts: changed(
      {
        alerts: {
          ...QUIET.alerts,
          list: [
            { ...critical, resolved_at: critical.last_at },
            { ...critical, from_before: true, resolved_at: null },
            { ...critical, from_before: true, resolved_at: critical.last_at },
          ],
        },
      },
      { alerts_critical: 1 },
    ),
    en: 'A day with trouble. All 5 AI agents were up all day; nothing was lost. 1 critical alert, which is over. 1 critical alert from before is still open. One matter needs a hand.',
    he: 'יום עם תקלות. כל 5 סוכני ה־AI פעלו כל היום; דבר לא אבד. התרעה קריטית אחת, והיא נפתרה. התרעה קריטית אחת מלפני כן עדיין פתוחה. עניין אחד דורש טיפול.',
  },
  {
    name: 'an alert from before became critical, and is open',
    facts: changed(
      { alerts: { ...QUIET.alerts, list: [{ ...critical, from_before: true, resolved_at: null }] } },
      { alerts_critical: 1 },
    ),
    en: 'A day with trouble. All 5 AI agents were up all day; nothing was lost. 1 critical alert, still open. One matter needs a hand.',
    he: 'יום עם תקלות. כל 5 סוכני ה־AI פעלו כל היום; דבר לא אבד. התרעה קריטית אחת, והיא עדיין פתוחה. עניין אחד דורש טיפול.',
  },
  {
    name: 'a critical alert of the system itself is open from before',
    facts: changed(
      { alerts: { ...QUIET.alerts, list: [{ ...critical, agent_id: null, from_before: true, resolved_at: null }] } },
      { alerts_critical: 0 },
    ),
    en: 'A day with trouble. All 5 AI agents were up all day; nothing was lost. 1 critical alert from before is still open. One matter needs a hand.',
    he: 'יום עם תקלות. כל 5 סוכני ה־AI פעלו כל היום; דבר לא אבד. התרעה קריטית אחת מלפני כן עדיין פתוחה. עניין אחד דורש טיפול.',
  },
  {
    name: 'one record lost',
    facts: changed({ losses: [{ server: 'AIGARDEN02', lost_records: 1 }] }, { lost_records: 1 }),
    en: 'A bad day. All 5 AI agents were up all day; 1 record was lost. One matter needs a hand.',
    he: 'יום קשה. כל 5 סוכני ה־AI פעלו כל היום; אבדה רשומה אחת. עניין אחד דורש טיפול.',
  },
  {
    name: 'losses are not known',
    facts: changed({}, { lost_records: null }),
    en: 'A quiet day. All 5 AI agents were up all day; whether anything was lost isn’t known.',
    he: 'יום שקט. כל 5 סוכני ה־AI פעלו כל היום; לא ידוע אם משהו אבד.',
  },
  {
    name: 'one critical alert that is over',
    facts: changed({ alerts: alertsOf(0, 1) }, { alerts_critical: 1 }),
    en: 'A day with trouble. All 5 AI agents were up all day; nothing was lost. 1 critical alert, which is over.',
    he: 'יום עם תקלות. כל 5 סוכני ה־AI פעלו כל היום; דבר לא אבד. התרעה קריטית אחת, והיא נפתרה.',
  },
  {
    name: 'three critical alerts of which one is open',
    facts: changed({ alerts: alertsOf(1, 2) }, { alerts_critical: 3 }),
    en: 'A day with trouble. All 5 AI agents were up all day; nothing was lost. 3 critical alerts, 1 of them still open. One matter needs a hand.',
    he: 'יום עם תקלות. כל 5 סוכני ה־AI פעלו כל היום; דבר לא אבד. 3 התרעות קריטיות, אחת מהן עדיין פתוחה. עניין אחד דורש טיפול.',
  },
  {
    name: 'three times the usual errors',
    facts: changed(
      { compared: { ...QUIET.compared, habit: { ...QUIET.totals, error_rate: 0.01 } } },
      { errors: 300, error_rate: 0.03 },
    ),
    en: 'A quiet day. All 5 AI agents were up all day; nothing was lost. Errors were 3 times as frequent as usual.',
    he: 'יום שקט. כל 5 סוכני ה־AI פעלו כל היום; דבר לא אבד. השגיאות היו תכופות פי 3 מהרגיל.',
  },
  {
    name: 'nothing is known',
    facts: sampleDay('empty'),
    en: 'Nothing is known of this day. Nothing was heard of any AI agent in this time, so there is nothing to judge.',
    he: 'לא ידוע דבר על היום הזה. לא נשמע דבר מאף סוכן AI בזמן הזה, ולכן אין מה לשפוט.',
  },
  {
    name: 'a week',
    facts: samplePeriod('weekly'),
    en: 'A bad week. GROK was down for 14 minutes on 8 December at 03:10; 37 records were lost. 1 critical alert, which is over. 2 matters need a hand. Some of the time is missing from these facts.',
    he: 'שבוע קשה. GROK ירד ל־14 דקות ב־8 בדצמבר בשעה 03:10; אבדו 37 רשומות. התרעה קריטית אחת, והיא נפתרה. שני עניינים דורשים טיפול. חלק מהזמן חסר בעובדות האלה.',
  },
];

for (const { name, facts, en, he } of CASES) {
  test(`the verdict says in English and Hebrew: ${name}`, () => {
    assert.equal(told(facts, 'en'), en);
    assert.equal(told(facts, 'he'), he);
  });
}

test('a hostile name stands isolated in the sentence, without what turns lines around', () => {
  const facts = changed({
    agents: QUIET.agents.map((agent, n) => ({
      ...(n === 0 ? downAgent(agent, [[AT_03_10, 14]]) : agent),
      ...(n === 0 ? { agent_id: 'a\u202eb\u0007\u2066c' } : {}),
    })),
  });

  const { sentences } = verdict(facts, reportWords('he'));

  assert.match(sentences[0]!, /^\u2068a b c\u2069 ירד/);
});
