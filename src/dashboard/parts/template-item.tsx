import { useState } from 'preact/hooks';
import type { TemplateView } from '../../contract/fleet-templates.ts';
import type { TemplateMark } from '../../contract/triage.ts';
import { Age } from './age.tsx';
import { MarkButtons } from './mark-buttons.tsx';
import { usePage, useWords } from './page-context.ts';
import { Levels } from './template-levels.tsx';
import { TemplateMore } from './template-more.tsx';
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
  const [open, setOpen] = useState(false);
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
      <div class="template-actions">
        <button type="button" class="link" aria-expanded={open} onClick={() => setOpen(!open)}>
          {words.say(open ? 'templateLess' : 'templateMore')}
        </button>
        {mayMark && (
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
        )}
      </div>
      {open && <TemplateMore id={id} mark={mark} />}
    </li>
  );
}
