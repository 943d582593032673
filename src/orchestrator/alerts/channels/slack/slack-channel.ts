import type { SlackSettings } from '../../../../config/index.ts';
import type { Clock } from '../../../../platform/clock.ts';
import { cutText } from '../../../../platform/safe-text.ts';
import { fitMessage } from '../../messages/fit-message.ts';
import { listItems, type RenderedMessage, renderMessage } from '../../messages/render-message.ts';
import type { Notification } from '../../notification.ts';
import type { Channel, Told } from '../channel.ts';
import type { ChannelDeps } from '../deps.ts';
import { callProvider } from '../provider-call.ts';

/** Of a section's text, of a header and of the fallback, in characters; Slack refuses the whole message otherwise. */
const SECTION_MAX = 3_000;
const HEADER_MAX = 150;

/** Posts Block Kit to an incoming webhook, whose address is the secret. Texts from outside are plain text or code: never markup. */
export class SlackChannel implements Channel {
  readonly name: string;
  readonly type = 'slack';
  readonly #settings: SlackSettings;
  readonly #secret: string;
  readonly #clock: Clock;

  constructor(settings: SlackSettings, secret: string, { clock }: ChannelDeps) {
    this.name = settings.name;
    this.#settings = settings;
    this.#secret = secret;
    this.#clock = clock;
  }

  async tell(notification: Notification, signal: AbortSignal): Promise<Told> {
    const { lang, timeZone } = this.#settings;
    const message = renderMessage(notification, { lang, timeZone, now: this.#clock.now() });
    const url = new URL(this.#secret);
    await callProvider({
      channel: this.name,
      url,
      body: JSON.stringify(fitMessage(message, slackMessage, fits)),
      secrets: [this.#secret, url.pathname],
      clock: this.#clock,
      signal,
      explain: ({ body }) => ({ hint: HINTS[body.toString('utf8').trim()] }),
    });
    return { providerId: null };
  }
}

/** What Slack answers to a webhook that it knows no more. */
const HINTS: Readonly<Record<string, string>> = {
  no_service: 'the webhook was removed or its app uninstalled: make a new one and set its address as the secret',
  no_team: 'the workspace is gone: make a webhook in another one',
  invalid_token: 'the address is not whole: copy it again from the app’s page',
  channel_not_found: 'the channel was deleted: make a webhook for another one',
  channel_is_archived: 'the channel is archived: make a webhook for another one',
  action_prohibited: 'an admin of the workspace forbids webhooks to post there',
  posting_to_general_channel_denied: 'only some may post to that channel: make a webhook for another one',
  team_disabled: 'the workspace is disabled',
};

type Block = Readonly<Record<string, unknown>>;

interface SlackMessage {
  readonly text: string;
  readonly unfurl_links: false;
  readonly unfurl_media: false;
  readonly blocks: readonly Block[];
}

function slackMessage(message: RenderedMessage): SlackMessage {
  const { subject, summary, facts, lines, link, footer } = message;
  const list = listItems(message, '• ').join('\n');
  const told = facts.length === 0 ? summary : facts.map(({ label, value }) => `${label}: ${value}`).join('\n');
  // The whole headline where the header can't hold it.
  const rest = subject.length > HEADER_MAX ? `${subject}\n${told}` : told;
  const footing = [
    link === undefined ? undefined : `<${escapeMarkup(link.url)}|${escapeMarkup(link.text)}>`,
    escapeMarkup(footer),
  ];
  return {
    text: escapeMarkup(unfenced(`${subject}\n${summary}`)),
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      { type: 'header', text: plain(cutText(subject, HEADER_MAX)) },
      section(plain(rest)),
      ...(list === '' ? [] : [section(plain(list))]),
      ...(lines.length === 0 ? [] : [section({ type: 'mrkdwn', text: codeBlock(message), verbatim: true })]),
      { type: 'context', elements: [{ type: 'mrkdwn', text: footing.filter(Boolean).join(' · '), verbatim: true }] },
    ],
  };
}

function fits({ blocks }: SlackMessage): boolean {
  return blocks.every(({ text }) => text === undefined || (text as { text: string }).text.length <= SECTION_MAX);
}

function section(text: Block): Block {
  return { type: 'section', text };
}

/** Slack shows it as it is: no markup, no `:emoji:`. */
function plain(text: string): Block {
  return { type: 'plain_text', text, emoji: false };
}

/** Their backticks are divided by a joiner that isn't seen, so that lines can't end the block themselves. */
function codeBlock({ linesTitle, lines }: RenderedMessage): string {
  const code = lines.map((line) => escapeMarkup(unfenced(line))).join('\n');
  return `${escapeMarkup(linesTitle)}:\n\`\`\`\n${code}\n\`\`\``;
}

/** Backticks that can neither begin a block of code nor end it. */
function unfenced(text: string): string {
  return text.replaceAll('``', '`\u2060`');
}

/** The three characters that Slack reads as markup of links and mentions. */
function escapeMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
