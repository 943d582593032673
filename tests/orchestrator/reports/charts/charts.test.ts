import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { LEVELS } from '../../../../src/contract/record.ts';
import type { ReportFacts } from '../../../../src/contract/report-facts.ts';
import { REPORT_LANGUAGES, type ReportLanguage } from '../../../../src/contract/reports.ts';
import { AGENT_ROWS_MAX, availabilityPlan } from '../../../../src/orchestrator/reports/charts/availability-chart.ts';
import { drawChart } from '../../../../src/orchestrator/reports/charts/draw-chart.ts';
import { echarts } from '../../../../src/orchestrator/reports/charts/echarts.ts';
import { type ReportCharts, renderCharts } from '../../../../src/orchestrator/reports/charts/index.ts';
import { levelsPlan } from '../../../../src/orchestrator/reports/charts/levels-chart.ts';
import { STATE_FILLS } from '../../../../src/orchestrator/reports/charts/palette.ts';
import { slotNames } from '../../../../src/orchestrator/reports/charts/slot-names.ts';
import { trendPlan } from '../../../../src/orchestrator/reports/charts/trend-chart.ts';
import { vitalsPlan } from '../../../../src/orchestrator/reports/charts/vitals-chart.ts';
import { CHART_WORDS } from '../../../../src/orchestrator/reports/charts/words.ts';
import { SAMPLE_DAYS, sampleDay, samplePeriod } from '../../../support/report-samples.ts';

const PLANS = { availability: availabilityPlan, levels: levelsPlan, vitals: vitalsPlan, trend: trendPlan };

test('states are drawn for exactly the seconds that the facts tell', () => {
  const facts = sampleDay('bad');

  const seconds = new Map<string, number>();
  for (const { id, data } of series('availability', facts)) {
    for (const [row, from, to] of data as [number, number, number][]) {
      const key = `${facts.agents[row]!.agent_id} ${id.replace('rows-', '')}`;
      seconds.set(key, (seconds.get(key) ?? 0) + to - from);
    }
  }

  const told = facts.agents.flatMap((agent) =>
    Object.entries(agent.seconds).map(([state, all]) => [`${agent.agent_id} ${state}`, all] as const),
  );
  assert.deepEqual([...seconds].sort(), told.sort());
});

test('an outage stands at its own hour on the sheet, and at the mirrored place in Hebrew', () => {
  const { starts_at, seconds } = sampleDay('bad').period;
  const outage = sampleDay('bad').agents[0]!.spans!.find(({ state }) => state === 'down')!;
  const share = (at: string) => (Date.parse(at) - Date.parse(starts_at)) / 1_000 / seconds;

  const [en, he] = REPORT_LANGUAGES.map((lang) => {
    const drawn = renderCharts(sampleDay('bad'), lang).availability.svg;
    const down = rectOf(drawn, STATE_FILLS.down.color);
    const all = [...drawn.matchAll(pathOf(STATE_FILLS.up.color))].map(edges);
    const rows = all.filter(([x0, x1]) => x1 - x0 > 400);
    return { down, row: [Math.min(...rows.map(([x]) => x)), Math.max(...rows.map(([, x]) => x))] as const };
  });

  const width = en!.row[1] - en!.row[0];
  near(en!.down[0], en!.row[0] + share(outage.from) * width);
  near(en!.down[1], en!.row[0] + share(outage.to) * width);
  near(he!.down[1], 700 - en!.down[0]);
  near(he!.down[0], 700 - en!.down[1]);
});

test('a bar of a level is as high as the facts count, and an hour of which nothing is known has none', () => {
  const facts = sampleDay('bad');
  const gap = facts.by_slot.findIndex(({ level_counts }) => level_counts === null);
  assert.ok(gap > 0);

  for (const level of LEVELS)
    assert.deepEqual(
      dataOf('levels', facts, `0-${level}`),
      facts.by_slot.map(({ level_counts }) => level_counts?.[level] ?? '-'),
    );
  assert.deepEqual(dataOf('levels', facts, '1-ERROR'), dataOf('levels', facts, '0-ERROR'));
  assert.deepEqual(dataOf('levels', facts, 'not-known-0'), [[gap, gap]]);
});

test('a day on which nothing is known shows hatching in every chart, and no number', () => {
  const facts = sampleDay('empty');

  assert.deepEqual(dataOf('availability', facts, 'rows-unknown'), [[0, 0, facts.period.seconds]]);
  for (const name of ['levels', 'vitals', 'trend'] as const) {
    const last = (name === 'trend' ? facts.trend.length : facts.slots.length) - 1;
    for (const { id, data } of series(name, facts))
      if (id.startsWith('not-known')) assert.deepEqual(data, [[0, last]], id);
      else assert.deepEqual(new Set(data), new Set(data.length === 0 ? [] : ['-']), id);
  }
});

test('load is drawn in runs that end where nothing is known', () => {
  const day = sampleDay('quiet');
  const spread = { p50: 10, p95: 20, max: 30 };
  const known = [0, 1, 2, 5, 9, 10];
  const facts: ReportFacts = {
    ...day,
    by_slot: day.by_slot.map((slot, n) => ({
      ...slot,
      vitals: { ...slot.vitals, cpu_percent: known.includes(n) ? spread : null },
    })),
  };

  assert.deepEqual(dataOf('vitals', facts, 'cpu_percent-p95'), [
    [0, 2, 20],
    [5, 5, 20],
    [9, 10, 20],
  ]);
  assert.deepEqual(dataOf('vitals', facts, 'not-known-0'), [
    [3, 4],
    [6, 8],
    [11, 23],
  ]);
});

test('a trend has the days of the facts, unknown ones as gaps, and the days of the report apart', () => {
  const facts = sampleDay('bad');
  const costs = facts.trend.map(({ ai_cost_usd }) => ai_cost_usd ?? '-');

  assert.deepEqual(dataOf('trend', facts, 'ai_cost_usd-before'), [...costs.slice(0, 13), '-']);
  assert.deepEqual(dataOf('trend', facts, 'ai_cost_usd-period'), [...Array(13).fill('-'), costs[13]]);
  assert.deepEqual(dataOf('trend', facts, 'not-known-0'), [[4, 4]]);
});

test('where no cost is known, a trend is of volumes', () => {
  const day = sampleDay('quiet');
  const trend = day.trend.map((one) => ({ ...one, ai_cost_usd: null, archive_cost: null }));

  const shown = series('trend', { ...day, trend }).map(({ id }) => id.replace(/-period|-before/, ''));

  assert.deepEqual([...new Set(shown)], ['archived_bytes', 'not-known-0', 'records', 'not-known-1']);
});

for (const [name, hours, labels] of [
  ['short', 23, ['00:00', '03:00', '06:00', '09:00', '12:00', '15:00', '18:00', '21:00']],
  ['long', 25, ['00:00', '03:00', '06:00', '09:00', '12:00', '15:00', '18:00', '21:00']],
] as const)
  test(`the ${name} day of a change of the clock has ${hours} hours, under the names the clock gave them`, () => {
    const facts = sampleDay(name);
    const [axis] = levelsPlan(facts, 'en').option.xAxis as [
      { data: string[]; axisLabel: { interval: (index: number) => boolean } },
    ];

    assert.equal(axis.data.length, hours);
    assert.deepEqual(
      axis.data,
      facts.slots.map(({ label }) => label),
    );
    assert.deepEqual(
      axis.data.filter((_, index) => axis.axisLabel.interval(index)),
      labels,
    );
    assert.equal(dataOf('levels', facts, '0-INFO').length, hours);
    for (const lang of REPORT_LANGUAGES)
      assert.deepEqual(timesOf(renderCharts(facts, lang).availability.svg).sort(), [...labels]);
  });

test('an hour that comes twice is written once', () => {
  const day = sampleDay('long'); // in Havana, midnight comes twice
  const slots = day.slots.map((slot, n) => ({ ...slot, label: `${String(Math.max(0, n - 1)).padStart(2, '0')}:00` }));

  const { names, isLabelled } = slotNames({ ...day, slots }, CHART_WORDS.en);

  assert.deepEqual(
    names.filter((_, index) => isLabelled(index)),
    ['00:00', '03:00', '06:00', '09:00', '12:00', '15:00', '18:00', '21:00'],
  );
});

test('of a thousand AI agents the worst are drawn, the others are counted, and the fleet stands above them', () => {
  const facts = sampleDay('thousand-agents');
  const charts = renderCharts(facts, 'en');

  for (const { agent_id } of facts.agents.slice(0, AGENT_ROWS_MAX))
    assert.ok(charts.availability.svg.includes(`>${agent_id}<`), agent_id);
  assert.ok(!charts.availability.svg.includes(`>${facts.agents[AGENT_ROWS_MAX]!.agent_id}<`));
  assert.match(charts.availability.svg, />and 984 more AI agents</);
  assert.match(charts.availability.svg, />all 1,000</);
  assert.deepEqual(dataOf('availability', facts, 'strip-up'), Array(24).fill(1));
  assert.ok(sizeOf(charts) < 100_000, `${sizeOf(charts)} bytes`);
});

test('the fleet is drawn by the shares of its time, and an hour of which nothing is known is hatched', () => {
  const day = sampleDay('thousand-agents');
  const hours: readonly ReportFacts['by_slot'][number]['seconds'][] = [
    { up: 750, down: 250 },
    {},
    { up: 1, unknown: 1 },
  ];
  const facts = { ...day, by_slot: day.by_slot.map((slot, n) => ({ ...slot, seconds: hours[n % 3]! })) };

  const firstHours = (state: string) => dataOf('availability', facts, `strip-${state}`).slice(0, 3);
  assert.deepEqual(firstHours('up'), [0.75, 0, 0.5]);
  assert.deepEqual(firstHours('down'), [0.25, 0, 0]);
  assert.deepEqual(firstHours('unknown'), [0, 1, 0.5]);
});

test('AI agents of the same name are told apart by their servers', () => {
  const day = sampleDay('quiet');
  const agents = day.agents.slice(0, 2).map((agent, n) => ({ ...agent, agent_id: 'GROK', server: `S${n}` }));

  const { svg } = renderCharts({ ...day, agents }, 'en').availability;

  assert.match(svg, />GROK · S0</);
  assert.match(svg, />GROK · S1</);
});

test('a hostile name stays a text: it opens no element, ends no attribute and steers nothing around it', () => {
  const evil = [
    '</text><script>1</script>',
    '"zr0-p0" class="x"',
    '<![CDATA[',
    '&#x3c;b&#x3e;',
    'a\u0000\u202eb\ud800',
    '-->',
  ];
  const day = sampleDay('hostile');
  const agents = [...evil.map((agent_id) => ({ ...day.agents[0]!, agent_id })), ...day.agents];

  for (const lang of REPORT_LANGUAGES) {
    const { svg } = renderCharts({ ...day, agents }, lang).availability;
    const texts = [...svg.matchAll(/<text [^<>]*>([^<>]*)<\/text>/g)].map(([, text]) => unescaped(text!));
    const rest = svg.replace(
      /<(?:\/?(?:svg|defs|pattern|g|text|clipPath)|(?:rect|path|image)(?=[\s/]))(?:\s[\w:-]+="[^"<>]*")*\s*\/?>/g,
      '',
    );

    assert.doesNotMatch(rest, /[<>]/);
    for (const name of [...evil.slice(0, 4), 'a b\ufffd', '=cmd|/C calc!A0', '\u2067שלום GROK 3.5 (בטא)\u2069'])
      assert.ok(
        texts.some((text) => text === name || (text.endsWith('…') && name.startsWith(text.slice(0, -1)))),
        name,
      );
    assert.doesNotMatch(svg, /[\u0000-\u0009\u202a-\u202e]/);
  }
});

test('every chart says in one sentence what it shows, with the numbers of the facts', () => {
  const facts = sampleDay('bad');
  const plain = (text: string) => text.replace(/[\u2066-\u2069]/g, '');
  const en = renderCharts(facts, 'en');
  const he = renderCharts(facts, 'he');

  assert.equal(
    plain(en.availability.alt),
    'Timeline of the states of 5 AI agents, available for 99.81% of the time: 1 went down, GROK for longest, 14 minutes in all.',
  );
  assert.ok(plain(en.levels.alt).includes(`${facts.totals.records!.toLocaleString('en')} records`));
  assert.ok(plain(he.levels.alt).includes(`${facts.totals.records!.toLocaleString('en')} רשומות`));
  assert.ok(plain(he.availability.alt).includes('GROK לזמן הארוך ביותר, 14 דקות'));
  const nearlyAll = { ...facts, totals: { ...facts.totals, availability: 0.9997 } };
  assert.match(plain(renderCharts(nearlyAll, 'en').availability.alt), /99\.97%/, 'which is not all');
  for (const name of SAMPLE_DAYS)
    for (const lang of REPORT_LANGUAGES)
      for (const plan of Object.values(PLANS)) {
        const { alt, title } = plan(sampleDay(name), lang);
        assert.match(alt, /^[^.].*\.$/s);
        assert.doesNotMatch(`${alt} ${title}`, /undefined|NaN|null/);
        assert.equal(/[\u05d0-\u05ea]/.test(title), lang === 'he');
      }
});

test('the same facts give the same drawing, here and in another process', async () => {
  const module = new URL('../../../../src/orchestrator/reports/charts/index.ts', import.meta.url);
  const samples = new URL('../../../support/report-samples.ts', import.meta.url);
  const code = `
    import { createHash } from 'node:crypto';
    import { renderCharts } from ${JSON.stringify(module.href)};
    import { sampleDay } from ${JSON.stringify(samples.href)};
    console.log(createHash('sha256').update(JSON.stringify(renderCharts(sampleDay('hostile'), 'he'))).digest('hex'));`;

  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code]);

  const once = renderCharts(sampleDay('hostile'), 'he');
  assert.deepEqual(renderCharts(sampleDay('hostile'), 'he'), once);
  assert.equal(createHash('sha256').update(JSON.stringify(once)).digest('hex'), stdout.trim());
});

test('nothing is held once charts are drawn, nor after one that could not be', () => {
  const [before, number] = marker();

  renderCharts(samplePeriod('weekly'), 'en');
  const formatter = () => {
    throw new Error('no label');
  };
  const option = { grid: {}, xAxis: { type: 'category', data: ['a'], axisLabel: { formatter } }, yAxis: {} };
  assert.throws(() => drawChart({ title: '', alt: '', heightPx: 10, option }), /no label/);

  const [after, last] = marker();
  assert.ok(last - number > 4, 'drawing made instances between the two');
  for (let n = number + 1; n < last; n++) assert.equal(echarts().getInstanceById(`ec_${n}`), undefined);
  before.dispose();
  after.dispose();
});

test('a chart of a month has a slot for each of its days', () => {
  for (const [kind, days] of [
    ['weekly', 7],
    ['monthly', 31],
  ] as const) {
    const [axis] = levelsPlan(samplePeriod(kind), 'he').option.xAxis as [{ data: string[] }];
    assert.equal(axis.data.length, days);
    assert.equal(axis.data.at(-1), kind === 'weekly' ? '14.12' : '31.12');
  }
});

interface Series {
  readonly id: string;
  readonly data: readonly unknown[];
}

function series(name: keyof ReportCharts, facts: ReportFacts, lang: ReportLanguage = 'en'): readonly Series[] {
  return PLANS[name](facts, lang).option.series as Series[];
}

function dataOf(name: keyof ReportCharts, facts: ReportFacts, id: string): readonly unknown[] {
  const found = series(name, facts).find((one) => one.id === id);
  assert.ok(found, `${name} has no series ${id}`);
  return found.data;
}

function pathOf(fill: string): RegExp {
  return new RegExp(`<path d="M(-?[\\d.]+) [-\\d.]+l(-?[\\d.]+)[^"]*" fill="${fill}"`, 'g');
}

function edges([, x, width]: RegExpMatchArray): readonly [number, number] {
  return [Number(x), Number(x) + Number(width)];
}

/** The lowest one, for the legend stands above. */
function rectOf(svg: string, fill: string): readonly [number, number] {
  const found = [...svg.matchAll(pathOf(fill))].at(-1);
  assert.ok(found, `nothing is filled with ${fill}`);
  return edges(found);
}

function near(found: number, expected: number): void {
  assert.ok(Math.abs(found - expected) < 0.6, `${found}, not ${expected}`);
}

function timesOf(svg: string): string[] {
  return [...svg.matchAll(/>(\d\d:\d\d)</g)].map(([, time]) => time!);
}

function sizeOf(charts: ReportCharts): number {
  return Object.values(charts).reduce((sum, { svg }) => sum + Buffer.byteLength(svg), 0);
}

function unescaped(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}

/** An instance, whose number says how many there were before it. */
function marker() {
  const chart = echarts().init(null, null, { renderer: 'svg', ssr: true, width: 10, height: 10 });
  return [chart, Number(chart.id.replace('ec_', ''))] as const;
}
