import { createHash } from 'node:crypto';
import type { EmailSettings } from '../../../../config/index.ts';
import type { Clock } from '../../../../platform/clock.ts';
import { NervesysError } from '../../../../platform/errors.ts';
import type { Logger } from '../../../../platform/logger.ts';
import { saidSafely } from '../../../../platform/safe-text.ts';
import { type MailTrouble, mailDomain, mailTrouble, sendMail } from '../../../mail/send-mail.ts';
import { plainBody } from '../../messages/plain-text.ts';
import { renderMessage } from '../../messages/render-message.ts';
import type { Notification } from '../../notification.ts';
import { type Channel, TELL_TIMEOUT_MS, type Told } from '../channel.ts';
import type { ChannelDeps } from '../deps.ts';
import { unreachable } from '../provider-call.ts';
import { htmlBody } from './html-body.ts';

/**
 * Sends mail by SMTP, over TLS unless the server is on this machine. Each event has a Message-ID of its own, the same on each attempt, and all
 * of one trouble refer to one that names it, so that they are one thread.
 */
export class EmailChannel implements Channel {
  readonly name: string;
  readonly type = 'email';
  readonly #settings: EmailSettings;
  readonly #password: string | undefined;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #authority: string | undefined;

  /** `authority`: a certificate (PEM) that the server's is signed by, where the system's trust doesn't decide. */
  constructor(
    settings: EmailSettings,
    password: string | undefined,
    { clock, logger, authority }: ChannelDeps & { readonly authority?: string },
  ) {
    this.name = settings.name;
    this.#settings = settings;
    this.#password = password;
    this.#clock = clock;
    this.#logger = logger;
    this.#authority = authority;
  }

  async tell(notification: Notification, signal: AbortSignal): Promise<Told> {
    const { host, port, tls, user } = this.#settings;
    const server = { host, port, tls, user, password: this.#password, authority: this.#authority };
    try {
      const sent = await sendMail(server, this.#mail(notification), {
        clock: this.#clock,
        timeoutMs: TELL_TIMEOUT_MS,
        signal,
      });
      if (sent.refused.length > 0)
        this.#logger.warn('the mail server refused some of the recipients', {
          channel: this.name,
          refused: sent.refused.length,
        });
      return { providerId: sent.messageId || null };
    } catch (error) {
      signal.throwIfAborted();
      throw this.#failure(mailTrouble(error));
    }
  }

  #mail(notification: Notification) {
    const { lang, timeZone, from, to } = this.#settings;
    const message = renderMessage(notification, { lang, timeZone, now: this.#clock.now() });
    const domain = mailDomain(from.address);
    const thread = messageId('trouble', notification.groupKey, domain);
    return {
      from: from.name === undefined ? from.address : { name: from.name, address: from.address },
      to: [...to],
      subject: message.subject,
      messageId: messageId('event', notification.id, domain),
      inReplyTo: thread,
      references: thread,
      date: new Date(notification.at),
      priority:
        notification.severity === 'critical' && notification.event !== 'resolved'
          ? ('high' as const)
          : ('normal' as const),
      headers: {
        // No answer from those who are away, and no loop between two robots.
        'Auto-Submitted': 'auto-generated',
        'X-Auto-Response-Suppress': 'All',
        'Content-Language': lang,
      },
      text: plainBody(message, { withLink: true }),
      html: htmlBody(message),
    };
  }

  #failure(trouble: MailTrouble): NervesysError {
    const { host, port } = this.#settings;
    const where = `tell by channel ${this.name}: ${host}:${port}`;
    switch (trouble.type) {
      case 'no-tls':
        return new NervesysError('NSV_CHANNEL_REFUSED', `${where} offers no TLS, or one that cannot be used`, {
          hint: 'use `tls: implicit` with port 465, or another server; mail is not sent readable',
        });
      case 'busy':
      case 'denied':
      case 'refused': {
        const { status } = trouble;
        const [code, hint] = ANSWERS[trouble.type];
        return new NervesysError(code, `${where} answered ${saidSafely(trouble.said, [this.#password ?? ''])}`, {
          retryable: trouble.type === 'busy',
          hint,
          facts: { status },
        });
      }
      case 'sign-in':
        return new NervesysError('NSV_CHANNEL_DENIED', `${where}: signing in failed`, {
          hint: 'check `user` and the secret of this channel; does the server let programs sign in at this port?',
        });
      case 'network':
        return unreachable(this.name, { host: `${host}:${port}` }, { code: trouble.code });
      default:
        return trouble satisfies never;
    }
  }
}

const ANSWERS = {
  busy: ['NSV_CHANNEL_BUSY', 'nothing to do: it is tried again'],
  denied: [
    'NSV_CHANNEL_DENIED',
    'check `user` and the secret of this channel, its password; many providers want one made for programs',
  ],
  refused: ['NSV_CHANNEL_REFUSED', 'check `from` and `to`: may this user send so, and do the recipients exist?'],
} as const;

/** Made of hashes, so that nothing from outside is in a header. */
function messageId(of: string, text: string, domain: string): string {
  return `<nervesys.${of}.${createHash('sha256').update(text).digest('hex').slice(0, 32)}@${domain}>`;
}
