import type { ReportView } from '../../contract/reports.ts';
import { KIND_WORDS, sayPeriod, sayShelves, sayVersion } from '../messages/report-words.ts';
import { readable } from '../model/readable.ts';
import { reportAddress } from '../model/view.ts';
import { LightMark } from './marks.tsx';
import { useWords } from './page-context.ts';
import { ReportFiles } from './report-files.tsx';

const ERROR_CHARACTERS_MAX = 300;

/** One report of the list: of which time, how that was, where it is, and its files. */
export function ReportItem({ report }: { readonly report: ReportView }) {
  const words = useWords();
  const { kind, period, light, version, deliveries } = report;
  const isElsewhere = deliveries.some((one) => one.state === 'failed');
  return (
    <li class="report">
      <span class="report-light">{light !== null && <LightMark light={light} />}</span>
      <span class="report-name">
        <a href={reportAddress(kind, period)}>{sayPeriod(words, kind, period)}</a>
        <span class="soft">{words.say(KIND_WORDS[kind])}</span>
      </span>
      <span class="report-state">
        <ReportState report={report} />
        {version > 0 && <span class="soft">{sayVersion(words, version)}</span>}
        <span class={isElsewhere ? 'report-bad' : 'soft'}>
          <bdi>{sayShelves(words, report)}</bdi>
        </span>
      </span>
      <ReportFiles report={report} />
    </li>
  );
}

/** What is going on with it; nothing where it is simply there. */
export function ReportState({ report: { state, error } }: { readonly report: ReportView }) {
  const words = useWords();
  if (state === 'ready') return null;
  if (state === 'making')
    return (
      <span class="mark mark-rolling" role="status">
        <span class="dot" aria-hidden="true" />
        {words.say('reportMaking')}
      </span>
    );
  return (
    <span class="report-failed">
      <span>
        {words.say('reportFailed')}. {words.say('reportFailedAgain')}
      </span>
      {error !== null && <bdi class="report-bad">{readable(error, ERROR_CHARACTERS_MAX)}</bdi>}
    </span>
  );
}
