import { readFileSync, statSync } from 'node:fs';
import { errorCode, NervesysError } from '../platform/errors.ts';
import { note } from './output.ts';

/** No password is longer; a file beyond it is the wrong file. */
const BYTES_MAX = 4_096;

/**
 * A new password: from a file (`-`: standard input), or typed twice without being shown. Never from an argument, which every
 * user of the machine can read. Rejects with `NSV_SETTING_INVALID`.
 */
export async function readNewPassword(file: string | undefined): Promise<string> {
  if (file !== undefined) return fromFile(file);
  if (!process.stdin.isTTY) {
    throw new NervesysError('NSV_SETTING_INVALID', 'a password is needed, and there is no terminal to type it on', {
      hint: 'name a file with --password-file, or - for standard input',
    });
  }
  const first = await typed('Password (12 characters or more): ');
  if (first === (await typed('Again: '))) return first;
  throw new NervesysError('NSV_SETTING_INVALID', 'the two passwords differ', { hint: 'run it again' });
}

function fromFile(file: string): string {
  let text: string;
  try {
    if (file !== '-' && statSync(file).size > BYTES_MAX) throw new Error(`larger than ${BYTES_MAX} bytes`);
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (cause) {
    throw new NervesysError('NSV_SETTING_INVALID', `read the password from ${file}: ${errorCode(cause)}`, { cause });
  }
  // The line break that every editor puts at the end is nobody's password.
  const password = text.replace(/\r?\n$/, '');
  if (password !== '' && Buffer.byteLength(password) <= BYTES_MAX && !/[\r\n]/.test(password)) return password;
  throw new NervesysError('NSV_SETTING_INVALID', `read the password from ${file}: not one line of text`);
}

/** One line from the terminal, which shows nothing of it. */
function typed(prompt: string): Promise<string> {
  const { stdin } = process;
  process.stderr.write(prompt);
  return new Promise((resolve, reject) => {
    let text = '';
    const end = () => {
      stdin.off('data', take);
      stdin.setRawMode(false);
      stdin.pause();
      note('');
    };
    const take = (chunk: string) => {
      for (const character of chunk) {
        if (character === '\r' || character === '\n' || character === '\u0004') {
          end();
          return resolve(text);
        }
        if (character === '\u0003') {
          end();
          return reject(new NervesysError('NSV_SETTING_INVALID', 'no password was given'));
        }
        if (character === '\u007f' || character === '\b') text = [...text].slice(0, -1).join('');
        else if (character === '\u0015') text = '';
        else if (character >= ' ' && text.length < BYTES_MAX) text += character;
      }
    };
    stdin.setEncoding('utf8');
    stdin.setRawMode(true);
    stdin.on('data', take);
    stdin.resume();
  });
}
