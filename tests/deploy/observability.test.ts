/** The dashboard, the scrape configuration and the rules ask only for what a running orchestrator and a running agent tell. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import { readExposition } from '../support/exposition.ts';
import { TestOrchestrator } from '../support/orchestrator.ts';
import { TestPostgres } from '../support/postgres.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

const DEPLOY = join(import.meta.dirname, '../../deploy');

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly id: number;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const dashboard = JSON.parse(readFileSync(join(DEPLOY, 'grafana/nervesys.json'), 'utf8')) as {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] };
};
const rules = parse(readFileSync(join(DEPLOY, 'prometheus/nervesys.rules.yml'), 'utf8')) as {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[];
};
const scrape = parse(readFileSync(join(DEPLOY, 'prometheus/prometheus.yml'), 'utf8'));

/** Each metric of an expression with the labels that are asked of it. What Prometheus brings by itself (`up`) is left out. */
function metricsOf(expr: string): { readonly name: string; readonly labels: readonly string[] }[] {
  return [...expr.matchAll(/\b((?:nervesys|process|nodejs)_\w+)(?:\{([^}]*)\})?/g)].map(
    ([, name = '', inner = '']) => ({
      name,
      labels: [...inner.matchAll(/(\w+)\s*(?:=~|!=|!~|=)/g)].map((match) => match[1]!),
    }),
  );
}

/** The labels by which an expression groups. */
function groupsOf(expr: string): string[] {
  return [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap((match) => match[1]!.split(',').map((label) => label.trim()));
}

const FROM_PROMETHEUS = ['job', 'instance'];

test('every expression names metrics that exist, with labels that they have', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  await system.enrol('AIGARDEN01');
  await system.ask('GET', '/api/v1/alerts');
  const families = readExposition((await system.ask('GET', '/metrics')).text);
  const expressions = [
    ...dashboard.panels.flatMap((panel) => (panel.targets ?? []).map(({ expr }) => [panel.title, expr] as const)),
    ...rules.groups.flatMap((group) => group.rules.map(({ alert, expr }) => [alert, expr] as const)),
  ];
  assert.ok(expressions.length > 40);

  const wrong: string[] = [];
  for (const [where, expr] of expressions) {
    const metrics = metricsOf(expr);
    if (metrics.length === 0 && !/\bup\{/.test(expr)) wrong.push(`${where}: no metric in ${expr}`);
    const has = new Set(FROM_PROMETHEUS);
    for (const { name, labels } of metrics) {
      const base = families.has(name) ? name : name.replace(/_(?:bucket|sum|count)$/, '');
      const family = families.get(base);
      if (family === undefined || (base !== name && family.type !== 'histogram')) {
        wrong.push(`${where}: there is no ${name}`);
        continue;
      }
      for (const label of family.samples.flatMap((sample) => Object.keys(sample.labels))) has.add(label);
      if (family.type === 'counter' && !/\b(?:rate|increase)\(/.test(expr))
        wrong.push(`${where}: ${name} without a rate`);
      for (const label of labels)
        if (family.samples.length > 0 && !has.has(label)) wrong.push(`${where}: ${name} has no ${label}`);
    }
    const known = metrics.every(
      ({ name }) => (families.get(name.replace(/_(?:bucket|sum|count)$/, ''))?.samples.length ?? 0) > 0,
    );
    for (const label of groupsOf(expr))
      if (known && !has.has(label)) wrong.push(`${where}: no label ${label} in ${expr}`);
  }
  assert.deepEqual(wrong, []);
});

test('the dashboard is one that Grafana takes: any Prometheus, panels with their own numbers beside each other', () => {
  const { panels, templating } = dashboard;
  assert.deepEqual(
    templating.list.map(({ name, type }) => [name, type]),
    [
      ['datasource', 'datasource'],
      ['job', 'query'],
    ],
  );
  assert.equal(new Set(panels.map((panel) => panel.id)).size, panels.length);
  for (const panel of panels) {
    if (panel.type === 'row') continue;
    assert.equal(panel.datasource?.uid, ['$', '{datasource}'].join(''), panel.title);
    for (const { expr } of panel.targets ?? []) assert.match(expr, /job=~"\$job"/, panel.title);
  }
  const taken = new Map<string, string>();
  for (const { title, gridPos } of panels) {
    assert.ok(gridPos.x + gridPos.w <= 24, title);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        assert.equal(taken.get(`${x},${y}`), undefined, `${title} lies on ${taken.get(`${x},${y}`)}`);
        taken.set(`${x},${y}`, title);
      }
    }
  }
});

test('Prometheus gets in as the example says: with a viewer’s key and nothing less', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const [job] = scrape.scrape_configs;
  assert.deepEqual(Object.keys(job.authorization), ['credentials_file']); // its type is Bearer unless it says otherwise
  assert.deepEqual(scrape.rule_files, ['nervesys.rules.yml']);
  const { key } = (await system.ask('POST', '/api/v1/keys', { body: { name: 'prometheus', role: 'viewer' } })).json;
  const ask = (as: string | null) =>
    system.ask('GET', job.metrics_path ?? '/metrics', { key: as, headers: { accept: 'text/plain;version=0.0.4' } });

  assert.equal((await ask(key)).status, 200);
  assert.equal((await ask(null)).status, 401);
  assert.equal((await ask(await system.enrol('AIGARDEN01'))).status, 403);
});
