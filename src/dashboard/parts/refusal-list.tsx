import { type ConfigRefusal, REFUSALS_LISTED_MAX } from '../../contract/rollout.ts';
import { REASON_LENGTH_MAX, readable } from '../model/readable.ts';
import { Revision } from './marks.tsx';
import { useWords } from './page-context.ts';

/** Servers that don't run what they were given, and why: what a reader has to act on. */
export function RefusalList({ refusals }: { readonly refusals: readonly ConfigRefusal[] }) {
  const words = useWords();
  if (refusals.length === 0) return null;
  const more = refusals.length - REFUSALS_LISTED_MAX;
  return (
    <section aria-labelledby="refusals-title">
      <div class="toolbar">
        <h2 id="refusals-title">{words.say('refusals')}</h2>
        <span class="count">{words.number(refusals.length)}</span>
      </div>
      <ul class="refusal-list">
        {refusals.slice(0, REFUSALS_LISTED_MAX).map(({ server, revision, reason }) => (
          <li key={server}>
            <bdi dir="ltr" class="server-name">
              {server}
            </bdi>
            {revision !== null && <Revision name={revision} />}
            <bdi class="refusal">{readable(reason, REASON_LENGTH_MAX)}</bdi>
          </li>
        ))}
        {more > 0 && <li class="soft">{words.count('andMore', more)}</li>}
      </ul>
    </section>
  );
}
