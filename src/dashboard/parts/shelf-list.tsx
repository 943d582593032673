import type { ShelfView } from '../../contract/reports.ts';
import { LANGUAGE_NAMES } from '../messages/words.ts';
import { readable } from '../model/readable.ts';
import { ShelfMark } from './marks.tsx';
import { useWords } from './page-context.ts';

const TEXT_CHARACTERS_MAX = 300;

/** Where reports go, and whether they can. */
export function ShelfList({ shelves }: { readonly shelves: readonly ShelfView[] }) {
  const words = useWords();
  if (shelves.length === 0) return null;
  return (
    <section aria-labelledby="shelves-title">
      <h2 id="shelves-title">{words.say('shelves')}</h2>
      <ul class="shelf-list">
        {shelves.map(({ name, type, target, languages, state, problem, hint }) => (
          <li key={name}>
            <bdi class="server-name">{name}</bdi>
            <ShelfMark state={state} />
            <span class="soft">
              <bdi dir="ltr">{type}</bdi>
              {target !== null && (
                <>
                  {' · '}
                  <bdi dir="ltr">{readable(target, TEXT_CHARACTERS_MAX)}</bdi>
                </>
              )}
            </span>
            <span class="soft">{languages.map((one) => LANGUAGE_NAMES[one]).join(', ')}</span>
            <ShelfProblem error={problem} hint={hint} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What is wrong there and what to do, in the orchestrator's own words. */
export function ShelfProblem({ error, hint }: { readonly error: string | null; readonly hint: string | null }) {
  const words = useWords();
  if (error === null) return null;
  return (
    <p class="shelf-problem">
      <bdi class="report-bad">{readable(error, TEXT_CHARACTERS_MAX)}</bdi>
      {hint !== null && (
        <span>
          {words.say('alertHint')}: <bdi>{readable(hint, TEXT_CHARACTERS_MAX)}</bdi>
        </span>
      )}
    </p>
  );
}
