import { useLayoutEffect, useRef } from 'preact/hooks';
import { usePage, useWords } from './page-context.ts';

/**
 * "12 s ago", counting on. The text is written straight into its node: a thousand ages a second through the component
 * tree would cost a repaint of the whole table, and most of them don't change.
 */
export function Age({ at }: { readonly at: string | null }) {
  const { live, everySecond } = usePage();
  const words = useWords();
  const node = useRef<HTMLTimeElement>(null);

  useLayoutEffect(() => {
    const time = node.current;
    if (time === null) return;
    if (at === null) {
      time.textContent = words.say('none');
      return;
    }
    const show = () => {
      const text = words.ago(live.now() - Date.parse(at));
      if (time.textContent !== text) time.textContent = text;
    };
    show();
    return everySecond(show);
  }, [at, words, live, everySecond]);

  return <time ref={node} dateTime={at ?? undefined} title={at === null ? undefined : words.moment(at)} />;
}
