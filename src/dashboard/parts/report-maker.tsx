import { useId, useState } from 'preact/hooks';
import { REPORT_KINDS, type ReportKind } from '../../contract/reports.ts';
import { reasonOf } from '../live/api.ts';
import { KIND_WORDS, sayPeriod } from '../messages/report-words.ts';
import { periodOfDay, yesterdayIn } from '../model/report-period.ts';
import { usePage, useWords } from './page-context.ts';

interface ReportMakerProps {
  readonly timeZone: string;
  /** Shows what becomes of it; rejects as the promise does that it is handed. */
  readonly onMade: (doing: Promise<unknown>) => Promise<void>;
}

/** Has a report made that is not there yet: for any day, as long as something is known of it. */
export function ReportMaker({ timeZone, onMade }: ReportMakerProps) {
  const words = useWords();
  const { api, live } = usePage();
  const [kind, setKind] = useState<ReportKind>('daily');
  const [day, setDay] = useState(() => yesterdayIn(timeZone, live.now()));
  const [said, setSaid] = useState<{ readonly text: string; readonly isProblem: boolean }>();
  const [doing, setDoing] = useState(false);
  const id = useId();

  const make = async (event: Event) => {
    event.preventDefault();
    const period = periodOfDay(kind, day);
    if (period === undefined) return setSaid({ text: words.say('reportMakeBad'), isProblem: true });
    setDoing(true);
    setSaid(undefined);
    try {
      await onMade(api.makeReport(kind, period));
      const report = `${words.say(KIND_WORDS[kind])}, ${sayPeriod(words, kind, period)}`;
      setSaid({ text: words.say('reportMakeAsked', { report }), isProblem: false });
    } catch (error) {
      setSaid({ text: words.say('actionFailed', { reason: reasonOf(error) }), isProblem: true });
    } finally {
      setDoing(false);
    }
  };

  return (
    <section aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{words.say('reportMake')}</h2>
      <form class="report-maker" onSubmit={make}>
        <label>
          <span>{words.say('reportsKind')}</span>
          <select
            value={kind}
            onChange={({ currentTarget: { value } }) => setKind(REPORT_KINDS.find((one) => one === value) ?? 'daily')}
          >
            {REPORT_KINDS.map((one) => (
              <option key={one} value={one}>
                {words.say(KIND_WORDS[one])}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span>{words.say('reportMakeDay')}</span>
          <input
            type="date"
            required
            min="1970-01-01"
            max="2199-12-31"
            value={day}
            onInput={({ currentTarget: { value } }) => setDay(value)}
          />
        </label>
        <button type="submit" class="primary" disabled={doing}>
          {words.say('reportMakeDo')}
        </button>
        <p class={said?.isProblem === true ? 'problem' : 'soft'} role="status">
          {said?.text}
        </p>
      </form>
    </section>
  );
}
