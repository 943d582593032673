/*
 * Goal: a template that comes suddenly far more often, or no longer, is told, and the ways in which lines come and go in an ordinary week
 * are not. Method: templates by hand and a clock by hand; a minute of lines at a time.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DetectorEngine, type DetectorHit } from '../../../../src/agent/edge-ai/detectors/index.ts';
import type { Template } from '../../../../src/agent/edge-ai/types.ts';
import { RecordView } from '../../../../src/agent/rules/record-view.ts';
import type { TemplateId } from '../../../../src/contract/triage.ts';
import { TRIAGE_DEFAULT, type TriageSettings } from '../../../../src/contract/triage-settings.ts';
import { recordOf, START, settingsWith } from './transcripts.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

interface Writable extends Template {
  id: TemplateId;
  text: string;
  lines: number;
  aliases: TemplateId[];
}

function template(text: string): Writable {
  const id = Buffer.from(text.padEnd(8).slice(0, 8)).toString('hex') as TemplateId;
  return {
    id,
    text,
    generation: 0,
    aliases: [],
    lines: 0,
    firstSeenAt: START,
    lastSeenAt: START,
    conclusion: undefined,
  };
}

class Fleet {
  now = START;
  readonly hits: DetectorHit[] = [];
  readonly engine: DetectorEngine;
  readonly #view = new RecordView();

  constructor(
    settings: TriageSettings = TRIAGE_DEFAULT,
    stored?: string,
    find?: (id: TemplateId) => Template | undefined,
  ) {
    this.engine = new DetectorEngine(stored, find);
    this.engine.use(() => settings, START);
  }

  line(of: Writable, agentId = 'GROK'): void {
    of.lines++;
    this.#view.of(recordOf(agentId, { line: of.text }, this.now));
    this.hits.push(...this.engine.look(this.#view, of, this.now));
  }

  /** So many lines of each template in each of so many minutes. */
  minutes(count: number, lines: ReadonlyMap<Writable, number>): this {
    for (let minute = 0; minute < count; minute++) {
      for (const [of, each] of lines) for (let n = 0; n < each; n++) this.line(of);
      this.now += MINUTE_MS;
      if ((this.engine.nextDueAt ?? Number.POSITIVE_INFINITY) <= this.now) this.hits.push(...this.engine.due(this.now));
    }
    return this;
  }

  get told(): readonly string[] {
    return this.hits.map(({ detector, isAgain }) => `${detector}${isAgain ? ' again' : ''}`);
  }
}

const beat = template('beat <*>');
const timeout = template('upstream timed out after <*> ms');

test('lines that come fifty times as often as usual are told once, with how often they usually come', () => {
  const fleet = new Fleet();
  fleet.minutes(
    180,
    new Map([
      [beat, 2],
      [timeout, 1],
    ]),
  );

  fleet.minutes(
    3,
    new Map([
      [beat, 2],
      [timeout, 300],
    ]),
  );

  assert.deepEqual(fleet.told, ['rate_change']);
  const [hit] = fleet.hits;
  assert.deepEqual([hit!.kind, hit!.severity, hit!.agentId], ['triage.rate_change', 'warning', 'GROK']);
  const { usual, template: id, lines } = hit!.detail as { usual: number; template: string; lines: number };
  assert.ok(usual > 9 && usual < 11 && lines >= 500);
  assert.equal(id, timeout.id);
  assert.match(hit!.title, /^\d+ lines of one kind within 10m, \d+ times as many as usual: upstream timed out/);
});

test('few lines, lines not known for an hour, and a twentieth of the factor are nothing', () => {
  const rare = new Fleet().minutes(180, new Map([[beat, 2]])).minutes(1, new Map([[beat, 400]]));
  const young = new Fleet().minutes(30, new Map([[beat, 1]])).minutes(1, new Map([[beat, 5_000]]));
  const busy = new Fleet().minutes(180, new Map([[beat, 100]])).minutes(10, new Map([[beat, 2_000]]));

  assert.deepEqual([rare.told, young.told, busy.told], [[], [], []]);
});

test('the thresholds are those of the settings', () => {
  const settings = settingsWith({
    rateChange: { factor: 5, linesMin: 60, withinMs: 10 * MINUTE_MS, severity: 'critical' },
  });
  const fleet = new Fleet(settings).minutes(120, new Map([[beat, 1]])).minutes(2, new Map([[beat, 40]]));

  assert.deepEqual(fleet.told, ['rate_change']);
  assert.equal(fleet.hits[0]!.severity, 'critical');
});

test('the beginning of a burst is not learnt: another one like it, an hour later, is told as well', () => {
  const usual = new Map([
    [beat, 2],
    [timeout, 1],
  ]);
  const burst = new Map([
    [beat, 2],
    [timeout, 300],
  ]);

  const fleet = new Fleet().minutes(180, usual).minutes(2, burst).minutes(60, usual).minutes(2, burst);

  assert.deepEqual(fleet.told, ['rate_change', 'rate_change again', 'rate_change']);
});

test('a burst that comes each night is told twice, not each night', () => {
  const fleet = new Fleet();
  for (let night = 0; night < 5; night++)
    fleet
      .minutes(
        23 * 60,
        new Map([
          [beat, 2],
          [timeout, 1],
        ]),
      )
      .minutes(
        60,
        new Map([
          [beat, 2],
          [timeout, 200],
        ]),
      );

  const nights = fleet.hits.filter(({ isAgain }) => !isAgain);
  assert.equal(nights.length, 2);
});

test('what stays far above the habit for a day becomes the habit', () => {
  const fleet = new Fleet().minutes(180, new Map([[beat, 1]])).minutes(3 * 24 * 60, new Map([[beat, 60]]));
  const before = fleet.hits.length;

  fleet.minutes(24 * 60, new Map([[beat, 60]]));

  assert.ok(before > 0);
  assert.equal(fleet.hits.length, before);
});

test('lines that came steadily and come no longer are told once, while others of the AI agent go on', () => {
  const fleet = new Fleet().minutes(
    60,
    new Map([
      [beat, 1],
      [timeout, 1],
    ]),
  );

  fleet.minutes(120, new Map([[timeout, 1]]));

  assert.deepEqual(fleet.told, ['gone_silent']);
  const [hit] = fleet.hits;
  assert.match(hit!.title, /^Lines that came every 1m have not come for 3\dm: beat <\*>$/);
  assert.deepEqual([hit!.kind, hit!.detail['template'], hit!.detail['templates']], ['triage.gone_silent', beat.id, 1]);
  fleet
    .minutes(
      60,
      new Map([
        [beat, 1],
        [timeout, 1],
      ]),
    )
    .minutes(90, new Map([[timeout, 1]]));
  assert.deepEqual(fleet.told, ['gone_silent', 'gone_silent'], 'it came again, and went again');
});

test('several that fall silent together are one trouble', () => {
  const others = ['one', 'two', 'three'].map((name) => template(`worker ${name} did <*> jobs`));
  const all = new Map([...others, timeout].map((of) => [of, 1]));
  const fleet = new Fleet().minutes(60, all).minutes(90, new Map([[timeout, 1]]));

  assert.deepEqual(fleet.told, ['gone_silent']);
  assert.equal(fleet.hits[0]!.detail['templates'], 3);
  assert.match(fleet.hits[0]!.title, /and of 2 more kinds/);
});

test('nights, an AI agent that is silent as a whole and unsteady lines are nobody’s silence', () => {
  const nights = new Fleet();
  for (let day = 0; day < 4; day++) {
    nights.minutes(
      8 * 60,
      new Map([
        [beat, 1],
        [timeout, 1],
      ]),
    );
    nights.now += 16 * HOUR_MS;
    nights.hits.push(...nights.engine.due(nights.now));
  }
  nights.line(timeout);
  nights.hits.push(...nights.engine.due(nights.now + 1));
  assert.deepEqual(nights.told, []);

  const unsteady = new Fleet();
  for (let n = 0; n < 40; n++)
    unsteady
      .minutes(
        1,
        new Map([
          [beat, 1],
          [timeout, 1],
        ]),
      )
      .minutes(n % 7, new Map([[timeout, 1]]));
  assert.deepEqual(unsteady.minutes(200, new Map([[timeout, 1]])).told, []);
});

test('a clock that jumps, either way, makes nothing silent and nothing frequent', () => {
  for (const jump of [-7 * 24 * HOUR_MS, 30 * 24 * HOUR_MS, -10_000]) {
    const fleet = new Fleet().minutes(
      90,
      new Map([
        [beat, 1],
        [timeout, 1],
      ]),
    );
    fleet.now += jump;
    fleet.hits.push(...fleet.engine.due(fleet.now));
    fleet.minutes(
      90,
      new Map([
        [beat, 1],
        [timeout, 1],
      ]),
    );

    assert.deepEqual(fleet.told, [], `by ${jump}`);
  }
});

test('a template that became part of a more general one, or was forgotten, is not missed', () => {
  const general = template('<*> <*>');
  for (const found of [general, undefined]) {
    const fleet = new Fleet(TRIAGE_DEFAULT, undefined, () => found);
    fleet
      .minutes(
        60,
        new Map([
          [beat, 1],
          [timeout, 1],
        ]),
      )
      .minutes(90, new Map([[timeout, 1]]));

    assert.deepEqual(fleet.told, []);
  }
});

test('habits outlive a restart, also of a template whose text has become another meanwhile', () => {
  const before = new Fleet().minutes(
    180,
    new Map([
      [beat, 1],
      [timeout, 1],
    ]),
  );
  const general = { ...template('<*> timed out after <*> ms'), aliases: [timeout.id] };

  const rate = new Fleet(TRIAGE_DEFAULT, before.engine.stored());
  rate
    .minutes(
      2,
      new Map([
        [beat, 1],
        [general, 1],
      ]),
    )
    .minutes(
      3,
      new Map([
        [beat, 1],
        [general, 300],
      ]),
    );
  assert.deepEqual(rate.told, ['rate_change']);

  const silent = new Fleet(TRIAGE_DEFAULT, before.engine.stored());
  silent.minutes(90, new Map([[general, 1]]));
  assert.deepEqual(silent.told, ['gone_silent']);
  assert.match(silent.hits[0]!.title, /: beat <\*>$/, 'its text was kept');
});

test('of many templates that come equally often as many as there is room for are kept over a restart', () => {
  const many = Array.from({ length: 1_500 }, (_, n) => ({ ...template(`${n}`), lines: 100 }));
  const fleet = new Fleet().minutes(3, new Map(many.map((of) => [of, 1])));

  const { agents } = JSON.parse(fleet.engine.stored()) as { agents: [string, { templates: { habits: unknown[] } }][] };

  assert.equal(agents[0]![1].templates.habits.length, 1_000);
  for (const lengthMax of [100_000, 5_000, 30]) assert.ok(fleet.engine.stored(lengthMax).length <= lengthMax);
  assert.match(fleet.engine.stored(5_000), /"rhythm"/);
});

test('a template that begins to come often is watched, though there was room for no more', () => {
  const rare = Array.from({ length: 2_500 }, (_, n) => ({ ...template(`${n}`), lines: 100 }));
  const fleet = new Fleet().minutes(1, new Map(rare.map((of) => [of, 1])));

  fleet.minutes(5, new Map([[beat, 20]]));

  assert.match(fleet.engine.stored(), /"beat <\*>"/);
});

test('a flood of templates and of AI agents is bounded, and what comes often stays', () => {
  const fleet = new Fleet();
  for (let n = 0; n < 90; n++) {
    fleet.minutes(1, new Map([[beat, 5]]));
    for (let each = 0; each < 200; each++) {
      const flood = { ...template(`f${n}-${each}`), lines: 100 };
      fleet.line(flood);
      if (each % 4 === 0) fleet.line(flood, `AGENT${n}-${each}`);
    }
  }

  const stored = fleet.engine.stored();
  assert.ok(stored.length < 310_000);
  const habits = (
    JSON.parse(stored) as { agents: [string, { templates: { habits: { text: string }[] } }][] }
  ).agents.flatMap(([, { templates }]) => templates.habits);
  assert.ok(habits.length <= 1_000);
  assert.ok(habits.some(({ text }) => text === beat.text));
  assert.equal(fleet.engine.failed, 0);
  assert.deepEqual(fleet.told, []);
});
