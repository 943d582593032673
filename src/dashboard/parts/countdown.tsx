import { useLayoutEffect, useRef } from 'preact/hooks';
import { usePage, useWords } from './page-context.ts';

/** "in 6 min 12 sec", counting down by the orchestrator's clock; then that it is due. Written straight into its node, as `Age` is. */
export function Countdown({ to }: { readonly to: string }) {
  const { live, everySecond } = usePage();
  const words = useWords();
  const node = useRef<HTMLTimeElement>(null);

  useLayoutEffect(() => {
    const time = node.current;
    if (time === null) return;
    const show = () => {
      const seconds = Math.ceil((Date.parse(to) - live.now()) / 1000);
      const text = seconds > 0 ? words.say('inTime', { time: words.duration(seconds) }) : words.say('due');
      if (time.textContent !== text) time.textContent = text;
    };
    show();
    return everySecond(show);
  }, [to, words, live, everySecond]);

  return <time ref={node} dateTime={to} title={words.moment(to)} />;
}
