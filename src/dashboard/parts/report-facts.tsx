import { useEffect, useState } from 'preact/hooks';
import type { AnyFacts, CriticalFacts, FactsGap, FactsTotals, ReportFacts } from '../../contract/report-facts.ts';
import type { ReportKind } from '../../contract/reports.ts';
import { reasonOf } from '../live/api.ts';
import { GAP_WORDS, type Measure, sayMeasure, TOTALS_SHOWN } from '../messages/report-words.ts';
import { usePage, useWords } from './page-context.ts';
import { ReportAgents } from './report-agents.tsx';
import { ReportAlerts } from './report-alerts.tsx';

type Loaded =
  | { readonly type: 'loading' }
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'loaded'; readonly facts: AnyFacts };

interface ReportFactsPartProps {
  readonly kind: ReportKind;
  readonly period: string;
  readonly version: number;
}

/** What a version says, in numbers: those of the PDF and the workbook. A version never changes, so it is fetched once. */
export function ReportFactsPart({ kind, period, version }: ReportFactsPartProps) {
  const words = useWords();
  const { api } = usePage();
  const [loaded, setLoaded] = useState<Loaded>({ type: 'loading' });
  useEffect(() => {
    const closing = new AbortController();
    api.reportFacts(kind, period, version, closing.signal).then(
      (facts) => setLoaded({ type: 'loaded', facts }),
      (error: unknown) => {
        if (!closing.signal.aborted) setLoaded({ type: 'failed', reason: reasonOf(error) });
      },
    );
    return () => closing.abort();
  }, [api, kind, period, version]);

  if (loaded.type === 'loading') return <p class="soft">{words.say('reportNumbersLoading')}</p>;
  if (loaded.type === 'failed')
    return (
      <p class="problem" role="alert">
        {words.say('actionFailed', { reason: loaded.reason })}
      </p>
    );
  const { facts } = loaded;
  return (
    <>
      <Gaps
        gaps={facts.gaps}
        zone={facts.period.time_zone}
        isCostPartial={facts.kind !== 'critical' && facts.ai_work?.cost_is_partial === true}
      />
      {facts.kind === 'critical' ? <CriticalNumbers facts={facts} /> : <Numbers facts={facts} />}
      {facts.kind !== 'critical' && <ReportAgents agents={facts.agents} />}
      <ReportAlerts
        alerts={facts.kind === 'critical' ? facts.alerts : facts.alerts.list}
        total={facts.kind === 'critical' ? facts.total : facts.alerts.total}
        zone={facts.period.time_zone}
      />
    </>
  );
}

interface GapsProps {
  readonly gaps: readonly FactsGap[];
  readonly zone: string;
  readonly isCostPartial: boolean;
}

function Gaps({ gaps, zone, isCostPartial }: GapsProps) {
  const words = useWords();
  if (gaps.length === 0 && !isCostPartial) return null;
  return (
    <section class="note" aria-labelledby="gaps-title">
      <h2 id="gaps-title">{words.say('reportGaps')}</h2>
      <ul class="report-gaps">
        {gaps.map((gap) => (
          <li key={`${gap.kind} ${gap.from ?? ''}`}>
            <Gap gap={gap} zone={zone} />
          </li>
        ))}
        {isCostPartial && <li>{words.say('gapPartialCost')}</li>}
      </ul>
    </section>
  );
}

function Gap({ gap, zone }: { readonly gap: FactsGap; readonly zone: string }) {
  const words = useWords();
  const { kind, from, to, servers = [], count = servers.length } = gap;
  if (kind === 'archive_behind') {
    const shown = servers.join(', ') + (count > servers.length ? ', …' : '');
    return <bdi>{words.count('gapArchive', count, { servers: shown })}</bdi>;
  }
  // What a newer orchestrator tells has no words here yet, and is still said.
  const key = Object.hasOwn(GAP_WORDS, kind) ? GAP_WORDS[kind] : undefined;
  if (key === undefined) return <bdi>{kind}</bdi>;
  const moment = (at: string | undefined) => (at === undefined ? words.say('none') : words.moment(at, zone));
  return <>{words.say(key, { from: moment(from), to: moment(to) })}</>;
}

/** All totals, beside those of before. On a narrow page the outer columns give way. */
function Numbers({ facts: { totals, compared, archive, kind } }: { readonly facts: ReportFacts }) {
  const words = useWords();
  const columns = [
    { label: 'reportNow', totals, narrow: true },
    { label: 'reportBefore', totals: compared.before, narrow: true },
    ...(kind === 'daily' ? [{ label: 'reportWeekBefore' as const, totals: compared.week_before, narrow: false }] : []),
    { label: 'reportHabit', totals: compared.habit, narrow: false },
  ] as const;
  const rows = TOTALS_SHOWN.filter(({ key }) => columns.some((column) => (column.totals?.[key] ?? null) !== null));
  return (
    <section aria-labelledby="numbers-title">
      <h2 id="numbers-title">{words.say('reportNumbers')}</h2>
      <table class="report-numbers">
        <thead>
          <tr>
            <td />
            {columns.map(({ label, narrow }) => (
              <th key={label} scope="col" class={narrow ? '' : 'wide'}>
                {words.say(label)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, label, measure }) => (
            <tr key={key}>
              <th scope="row">{words.say(label)}</th>
              {columns.map((column) => (
                <td key={column.label} class={column.narrow ? '' : 'wide'}>
                  <Value totals={column.totals} name={key} measure={measure} currency={archive.currency} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length === 0 && <p class="nothing">{words.say('reportNotKnown')}</p>}
    </section>
  );
}

interface ValueProps {
  readonly totals: FactsTotals | null;
  readonly name: keyof FactsTotals;
  readonly measure: Measure;
  readonly currency: string | null;
}

/** What isn't known is said so, and never shown as nothing. */
function Value({ totals, name, measure, currency }: ValueProps) {
  const words = useWords();
  const text = sayMeasure(words, totals?.[name] ?? null, measure, currency);
  if (text !== undefined)
    return (
      <bdi dir={measure === 'seconds' ? undefined : 'ltr'} class="figure">
        {text}
      </bdi>
    );
  return (
    <span class="soft" title={words.say('reportNotKnown')}>
      <span aria-hidden="true">{words.say('none')}</span>
      <span class="visually-hidden">{words.say('reportNotKnown')}</span>
    </span>
  );
}

function CriticalNumbers({ facts: { total, open } }: { readonly facts: CriticalFacts }) {
  const words = useWords();
  return (
    <section aria-label={words.say('reportNumbers')}>
      <dl class="facts">
        <div class="fact">
          <dt>{words.say('criticalAlerts')}</dt>
          <dd class="figure">{words.number(total)}</dd>
        </div>
        <div class="fact">
          <dt>{words.say('criticalOpen')}</dt>
          <dd class="figure">{words.number(open)}</dd>
        </div>
      </dl>
    </section>
  );
}
