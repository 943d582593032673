import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtInConfig, type Config, checkConfigTexts } from '../../../../src/config/index.ts';
import { dedupKeyOf, toTrouble } from '../../../../src/orchestrator/alerts/thresholds/breach-alert.ts';
import { findBreaches, type ThresholdKey } from '../../../../src/orchestrator/alerts/thresholds/find-breaches.ts';
import { LimitBook } from '../../../../src/orchestrator/alerts/thresholds/limit-book.ts';

const builtIn = await builtInConfig();
const { thresholds } = builtIn.agentDefaults;

async function bookOf(written: string): Promise<LimitBook> {
  const { config, complaints } = await checkConfigTexts(
    new Map([
      ['agents/grok.yaml', '{}'],
      ['agents/gimai.yaml', '{}'],
      ['agents/chatgpt.yaml', '{}'],
      ['thresholds.yaml', written],
    ]),
  );
  assert.deepEqual(complaints, []);
  return new LimitBook(config!, thresholds);
}

const OWN = `agents:
  GIMAI: { cpu_percent: { warning: 98, critical: 100 } }
  CHATGPT: { cpu_percent: { critical: 90 }, errors_per_minute: { warning: 3, critical: 15 } }
`;

test("a server's limits are the defaults, over which those of the AI agents on it go, of several the strictest", async () => {
  const book = await bookOf(OWN);
  const cpu = (...agentIds: string[]) => {
    const { warning, critical } = book.forServer(agentIds).cpuPercent;
    return [warning, critical];
  };

  assert.deepEqual(cpu(), [85, 97]);
  assert.deepEqual(cpu('nervesys', 'GROK', 'STRANGER'), [85, 97], 'those have none of their own');
  assert.deepEqual(cpu('nervesys', 'GIMAI', 'GROK'), [98, 100]);
  assert.deepEqual(cpu('GIMAI', 'CHATGPT'), [85, 90]);
  assert.equal(book.forServer(['GIMAI']).ramPercent.warning, 85, 'limit by limit');
  assert.equal(book.forAgent('CHATGPT').errorsPerMinute.warning, 3);
  assert.equal(book.forAgent('GROK').errorsPerMinute.warning, 10);
});

test('below the lowest limit of anybody, nobody has to look closer', async () => {
  const book = await bookOf(OWN);

  assert.equal(book.lowest.cpuPercent, 85);
  assert.equal(book.lowest.errorsPerMinute, 3);
  assert.equal(book.lowest.bufferMb, 60, 'of the 100 MB that a buffer may take');
});

test('what an older version has stored without the newer limits is filled in', () => {
  const old = {
    ...builtIn,
    agentDefaults: { ...builtIn.agentDefaults, thresholds: { cpuPercent: { warning: 50, critical: 60 } } },
    agents: [
      {
        ...builtIn.agentDefaults,
        agentId: 'GROK',
        sources: [],
        thresholds: { ramPercent: { warning: 1, critical: 2 } },
      },
    ],
  } as unknown as Config;

  const book = new LimitBook(JSON.parse(JSON.stringify(old)), thresholds);

  assert.deepEqual(book.forServer([]).cpuPercent, { ...thresholds.cpuPercent, warning: 50, critical: 60 });
  assert.deepEqual(book.forServer(['GROK']).ramPercent, { ...thresholds.ramPercent, warning: 1, critical: 2 });
  assert.deepEqual(book.forAgent('GROK').clockSkewMs, thresholds.clockSkewMs);
});

test('breaches are found at the worst level that a value has reached, and nothing is past no limit', () => {
  const values = { cpuPercent: 85, ramPercent: 84.9, diskPercent: 92, lostRecords: 0, clockSkewMs: 59_999 };

  assert.deepEqual(findBreaches(values, thresholds), [
    { threshold: 'cpuPercent', level: 'warning', value: 85 },
    { threshold: 'diskPercent', level: 'critical', value: 92 },
  ]);
  assert.deepEqual(
    findBreaches(
      { errorsPerMinute: 0 },
      { ...thresholds, errorsPerMinute: { ...thresholds.errorsPerMinute, warning: 0 } },
    ),
    [],
  );
  assert.deepEqual(findBreaches({}, thresholds), []);
});

test('an alert says in words what is the case', () => {
  const cases: readonly (readonly [
    ThresholdKey,
    value: number,
    limit: number,
    title: string,
    told: readonly unknown[],
  ])[] = [
    ['diskPercent', 93, 92, 'Disk 93 % full, past the limit of 92 %', [93, 92, 'percent']],
    ['diskPercent', 92, 92, 'Disk 92 % full, at the limit of 92 %', [92, 92, 'percent']],
    ['cpuPercent', 83.25, 85, 'CPU 83.3 % busy, just below the limit of 85 %', [83.3, 85, 'percent']],
    ['ramPercent', 96.04, 95, 'Memory 96 % used, past the limit of 95 %', [96, 95, 'percent']],
    ['bufferPercent', 61, 60, 'Buffer 61 % full, past the limit of 60 %', [61, 60, 'percent']],
    ['errorsPerMinute', 1234.5, 60, '1,234.5 errors a minute, past the limit of 60', [1234.5, 60, 'per_minute']],
    [
      'oldestUnarchivedMs',
      7_380_000,
      1_800_000,
      'Records have waited 2h 3m for the archive, past the limit of 30m',
      [7380, 1800, 'seconds'],
    ],
    ['lostRecords', 1, 1, '1 record lost within an hour, at the limit of 1', [1, 1, 'records']],
    ['lostRecords', 1200, 1000, '1,200 records lost within an hour, past the limit of 1,000', [1200, 1000, 'records']],
    ['clockSkewMs', 125_000, 60_000, 'Clock wrong by 2m 5s, past the limit of 1m', [125, 60, 'seconds']],
  ];

  for (const [threshold, value, limit, title, [inUnit, limitInUnit, unit]] of cases) {
    const trouble = toTrouble({ server: 'ONE', agentId: null, threshold, level: 'warning', value, limit, since: 0 });
    assert.equal(trouble.title, title);
    assert.deepEqual(trouble.detail, {
      value: inUnit,
      limit: limitInUnit,
      level: 'warning',
      unit,
      since: '1970-01-01T00:00:00.000Z',
    });
    assert.equal(trouble.kind, dedupKeyOf(threshold, null));
  }
  assert.equal(dedupKeyOf('errorsPerMinute', 'GROK'), 'threshold.errors_per_minute:GROK');
});
