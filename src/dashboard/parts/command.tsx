import { useState } from 'preact/hooks';
import { useWords } from './page-context.ts';

/** How long "Copied" stands: long enough to be read. */
const COPIED_MS = 2000;

/** A command to be pasted into a terminal, with a button that copies it. Commands read left to right in any language. */
export function Command({ text, label }: { readonly text: string; readonly label?: string }) {
  const words = useWords();
  const [copied, setCopied] = useState(false);

  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      setTimeout(() => setCopied(false), COPIED_MS);
    } catch {
      // Not a secure context (plain HTTP from another machine): the text is there to be selected.
    }
  };

  return (
    <div class="command">
      {label !== undefined && <p class="command-label">{label}</p>}
      <div class="command-box">
        <code dir="ltr">{text}</code>
        <button type="button" class="quiet" onClick={copy}>
          {words.say(copied ? 'copied' : 'copy')}
        </button>
      </div>
    </div>
  );
}
