import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { ALERT_SEVERITIES, type AlertSeverity } from '../../contract/alert.ts';
import type { TextKey } from '../messages/words.ts';
import type { AlertQuery } from '../model/alert-pages.ts';
import { alertAddress, FLEET_ADDRESS, TEMPLATES_ADDRESS } from '../model/view.ts';
import { AlertItem } from './alert-item.tsx';
import { NewAlert } from './alert-list.tsx';
import { NextPage } from './next-page.tsx';
import { usePage, useStore, useWords } from './page-context.ts';
import { SilenceList } from './silence-list.tsx';

/** The page of the alerts: all of them, by what the reader asks for, and what is silenced. */
export function Alerts() {
  const words = useWords();
  const { alerts: live } = usePage();
  const news = useStore(live.news);
  const query = useStore(live.query);
  const page = useRef<HTMLDivElement>(null);
  const title = useRef<HTMLHeadingElement>(null);
  const isLoading = news.type === 'loading';

  useEffect(() => {
    const closing = new AbortController();
    void live.run(closing.signal);
    return () => closing.abort();
  }, [live]);
  // Who comes back from an alert goes on from it, who came by another way from the title.
  useLayoutEffect(() => {
    if (isLoading) return;
    const link =
      live.visited === undefined
        ? null
        : page.current?.querySelector<HTMLAnchorElement>(`a[href="${alertAddress(live.visited)}"]`);
    live.visited = undefined;
    if (link) {
      link.focus({ preventScroll: true });
      link.scrollIntoView({ block: 'center' });
      return;
    }
    scrollTo(0, 0);
    title.current?.focus({ preventScroll: true });
  }, [isLoading, live]);
  /** The first one of a page that was turned: there may be no button for another. */
  const goOnFrom = (index: number) =>
    page.current?.querySelectorAll<HTMLAnchorElement>('.alert-list .alert-title').item(index)?.focus();

  return (
    <div class="alerts-page" ref={page}>
      <div class="toolbar">
        <h1 ref={title} tabIndex={-1}>
          {words.say('alerts')}
        </h1>
        <a class="onward" href={TEMPLATES_ADDRESS}>
          {words.say('templates')}
        </a>
        <a class="back" href={FLEET_ADDRESS}>
          {words.say('configBack')}
        </a>
      </div>
      {isLoading && <p class="soft">{words.say('alertsLoading')}</p>}
      {news.type === 'loaded' && (
        <SilenceList silences={news.silences} onEnded={() => title.current?.focus({ preventScroll: true })} />
      )}
      {!isLoading && (
        <section aria-label={words.say('alerts')}>
          <QueryBar query={query} onQuery={(wanted) => void live.choose(wanted)} />
          {news.type === 'failed' && (
            <p class="problem" role="alert">
              {words.say('actionFailed', { reason: news.reason })}
            </p>
          )}
          {news.type === 'loaded' && news.pages.alerts.length === 0 && (
            <p class="nothing">{words.say(news.query.state === 'unresolved' ? 'alertsNoneNow' : 'alertsNoneSuch')}</p>
          )}
          {news.type === 'loaded' && news.pages.alerts.length > 0 && (
            <ul class="alert-list alert-list-long" aria-busy={news.query !== query}>
              {news.pages.alerts.map((alert) => (
                <AlertItem key={alert.id} alert={alert} />
              ))}
            </ul>
          )}
          {news.type === 'loaded' && news.pages.more && <Older shown={news.pages.alerts.length} onTurned={goOnFrom} />}
          {news.type === 'loaded' && <NewAlert alert={news.pages.alerts.find(({ state }) => state === 'open')} />}
        </section>
      )}
    </div>
  );
}

const STATES: readonly (readonly [state: AlertQuery['state'], key: TextKey])[] = [
  ['unresolved', 'alertsUnresolved'],
  ['open', 'alertOpen'],
  ['acknowledged', 'alertAcknowledged'],
  ['resolved', 'alertResolved'],
  ['all', 'alertsAnyState'],
];

/** At least so bad. */
const SEVERITIES: Readonly<Record<AlertSeverity, TextKey>> = {
  info: 'alertsAnySeverity',
  warning: 'alertsFromWarning',
  critical: 'severityCritical',
};

interface QueryBarProps {
  readonly query: AlertQuery;
  readonly onQuery: (query: AlertQuery) => void;
}

function QueryBar({ query, onQuery }: QueryBarProps) {
  const words = useWords();
  return (
    <search class="toolbar">
      <select
        aria-label={words.say('alertsState')}
        value={query.state}
        onChange={({ currentTarget: { value } }) => onQuery({ ...query, state: value as AlertQuery['state'] })}
      >
        {STATES.map(([state, key]) => (
          <option key={state} value={state}>
            {words.say(key)}
          </option>
        ))}
      </select>
      <select
        aria-label={words.say('alertsSeverity')}
        value={query.severity}
        onChange={({ currentTarget: { value } }) => onQuery({ ...query, severity: value as AlertSeverity })}
      >
        {ALERT_SEVERITIES.map((severity) => (
          <option key={severity} value={severity}>
            {words.say(SEVERITIES[severity])}
          </option>
        ))}
      </select>
      <input
        type="search"
        class="filter"
        dir={query.text === '' ? undefined : 'auto'} // without a text it is the placeholder's
        maxLength={100}
        aria-label={words.say('alertsSearch')}
        placeholder={words.say('alertsSearch')}
        value={query.text}
        onInput={({ currentTarget: { value } }) => onQuery({ ...query, text: value })}
      />
    </search>
  );
}

interface OlderProps {
  /** How many alerts stand there. */
  readonly shown: number;
  /** `index` of the first one that has come. */
  readonly onTurned: (index: number) => void;
}

/** One page further back. */
function Older({ shown, onTurned }: OlderProps) {
  const { alerts } = usePage();
  const turn = async () => {
    await alerts.older();
    requestAnimationFrame(() => onTurned(shown)); // once they stand there
  };
  return <NextPage label="alertsOlder" asking="alertsLoading" onTurn={turn} />;
}
