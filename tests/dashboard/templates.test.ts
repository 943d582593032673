/** Templates in a real browser: the one that an alert was made from, the list of all of them, and what operators say of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { emptyLevelCounts } from '../../src/contract/record.ts';
import type { TemplateId } from '../../src/contract/triage.ts';
import { until } from '../support/until.ts';
import { makeRecord } from './fixture-alerts.ts';
import { type FixtureData, makeAgent, makeAlert, makeServer } from './fixture-server.ts';
import { makeTemplate } from './fixture-templates.ts';
import { HOSTILE_NAME, missing, textOf, withBrowser } from './real-browser.ts';

const openPage = withBrowser();

const plain = (text: string) => text.replace(/[\u2066-\u2069]/g, '');
const texts = (page: Page) => page.locator('.template-list .template-text').allTextContents();
const TEMPLATE = '0123456789abcdef' as TemplateId;
const SHOTS = process.env['SCREENSHOTS_DIR'];

/** The triage has told of a line. */
function judged(change: Partial<FixtureData> = {}, detail: object = {}): Partial<FixtureData> {
  const told = {
    template: TEMPLATE,
    template_text: 'connection to <*> lost after <*> attempts',
    tier: 'scorer',
    score: 0.934,
    reason: 'connection, lost; never seen before; level ERROR',
    revision: 'abc123def456',
    level: 'ERROR',
    action: 'call',
    message: 'connection to db-1 lost after 3 attempts',
    timestamp: new Date(Date.now() - 60_000).toISOString(),
    hits: 4,
    lines_before: [makeRecord(62_000), makeRecord(61_000, { level: 'WARN' })],
    model: { verdict: 'critical', reason: 'the database cannot be reached', name: 'tinyllama-1.1b' },
    ...detail,
  };
  return {
    agents: [makeAgent({ agent_id: 'GROK' })],
    servers: [makeServer('AIGARDEN01')],
    alerts: [makeAlert({ id: '5', severity: 'critical', kind: 'log.critical', title: told.message, detail: told })],
    ...change,
  };
}

test('an alert of the triage says which lines it is about and why, and is marked and unmarked', {
  skip: missing,
}, async () => {
  await using open = await openPage(judged(), {}, '#alerts/5');
  const { page, fixture, complaints } = open;
  const section = page.locator('.alert-template');
  await section.waitFor();
  assert.match(
    plain(await textOf(section)),
    /connection to <\*> lost after <\*> attempts.*the scorer.*0\.93.*never seen before.*critical · the database cannot be reached \(tinyllama-1\.1b\)/,
  );
  assert.doesNotMatch(await textOf(page.locator('dl.alert-facts')), /template|tier|scorer|0\.93/);

  await section.getByRole('button', { name: 'Not an alert' }).press('Enter');
  await page.getByText('Never tell of such lines again').waitFor();
  await section.getByLabel('Note').fill('each night');
  await section.getByRole('button', { name: 'Not an alert' }).click();

  await until('it is marked', async () =>
    /Marked as not an alert by dana .*: each night/.test(plain(await textOf(section))),
  );
  assert.ok(fixture.data.templatesAsked.includes('POST alerts/5/mark {"mark":"ordinary","note":"each night"}'));
  await page.getByText('Resolved', { exact: true }).first().waitFor();
  assert.equal(await section.getByRole('button', { name: 'Not an alert' }).count(), 0);
  assert.equal(await page.evaluate('document.activeElement.textContent'), 'Which lines this is about');
  await section.getByRole('button', { name: 'Take back' }).click();
  await section.getByRole('button', { name: 'Take back' }).click();
  await section.getByRole('button', { name: 'Not an alert' }).waitFor();
  assert.ok(fixture.data.templatesAsked.includes(`DELETE triage/corrections/${TEMPLATE}`));
  assert.deepEqual(complaints, []);
});

test('who may only look has no buttons, and an alert of no template no such section', { skip: missing }, async () => {
  await using viewer = await openPage(judged({ role: 'viewer' }), {}, '#alerts/5');
  await viewer.page.locator('.alert-template').waitFor();
  assert.equal(await viewer.page.locator('.alert-template button').count(), 0);

  await using rule = await openPage(judged({}, { template: undefined, rule: 'x', model: 'gpt' }), {}, '#alerts/5');
  await rule.page.locator('dl.alert-facts').waitFor();
  assert.equal(await rule.page.locator('.alert-template').count(), 0);
  assert.match(await textOf(rule.page.locator('dl.alert-facts')), /gpt/);
});

test('what stands against a mark is said beside it, and hostile text stays text', { skip: missing }, async () => {
  const hostile = { template_text: `${HOSTILE_NAME} \u202e<*> \u001b[2J`, reason: HOSTILE_NAME, tier: HOSTILE_NAME };
  const onAlert = () => 'as many templates are marked as there may be';
  await using open = await openPage(judged({ onAlert }, hostile), {}, '#alerts/5');
  const { page, complaints } = open;
  await page.getByRole('button', { name: 'Always alert' }).click();
  await page.getByRole('button', { name: 'Always alert' }).click();

  await page.getByText('as many templates are marked').waitFor();

  assert.match(await textOf(page.locator('.template-text')), /<img src=x onerror=alert\(1\)> \ufffd<\*> \u241b\[2J/);
  assert.equal(complaints.filter((one) => !/409/.test(one)).length, 0, complaints.join());
});

test('templates are searched, narrowed, turned and marked in their list', { skip: missing }, async () => {
  const fresh = { first_seen_at: new Date(Date.now() - 3_600_000).toISOString(), is_alert: true, score: 0.91 };
  const templates = [
    makeTemplate('disk <*> is full', { ...fresh, level_counts: { ...emptyLevelCounts(), ERROR: 12, INFO: 2 } }),
    ...Array.from({ length: 70 }, (_, index) => makeTemplate(`user <*> did thing ${index}`)),
  ];
  await using open = await openPage({ ...judged(), templates }, {}, '#alerts');
  const { page, fixture, complaints } = open;
  await page.getByRole('link', { name: 'Templates' }).click();
  await until('a page is there', async () => (await texts(page)).length === 50);
  assert.equal(await page.title(), 'Templates · Nervesys');
  assert.match(
    plain(await textOf(page.locator('.template').first())),
    /^Alertdisk <\*> is fullERROR 12INFO 2Last seen/,
  );

  await page.getByRole('button', { name: 'More templates' }).click();
  await until('all are there', async () => (await texts(page)).length === 71);
  await page.getByLabel('A part of the text').fill('THING 7');
  await until('those are there', async () => (await texts(page)).join() === 'user <*> did thing 7');
  await page.getByLabel('A part of the text').fill('');
  await page.getByLabel('Which templates').selectOption({ label: 'New within the last day' });
  await until('the new one is there', async () => (await texts(page)).join() === 'disk <*> is full');
  await page.getByRole('button', { name: 'Not an alert' }).click();
  await page.getByRole('button', { name: 'Not an alert' }).click();
  await page.getByText('Ordinary, as marked').waitFor();
  await page.getByRole('button', { name: 'Details' }).click();
  const more = page.locator('.template-more');
  await more.getByText('we know').waitFor();
  assert.match(plain(await textOf(more)), /Marked as not an alert by dana.*Score0\.91.*GROKERROR 12INFO 2<img/);
  await page.getByRole('button', { name: 'Fewer details' }).click();
  assert.equal(await more.count(), 0);
  assert.ok(fixture.data.templatesAsked.some((one) => /^PUT triage\/corrections\/\w+ {"mark":"ordinary"}$/.test(one)));
  await page.getByLabel('Taken for').selectOption({ label: 'Alerts' });
  await page.getByText('No template matches.').waitFor();
  assert.deepEqual(complaints, []);
});

test('both are whole on a narrow screen, in Hebrew and in the dark', { skip: missing }, async () => {
  const templates = [
    makeTemplate(`a very long one ${'with many words '.repeat(60)}<*> end`, { is_alert: true, score: 0.8 }),
    makeTemplate('connection to <*> lost', { mark: 'ordinary', is_alert: true }),
    makeTemplate('החיבור אל <*> נותק אחרי <*> ניסיונות', {
      mark: 'alert',
      level_counts: { ...emptyLevelCounts(), ERROR: 3, WARN: 17, INFO: 1_200_000 },
    }),
    makeTemplate('x'.repeat(400), { level_counts: emptyLevelCounts() }),
  ];
  for (const [locale, colorScheme, width] of [
    ['en-GB', 'light', 1440],
    ['en-GB', 'dark', 360],
    ['he-IL', 'dark', 1440],
    ['he-IL', 'light', 360],
  ] as const) {
    const options = { locale, colorScheme, viewport: { width, height: 900 } };
    const name = `${SHOTS}/triage-${locale.slice(0, 2)}-${colorScheme}-${width}`;
    await using open = await openPage({ ...judged(), templates }, options, '#templates');
    const { page, complaints } = open;
    await page.locator('.template').nth(3).waitFor();
    const item = page.locator('.template').nth(2);
    await page.locator('.template').first().locator('.template-actions button').nth(1).click();
    await item.locator('.template-actions button').first().click();
    await item.locator('.template-mark').waitFor();
    if (SHOTS !== undefined) await page.screenshot({ path: `${name}-list.png`, fullPage: true });
    assert.ok(Number(await page.evaluate('document.documentElement.scrollWidth')) <= width);
    await page.evaluate("location.hash = '#alerts/5'");
    await page.locator('.alert-template').waitFor();
    await page.locator('.alert-template .actions button').first().click();
    await page.locator('.alert-template .confirm .primary').click();
    await page.locator('.template-mark').waitFor();
    if (SHOTS !== undefined) await page.screenshot({ path: `${name}-alert.png`, fullPage: true });
    assert.ok(Number(await page.evaluate('document.documentElement.scrollWidth')) <= width);
    assert.deepEqual(complaints, []);
  }
});
