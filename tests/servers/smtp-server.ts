import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  /** As it came, dots unstuffed. */
  readonly raw: string;
  /** Unfolded, names in lower case, encoded words decoded. */
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
  readonly html: string;
  readonly attachments: readonly { readonly name: string; readonly head: string; readonly content: Buffer }[];
  readonly secure: boolean;
}

export interface SmtpOptions {
  readonly certificate?: { readonly certificate: string; readonly key: string };
  readonly mode?: 'starttls' | 'implicit' | 'plain';
  readonly user?: string;
  readonly password?: string;
}

/**
 * A strict SMTP server for tests, written from RFC 5321, 3207, 4954 and 5322: no command before its time, no sign-in and no mail in the clear,
 * no line over 998 octets, CRLF only, ASCII headers with one each of From, Date, Message-ID and Subject.
 */
export class SmtpServer implements AsyncDisposable {
  readonly mails: Mail[] = [];
  /** Recipients whose mailbox doesn't exist. */
  readonly unknown = new Set<string>();
  readonly #options: SmtpOptions;
  readonly #faults: ({ readonly at: string; readonly reply: string } | 'silence')[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  private constructor(options: SmtpOptions) {
    this.#options = options;
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined);
      if (options.mode === 'implicit') this.#upgrade(socket, (secure) => new Session(this, secure, true).greet());
      else new Session(this, socket, false).greet();
    });
  }

  static async start(options: SmtpOptions = {}): Promise<SmtpServer> {
    const server = new SmtpServer(options);
    await new Promise<void>((done) => server.#server.listen(0, '127.0.0.1', done));
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get options(): SmtpOptions {
    return this.#options;
  }

  /** Once, this command gets this reply. */
  next(at: string, reply: string): void {
    this.#faults.push({ at, reply });
  }

  /** The next client is left without a greeting. */
  silence(): void {
    this.#faults.push('silence');
  }

  takeFault(at: string): string | undefined {
    const index = this.#faults.findIndex((one) => one !== 'silence' && one.at === at);
    const [fault] = index < 0 ? [] : this.#faults.splice(index, 1);
    return fault === undefined || fault === 'silence' ? undefined : fault.reply;
  }

  takeSilence(): boolean {
    const index = this.#faults.indexOf('silence');
    if (index >= 0) this.#faults.splice(index, 1);
    return index >= 0;
  }

  upgrade(socket: Socket, ready: (secure: Socket) => void): void {
    this.#upgrade(socket, ready);
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((done) => this.#server.close(done));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #upgrade(socket: Socket, ready: (secure: Socket) => void): void {
    const { certificate, key } = this.#options.certificate!;
    const secure = new TLSSocket(socket, {
      isServer: true,
      secureContext: createSecureContext({ cert: certificate, key }),
    });
    secure.on('error', () => undefined);
    ready(secure);
  }
}

class Session {
  readonly #server: SmtpServer;
  readonly #socket: Socket;
  readonly #secure: boolean;
  #received = '';
  #greeted = false;
  #signedIn = false;
  #loginUser: string | undefined;
  #awaiting: 'command' | 'login-user' | 'login-password' | 'data' = 'command';
  #from: string | undefined;
  #to: string[] = [];
  readonly #onData = (chunk: Buffer) => this.#take(chunk);

  constructor(server: SmtpServer, socket: Socket, secure: boolean) {
    this.#server = server;
    this.#socket = socket;
    this.#secure = secure;
    socket.on('data', this.#onData);
  }

  greet(): void {
    if (!this.#server.takeSilence()) this.#say(this.#server.takeFault('CONNECT') ?? '220 mail.test ESMTP');
  }

  #say(reply: string): void {
    this.#socket.write(`${reply}\r\n`);
    if (reply.startsWith('421')) this.#socket.end();
  }

  #take(chunk: Buffer): void {
    this.#received += chunk.toString('latin1');
    for (;;) {
      if (this.#awaiting === 'data') {
        const end = this.#received.indexOf('\r\n.\r\n');
        if (end < 0) return;
        const raw = this.#received.slice(0, end + 2).replace(/^\.\./gm, '.');
        this.#received = this.#received.slice(end + 5);
        this.#awaiting = 'command';
        this.#say(this.#finish(raw));
        continue;
      }
      const end = this.#received.indexOf('\r\n');
      if (end < 0) return;
      const line = this.#received.slice(0, end);
      this.#received = this.#received.slice(end + 2);
      const reply = this.#command(line);
      if (reply !== undefined) this.#say(reply);
    }
  }

  #command(line: string): string | undefined {
    if (this.#awaiting === 'login-user' || this.#awaiting === 'login-password') return this.#login(line);
    if (line.length > 510 || /[^\x20-\x7e]/.test(line)) return '500 5.5.2 bad line';
    const [verb = ''] = line.toUpperCase().split(' ');
    const fault = this.#server.takeFault(verb);
    if (fault !== undefined) return fault;
    const { mode = 'plain', user } = this.#server.options;
    const clear = !this.#secure && mode !== 'plain';
    switch (verb) {
      case 'EHLO':
      case 'HELO': {
        this.#greeted = true;
        const offers = [
          'mail.test',
          'SIZE 1000000',
          ...(mode === 'starttls' && !this.#secure ? ['STARTTLS'] : []),
          ...(user !== undefined && !clear ? ['AUTH PLAIN LOGIN'] : []),
        ];
        return offers.map((one, index) => `250${index === offers.length - 1 ? ' ' : '-'}${one}`).join('\r\n');
      }
      case 'STARTTLS':
        if (mode !== 'starttls' || this.#secure) return '503 5.5.1 not now';
        this.#say('220 2.0.0 ready to start TLS');
        this.#socket.off('data', this.#onData);
        this.#server.upgrade(this.#socket, (secure) => new Session(this.#server, secure, true));
        return undefined;
      case 'AUTH':
        if (clear) return '530 5.7.0 must issue a STARTTLS command first';
        return this.#auth(line);
      case 'MAIL': {
        const [, address] = /^MAIL FROM:<([^<>\s]+)>(?: (?:SIZE=\d+|BODY=7BIT))*$/i.exec(line) ?? [];
        if (!this.#greeted) return '503 5.5.1 say EHLO first';
        if (clear) return '530 5.7.0 must issue a STARTTLS command first';
        if (user !== undefined && !this.#signedIn) return '530 5.7.0 authentication required';
        if (address === undefined) return '501 5.1.7 bad sender';
        this.#from = address;
        this.#to = [];
        return '250 2.1.0 ok';
      }
      case 'RCPT': {
        const [, address] = /^RCPT TO:<([^<>\s]+)>$/i.exec(line) ?? [];
        if (this.#from === undefined) return '503 5.5.1 MAIL first';
        if (address === undefined) return '501 5.1.3 bad recipient';
        if (this.#server.unknown.has(address)) return `550 5.1.1 <${address}>: no such user`;
        this.#to.push(address);
        return '250 2.1.5 ok';
      }
      case 'DATA':
        if (this.#to.length === 0) return '503 5.5.1 RCPT first';
        this.#awaiting = 'data';
        return '354 go ahead';
      case 'QUIT':
        this.#say('221 2.0.0 bye');
        this.#socket.end();
        return undefined;
      case 'RSET':
      case 'NOOP':
        return '250 2.0.0 ok';
      default:
        return '502 5.5.2 not implemented';
    }
  }

  #auth(line: string): string {
    const [, method = '', initial] = line.split(' ');
    if (method.toUpperCase() === 'PLAIN' && initial !== undefined) {
      const [, user, password] = Buffer.from(initial, 'base64').toString().split('\0');
      return this.#check(user, password);
    }
    if (method.toUpperCase() === 'LOGIN') {
      this.#awaiting = 'login-user';
      return `334 ${Buffer.from('Username:').toString('base64')}`;
    }
    return '504 5.5.4 unrecognized authentication type';
  }

  #login(line: string): string {
    const value = Buffer.from(line, 'base64').toString();
    if (this.#awaiting === 'login-user') {
      this.#loginUser = value;
      this.#awaiting = 'login-password';
      return `334 ${Buffer.from('Password:').toString('base64')}`;
    }
    this.#awaiting = 'command';
    return this.#check(this.#loginUser, value);
  }

  #check(user: string | undefined, password: string | undefined): string {
    this.#signedIn = user === this.#server.options.user && password === this.#server.options.password;
    return this.#signedIn ? '235 2.7.0 welcome' : `535 5.7.8 authentication failed for ${user}, not with ${password}`;
  }

  /** The reply to the whole mail; one that is not right is refused. */
  #finish(raw: string): string {
    const problem = mailProblem(raw);
    if (problem !== undefined) return `554 5.6.0 ${problem}`;
    const [head = '', ...rest] = raw.split('\r\n\r\n');
    const headers = headersOf(head);
    const parts = partsOf(headers.get('content-type') ?? '', rest.join('\r\n\r\n'));
    this.#server.mails.push({ from: this.#from!, to: this.#to, raw, headers, ...parts, secure: this.#secure });
    this.#from = undefined;
    return '250 2.0.0 queued as 4711';
  }
}

function mailProblem(raw: string): string | undefined {
  const [head = ''] = raw.split('\r\n\r\n');
  if (/(?<!\r)\n|\r(?!\n)/.test(raw)) return 'bare CR or LF';
  if (/[^\t\r\n\x20-\x7e]/.test(raw)) return 'not 7 bit';
  if (raw.split('\r\n').some((line) => line.length > 998)) return 'line too long';
  const names = head
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
    .map((line) => /^([\x21-\x39\x3b-\x7e]+): /.exec(line)?.[1]?.toLowerCase());
  if (names.includes(undefined)) return 'malformed header';
  for (const name of ['from', 'to', 'date', 'message-id', 'subject', 'mime-version'])
    if (names.filter((one) => one === name).length !== 1) return `${name} must be there once`;
  return names.includes('bcc') ? 'unexpected Bcc' : undefined;
}

function headersOf(head: string): ReadonlyMap<string, string> {
  const lines = head.replace(/\r\n[ \t]+/g, ' ').split('\r\n');
  return new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), decodeWords(line.slice(colon + 1).trim())];
    }),
  );
}

/** RFC 2047; neighbours that are both encoded belong together. */
function decodeWords(value: string): string {
  return value.replace(/\?=\s+=\?/g, '?==?').replace(/(?:=\?utf-8\?[bq]\?[^?]*\?=)+/gi, (words) => {
    const bytes = [...words.matchAll(/=\?utf-8\?([bq])\?([^?]*)\?=/gi)].map(([, how = '', text = '']) =>
      how.toLowerCase() === 'b' ? Buffer.from(text, 'base64') : decodeQuoted(text.replaceAll('_', ' ')),
    );
    return Buffer.concat(bytes).toString('utf8');
  });
}

function decodeQuoted(text: string): Buffer {
  const bytes = text
    .replace(/=\r?\n/g, '')
    .replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1');
}

interface Parts {
  text: string;
  html: string;
  readonly attachments: { readonly name: string; readonly head: string; readonly content: Buffer }[];
}

function partsOf(contentType: string, body: string, found: Parts = { text: '', html: '', attachments: [] }): Parts {
  const boundary = /boundary="([^"]+)"/.exec(contentType)?.[1];
  // The last piece lies behind the closing boundary.
  for (const part of boundary === undefined ? [] : body.split(`--${boundary}`).slice(1, -1)) {
    const [head = '', ...rest] = part.replace(/^\r\n/, '').split('\r\n\r\n');
    const headers = headersOf(head);
    const type = headers.get('content-type') ?? '';
    const encoded = rest.join('\r\n\r\n').replace(/\r\n$/, '');
    if (type.startsWith('multipart/')) {
      partsOf(type, encoded, found);
      continue;
    }
    const encoding = headers.get('content-transfer-encoding');
    const bytes =
      encoding === 'base64'
        ? Buffer.from(encoded, 'base64')
        : encoding === 'quoted-printable'
          ? decodeQuoted(encoded)
          : Buffer.from(encoded);
    const disposition = headers.get('content-disposition') ?? '';
    if (disposition.startsWith('attachment'))
      found.attachments.push({ name: fileNameOf(disposition), head, content: bytes });
    else if (type.startsWith('text/plain')) found.text = bytes.toString('utf8');
    else if (type.startsWith('text/html')) found.html = bytes.toString('utf8');
  }
  return found;
}

/** RFC 2231: plain, or in numbered pieces, of which those with a * behind the number are percent-encoded UTF-8. */
function fileNameOf(disposition: string): string {
  const pieces = [...disposition.matchAll(/;\s*filename(?:\*\d+)?(\*)?=(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))/g)];
  return pieces
    .map(([, encoded, quoted, plain = '']) =>
      encoded === undefined
        ? (quoted?.replace(/\\(.)/g, '$1') ?? plain)
        : decodeURIComponent((quoted ?? plain).replace(/^utf-8''/i, '')),
    )
    .join('');
}
