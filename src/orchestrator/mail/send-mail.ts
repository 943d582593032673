import type { SendMailOptions, Transporter } from 'nodemailer';
import { type Clock, withDeadline } from '../../platform/clock.ts';
import { errorCode } from '../../platform/errors.ts';

/** How a mail server is met. */
export interface MailServer {
  readonly host: string;
  readonly port: number;
  readonly tls: 'implicit' | 'starttls' | 'none';
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** A certificate (PEM) that the server's is signed by, where the system's trust doesn't decide. */
  readonly authority?: string | undefined;
}

/** What the server took the mail for, and what it said of the others. */
export interface SentMail {
  readonly messageId: string;
  readonly refused: readonly { readonly address: string; readonly status: number; readonly said: string }[];
}

/** Why a mail was not sent. What the server said may have secrets in it: it is to be made safe before it is told. */
export type MailTrouble =
  | { readonly type: 'no-tls' }
  /** `busy`: it passes (4xx). `denied`: the sign-in. `refused`: the mail, or its recipients. */
  | { readonly type: 'busy' | 'denied' | 'refused'; readonly status: number; readonly said: string }
  | { readonly type: 'sign-in' }
  | { readonly type: 'network'; readonly code: string };

export interface MailParts {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Sends one mail by SMTP, once, over TLS of 1.2 at least unless `tls` is none. Files and addresses are never read for it. Rejects with
 * nodemailer's error, which `mailTrouble` reads, or the signal's reason.
 */
export async function sendMail(server: MailServer, mail: SendMailOptions, parts: MailParts): Promise<SentMail> {
  return withTransport(server, parts, async (transport, deadline) => {
    const info = await transport.sendMail({ ...mail, signal: deadline });
    return { messageId: info.messageId, refused: refusedOf(info.rejectedErrors) };
  });
}

/** Greets the server and signs in, and no more; rejects as `sendMail` does. */
export async function tryMailServer(server: MailServer, parts: MailParts): Promise<void> {
  await withTransport(server, parts, async (transport, deadline) => {
    const { promise: ended, reject } = Promise.withResolvers<never>();
    const onAbort = () => reject(deadline.reason);
    deadline.addEventListener('abort', onAbort, { once: true });
    try {
      await Promise.race([transport.verify(), ended]);
    } finally {
      deadline.removeEventListener('abort', onAbort);
    }
  });
}

async function withTransport<T>(
  server: MailServer,
  { clock, timeoutMs, signal }: MailParts,
  work: (transport: Transporter, deadline: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const { createTransport } = await import('nodemailer'); // loaded where somebody has mail sent, and only then
  const { host, port, tls, user, password, authority } = server;
  const transport = createTransport({
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    ...(user === undefined ? {} : { auth: { user, pass: password ?? '' } }),
    tls: { minVersion: 'TLSv1.2' as const, ...(authority === undefined ? {} : { ca: authority }) },
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    return await withDeadline(clock, timeoutMs, signal, (deadline) => work(transport, deadline));
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    transport.close();
  }
}

/** What nodemailer's error means. */
export function mailTrouble(error: unknown): MailTrouble {
  const { responseCode: status, response } = error as { responseCode?: number; response?: string };
  const code = errorCode(error);
  if (code === 'ETLS' && (status ?? 500) >= 500) return { type: 'no-tls' };
  if (typeof status === 'number') {
    const denied = code === 'EAUTH' || [530, 534, 535, 538].includes(status);
    return { type: status < 500 ? 'busy' : denied ? 'denied' : 'refused', status, said: response ?? String(status) };
  }
  if (code === 'EAUTH' || code === 'ENOAUTH') return { type: 'sign-in' };
  if (error instanceof Error && error.name === 'TimeoutError') return { type: 'network', code: 'ETIMEDOUT' };
  // What the socket said; nodemailer's own code is the same for all of it.
  const { originalCode } = error as { originalCode?: unknown };
  return { type: 'network', code: typeof originalCode === 'string' ? originalCode : code };
}

/** Recipients that a server refused, of a mail that it refused for all of them. */
export function refusedRecipients(error: unknown): SentMail['refused'] {
  return refusedOf((error as { rejectedErrors?: unknown }).rejectedErrors);
}

function refusedOf(errors: unknown): SentMail['refused'] {
  if (!Array.isArray(errors)) return [];
  return (errors as { recipient?: string; responseCode?: number; response?: string }[]).map((one) => ({
    address: one.recipient ?? '',
    status: one.responseCode ?? 550,
    said: one.response ?? '',
  }));
}

/** The part of an address behind its @, as headers carry it. */
export function mailDomain(address: string): string {
  return new URL(`http://${address.slice(address.lastIndexOf('@') + 1)}`).hostname;
}
