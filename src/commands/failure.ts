import { describeError, errorCode, NervesysError } from '../platform/errors.ts';
import { EXIT } from './exit-codes.ts';
import { escapeControls, painter } from './output.ts';
import { isDebug } from './settings.ts';

/**
 * Prints why a command failed, for a person: message, hint, code; the stack only with NERVESYS_DEBUG. What came from
 * outside (an answer's text) can't drive the terminal. Returns the exit code.
 */
export function printFailure(error: unknown): number {
  const paint = painter(process.stderr);
  const lines = describeError(error).split('\n').map(escapeControls);
  let text = `${paint('red', 'error:')} ${lines.join('\n  ')}\n`;
  if (error instanceof NervesysError) {
    if (error.hint !== undefined) text += `${paint('bold', 'hint:')} ${escapeControls(error.hint)}\n`;
    text += `${paint('dim', `code: ${error.code}`)}\n`;
  } else {
    const code = errorCode(error);
    if (code !== 'UNKNOWN') text += `${paint('dim', `code: ${code}`)}\n`;
    text += `${paint('bold', 'hint:')} run it again with NERVESYS_DEBUG=1 to see where it happened\n`;
  }
  if (debugging() && error instanceof Error && error.stack !== undefined) text += `${error.stack}\n`;
  process.stderr.write(text);
  return error instanceof NervesysError && error.code === 'NSV_SETTING_INVALID' ? EXIT.usage : EXIT.failed;
}

function debugging(): boolean {
  try {
    return isDebug();
  } catch {
    return false; // a setting is wrong, which is perhaps what is being told
  }
}
