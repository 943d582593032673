import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { AlertDetail } from '../../contract/fleet.ts';
import { linesOfAlert } from '../model/alert-lines.ts';
import type { FleetModel } from '../model/fleet-model.ts';
import { isolate, readable } from '../model/readable.ts';
import { ALERTS_ADDRESS } from '../model/view.ts';
import { Age } from './age.tsx';
import { AlertActions } from './alert-actions.tsx';
import { AlertFacts } from './alert-facts.tsx';
import { AlertWhere } from './alert-item.tsx';
import { AlertTemplate } from './alert-template.tsx';
import { AlertTimeline } from './alert-timeline.tsx';
import { Fact } from './fact.tsx';
import { LinesAround } from './lines-around.tsx';
import { LogLines } from './log-lines.tsx';
import { AlertMark, SEVERITY_WORDS } from './marks.tsx';
import { usePage, useStore, useWords } from './page-context.ts';
import { isOperator, useRole } from './use-role.ts';

/** What is about no server but the orchestrator itself is told under this name; it sends no lines. */
const ORCHESTRATOR = 'orchestrator';

interface AlertPageProps {
  readonly id: string;
  readonly model: FleetModel;
}

/** The page of one alert: what is wrong, the lines around it, what happened to it, and what may be done. */
export function AlertPage({ id, model: { agents, servers } }: AlertPageProps) {
  const words = useWords();
  const page = usePage();
  const role = useRole();
  const watched = useMemo(() => page.watchAlert(id), [page, id]);
  const news = useStore(watched.news);
  // Both come at nearly the same time, and buttons that come later would push the rest down.
  const alert = news.type === 'loaded' && role !== undefined ? news.alert : undefined;
  const isShown = alert !== undefined;
  const title = useRef<HTMLHeadingElement>(null);
  const said = alert?.title ?? words.say('alert');

  useEffect(() => {
    page.alerts.visited = id;
    const closing = new AbortController();
    void watched.run(closing.signal);
    return () => closing.abort();
  }, [watched, page, id]);
  useEffect(() => {
    document.title = `${said} · Nervesys`;
  }, [said]);
  useLayoutEffect(() => {
    scrollTo(0, 0);
    title.current?.focus({ preventScroll: true }); // who came by the keyboard goes on from here
  }, [isShown]);

  return (
    <article class="alert-page">
      <nav class="toolbar">
        <a class="back" href={ALERTS_ADDRESS}>
          {words.say('alertsAll')}
        </a>
      </nav>
      {alert === undefined ? (
        <h1 ref={title} tabIndex={-1} class="soft">
          {words.say(news.type === 'unknown' ? 'alertUnknown' : 'alert')}
        </h1>
      ) : (
        <Head alert={alert} titleRef={title} />
      )}
      {news.type === 'loading' && <p class="soft">{words.say('alertLoading')}</p>}
      {news.type === 'failed' && (
        <p class="problem" role="alert">
          {words.say('actionFailed', { reason: news.reason })}
        </p>
      )}
      {alert !== undefined && (
        <>
          {isOperator(role) && (
            <AlertActions
              alert={alert}
              watched={watched}
              onDone={() => title.current?.focus({ preventScroll: true })}
            />
          )}
          <AlertTemplate alert={alert} watched={watched} mayMark={isOperator(role)} />
          <AlertFacts alert={alert} />
          <LinesBefore alert={alert} />
          {(alert.server !== ORCHESTRATOR || servers.has(ORCHESTRATOR)) && (
            <LinesAround alert={alert} agents={agents} />
          )}
          <AlertTimeline alert={alert} />
        </>
      )}
    </article>
  );
}

const TITLE_LENGTH_MAX = 500;

interface HeadProps {
  readonly alert: AlertDetail;
  readonly titleRef: { current: HTMLHeadingElement | null };
}

/** What, where, since when, how often, and who has it. */
function Head({ alert, titleRef }: HeadProps) {
  const words = useWords();
  const { severity, state, acknowledged_by: seenBy, acknowledged_at: seenAt, resolved_by: endedBy } = alert;
  return (
    <header class={`alert-head alert-${severity}`}>
      <p class="alert-marks">
        <span class="severity">{words.say(SEVERITY_WORDS[severity])}</span>
        <AlertMark state={state} />
      </p>
      <h1 ref={titleRef} tabIndex={-1}>
        <bdi>{readable(alert.title, TITLE_LENGTH_MAX)}</bdi>
      </h1>
      {alert.silenced_until !== null && (
        <p class="note" role="status">
          {words.say('alertSilenced', { time: words.moment(alert.silenced_until) })}
        </p>
      )}
      <dl class="facts">
        <Fact label="alertWhere">
          <AlertWhere alert={alert} />
        </Fact>
        <Fact label="alertSince">
          {words.moment(alert.first_at)} <span class="soft">{alert.count > 1 && <Age at={alert.first_at} />}</span>
        </Fact>
        <Fact label="alertLast">
          <Age at={alert.last_at} />
        </Fact>
        <Fact label="alertHowOften">
          {words.count('alertTold', alert.count)}
          {alert.reopened > 0 && ` · ${words.count('alertReopened', alert.reopened)}`}
        </Fact>
        {seenBy !== null && seenAt !== null && (
          <Fact label="alertAcknowledged">
            <bdi>{seenBy}</bdi> · <Age at={seenAt} />
          </Fact>
        )}
        {state === 'resolved' && (
          <Fact label="alertResolved">
            {endedBy === null ? words.say('alertByItself') : isolate(endedBy)} · <Age at={alert.resolved_at} />
          </Fact>
        )}
      </dl>
    </header>
  );
}

function LinesBefore({ alert }: { readonly alert: AlertDetail }) {
  const words = useWords();
  const lines = useMemo(() => linesOfAlert(alert.detail), [alert.detail]);
  if (lines.length === 0) return null;
  return (
    <section>
      <h2>{words.say('alertLinesBefore')}</h2>
      <LogLines label={words.say('alertLinesBefore')} lines={lines} />
    </section>
  );
}
