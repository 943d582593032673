import type { ComponentChildren } from 'preact';
import type { TextKey } from '../messages/words.ts';
import { useWords } from './page-context.ts';

/** One of a `dl` of facts: what it is, and below what is known. */
export function Fact({ label, children }: { readonly label: TextKey; readonly children: ComponentChildren }) {
  const words = useWords();
  return (
    <div class="fact">
      <dt>{words.say(label)}</dt>
      <dd>{children}</dd>
    </div>
  );
}
