import { readable } from '../model/readable.ts';

const WILDCARD = '<*>';
const TEXT_LENGTH_MAX = 2_000;

/** A template as people read it: left to right as log lines are, what differs set off. */
export function TemplateText({ text }: { readonly text: string }) {
  return (
    <code class="template-text" dir="ltr">
      {readable(text, TEXT_LENGTH_MAX)
        .split(WILDCARD)
        .map((part, index) => (
          <>
            {index > 0 && <span class="wildcard">{WILDCARD}</span>}
            {part}
          </>
        ))}
    </code>
  );
}
