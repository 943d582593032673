import type { TeamsSettings } from '../../../../config/index.ts';
import type { AlertSeverity } from '../../../../contract/alert.ts';
import type { Clock } from '../../../../platform/clock.ts';
import { NervesysError } from '../../../../platform/errors.ts';
import { fitMessage } from '../../messages/fit-message.ts';
import { listItems, type RenderedMessage, renderMessage } from '../../messages/render-message.ts';
import type { Notification } from '../../notification.ts';
import type { Channel, Told } from '../channel.ts';
import type { ChannelDeps } from '../deps.ts';
import { callProvider, type Explained, jsonOf } from '../provider-call.ts';

/** Teams takes about 28 KB, counted in UTF-16 on some of its ways. */
const CARD_BYTES_MAX = 28 * 1024;
const COLOURS: Readonly<Record<AlertSeverity, string>> = { info: 'Accent', warning: 'Warning', critical: 'Attention' };

/** Posts an Adaptive Card to a Workflows webhook, whose address is the secret. Texts from outside are runs of text: never Markdown. */
export class TeamsChannel implements Channel {
  readonly name: string;
  readonly type = 'teams';
  readonly #settings: TeamsSettings;
  readonly #secret: string;
  readonly #clock: Clock;

  constructor(settings: TeamsSettings, secret: string, { clock }: ChannelDeps) {
    this.name = settings.name;
    this.#settings = settings;
    this.#secret = secret;
    this.#clock = clock;
  }

  async tell(notification: Notification, signal: AbortSignal): Promise<Told> {
    const { lang, timeZone } = this.#settings;
    const message = renderMessage(notification, { lang, timeZone, now: this.#clock.now() });
    const url = new URL(this.#secret);
    const response = await callProvider({
      channel: this.name,
      url,
      body: fitMessage(message, (one) => JSON.stringify(teamsMessage(one, notification)), fits),
      secrets: [this.#secret, url.pathname, url.searchParams.get('sig') ?? ''],
      clock: this.#clock,
      signal,
      explain: (answer): Explained => {
        const { code, message: said } = (jsonOf(answer)['error'] ?? {}) as Record<string, unknown>;
        const told = [code, said].filter((one) => typeof one === 'string').join(': ');
        return { said: told || undefined, hint: HINTS[String(code)] };
      },
    });
    // The connectors of old said so with 200.
    if (/failed with error/i.test(response.body.toString('utf8')))
      throw new NervesysError('NSV_CHANNEL_REFUSED', `tell by channel ${this.name}: ${url.host} took it and failed`, {
        hint: 'this looks like an Office connector, which Microsoft has retired: make a workflow in the channel instead',
      });
    return { providerId: response.headers['x-ms-workflow-run-id']?.toString() ?? null };
  }
}

const HINTS: Readonly<Record<string, string>> = {
  DirectApiAuthorizationRequired: 'the address is not whole: copy it again from the workflow, with its sig',
  AuthorizationFailed: 'the signature in the address is wrong: copy the address again from the workflow',
  WorkflowNotFound: 'the workflow was deleted: make a new one and set its address as the secret',
  WorkflowTriggerIsNotEnabled: 'the workflow is turned off: turn it on in Power Automate',
  TriggerInputSchemaMismatch:
    'the workflow expects another shape: use the template “post to a channel when a webhook request is received”',
};

function fits(body: string): boolean {
  return Math.max(Buffer.byteLength(body), body.length * 2) <= CARD_BYTES_MAX;
}

type Run = Readonly<Record<string, unknown>>;

function teamsMessage(message: RenderedMessage, { severity, event }: Notification) {
  const { subject, summary, facts, lines, linesTitle, link, footer, direction } = message;
  const right = direction === 'rtl';
  const row = (runs: readonly Run[], extra: Run = {}) => ({
    type: 'RichTextBlock',
    inlines: runs,
    ...(right ? { horizontalAlignment: 'Right' } : {}),
    ...extra,
  });
  const colour = event === 'resolved' ? 'Good' : COLOURS[severity];
  return {
    type: 'message',
    summary: subject,
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.5',
          rtl: right,
          lang: message.language,
          fallbackText: subject,
          msteams: { width: 'Full' },
          body: [
            row([run(subject, { size: 'Large', weight: 'Bolder', color: colour })]),
            ...(facts.length === 0
              ? [row([run(summary)])]
              : facts.map(({ label, value }) =>
                  row([run(`${label}: `, { weight: 'Bolder' }), run(value)], { spacing: 'Small' }),
                )),
            ...listItems(message, '• ').map((text) => row([run(text)], { spacing: 'Small' })),
            ...(lines.length === 0 ? [] : [row([run(`${linesTitle}:`, { weight: 'Bolder' })])]),
            ...lines.map((line) => ({
              type: 'RichTextBlock',
              inlines: [run(line, { fontType: 'Monospace' })],
              horizontalAlignment: 'Left',
              spacing: 'None',
            })),
            row([run(footer, { size: 'Small', isSubtle: true })]),
          ],
          ...(link === undefined ? {} : { actions: [{ type: 'Action.OpenUrl', title: link.text, url: link.url }] }),
        },
      },
    ],
  };
}

/** Shown as it is: a TextRun knows no Markdown. */
function run(text: string, extra: Run = {}): Run {
  return { type: 'TextRun', text, ...extra };
}
