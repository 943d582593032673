/** A strict reader of the Prometheus text format 0.0.4, by its specification: what Prometheus would refuse or misread is refused here. */
import assert from 'node:assert/strict';

export interface ReadSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface ReadFamily {
  readonly type: string;
  readonly help: string;
  readonly samples: ReadSample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const NUMBER = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]Inf|NaN)$/;

/** Throws at the first thing that is wrong, naming the line. */
export function readExposition(text: string): Map<string, ReadFamily> {
  assert.ok(text.endsWith('\n'), 'the last line has no end');
  const families = new Map<string, ReadFamily>();
  const series = new Set<string>();
  let helped: { readonly name: string; readonly help: string } | undefined;
  let current: string | undefined;
  for (const line of text.slice(0, -1).split('\n')) {
    const help = /^# HELP (\S+) (.+)$/.exec(line);
    const type = /^# TYPE (\S+) (counter|gauge|histogram|summary|untyped)$/.exec(line);
    if (help !== null) {
      assert.match(help[1]!, NAME, line);
      assert.ok(!families.has(help[1]!), `HELP of a second group: ${line}`);
      assert.doesNotMatch(help[2]!.replace(/\\[\\n]/g, ''), /\\/, `only \\\\ and \\n may be escaped in HELP: ${line}`);
      helped = { name: help[1]!, help: help[2]! };
      current = undefined;
    } else if (type !== null) {
      const name = type[1]!;
      assert.equal(helped?.name, name, `TYPE without its HELP just before: ${line}`);
      families.set(name, { type: type[2]!, help: helped!.help, samples: [] });
      current = name;
    } else {
      const sample = readSample(line);
      assert.ok(current !== undefined, `a sample outside of its group: ${line}`);
      const { type } = families.get(current)!;
      const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
      assert.ok(
        suffixes.some((suffix) => sample.name === current + suffix),
        `a sample in the group of ${current}: ${line}`,
      );
      const key = line.slice(0, line.lastIndexOf(' '));
      assert.ok(!series.has(key), `the same series twice: ${key}`);
      series.add(key);
      families.get(current)!.samples.push(sample);
    }
  }
  for (const [name, family] of families) checkFamily(name, family);
  return families;
}

function readSample(line: string): ReadSample {
  const match = /^([^{ ]+)(?:\{(.*)\})? (\S+)$/.exec(line);
  assert.ok(match !== null, `no sample: ${JSON.stringify(line)}`);
  const [, name = '', inner, value = ''] = match;
  assert.match(name, NAME, line);
  assert.match(value, NUMBER, line);
  const labels: Record<string, string> = {};
  let rest = inner ?? '';
  while (rest !== '') {
    const pair = /^([^=]+)="((?:[^"\\\n]|\\[\\"n])*)"(?:,(?=.)|$)/.exec(rest);
    assert.ok(pair !== null, `labels of ${line}`);
    assert.match(pair[1]!, LABEL, line);
    assert.ok(!pair[1]!.startsWith('__'), `a reserved label: ${line}`);
    assert.ok(!(pair[1]! in labels), `a label twice: ${line}`);
    labels[pair[1]!] = pair[2]!.replaceAll(/\\(.)/g, (_, one) => (one === 'n' ? '\n' : one));
    rest = rest.slice(pair[0].length);
  }
  return { name, labels, value: Number(value.replace('Inf', 'Infinity')) };
}

/** Conventions: base units, `_total` on counters and on nothing else; and what must hold of a histogram. */
function checkFamily(name: string, { type, samples }: ReadFamily): void {
  assert.equal(name.endsWith('_total'), type === 'counter', `${name} is a ${type}`);
  assert.doesNotMatch(name, /_(?:ms|milliseconds|minutes|hours|days|kb|mb|mib|percent)(?:_|$)/, `${name}: base units`);
  assert.doesNotMatch(name, /_(?:bucket|sum|count)$/, `${name}: the suffixes of a histogram`);
  if (type === 'counter') for (const { value } of samples) assert.ok(value >= 0, `${name} is below 0`);
  if (type !== 'histogram') return;
  const groups = Map.groupBy(samples, ({ labels: { le: _, ...labels } }) => JSON.stringify(labels));
  for (const [labels, group] of groups) {
    const of = (suffix: string) => group.filter((one) => one.name === name + suffix);
    const buckets = of('_bucket').map((one) => ({
      bound: Number(one.labels['le']!.replace('Inf', 'Infinity')),
      count: one.value,
    }));
    assert.deepEqual([of('_sum').length, of('_count').length], [1, 1], `${name}${labels}: one _sum and one _count`);
    assert.equal(buckets.at(-1)?.bound, Number.POSITIVE_INFINITY, `${name}${labels}: +Inf comes last`);
    assert.equal(buckets.at(-1)?.count, of('_count')[0]?.value, `${name}${labels}: +Inf counts all`);
    for (let i = 1; i < buckets.length; i++) {
      assert.ok(buckets[i]!.bound > buckets[i - 1]!.bound, `${name}${labels}: bounds rise`);
      assert.ok(buckets[i]!.count >= buckets[i - 1]!.count, `${name}${labels}: buckets are cumulative`);
    }
  }
}
