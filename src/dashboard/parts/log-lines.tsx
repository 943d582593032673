import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Line } from '../model/alert-lines.ts';
import { useWords } from './page-context.ts';

interface LogLinesProps {
  readonly label: string;
  readonly lines: readonly Line[];
  /** What stands between the lines before this place and those from it on. */
  readonly divider?: { readonly at: number; readonly text: string };
}

/** Log lines as a terminal would show them, left to right in any language. It opens where the alert is. */
export function LogLines({ label, lines, divider }: LogLinesProps) {
  const box = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    const node = box.current;
    if (node === null) return;
    const place = node.querySelector<HTMLElement>('.log-divider');
    node.scrollTop = place === null ? node.scrollHeight : place.offsetTop - node.clientHeight / 2;
  }, []);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
    <section ref={box} class="log-lines" dir="ltr" aria-label={label} tabIndex={0}>
      <ol>
        {lines.map((line, index) => (
          <>
            {divider?.at === index && <Divider text={divider.text} />}
            <LogLine key={index} line={line} />
          </>
        ))}
        {divider !== undefined && divider.at >= lines.length && <Divider text={divider.text} />}
      </ol>
    </section>
  );
}

function Divider({ text }: { readonly text: string }) {
  return (
    <li class="log-divider">
      <bdi>{text}</bdi>
    </li>
  );
}

function LogLine({ line: { timestamp, level, action, message, isTold } }: { readonly line: Line }) {
  const words = useWords();
  return (
    <li class={`log-line level-${level ?? 'none'}${isTold ? ' log-told' : ''}`}>
      <time dateTime={timestamp ?? undefined} title={timestamp ?? undefined}>
        {timestamp === null ? '' : words.clockTime(timestamp)}
      </time>
      <span class="log-level">{level}</span>
      <span class="log-message">
        {action !== '' && (
          <>
            <bdi class="log-action">{action}</bdi>{' '}
          </>
        )}
        <bdi>{message}</bdi>
      </span>
    </li>
  );
}
