import type { TemplateView } from '../../contract/fleet-templates.ts';
import { LEVELS } from '../../contract/record.ts';
import { useWords } from './page-context.ts';

/** How many lines of which level, the worst first. */
export function Levels({ counts }: { readonly counts: TemplateView['level_counts'] }) {
  const words = useWords();
  const present = LEVELS.filter((level) => counts[level] > 0).reverse();
  return (
    <span class="template-levels">
      {present.length === 0 && <span class="soft">{words.say('templateNoLines')}</span>}
      {present.map((level) => (
        <span key={level} class={`level-${level}`}>
          <span class="log-level" dir="ltr">
            {level}
          </span>{' '}
          {words.number(counts[level])}
        </span>
      ))}
    </span>
  );
}
