import { createHash } from 'node:crypto';
import type { EmailSettings } from '../../../../config/index.ts';
import { type Clock, withDeadline } from '../../../../platform/clock.ts';
import { errorCode, NervesysError } from '../../../../platform/errors.ts';
import type { Logger } from '../../../../platform/logger.ts';
import { plainBody } from '../../messages/plain-text.ts';
import { renderMessage } from '../../messages/render-message.ts';
import type { Notification } from '../../notification.ts';
import { type Channel, TELL_TIMEOUT_MS, type Told } from '../channel.ts';
import type { ChannelDeps } from '../deps.ts';
import { saidSafely, unreachable } from '../provider-call.ts';
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
    signal.throwIfAborted();
    const { createTransport } = await import('nodemailer'); // loaded where somebody has such a channel, and only then
    const transport = createTransport({ ...this.#connection(), disableFileAccess: true, disableUrlAccess: true });
    try {
      const info = await withDeadline(this.#clock, TELL_TIMEOUT_MS, signal, (deadline) =>
        transport.sendMail({ ...this.#mail(notification), signal: deadline }),
      );
      if (info.rejected.length > 0)
        this.#logger.warn('the mail server refused some of the recipients', {
          channel: this.name,
          refused: info.rejected.length,
        });
      return { providerId: info.messageId || null };
    } catch (error) {
      signal.throwIfAborted();
      throw this.#failure(error);
    } finally {
      transport.close();
    }
  }

  #connection() {
    const { host, port, tls, user } = this.#settings;
    return {
      host,
      port,
      secure: tls === 'implicit',
      requireTLS: tls === 'starttls',
      ignoreTLS: tls === 'none',
      ...(user === undefined ? {} : { auth: { user, pass: this.#password ?? '' } }),
      tls: { minVersion: 'TLSv1.2' as const, ...(this.#authority === undefined ? {} : { ca: this.#authority }) },
      connectionTimeout: TELL_TIMEOUT_MS,
      greetingTimeout: TELL_TIMEOUT_MS,
      socketTimeout: TELL_TIMEOUT_MS,
    };
  }

  #mail(notification: Notification) {
    const { lang, timeZone, from, to } = this.#settings;
    const message = renderMessage(notification, { lang, timeZone, now: this.#clock.now() });
    const domain = from.address.slice(from.address.lastIndexOf('@') + 1);
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

  #failure(error: unknown): NervesysError {
    const { host, port } = this.#settings;
    const { responseCode: status, response } = error as { responseCode?: number; response?: string };
    const code = errorCode(error);
    const where = `tell by channel ${this.name}: ${host}:${port}`;
    if (code === 'ETLS' && (status ?? 500) >= 500)
      return new NervesysError('NSV_CHANNEL_REFUSED', `${where} offers no TLS, or one that cannot be used`, {
        hint: 'use `tls: implicit` with port 465, or another server; mail is not sent readable',
      });
    if (typeof status === 'number') {
      const said = saidSafely(response ?? String(status), [this.#password ?? '']);
      const denied = code === 'EAUTH' || [530, 534, 535, 538].includes(status);
      const retryable = status < 500;
      return new NervesysError(
        retryable ? 'NSV_CHANNEL_BUSY' : denied ? 'NSV_CHANNEL_DENIED' : 'NSV_CHANNEL_REFUSED',
        `${where} answered ${said}`,
        {
          retryable,
          hint: retryable
            ? 'nothing to do: it is tried again'
            : denied
              ? 'check `user` and the secret of this channel, its password; many providers want one made for programs'
              : 'check `from` and `to`: may this user send so, and do the recipients exist?',
          facts: { status },
        },
      );
    }
    if (code === 'EAUTH' || code === 'ENOAUTH')
      return new NervesysError('NSV_CHANNEL_DENIED', `${where}: signing in failed`, {
        hint: 'check `user` and the secret of this channel; does the server let programs sign in at this port?',
      });
    const timedOut = error instanceof Error && error.name === 'TimeoutError';
    // What the socket said; nodemailer's own code is the same for all of it.
    const { originalCode } = error as { originalCode?: unknown };
    const reason = timedOut ? 'ETIMEDOUT' : typeof originalCode === 'string' ? originalCode : code;
    return unreachable(this.name, { host: `${host}:${port}` }, { code: reason });
  }
}

/** Made of hashes, so that nothing from outside is in a header. */
function messageId(of: string, text: string, domain: string): string {
  return `<nervesys.${of}.${createHash('sha256').update(text).digest('hex').slice(0, 32)}@${new URL(`http://${domain}`).hostname}>`;
}
