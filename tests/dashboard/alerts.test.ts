/** The pages of the alerts in a real browser: what is shown to whom, what is asked of the orchestrator, and where the focus stays. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import type { AlertDetail } from '../../src/contract/fleet.ts';
import { until } from '../support/until.ts';
import { makeRecord, makeSilence } from './fixture-alerts.ts';
import { type FixtureData, makeAgent, makeAlert, makeServer } from './fixture-server.ts';
import { HOSTILE_NAME, missing, textOf, withBrowser } from './real-browser.ts';

const openPage = withBrowser();

const ago = (ms: number) => new Date(Date.now() - ms).toISOString();
const plain = (text: string) => text.replace(/[\u2066-\u2069]/g, '');
const titles = (page: Page) => page.locator('.alert-list .alert-title').allTextContents();
const focused = (page: Page) => page.evaluate<string>('document.activeElement.textContent');

/** A rule has hit: the lines before it are there, somebody was told, somebody else could not be. */
function hit(change: Partial<FixtureData> = {}): Partial<FixtureData> {
  const detail = {
    rule: 'refunds',
    revision: 'abc123def456',
    verdict: { category: 'policy' },
    level: 'CRITICAL',
    action: 'pay',
    message: 'refund of 1,200 EUR',
    timestamp: ago(60_000),
    customer: 'c-12',
    lines_before: [makeRecord(62_000), makeRecord(61_000, { level: 'WARN' })],
  };
  const event = { severity: 'critical', by: null, note: null } as const;
  const delivery = { event: 'opened', held: null, attempts: 1, error: null, due_at: ago(590_000) } as const;
  return {
    agents: [makeAgent({ agent_id: 'GROK' })],
    servers: [makeServer('AIGARDEN01')],
    alerts: [
      makeAlert({ id: '5', severity: 'critical', kind: 'rule', title: 'A refund without approval', count: 7, detail }),
    ],
    alertDetails: {
      '5': {
        events: [
          { ...event, at: ago(600_000), event: 'opened', severity: 'warning' },
          { ...event, at: ago(500_000), event: 'worsened' },
        ],
        deliveries: [
          { ...delivery, channel: 'oncall', state: 'told', ended_at: ago(580_000) },
          {
            ...delivery,
            channel: 'mail',
            state: 'failed',
            attempts: 3,
            ended_at: ago(400_000),
            error: 'smtp: 550 refused',
          },
          { ...delivery, channel: 'team', state: 'waiting', held: 'quiet_hours', ended_at: null },
        ],
      },
    },
    ...change,
  };
}

test('the fleet leads to an alert and to all of them, and the way back to where the reader was', {
  skip: missing,
}, async () => {
  await using open = await openPage(hit());
  const { page, complaints } = open;
  await page.locator('.alerts .alert-title').focus();

  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'A refund without approval' }).waitFor();
  assert.equal(await page.title(), 'A refund without approval · Nervesys');
  assert.match(page.url(), /\/#alerts\/5$/);
  await page.getByRole('link', { name: 'All alerts' }).click();
  await page.locator('.alert-list-long .alert').waitFor();
  await until(
    'the focus is on the alert that was looked at',
    async () => (await focused(page)) === 'A refund without approval',
  );
  await page.getByRole('link', { name: 'Back to the fleet' }).click();
  await page.getByRole('link', { name: '1 Open alerts' }).click();
  await page.locator('.alert-list-long .alert').waitFor();
  assert.equal(await page.title(), 'Alerts · Nervesys');
  assert.deepEqual(complaints, []);
});

test('the list is live, searched and narrowed by the orchestrator, and turned page by page', {
  skip: missing,
}, async () => {
  const at = ago(100_000); // a rack goes silent in one instant
  const many = Array.from({ length: 120 }, (_, index) =>
    makeAlert({ id: String(index + 1), title: `No. ${index + 1}`, last_at: at }),
  );
  await using open = await openPage({ alerts: many }, {}, '#alerts');
  const { page, fixture, complaints } = open;
  await page.getByText('Live', { exact: true }).waitFor();
  await page.locator('.alert-list-long .alert').nth(49).waitFor();

  const older = page.getByRole('button', { name: 'Older alerts' });
  await older.press('Enter');
  await until('a page more is there', async () => (await titles(page)).length === 100);
  await until('it goes on from the first of them', async () => (await focused(page)) === 'No. 70');
  await older.press('Enter');
  await until('all are there, each once', async () => new Set(await titles(page)).size === 120);
  assert.equal(await older.count(), 0);

  const first_at = ago(-1_000);
  fixture.send('alert', makeAlert({ id: '999', title: 'News', server: 'RACK-9', first_at, last_at: first_at }));
  await page.getByText('News', { exact: true }).waitFor();
  assert.equal((await titles(page))[0], 'News');
  await page.getByText('New alert: News').waitFor({ state: 'attached' });
  fixture.send('alert', makeAlert({ id: '999', title: 'News', state: 'resolved', last_at: first_at }));
  await until('what is over is gone', async () => (await titles(page))[0] === 'No. 120');

  fixture.data.alerts = [
    ...many.slice(0, 3),
    makeAlert({ id: '500', title: 'Seen', state: 'acknowledged', acknowledged_by: 'dana', server: 'RACK-9' }),
    makeAlert({ id: '501', title: 'Over', state: 'resolved', severity: 'critical', server: 'RACK-9' }),
  ];
  await page.getByLabel('State').selectOption({ label: 'In any state' });
  await page.getByLabel('Server, AI agent, title').fill('rack-9');
  await until('those of the rack are there', async () => (await titles(page)).join() === 'Over,Seen');
  assert.match(plain(await textOf(page.locator('.alert-acknowledged'))), /Acknowledged by dana/);
  await page.getByLabel('Severity').selectOption({ label: 'Critical' });
  await until('the critical one is left', async () => (await titles(page)).join() === 'Over');
  await page.getByLabel('State').selectOption({ label: 'Open' });
  await page.getByText('No alert matches.').waitFor();
  assert.equal(
    fixture.data.alertsAsked
      .filter((one) => one.includes('text=r'))
      .at(-1)
      ?.includes('state=open'),
    true,
  );
  assert.deepEqual(complaints, []);
});

test('a link of a message is honoured after signing in, and a wrong one says so', { skip: missing }, async () => {
  await using open = await openPage(hit({ signedIn: false }), {}, '#alerts/5');
  const { page } = open;
  await page.getByLabel('Name').fill('dana');
  await page.getByLabel('Password').fill('five plain words are enough');

  await page.getByRole('button', { name: 'Sign in' }).click();

  await page.getByRole('heading', { level: 1, name: 'A refund without approval' }).waitFor();
  await page.evaluate("location.hash = '#alerts/404'");
  await page.getByRole('heading', { level: 1, name: 'There is no such alert' }).waitFor();
});

test('an alert tells what is wrong, why, the lines before it, what happened and who was told', {
  skip: missing,
}, async () => {
  await using open = await openPage(hit(), {}, '#alerts/5');
  const { page, fixture, complaints } = open;
  await page.locator('.timeline li').nth(4).waitFor();

  assert.match(await textOf(page.locator('.alert-head')), /CriticalOpen.*WhereGROK · AIGARDEN01.*10 min ago.*7 times/);
  assert.equal(
    await textOf(page.locator('.alert-facts')),
    'KindruleRulerefundsVerdictcategory: policyRevisionabc123def456customerc-12',
  );
  assert.deepEqual(await page.locator('.log-line').evaluateAll((lines) => lines.map((one) => one.className)), [
    'log-line level-INFO',
    'log-line level-WARN',
    'log-line level-CRITICAL log-told',
  ]);
  assert.equal(await page.evaluate("getComputedStyle(document.querySelector('.log-lines')).direction"), 'ltr');
  assert.deepEqual(
    (await page.locator('.timeline li > div').allTextContents()).map((text) => plain(text).replace(/until .+/, '')),
    [
      'Opened: Warning',
      'Alert: told by oncall',
      'Got worse: Critical',
      'Alert: mail gave up after 3 attemptssmtp: 550 refused',
      'Alert: team waits, quiet hours ',
    ],
  );

  const seen = {
    ...fixture.data.alerts[0]!,
    state: 'acknowledged',
    acknowledged_by: 'noa',
    acknowledged_at: ago(0),
  } as const;
  fixture.data.alerts = [seen];
  await page.getByText('Live', { exact: true }).waitFor();
  fixture.send('alert', seen);
  await page.locator('.alert-marks', { hasText: 'Acknowledged' }).waitFor({ timeout: 3_000 });
  assert.equal(await page.getByRole('button', { name: 'Acknowledge', exact: true }).count(), 0);
  assert.deepEqual(complaints, []);
});

test('why an AI agent counts as down is said in the words of the page', { skip: missing }, async () => {
  const detail = { state: 'down', reason: 'no heartbeat for more than 5m', since: ago(600_000), extra: 'x' };
  const alerts = [makeAlert({ id: '5', kind: 'agent.silent', detail })];
  await using open = await openPage({ alerts }, { locale: 'he-IL' }, '#alerts/5');

  await open.page.locator('.alert-facts').waitFor();

  assert.match(
    plain(await textOf(open.page.locator('.alert-facts'))),
    /^סוגagent\.silentמצבנפלסיבהאין פעימה כבר יותר מ־5mמאז\d+ .+extrax$/,
  );
  assert.deepEqual(open.complaints, []);
});

test('the lines after an alert come from the archive, which says when they are not there yet', {
  skip: missing,
}, async () => {
  const logs = [makeRecord(62_000, { message: 'just before' })];
  await using open = await openPage(hit({ logs }), {}, '#alerts/5');
  const { page, fixture, complaints } = open;
  const section = page.locator('.lines-around');
  await section.getByRole('button').click();
  await section.getByText('are not archived yet').waitFor();
  assert.match(await textOf(section.locator('.log-lines')), /just before.*the alert was told here$/);

  fixture.data.logs = [
    ...logs,
    makeRecord(59_000, { message: 'just after', level: 'ERROR' }),
    makeRecord(59_000, { agent_id: 'OTHER' as never }),
  ];
  await section.getByRole('button', { name: 'Look again' }).click();

  await section.getByText('just after').waitFor();
  assert.match(await textOf(section.locator('.log-lines')), /just before.*the alert was told here.*just after$/);
  assert.equal(await section.getByText('are not archived yet').count(), 0);
  assert.match(fixture.data.alertsAsked.at(-1) ?? '', /^GET logs\?server=AIGARDEN01&agent_id=GROK&since=/);
  assert.deepEqual(complaints, []);
});

test('a trouble of the orchestrator itself has no lines to look for', { skip: missing }, async () => {
  const detail = { channel: 'oncall', attempts: 12, reason: 'it does not answer' };
  const alerts = [makeAlert({ id: '5', kind: 'channel.failing', server: 'orchestrator', agent_id: null, detail })];
  await using open = await openPage({ alerts }, {}, '#alerts/5');

  await open.page.locator('.timeline li').waitFor();

  assert.equal(
    await textOf(open.page.locator('.alert-facts')),
    'Kindchannel.failingWhyit does not answerChanneloncallAttempts12',
  );
  assert.equal(await open.page.locator('.lines-around').count(), 0);
});

test('an operator acknowledges with a note, silences and resolves; what stands against it stands beside', {
  skip: missing,
}, async () => {
  let against: string | undefined;
  await using open = await openPage(hit({ onAlert: () => against }), {}, '#alerts/5');
  const { page, fixture, complaints } = open;
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click();

  await press('Acknowledge');
  await page.keyboard.press('Escape');
  assert.equal(await focused(page), 'Acknowledge', 'the focus is back where it was');
  await press('Acknowledge');
  await page.getByLabel('Note (optional)').fill('looking into it');
  against = 'there is no open alert 5';
  await page.locator('.confirm .primary').click();
  await page.locator('.confirm').getByText('there is no open alert 5').waitFor();
  against = undefined;
  await page.locator('.confirm .primary').click();
  await page.locator('.timeline').getByText('looking into it').waitFor();
  await until('the focus is on the title', async () => (await focused(page)) === 'A refund without approval');

  await press('Silence…');
  await press('Silence');
  await page.getByRole('alert').getByText('Say why').waitFor();
  await page.getByLabel('Why').fill('the gateway is mended');
  await page.getByLabel('For how long').selectOption({ label: 'Until a time…' });
  await page.getByLabel('Until, by your own clock').fill('2020-01-01T10:00');
  await press('Silence');
  await page.getByRole('alert').getByText('at least a minute ahead').waitFor();
  await page.getByLabel('For how long').selectOption({ label: '4 hr' });
  await page.getByLabel('all of the kind \u2068rule\u2069 on \u2068AIGARDEN01').check();
  await press('Silence');
  await page.locator('.silence-form').waitFor({ state: 'detached' });
  await until('the focus is where it was', async () => (await focused(page)) === 'Silence…');
  await press('Silence…');
  await page.getByLabel('Why').fill('again');
  await press('Silence');
  await page.getByText('Silenced until').waitFor();

  await press('Resolve');
  await page.locator('.confirm .primary').click();
  await page.locator('.alert-marks', { hasText: 'Resolved' }).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Resolve', exact: true }).count(), 0);
  assert.deepEqual(
    fixture.data.alertsAsked.filter((one) => one.startsWith('POST')),
    [
      'POST alerts/5/acknowledge {"note":"looking into it"}',
      'POST alerts/5/acknowledge {"note":"looking into it"}',
      'POST silences {"kind":"rule","server":"AIGARDEN01","seconds":14400,"reason":"the gateway is mended"}',
      'POST silences {"alert_id":"5","seconds":3600,"reason":"again"}',
      'POST alerts/5/resolve {}',
    ],
  );
  // The refusal itself is a 404, which the browser notes.
  assert.deepEqual(
    complaints.filter((one) => !one.includes('404')),
    [],
  );
});

test('silences say who is quiet until when and why, and an operator ends one', { skip: missing }, async () => {
  const silences = [
    makeSilence({ id: '1', kind: 'threshold.*', server: 'RACK-?', reason: 'the disk is being exchanged' }),
    makeSilence({ id: '2', starts_at: ago(-7_200_000), ends_at: ago(-9_000_000), created_by: 'noa' }),
    makeSilence({ id: '3', alert_id: '5' }),
    makeSilence({ id: '4', agent_id: 'GROK' }),
  ];
  await using open = await openPage(hit({ silences }), {}, '#alerts');
  const { page, fixture, complaints } = open;
  const items = page.locator('.silence-list li');
  await items.nth(2).waitFor();

  const said = (await items.allTextContents()).map((text) =>
    plain(text).replace(/(from|until|to) \w+ \d+, \d+, [\d:]+/g, '$1 …'),
  );
  assert.match(said[0] ?? '', /^threshold\.\* · RACK-\?until .+the disk is being exchanged by danaEnd now$/);
  assert.match(said[1] ?? '', /^all alertsfrom .+ to .+ by noaEnd now$/);
  assert.equal(await items.nth(2).getByRole('link', { name: 'one alert' }).getAttribute('href'), '#alerts/5');
  await page.getByRole('button', { name: 'Show all (4)' }).click();
  await items.nth(3).waitFor();
  await items.first().getByRole('button', { name: 'End now' }).click();
  await items.first().locator('.primary').click();
  await until('it is gone', async () => (await items.count()) === 3);
  await until('the focus is kept', async () => (await focused(page)) === 'Alerts');
  assert.ok(fixture.data.alertsAsked.includes('DELETE silences/1'));
  assert.deepEqual(complaints, []);
});

test('a viewer sees all of it, and no button that acts', { skip: missing }, async () => {
  const viewer = hit({ role: 'viewer', silences: [makeSilence({ id: '1' })] });
  await using open = await openPage(viewer, {}, '#alerts');
  const { page, complaints } = open;
  await page.locator('.silence-list li').waitFor();
  assert.equal(await page.locator('main button').count(), 0);

  await page.locator('.alert-list-long .alert-title').click();

  await page.locator('.timeline li').first().waitFor();
  assert.deepEqual(await page.locator('main button').allTextContents(), ['Look in the archive']);
  assert.deepEqual(complaints, []);
});

test('what an agent, a rule, a channel or a person says is shown as text', { skip: missing }, async () => {
  const nasty = `${HOSTILE_NAME}\u202e\u0007`;
  const event = { at: ago(9_000), event: 'acknowledged', severity: 'critical', by: nasty, note: nasty } as const;
  const told: Partial<AlertDetail> = {
    events: [event],
    deliveries: [
      {
        channel: nasty,
        event: nasty,
        state: 'failed',
        held: null,
        due_at: ago(0),
        attempts: 1,
        ended_at: ago(0),
        error: nasty,
      },
    ],
  };
  const lines_before = [{ ...makeRecord(1_000), message: nasty, action: nasty }];
  await using open = await openPage(
    {
      alerts: [
        makeAlert({
          id: '5',
          title: nasty,
          kind: nasty,
          agent_id: nasty,
          server: nasty,
          detail: { rule: nasty, [nasty]: nasty, lines_before },
        }),
      ],
      alertDetails: { '5': told },
      silences: [makeSilence({ id: '1', kind: nasty, reason: nasty, created_by: nasty })],
    },
    {},
    '#alerts',
  );
  const { page, complaints } = open;
  await page.locator('.silence-list li').waitFor();
  assert.ok((await textOf(page.locator('.silence-list'))).includes(HOSTILE_NAME));
  await page.locator('.alert-list-long .alert-title').click();
  await page.locator('.timeline li').nth(1).waitFor();

  for (const place of ['h1', '.alert-where', '.alert-facts', '.log-message', '.timeline-note', '.timeline .refusal'])
    assert.ok((await textOf(page.locator(place).first())).includes(HOSTILE_NAME), place);
  assert.doesNotMatch(await textOf(page.locator('.log-message')), /[\u202e\u0007]/);
  assert.equal(await page.locator('img').count(), 0);
  assert.deepEqual(complaints, []);
});

for (const [language, locale] of [
  ['English', 'en-GB'],
  ['Hebrew', 'he-IL'],
] as const) {
  test(`on a narrow phone alerts are not wider than the screen and do not jump, in ${language}`, {
    skip: missing,
  }, async () => {
    const long = 'x'.repeat(400);
    const data = hit({
      silences: [makeSilence({ id: '1', kind: 'k'.repeat(100), server: 'S'.repeat(100), reason: long })],
    });
    data.alerts = [
      {
        ...data.alerts![0]!,
        title: long,
        kind: 'k'.repeat(100),
        server: 'S'.repeat(100),
        agent_id: 'W'.repeat(50),
        detail: { rule: long, [long]: long, lines_before: [makeRecord(1, { message: long })] },
      },
    ];
    await using open = await openPage(data, { locale, viewport: { width: 360, height: 740 } }, '#alerts');
    const { page, complaints } = open;
    const width = () => page.evaluate<number>('document.documentElement.scrollWidth');
    await page.locator('.silence-list button').click();
    await page.locator('.confirm').waitFor();
    assert.ok((await width()) <= 360);

    await page.evaluate("location.hash = '#alerts/5'");
    await page.reload(); // what moves after a press may have been asked for by it
    await page.locator('.actions > button').nth(2).waitFor();
    const jumped = await page.evaluate<number>(`new Promise((resolve) => {
      let sum = 0;
      new PerformanceObserver((list) => { for (const one of list.getEntries()) sum += one.value; })
        .observe({ type: 'layout-shift', buffered: true });
      setTimeout(() => resolve(sum), 200);
    })`);
    assert.ok(jumped < 0.05, `it jumped by ${jumped}`);
    await page.locator('.actions > button').nth(2).click();
    await page.locator('.silence-form').waitFor();
    assert.ok((await width()) <= 360);
    assert.deepEqual(complaints, []);
  });
}

test('in Hebrew the alerts are Hebrew but for what comes from outside', { skip: missing }, async () => {
  await using open = await openPage(
    hit({ silences: [makeSilence({ id: '1', kind: 'rule' })] }),
    { locale: 'he-IL' },
    '#alerts',
  );
  const { page, complaints } = open;
  const own =
    /GROK|AIGARDEN01|A refund without approval|abc123def456|category: policy|customer|c-12|refunds?|rule|dana|oncall|mail|team|smtp: 550 refused|the disk is being exchanged/g;
  await page.locator('.silence-list li').waitFor();
  assert.doesNotMatch((await textOf(page.locator('main'))).replace(own, ''), /[A-Za-z]{3,}/);

  const search = await page.getByRole('searchbox').boundingBox();
  assert.ok(search!.x < 100, 'the search is at the end, which is left');

  await page.locator('.alert-list-long .alert-title').click();
  await page.locator('.timeline li').nth(4).waitFor();
  await page.getByRole('button', { name: 'השתקה…' }).click();
  await page.locator('.log-lines').evaluate((node) => node.remove());

  assert.doesNotMatch((await textOf(page.locator('main'))).replace(own, ''), /[A-Za-z]{3,}/);
  assert.deepEqual(complaints, []);
});
