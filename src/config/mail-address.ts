import { parsed } from './fields.ts';

/** What mail servers take everywhere: no quotes, no comments, no letters beyond ASCII before the @. */
const ADDRESS =
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*$/u;
const LENGTH_MAX = 254;
/** A name before an address, without what would make it two addresses. */
const SENDER = /^([^<>()[\]"\\,;:@\p{Cc}]{1,100}?) <([^<>]+)>$/u;

export interface MailSender {
  readonly name: string | undefined;
  readonly address: string;
}

export const mailAddress = parsed(
  'an e-mail address such as dana@example.com',
  '^[^@\\s<>,;"]+@[^@\\s<>,;"]+$',
  parseMailAddress,
);

export const mailSender = parsed(
  'an e-mail address, or a name with it such as Nervesys <alerts@example.com>',
  '^[^@,;"]+@[^@\\s,;"]+$',
  (text): MailSender | undefined => {
    const [, name, written] = SENDER.exec(text) ?? [undefined, undefined, text];
    const address = parseMailAddress(written ?? '');
    return address === undefined ? undefined : { name: name?.trim() || undefined, address };
  },
);

function parseMailAddress(text: string): string | undefined {
  return text.length <= LENGTH_MAX && ADDRESS.test(text) ? text : undefined;
}
