import type { EmailShelfSettings } from '../../../config/index.ts';
import type { Clock } from '../../../platform/clock.ts';
import { sha256Hex } from '../../../platform/digest.ts';
import { NervesysError } from '../../../platform/errors.ts';
import { randomHex } from '../../../platform/random.ts';
import { saidSafely } from '../../../platform/safe-text.ts';
import type { Shelf, ShelfFile, ShelfNotes, ShelvedFile } from '../../../storage/shelf.ts';
import { checkShelfFile, claimPlace, closedError } from '../../../storage/shelf-file.ts';
import {
  type MailServer,
  type MailTrouble,
  mailTrouble,
  refusedRecipients,
  type SentMail,
  sendMail,
  tryMailServer,
} from '../../mail/send-mail.ts';
import { reportMail, reportMailId } from './report-mail.ts';

/** Of one mail with its attachment. */
const SEND_TIMEOUT_MS = 120_000;
/** Who began to send has it for himself so long; was he killed, another sends then. */
const TURN_MS = SEND_TIMEOUT_MS + 60_000;
const TURN_POLL_MS = 500;

/** What the notes say of one mail: who has it already, and whose turn it is to send. */
interface MailNote {
  readonly got: readonly string[];
  readonly by?: string;
  readonly until?: number;
}

/**
 * Reports by mail: one mail a version of a file, to all recipients.
 *
 * Mail can't be taken back and has no names, so a newer version is one more mail, which says so, in the same thread. A version is sent at
 * least once: who has it is noted once the server took it, replicas take turns by the notes, and only a kill (or an answer that is lost)
 * between the server's word and the note has it sent twice, with the same Message-ID then. A recipient that the server refuses doesn't keep
 * the others from theirs, and is tried alone the next time.
 */
export class EmailShelf implements Shelf {
  readonly name: string;
  readonly type = 'email';
  readonly #settings: EmailShelfSettings;
  readonly #server: MailServer;
  readonly #clock: Clock;
  readonly #closing = new AbortController();

  /** `authority`: a certificate (PEM) that the server's is signed by, where the system's trust doesn't decide. */
  constructor(
    settings: EmailShelfSettings,
    password: string | undefined,
    { clock, authority }: { readonly clock: Clock; readonly authority?: string },
  ) {
    const { name, host, port, tls, user } = settings;
    this.name = name;
    this.#settings = settings;
    this.#server = { host, port, tls, user, password, authority };
    this.#clock = clock;
  }

  async put(file: ShelfFile, notes: ShelfNotes, signal: AbortSignal): Promise<ShelvedFile> {
    const both = this.#signal(signal);
    checkShelfFile(this.name, file);
    const shelved = { id: reportMailId(this.#settings, file), link: null };
    // What was mailed stands nowhere.
    if (!(await claimPlace(this.name, notes, `mail ${file.path}`, file, async () => undefined))) return shelved;
    const wish = file.occasion === undefined ? '' : ` ${sha256Hex(file.occasion).slice(0, 12)}`;
    const key = `mail ${file.path} v${file.version}${wish}`;
    const turn = await this.#takeTurn(notes, key, both);
    if (turn === undefined) return shelved;
    let got = parseNote(turn).got;
    try {
      const refused = await this.#send(file, this.#missing(got), both);
      got = this.#settings.to.map(mark).filter((one) => !refused.some(({ address }) => mark(address) === one));
      if (refused.length > 0) throw this.#refusal(file, refused);
    } finally {
      await notes.replace(key, turn, JSON.stringify({ got } satisfies MailNote));
    }
    return shelved;
  }

  /** Whether the server greets and takes the password. */
  async check(_notes: ShelfNotes, signal: AbortSignal): Promise<void> {
    const both = this.#signal(signal);
    try {
      await tryMailServer(this.#server, { clock: this.#clock, timeoutMs: SEND_TIMEOUT_MS, signal: both });
    } catch (error) {
      both.throwIfAborted();
      throw this.#failure('check', mailTrouble(error));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(closedError(this.name));
  }

  #signal(signal: AbortSignal): AbortSignal {
    const both = AbortSignal.any([this.#closing.signal, signal]);
    both.throwIfAborted();
    return both;
  }

  /** The note by which it is our turn; `undefined`: all have it. Waits while it is somebody else's. */
  async #takeTurn(notes: ShelfNotes, key: string, signal: AbortSignal): Promise<string | undefined> {
    const by = randomHex();
    const ours = (got: readonly string[]) =>
      JSON.stringify({ got, by, until: this.#clock.now() + TURN_MS } satisfies MailNote);
    let wanted = ours([]);
    let standing = await notes.claim(key, wanted);
    while (standing !== wanted) {
      signal.throwIfAborted();
      const note = parseNote(standing);
      if (this.#missing(note.got).length === 0) return undefined;
      if ((note.until ?? 0) <= this.#clock.now()) {
        wanted = ours(note.got);
        standing = await notes.replace(key, standing, wanted);
      } else {
        await this.#clock.sleep(TURN_POLL_MS, signal);
        standing = (await notes.read(key)) ?? standing;
      }
    }
    return standing;
  }

  #missing(got: readonly string[]): string[] {
    return this.#settings.to.filter((address) => !got.includes(mark(address)));
  }

  /** Resolves with whom the server refused. */
  async #send(file: ShelfFile, recipients: readonly string[], signal: AbortSignal): Promise<SentMail['refused']> {
    const mail = { ...reportMail(this.#settings, file, recipients), date: new Date(this.#clock.now()) };
    try {
      const sent = await sendMail(this.#server, mail, { clock: this.#clock, timeoutMs: SEND_TIMEOUT_MS, signal });
      return sent.refused;
    } catch (error) {
      signal.throwIfAborted();
      const refused = refusedRecipients(error);
      throw refused.length > 0 ? this.#refusal(file, refused) : this.#failure(`put ${file.path}`, mailTrouble(error));
    }
  }

  #refusal(file: ShelfFile, refused: SentMail['refused']): NervesysError {
    const passes = refused.every(({ status }) => status < 500);
    const named = refused.map(({ address, said }) => `${address} (${this.#safe(said)})`).join(', ');
    return new NervesysError(
      passes ? 'NSV_SHELF_BUSY' : 'NSV_SHELF_REJECTED',
      `shelf ${this.name}: put ${file.path}: the mail server refused ${named}`,
      {
        retryable: passes,
        hint: passes
          ? 'nothing to do: it is sent to them again'
          : 'correct or take away these addresses; who else is named has the report',
      },
    );
  }

  #failure(verb: string, trouble: MailTrouble): NervesysError {
    const { host, port } = this.#settings;
    const where = `shelf ${this.name}: ${verb}: ${host}:${port}`;
    switch (trouble.type) {
      case 'no-tls':
        return new NervesysError('NSV_SHELF_REJECTED', `${where} offers no TLS, or one that cannot be used`, {
          hint: 'use `tls: implicit` with port 465, or another server; mail is not sent readable',
        });
      case 'busy':
      case 'denied':
      case 'refused': {
        const [code, hint] = ANSWERS[trouble.type];
        return new NervesysError(code, `${where} answered ${this.#safe(trouble.said)}`, {
          retryable: trouble.type === 'busy',
          hint,
          facts: { status: trouble.status },
        });
      }
      case 'sign-in':
        return new NervesysError('NSV_SHELF_SIGN_IN', `${where}: signing in failed`, { hint: ANSWERS.denied[1] });
      case 'network':
        return new NervesysError('NSV_SHELF_UNREACHABLE', `${where} cannot be used (${trouble.code})`, {
          retryable: true,
          hint: 'check host and port, and that this machine may reach it; reports wait and are sent again',
          facts: { networkCode: trouble.code },
        });
      default:
        return trouble satisfies never;
    }
  }

  #safe(said: string): string {
    return saidSafely(said, [this.#server.password ?? '']);
  }
}

const ANSWERS = {
  busy: ['NSV_SHELF_BUSY', 'nothing to do: it is sent again'],
  denied: [
    'NSV_SHELF_SIGN_IN',
    'check `user` and the password of this shelf; many providers want one made for programs',
  ],
  refused: ['NSV_SHELF_REJECTED', 'check `from`, and whether the server takes mail of this size (attachment_limit)'],
} as const;

/** An address in the notes, whose room is bounded: fifty of them fit. */
function mark(address: string): string {
  return sha256Hex(address).slice(0, 8);
}

function parseNote(text: string): MailNote {
  return JSON.parse(text) as MailNote;
}
