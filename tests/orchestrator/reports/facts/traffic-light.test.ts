import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyLevelCounts } from '../../../../src/contract/record.ts';
import type { AgentFacts, LightReason, TrafficLight } from '../../../../src/contract/report-facts.ts';
import {
  agentTrouble,
  type LightFacts,
  trafficLight,
} from '../../../../src/orchestrator/reports/facts/traffic-light.ts';
import { sampleDay } from '../../../support/report-samples.ts';

const well: LightFacts = {
  state: 'up',
  seconds: { up: 86_400 },
  level_counts: emptyLevelCounts(),
  errors: 100,
  error_rate: 0.001,
  error_rate_habit: 0.001,
  alerts_critical: 0,
  lostRecords: 0,
  alertsWarning: 0,
  alertsCriticalOpen: 0,
};

const CASES: readonly (readonly [string, Partial<LightFacts>, TrafficLight, readonly LightReason[]])[] = [
  ['all is well', {}, 'green', []],
  ['nothing was told, and it was up', { level_counts: null, errors: null, error_rate: null }, 'green', []],
  ['down for ten minutes', { seconds: { up: 85_800, down: 600 } }, 'red', ['down']],
  ['down for less', { seconds: { up: 85_801, down: 599 } }, 'yellow', ['down']],
  ['down for a moment, and still', { state: 'down', seconds: { up: 86_399, down: 1 } }, 'red', ['down']],
  ['down for half an hour of a month', { seconds: { up: 2_590_200, down: 1_800 } }, 'yellow', ['down']],
  ['down for a day of a month', { seconds: { up: 2_505_600, down: 86_400 } }, 'red', ['down']],
  ['a critical alert', { alerts_critical: 1 }, 'red', ['critical_alert']],
  ['a critical alert of days before that is not over', { alertsCriticalOpen: 1 }, 'red', ['critical_alert']],
  ['records were lost', { lostRecords: 1 }, 'red', ['lost_records']],
  ['degraded for five minutes', { seconds: { up: 86_100, degraded: 300 } }, 'yellow', ['degraded']],
  ['degraded for less', { seconds: { up: 86_101, degraded: 299 } }, 'green', []],
  ['degraded at the end', { state: 'degraded', seconds: { up: 86_390, degraded: 10 } }, 'yellow', ['degraded']],
  ['late for five minutes', { seconds: { up: 86_100, late: 300 } }, 'yellow', ['late']],
  ['late for one beat', { seconds: { up: 86_250, late: 150 } }, 'green', []],
  ['errors beyond habit', { error_rate: 0.0021 }, 'yellow', ['errors_above_habit']],
  ['twice the habit is within it', { error_rate: 0.002 }, 'green', []],
  ['few errors are no trouble', { errors: 9, error_rate: 0.5 }, 'green', []],
  ['without a habit nothing is beyond it', { error_rate: 0.5, error_rate_habit: null }, 'green', []],
  ['a habit of none', { error_rate: 0.002, error_rate_habit: 0 }, 'yellow', ['errors_above_habit']],
  ['critical records', { level_counts: { ...emptyLevelCounts(), CRITICAL: 1 } }, 'yellow', ['critical_records']],
  ['a warning', { alertsWarning: 1 }, 'yellow', ['warning_alert']],
  ['never heard', { state: null, seconds: { unknown: 86_400 } }, 'grey', ['unknown']],
  ['known for half of the time', { seconds: { up: 43_200, unknown: 43_200 } }, 'green', []],
  ['known for less', { seconds: { up: 43_199, unknown: 43_201 } }, 'grey', ['unknown']],
  ['retired at noon', { state: 'retired', seconds: { up: 43_200, retired: 43_200 } }, 'green', []],
  [
    'everything at once, the worst first',
    {
      state: 'late',
      seconds: { down: 3_600, late: 600, degraded: 600, unknown: 80_000 },
      alertsWarning: 1,
      alerts_critical: 1,
      lostRecords: 1,
      error_rate: 0.5,
      level_counts: { ...emptyLevelCounts(), CRITICAL: 1 },
    },
    'red',
    [
      'down',
      'critical_alert',
      'lost_records',
      'degraded',
      'late',
      'errors_above_habit',
      'critical_records',
      'warning_alert',
      'unknown',
    ],
  ],
];

for (const [name, replace, light, reasons] of CASES) {
  test(`light: ${name} is ${light}`, () => {
    assert.deepEqual(trafficLight({ ...well, ...replace }), { light, reasons });
  });
}

test('AI agents are listed by trouble, then by name', () => {
  const [one] = sampleDay('one-agent').agents;
  const agent = (agent_id: string, replace: Partial<AgentFacts>): AgentFacts => ({
    ...one!,
    agent_id,
    light: 'green',
    light_reasons: [],
    ...replace,
  });
  const agents = [
    agent('B', {}),
    agent('A', {}),
    agent('GREY', { light: 'grey', light_reasons: ['unknown'] }),
    agent('LATE', { light: 'yellow', light_reasons: ['late'] }),
    agent('LOST', { light: 'red', light_reasons: ['lost_records'] }),
    agent('DOWN', { light: 'red', light_reasons: ['down'], seconds: { down: 700 } }),
    agent('DOWN-LONG', { light: 'red', light_reasons: ['down'], seconds: { down: 7_000 } }),
  ];

  assert.deepEqual(
    agents.toSorted(agentTrouble).map(({ agent_id }) => agent_id),
    ['DOWN-LONG', 'DOWN', 'LOST', 'LATE', 'GREY', 'A', 'B'],
  );
});
