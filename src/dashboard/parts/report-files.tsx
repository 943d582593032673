import type { ReportDocumentView, ReportView } from '../../contract/reports.ts';
import { FORMAT_NAMES, sayBytes, sayPeriod } from '../messages/report-words.ts';
import { LANGUAGE_NAMES } from '../messages/words.ts';
import { useWords } from './page-context.ts';

/** The files of a report: a PDF opens in a tab of the browser's own viewer, a workbook is kept. */
export function ReportFiles({ report, all }: { readonly report: ReportView; readonly all?: boolean }) {
  const words = useWords();
  const { documents, kind, period } = report;
  if (documents.length === 0) return null;
  return (
    <ul class="report-files" aria-label={`${words.say('reportFiles')}, ${sayPeriod(words, kind, period)}`}>
      {documents.map((one) => (
        <li key={`${one.lang} ${one.format}`}>
          <File document={one} all={all === true} />
        </li>
      ))}
    </ul>
  );
}

function File({
  document: { lang, format, href, bytes },
  all,
}: {
  readonly document: ReportDocumentView;
  readonly all: boolean;
}) {
  const words = useWords();
  const file = `${FORMAT_NAMES[format]}, ${LANGUAGE_NAMES[lang]}`;
  const size = sayBytes(words, bytes);
  const address = `/api/v1/${href}`;
  const isShown = format === 'pdf';
  return (
    <>
      <a
        class="report-file"
        href={isShown ? address : `${address}?download=1`}
        {...(isShown ? { target: '_blank', rel: 'noreferrer' } : { download: '' })}
        aria-label={words.say(isShown ? 'reportOpen' : 'reportDownload', { file })}
        title={size}
      >
        <bdi dir="ltr">{FORMAT_NAMES[format]}</bdi> <bdi lang={lang}>{LANGUAGE_NAMES[lang]}</bdi>
      </a>
      {all && (
        <>
          {isShown && (
            <a href={`${address}?download=1`} download="" aria-label={words.say('reportDownload', { file })}>
              {words.say('reportDownloadShort')}
            </a>
          )}
          <bdi dir="ltr" class="soft figure">
            {size}
          </bdi>
        </>
      )}
    </>
  );
}
