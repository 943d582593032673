import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import {
  REPORT_KINDS,
  type ReportKind,
  type ReportsAnswer,
  type ReportView,
  type SummaryKind,
} from '../../contract/reports.ts';
import { isOnItsWay, KIND_WORDS } from '../messages/report-words.ts';
import { FLEET_ADDRESS, reportAddress } from '../model/view.ts';
import { NextPage } from './next-page.tsx';
import { usePage, useStore, useWords } from './page-context.ts';
import { ReportItem } from './report-item.tsx';
import { ReportMaker } from './report-maker.tsx';
import { ShelfList } from './shelf-list.tsx';
import { useRole } from './use-role.ts';

/** A month of days with its weeks. */
const REPORTS_PER_PAGE = 35;

/** Something is being made, or is on its way to a shelf for the first time. */
export function isUnderWay({ state, deliveries }: ReportView): boolean {
  return state === 'making' || deliveries.some(isOnItsWay);
}

/** The page of the reports: what there is, what comes next, and where it goes. */
export function Reports({ kind }: { readonly kind: ReportKind | undefined }) {
  const words = useWords();
  const page = usePage();
  const role = useRole();
  const [count, setCount] = useState(REPORTS_PER_PAGE);
  const polled = useMemo(
    () =>
      page.poll<ReportsAnswer>(
        (signal) => page.api.reports(kind, count, signal),
        ({ reports }) => reports.some(isUnderWay),
      ),
    [page, kind, count],
  );
  const news = useStore(polled.news);
  const [shown, setShown] = useState<{ readonly kind: ReportKind | undefined; readonly answer: ReportsAnswer }>();
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const closing = new AbortController();
    void polled.run(closing.signal);
    return () => closing.abort();
  }, [polled]);
  useEffect(() => {
    if (news.type === 'loaded') setShown({ kind, answer: news.value });
  }, [news, kind]);
  useLayoutEffect(() => {
    scrollTo(0, 0);
    title.current?.focus({ preventScroll: true });
  }, []);

  // What was asked for before stays on show while another kind is on its way.
  const answer = news.type === 'loaded' ? news.value : shown?.answer;
  const mayMake = role === 'admin';
  return (
    <div class="reports-page">
      <div class="toolbar">
        <h1 ref={title} tabIndex={-1}>
          {words.say('reports')}
        </h1>
        <a class="back" href={FLEET_ADDRESS}>
          {words.say('configBack')}
        </a>
      </div>
      {news.type === 'failed' && (
        <p class="problem" role="alert">
          {words.say('actionFailed', { reason: news.reason })}
        </p>
      )}
      {answer === undefined && news.type !== 'failed' && <p class="soft">{words.say('reportsLoading')}</p>}
      {answer !== undefined && (
        <>
          <p class="soft">{words.say('reportsAbout', { zone: answer.time_zone })}</p>
          <NextDue answer={answer} />
          <section aria-label={words.say('reports')}>
            <div class="toolbar">
              <select
                aria-label={words.say('reportsKind')}
                value={kind ?? ''}
                onChange={({ currentTarget: { value } }) => {
                  location.hash = reportAddress(REPORT_KINDS.find((one) => one === value));
                }}
              >
                <option value="">{words.say('reportsAnyKind')}</option>
                {REPORT_KINDS.map((one) => (
                  <option key={one} value={one}>
                    {words.say(KIND_WORDS[one])}
                  </option>
                ))}
              </select>
            </div>
            {answer.reports.length === 0 ? (
              <Nothing kind={kind} answer={answer} mayMake={mayMake} />
            ) : (
              <ul class="report-list" aria-busy={news.type === 'loading'}>
                {answer.reports.map((one) => (
                  <ReportItem key={`${one.kind} ${one.period}`} report={one} />
                ))}
              </ul>
            )}
            {answer.next !== undefined && (
              <NextPage
                label="reportsOlder"
                asking="reportsLoading"
                onTurn={async () => setCount(count + REPORTS_PER_PAGE)}
              />
            )}
          </section>
          {mayMake && <ReportMaker timeZone={answer.time_zone} onMade={(doing) => polled.after(doing)} />}
          <ShelfList shelves={answer.shelves} />
        </>
      )}
    </div>
  );
}

/** When the next ones come, the soonest first. */
function NextDue({ answer: { enabled, next_due: nextDue, time_zone: zone } }: { readonly answer: ReportsAnswer }) {
  const words = useWords();
  if (!enabled) return <p class="note">{words.say('reportsOff')}</p>;
  const due = Object.entries(nextDue).sort(([, a], [, b]) => a.localeCompare(b)) as [SummaryKind, string][];
  if (due.length === 0) return null;
  return (
    <dl class="facts report-due" aria-label={words.say('reportsNext')}>
      {due.map(([kind, at]) => (
        <div class="fact" key={kind}>
          <dt>{`${words.say('reportsNext')} · ${words.say(KIND_WORDS[kind])}`}</dt>
          <dd>
            <time dateTime={at}>{words.moment(at, zone)}</time>
          </dd>
        </div>
      ))}
    </dl>
  );
}

interface NothingProps {
  readonly kind: ReportKind | undefined;
  readonly answer: ReportsAnswer;
  readonly mayMake: boolean;
}

/** Why there is none, when the first comes, and how to have one now. */
function Nothing({ kind, answer: { enabled, next_due: nextDue, time_zone: zone }, mayMake }: NothingProps) {
  const words = useWords();
  const first = (Object.entries(nextDue) as [SummaryKind, string][])
    .filter(([one]) => kind === undefined || one === kind)
    .sort(([, a], [, b]) => a.localeCompare(b))[0];
  return (
    <div class="nothing">
      <p>{words.say(kind === undefined ? 'reportsNone' : 'reportsNoneSuch')}</p>
      {!enabled && <p>{words.say('reportsNoneOff')}</p>}
      {enabled && first !== undefined && (
        <p>
          {words.say('reportsNoneFirst', {
            kind: words.say(KIND_WORDS[first[0]]),
            time: words.moment(first[1], zone),
          })}
        </p>
      )}
      <p>{words.say(mayMake ? 'reportsNoneAsk' : 'reportsNoneMake')}</p>
    </div>
  );
}
