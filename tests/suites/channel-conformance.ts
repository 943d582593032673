import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ChannelType } from '../../src/config/index.ts';
import type { Channel } from '../../src/orchestrator/alerts/channels/channel.ts';
import type { Notification } from '../../src/orchestrator/alerts/notification.ts';
import { NervesysError } from '../../src/platform/errors.ts';
import { isHarmful } from '../servers/provider-server.ts';
import { notification, notifiedAlert, silentRack } from '../support/notification.ts';

/** One channel before a provider that refuses what the true one refuses. */
export interface ProviderUnderTest {
  readonly channel: Channel;
  /** The same channel with a secret that the provider doesn't take. */
  readonly stranger: Channel;
  /** Whatever must be in no error. */
  readonly secrets: readonly string[];
  /** What the provider has taken, as a person reads it. */
  told(): readonly string[];
  /** Once, the next attempt meets this. `busy` says to come again in 30 seconds where the provider has a way to say so. */
  meet(trouble: 'busy' | 'broken' | 'refuse' | 'silence'): void;
  /** Whether `busy` says when to come again. */
  readonly saysWhen: boolean;
  /** Nothing listens any more. */
  stop(): Promise<void>;
}

const NEVER = new AbortController().signal;

/** What every channel must honour. */
export function channelConformance(
  type: ChannelType,
  open: (t: TestContext, lang: 'en' | 'he') => Promise<ProviderUnderTest>,
): void {
  const named = (name: string, run: (t: TestContext) => Promise<void>) => test(`${type}: ${name}`, run);

  named('a trouble is told once, with where it is and what', async (t) => {
    const provider = await open(t, 'en');

    await provider.channel.tell(notification(), NEVER);

    assert.equal(provider.told().length, 1);
    assert.match(provider.told()[0]!, /GROK/);
    assert.match(provider.told()[0]!, /AIGARDEN01/);
    assert.equal(provider.channel.type, type);
  });

  named('each event is taken, in both languages', async (t) => {
    for (const lang of ['en', 'he'] as const) {
      const provider = await open(t, lang);
      for (const event of ['opened', 'escalated', 'reminded', 'acknowledged', 'resolved'] as const) {
        await provider.channel.tell(notification({ event, id: `${event}-1` }), NEVER);
        await provider.channel.tell({ ...silentRack(40), event, id: `${event}-2` }, NEVER);
      }
      await provider.channel.tell(notification({ event: 'test', alerts: [], total: 0 }), NEVER);
      assert.ok(provider.told().length >= 11);
    }
  });

  named('what passes is retryable, and the provider’s word on when is handed on', async (t) => {
    const provider = await open(t, 'en');

    for (const trouble of ['busy', 'broken'] as const) {
      provider.meet(trouble);
      const error = await failure(provider.channel, notification());
      assert.equal(error.code, 'NSV_CHANNEL_BUSY');
      assert.equal(error.retryable, true);
      if (trouble === 'busy' && provider.saysWhen) assert.equal(error.facts['retryAfterMs'], 30_000);
    }
    await provider.channel.tell(notification(), NEVER);
    assert.equal(provider.told().length, 1);
  });

  named('a provider that does not listen is retryable', async (t) => {
    const provider = await open(t, 'en');
    await provider.stop();

    const error = await failure(provider.channel, notification());

    assert.equal(error.code, 'NSV_CHANNEL_UNREACHABLE');
    assert.equal(error.retryable, true);
    assert.match(error.message, /nothing listens there/);
    assertNoSecret(error, provider.secrets);
  });

  named('what is refused is not tried again, and says what to do', async (t) => {
    const provider = await open(t, 'en');
    provider.meet('refuse');

    const error = await failure(provider.channel, notification());

    assert.equal(error.code, 'NSV_CHANNEL_REFUSED');
    assert.equal(error.retryable, false);
    assert.ok((error.hint ?? '').length > 10);
    assertNoSecret(error, provider.secrets);
  });

  named('a wrong secret is told as such, without the secret', async (t) => {
    const provider = await open(t, 'en');

    const error = await failure(provider.stranger, notification());

    assert.equal(error.code, 'NSV_CHANNEL_DENIED');
    assert.equal(error.retryable, false);
    assert.ok((error.hint ?? '').length > 10);
    assertNoSecret(error, provider.secrets);
    assert.deepEqual(provider.told(), []);
  });

  named('aborting ends the wait for a silent provider', async (t) => {
    const provider = await open(t, 'en');
    provider.meet('silence');
    const aborting = new AbortController();
    const telling = provider.channel.tell(notification(), aborting.signal);
    setTimeout(() => aborting.abort(new DOMException('closing', 'AbortError')), 30);

    await assert.rejects(telling, { name: 'AbortError' });
    await assert.rejects(provider.channel.tell(notification(), aborting.signal), { name: 'AbortError' });
    assert.deepEqual(provider.told(), []);
  });

  for (const [name, text] of HOSTILE) {
    named(`hostile text is told within the provider’s bounds and does no harm: ${name}`, async (t) => {
      for (const lang of ['en', 'he'] as const) {
        const provider = await open(t, lang);
        await provider.channel.tell(hostile(text), NEVER);
        await provider.channel.tell(hostileGroup(text), NEVER);

        assert.ok(provider.told().length >= 2);
        for (const told of provider.told()) assert.ok(!isHarmful(told), JSON.stringify(told.slice(0, 500)));
      }
    });
  }
}

const HOSTILE: readonly (readonly [name: string, text: string])[] = [
  ['HTML and entities', '<b>x</b></pre><script>alert(1)</script>&amp;&#x202e;<a href="https://evil.example">click</a>'],
  [
    'markup of chats',
    '*x* _y_ ~z~ `code` ```fence``` [click](https://evil.example) <!channel> <@U123> <https://evil.example|ok> @here',
  ],
  ['lines and headers', 'first\r\nBcc: evil@example.com\r\n\r\n.\r\nDATA\n\u2028second\u0085third'],
  ['controls and bidi overrides', '\u0000\u0007\u001b[31m\u202eevil\u2066\u2067\u2069\u200f\u061c\ufeff\u{e0041}'],
  ['half characters', '\ud800 x \udfff \ud83d'],
  ['emoji and marks at the bounds', `${'👩‍👩‍👧‍👦'.repeat(400)}${'a\u0301\u0302\u0303\u0304\u0305\u0306'.repeat(200)}`],
  ['a megabyte', 'שרת-'.repeat(250_000)],
  ['a megabyte that grows by escaping', '&<>"`'.repeat(200_000)],
  ['a megabyte that JSON doubles', '"\\'.repeat(500_000)],
  ['nothing', ''],
];

function hostile(text: string): Notification {
  const alert = notifiedAlert({
    title: text,
    kind: text.slice(0, 100) || 'x',
    server: text,
    agent_id: text,
    acknowledged_by: text,
    count: 1_000_000_000,
    detail: { rule: text, [text.slice(0, 50)]: text, value: text },
    lines: Array.from({ length: 200 }, () => text),
  });
  return notification({ event: 'acknowledged', alerts: [alert], groupKey: text || 'x', id: text.slice(0, 40) || 'x' });
}

function hostileGroup(text: string): Notification {
  const alerts = Array.from({ length: 20 }, (_, index) => ({
    ...hostile(text).alerts[0]!,
    kind: index % 2 === 0 ? 'server.silent' : 'threshold.disk_percent',
    detail: { value: 99.97, limit: 95 },
  }));
  return notification({ alerts, total: 40_000, groupKey: text || 'x', link: 'https://nervesys.example.com/' });
}

async function failure(channel: Channel, told: Notification): Promise<NervesysError> {
  try {
    await channel.tell(told, NEVER);
  } catch (error) {
    assert.ok(error instanceof NervesysError, String(error));
    return error;
  }
  assert.fail('it was taken');
}

/** Neither in the message nor in anything that hangs on it. */
function assertNoSecret(error: NervesysError, secrets: readonly string[]): void {
  const all = JSON.stringify([error.message, error.hint, error.facts, error.stack, String(error.cause)]);
  for (const secret of secrets) assert.ok(!all.includes(secret), all.replaceAll(secret, '<<the secret>>'));
}
