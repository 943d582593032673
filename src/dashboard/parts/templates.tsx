import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { TemplateView } from '../../contract/fleet-templates.ts';
import { LEVELS, type Level } from '../../contract/record.ts';
import { reasonOf, type TemplatesQuery } from '../live/api.ts';
import { ALERTS_ADDRESS } from '../model/view.ts';
import { NextPage } from './next-page.tsx';
import { usePage, useWords } from './page-context.ts';
import { TemplateItem } from './template-item.tsx';
import { isOperator, useRole } from './use-role.ts';

/** Searching waits until the reader has stopped typing for so long. */
const TYPING_MS = 300;
const EVERYTHING: TemplatesQuery = { isNew: false, text: '' };

type Loaded =
  | { readonly type: 'loading' }
  | { readonly type: 'failed'; readonly reason: string }
  | {
      readonly type: 'loaded';
      readonly query: TemplatesQuery;
      readonly templates: readonly TemplateView[];
      readonly next: string | undefined;
    };

/** The page of the templates: what log lines of the fleet look like, and what people say of them. */
export function Templates() {
  const words = useWords();
  const { api } = usePage();
  const role = useRole();
  const [query, setQuery] = useState(EVERYTHING);
  const [loaded, setLoaded] = useState<Loaded>({ type: 'loading' });
  const title = useRef<HTMLHeadingElement>(null);

  useEffect(() => {
    const closing = new AbortController();
    const load = async () => {
      try {
        const { templates, next } = await api.templates(query, undefined, closing.signal);
        if (!closing.signal.aborted) setLoaded({ type: 'loaded', query, templates, next });
      } catch (error) {
        if (!closing.signal.aborted) setLoaded({ type: 'failed', reason: reasonOf(error) });
      }
    };
    const timer = setTimeout(load, query.text === '' ? 0 : TYPING_MS);
    return () => {
      clearTimeout(timer);
      closing.abort();
    };
  }, [api, query]);
  useLayoutEffect(() => {
    scrollTo(0, 0);
    title.current?.focus({ preventScroll: true });
  }, []);

  const more = async (page: Extract<Loaded, { type: 'loaded' }>) => {
    const { templates, next } = await api.templates(page.query, page.next);
    const known = new Set(page.templates.map(({ template }) => template));
    const fresh = templates.filter(({ template }) => !known.has(template));
    setLoaded((now) => (now === page ? { ...page, templates: [...page.templates, ...fresh], next } : now));
  };
  /** What was said of one shows at once; where it stands does not change under the reader's hand. */
  const change = (changed: TemplateView) =>
    setLoaded((now) => {
      if (now.type !== 'loaded') return now;
      const templates = now.templates.map((one) => (one.template === changed.template ? changed : one));
      return { ...now, templates };
    });

  return (
    <div class="templates-page">
      <div class="toolbar">
        <h1 ref={title} tabIndex={-1}>
          {words.say('templates')}
        </h1>
        <a class="back" href={ALERTS_ADDRESS}>
          {words.say('alertsAll')}
        </a>
      </div>
      <p class="soft">{words.say('templatesAbout')}</p>
      <section aria-label={words.say('templates')}>
        <QueryBar query={query} onQuery={setQuery} />
        {loaded.type === 'loading' && <p class="soft">{words.say('templatesLoading')}</p>}
        {loaded.type === 'failed' && (
          <p class="problem" role="alert">
            {words.say('actionFailed', { reason: loaded.reason })}
          </p>
        )}
        {loaded.type === 'loaded' && loaded.templates.length === 0 && (
          <p class="nothing">{words.say(nothingOf(loaded.query))}</p>
        )}
        {loaded.type === 'loaded' && loaded.templates.length > 0 && (
          <ul class="template-list" aria-busy={loaded.query !== query}>
            {loaded.templates.map((one) => (
              <TemplateItem key={one.template} template={one} mayMark={isOperator(role)} onChange={change} />
            ))}
          </ul>
        )}
        {loaded.type === 'loaded' && loaded.next !== undefined && (
          <NextPage label="templatesMore" asking="templatesLoading" onTurn={() => more(loaded)} />
        )}
      </section>
    </div>
  );
}

function nothingOf({ isNew, alert, level, text }: TemplatesQuery) {
  if (alert !== undefined || level !== undefined || text.trim() !== '') return 'templatesNoneSuch';
  return isNew ? 'templatesNoneNew' : 'templatesNone';
}

interface QueryBarProps {
  readonly query: TemplatesQuery;
  readonly onQuery: (query: TemplatesQuery) => void;
}

function QueryBar({ query, onQuery }: QueryBarProps) {
  const words = useWords();
  return (
    <search class="toolbar">
      <select
        aria-label={words.say('templatesWhich')}
        value={query.isNew ? 'new' : 'all'}
        onChange={({ currentTarget: { value } }) => onQuery({ ...query, isNew: value === 'new' })}
      >
        <option value="all">{words.say('templatesAll')}</option>
        <option value="new">{words.say('templatesNew')}</option>
      </select>
      <select
        aria-label={words.say('templatesVerdict')}
        value={query.alert === undefined ? '' : String(query.alert)}
        onChange={({ currentTarget: { value } }) =>
          onQuery({ ...query, alert: value === '' ? undefined : value === 'true' })
        }
      >
        <option value="">{words.say('templatesAnyVerdict')}</option>
        <option value="true">{words.say('templatesAlerts')}</option>
        <option value="false">{words.say('templatesOrdinary')}</option>
      </select>
      <select
        aria-label={words.say('templatesLevel')}
        value={query.level ?? ''}
        onChange={({ currentTarget: { value } }) =>
          onQuery({ ...query, level: value === '' ? undefined : (value as Level) })
        }
      >
        <option value="">{words.say('templatesAnyLevel')}</option>
        {LEVELS.map((level) => (
          <option key={level} value={level}>
            {level}
          </option>
        ))}
      </select>
      <input
        type="search"
        class="filter"
        dir={query.text === '' ? undefined : 'auto'} // without a text it is the placeholder's
        maxLength={200}
        aria-label={words.say('templatesSearch')}
        placeholder={words.say('templatesSearch')}
        value={query.text}
        onInput={({ currentTarget: { value } }) => onQuery({ ...query, text: value })}
      />
    </search>
  );
}
