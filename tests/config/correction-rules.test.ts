import assert from 'node:assert/strict';
import { test } from 'node:test';
import { templatePattern, writeCorrectionRules } from '../../src/config/correction-rules.ts';
import { checkConfigTexts } from '../../src/config/index.ts';
import type { CorrectionView } from '../../src/contract/fleet-templates.ts';
import type { TemplateId } from '../../src/contract/triage.ts';
import { sha256Hex } from '../../src/platform/digest.ts';
import { LinearPattern } from '../../src/platform/linear-pattern.ts';

function correction(text: string, replace: Partial<CorrectionView> = {}): CorrectionView {
  return {
    template: sha256Hex(text).slice(0, 16) as TemplateId,
    text,
    mark: 'ordinary',
    note: null,
    marked_by: 'ann',
    marked_at: '2026-11-26T10:00:00.000Z',
    ...replace,
  };
}

async function rulesOf(yaml: string) {
  const { config, complaints } = await checkConfigTexts(new Map([['agents/_defaults.yaml', yaml]]));
  assert.deepEqual(complaints, [], yaml);
  return config!.agentDefaults.rules;
}

test('what people said becomes rules that the configuration takes, with why in a comment', async () => {
  const yaml = writeCorrectionRules([
    correction('Connection from <*> closed (timeout <*> s)', { note: 'it\ncomes back' }),
    correction('disk <*> is full', { mark: 'alert' }),
  ]);

  const [ordinary, alert] = await rulesOf(yaml);
  assert.match(ordinary!.name, /^ordinary_connection_from_[a-z_]*_[0-9a-f]{8}$/);
  assert.deepEqual(ordinary!.effects, { ordinary: true });
  assert.deepEqual(alert!.effects, { alert: { severity: 'critical' } });
  const pattern = new LinearPattern(ordinary!.when.matches!);
  for (const line of [
    'Connection from 10.0.0.1 closed (timeout 3 s)',
    '2026-01-01 12:00:00 INFO  Connection from a  b closed\t(timeout 3 s)\n',
  ])
    assert.ok(pattern.isIn(line), line);
  for (const line of [
    'Connection from x closed (timeout 3 s): data lost',
    'ReConnection from x closed (timeout 3 s)',
    'Connection',
  ])
    assert.ok(!pattern.isIn(line), line);
  assert.match(yaml, /# Connection from <\*> closed.*\n {2}# marked by ann, 2026-11-26: it comes back\n/);
});

test('whatever a template holds, its rule passes the check, and nothing gets out of its comment', async () => {
  const hostile = [
    'user".*+?^$ {}()|[]\\ <*> \\d{2,} # : - & * ! | > \' " % @ `',
    'a\u2028rules: []\u0085b \u202e<*> \ud800 ``` key: "v" #x',
    '__proto__ <*> constructor: {{}}',
    'שגיאה <*> בדיסק',
    `${'long words '.repeat(180)}<*> end`,
    `${'<*> x1 '.repeat(280)}`,
    'x'.repeat(1_999),
    '- name: other\n  when: {}\n  then: { drop: true }',
  ];

  const rules = await rulesOf(writeCorrectionRules(hostile.map((text) => correction(text, { marked_by: 'x\n- y' }))));

  assert.ok(rules.every(({ effects }) => effects.ordinary === true && Object.keys(effects).length === 1));
  assert.ok(rules.length >= 5, String(rules.length));
  assert.equal(new Set(rules.map(({ name }) => name)).size, rules.length);
  assert.ok(new LinearPattern(templatePattern(hostile[0]!)!).isIn(hostile[0]!.replace('<*>', 'anything')));
});

test('a template without text of its own makes no rule, and more than a file takes are named', async () => {
  const many = Array.from({ length: 103 }, (_, index) =>
    correction(`thing number ${'abcdefghij'[index % 10]}${'klmnopqrst'[Math.floor(index / 10) % 10]}${index} failed`),
  );

  const yaml = writeCorrectionRules([correction('<*>: <*> -'), ...many]);

  assert.equal((await rulesOf(yaml)).length, 100);
  assert.equal(yaml.match(/a file takes 100 rules/g)?.length, 3);
  assert.match(yaml, /too little text of its own: <\*>: <\*> -/);
  assert.deepEqual(await rulesOf(writeCorrectionRules([])), []);
});
