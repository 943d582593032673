import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { ReportDetail, ReportDocumentView, ReportKind } from '../../contract/reports.ts';
import { KIND_WORDS, sayPeriod, sayVersion } from '../messages/report-words.ts';
import { reportAddress } from '../model/view.ts';
import { ConfirmButton } from './confirm-button.tsx';
import { Fact } from './fact.tsx';
import { LightMark } from './marks.tsx';
import { usePage, useStore, useWords } from './page-context.ts';
import { ReportDeliveries } from './report-deliveries.tsx';
import { ReportFactsPart } from './report-facts.tsx';
import { ReportFiles } from './report-files.tsx';
import { ReportState } from './report-item.tsx';
import { isUnderWay } from './reports.tsx';
import { useRole } from './use-role.ts';

interface ReportPageProps {
  readonly kind: ReportKind;
  readonly period: string;
}

/** The page of one report: how that time was, in the numbers that its documents show; its files, and how they fare on each shelf. */
export function ReportPage({ kind, period }: ReportPageProps) {
  const words = useWords();
  const page = usePage();
  const role = useRole();
  const polled = useMemo(
    () => page.poll<ReportDetail>((signal) => page.api.report(kind, period, signal), isUnderWay),
    [page, kind, period],
  );
  const news = useStore(polled.news);
  const report = news.type === 'loaded' && role !== undefined ? news.value : undefined;
  const isShown = report !== undefined;
  const title = useRef<HTMLHeadingElement>(null);
  const name = sayPeriod(words, kind, period);
  const said = `${words.say(KIND_WORDS[kind])}, ${name}`;

  useEffect(() => {
    const closing = new AbortController();
    void polled.run(closing.signal);
    return () => closing.abort();
  }, [polled]);
  useEffect(() => {
    document.title = `${said} · Nervesys`;
  }, [said]);
  useLayoutEffect(() => {
    scrollTo(0, 0);
    title.current?.focus({ preventScroll: true }); // who came by the keyboard goes on from here
  }, [isShown]);

  const mayChange = role === 'admin';
  return (
    <article class="report-page">
      <nav class="toolbar">
        <a class="back" href={reportAddress()}>
          {words.say('reportsAll')}
        </a>
      </nav>
      <header class="report-head">
        <p class="alert-marks">
          <span class="soft">{words.say(KIND_WORDS[kind])}</span>
          {report !== undefined && report.light !== null && <LightMark light={report.light} />}
        </p>
        <h1 ref={title} tabIndex={-1}>
          {news.type === 'unknown' ? words.say('reportUnknown') : name}
        </h1>
        {report !== undefined && <Head report={report} />}
      </header>
      {news.type === 'loading' && <p class="soft">{words.say('reportLoading')}</p>}
      {news.type === 'failed' && (
        <p class="problem" role="alert">
          {words.say('actionFailed', { reason: news.reason })}
        </p>
      )}
      {mayChange && (isShown || news.type === 'unknown') && (
        <div class="report-actions">
          <ConfirmButton
            prominent
            harmless
            label={words.say(isShown ? 'reportMakeAgain' : 'reportMakeDo')}
            question={words.say('reportMakeAgainAsk', { report: said })}
            refusal={words.say('cancel')}
            onConfirm={() => polled.after(page.api.makeReport(kind, period))}
          />
          {report !== undefined && report.version > 0 && (
            <ConfirmButton
              prominent
              harmless
              label={words.say('reportSendAgain')}
              question={words.say('reportSendAgainAsk')}
              refusal={words.say('cancel')}
              onConfirm={() => polled.after(page.api.sendReport(kind, period, undefined))}
            />
          )}
        </div>
      )}
      {report !== undefined && (
        <>
          {report.version > 0 && <ReportFactsPart kind={kind} period={period} version={report.version} />}
          <ReportDeliveries
            report={report}
            {...(mayChange
              ? { onSend: (shelf: string) => polled.after(page.api.sendReport(kind, period, shelf)) }
              : {})}
          />
          <Versions report={report} />
        </>
      )}
    </article>
  );
}

function Head({ report }: { readonly report: ReportDetail }) {
  const words = useWords();
  const { version, gathered_at: gatheredAt, documents, time_zone: zone } = report;
  return (
    <>
      <Verdict documents={documents} />
      <ReportState report={report} />
      <dl class="facts">
        {version > 0 && <Fact label="report">{sayVersion(words, version)}</Fact>}
        {gatheredAt !== null && (
          <Fact label="reportGathered">
            <time dateTime={gatheredAt}>{words.moment(gatheredAt, zone)}</time>
          </Fact>
        )}
        {documents.length > 0 && (
          <Fact label="reportFiles">
            <ReportFiles report={report} all />
          </Fact>
        )}
      </dl>
    </>
  );
}

/** How that time was, in the sentences of its PDF: in the reader's language where there is one, else in the one that there is. */
function Verdict({ documents }: { readonly documents: readonly ReportDocumentView[] }) {
  const { language } = useWords();
  const told = documents.filter(({ summary }) => summary !== '');
  const one = told.find(({ lang }) => lang === language) ?? told[0];
  if (one === undefined) return null;
  return (
    <p class="report-verdict" lang={one.lang} dir={one.lang === 'he' ? 'rtl' : 'ltr'}>
      {one.summary}
    </p>
  );
}

/** Every version that there was: none ever changes. */
function Versions({ report: { kind, period, versions, time_zone: zone } }: { readonly report: ReportDetail }) {
  const words = useWords();
  if (versions.length === 0) return null;
  return (
    <section aria-labelledby="versions-title">
      <h2 id="versions-title">{words.say('reportVersions')}</h2>
      <ul class="report-versions">
        {versions.map(({ version, gathered_at: at }) => (
          <li key={version}>
            <span>{words.say('reportVersion', { version: words.number(version) })}</span>
            <time dateTime={at}>{words.moment(at, zone)}</time>
            <a href={`/api/v1/reports/${kind}/${period}/facts?version=${version}`} target="_blank" rel="noreferrer">
              {words.say('reportFactsLink')}
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
