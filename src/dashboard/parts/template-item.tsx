import type { TemplateView } from '../../contract/fleet-templates.ts';
import { LEVELS } from '../../contract/record.ts';
import type { TemplateMark } from '../../contract/triage.ts';
import { Age } from './age.tsx';
import { MarkButtons } from './mark-buttons.tsx';
import { usePage, useWords } from './page-context.ts';
import { TemplateText } from './template-text.tsx';

interface TemplateItemProps {
  readonly template: TemplateView;
  readonly mayMark: boolean;
  /** What was said of it has changed. */
  readonly onChange: (changed: TemplateView) => void;
}

/** One template of the list: its text, how many lines of which level it had, what it is taken for, and what may be said of it. */
export function TemplateItem({ template, mayMark, onChange }: TemplateItemProps) {
  const words = useWords();
  const { api } = usePage();
  const { template: id, text, mark, is_alert: isAlert, score, first_seen_at: firstAt, last_seen_at: lastAt } = template;
  const isTold = mark === null ? isAlert : mark === 'alert';
  const verdict = words.say(isTold ? 'verdictAlert' : 'verdictOrdinary');
  return (
    <li class={isTold ? 'template template-told' : 'template'}>
      <span class="template-verdict" title={`${words.say('templateScore')} ${words.number(score, 2)}`}>
        {mark === null ? verdict : words.say('verdictMarked', { verdict })}
      </span>
      <TemplateText text={text} />
      <Levels counts={template.level_counts} />
      <span class="template-seen">
        <span>
          {words.say('templateLast')} <Age at={lastAt} />
        </span>
        <span>
          {words.say('templateFirst')} <Age at={firstAt} />
        </span>
      </span>
      {mayMark && (
        <div class="template-actions">
          <MarkButtons
            mark={mark}
            onMark={async (as: TemplateMark, note) => {
              await api.markTemplate(id, as, note);
              onChange({ ...template, mark: as });
            }}
            onUnmark={async () => {
              await api.unmarkTemplate(id);
              onChange({ ...template, mark: null });
            }}
          />
        </div>
      )}
    </li>
  );
}

function Levels({ counts }: { readonly counts: TemplateView['level_counts'] }) {
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
