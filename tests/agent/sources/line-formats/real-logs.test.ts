/*
 * How much of real logs is read rightly. The logs are loghub's (https://github.com/logpai/loghub), 2,000 lines a system with the level
 * of each in a table; they may be copied for research only, so they don't lie here: LOGHUB_DIR names a folder with `<SYSTEM>/<SYSTEM>_2k.log`.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readPrefix } from '../../../../src/agent/sources/line-formats/line-prefix.ts';
import { openTimeZone } from '../../../../src/agent/sources/line-formats/time-zone.ts';

const FOLDER = process.env['LOGHUB_DIR'];
const LEVELS_RIGHT_LEAST = 0.99;
const TIMESTAMPS_RIGHT_LEAST = 0.8;
const NOW = Date.parse('2026-11-22T12:00:00Z');

/** A system's own words for a level; no level of its own is INFO here. */
const OWN_WORDS: Readonly<Record<string, string>> = {
  V: 'DEBUG',
  D: 'DEBUG',
  I: 'INFO',
  W: 'WARN',
  E: 'ERROR',
  F: 'CRITICAL',
  '': 'INFO',
  NOTICE: 'INFO',
  WARNING: 'WARN',
  FATAL: 'CRITICAL',
  SEVERE: 'ERROR',
  FAILURE: 'ERROR',
};

/** The time of day, which every form of timestamp spells out; a Unix time is the same seconds. */
const TIME_OF_DAY = /(?<= )(\d\d):(\d\d):(\d\d)|(?<=^\d{6} )(\d\d)(\d\d)(\d\d)/;

test('level and timestamp of real logs are read rightly', {
  skip: FOLDER === undefined && 'LOGHUB_DIR is not set',
}, (t) => {
  const context = { zone: openTimeZone('UTC'), now: NOW };
  const total = { lines: 0, levels: 0, timestamps: 0 };
  for (const system of readdirSync(FOLDER!, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
    const path = join(FOLDER!, system.name, `${system.name}_2k`);
    const lines = readFileSync(`${path}.log`, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
    const rows = readFileSync(`${path}.structured.csv`, 'utf8').split('\n').slice(1);
    const right = { levels: 0, timestamps: 0 };
    lines.forEach((line, index) => {
      const truth = (rows[index]!.split(',')[1] ?? '').toUpperCase();
      const { at, level = 'INFO' } = readPrefix(line, context);
      if (level === (OWN_WORDS[truth] ?? truth)) right.levels++;
      const [, ...parts] = TIME_OF_DAY.exec(line) ?? [];
      const written = parts.filter((part) => part !== undefined).join(':');
      if (
        at !== undefined &&
        (new Date(at).toISOString().slice(11, 19) === written || line.startsWith(`${at / 1000} `))
      )
        right.timestamps++;
    });
    t.diagnostic(`${system.name}: ${right.levels} levels, ${right.timestamps} timestamps of ${lines.length}`);
    total.lines += lines.length;
    total.levels += right.levels;
    total.timestamps += right.timestamps;
  }
  const [levels, timestamps] = [total.levels / total.lines, total.timestamps / total.lines];
  t.diagnostic(
    `right in all: ${(levels * 100).toFixed(2)} % of levels, ${(timestamps * 100).toFixed(2)} % of timestamps`,
  );
  assert.ok(levels >= LEVELS_RIGHT_LEAST, `${levels} of the levels`);
  assert.ok(timestamps >= TIMESTAMPS_RIGHT_LEAST, `${timestamps} of the timestamps`);
});
