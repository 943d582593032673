import type { ReportLanguage } from '../../../contract/reports.ts';
import type { CellType } from './cell-types.ts';

/** Text: what is typed into such a cell stays text, whatever it begins with. */
const TEXT = '@';

/** Powers of ten, as everywhere here. */
export const BYTES_FORMAT = '[>=1000000000]#,##0.00,,," GB";[>=1000000]0.00,," MB";#,##0.00," kB"';

/** What isn't quite all, or not quite nothing, gets the digits that say so: no availability reads 100% on a day with an outage. */
const SHARE_FORMAT = '[>=0.99995]0.00####%;[<0.00005]0.00####%;0.00%';

/** Number formats of a language. Dates are written as its readers do; digits and units are the same everywhere. */
export function formatsOf(lang: ReportLanguage, currency: string | null): Readonly<Record<CellType, string>> {
  const day = { en: 'yyyy-mm-dd', he: 'dd/mm/yyyy' }[lang];
  // Only what is known to be three letters gets into a format.
  const unit = currency !== null && /^[A-Z]{3}$/.test(currency) ? `" ${currency}"` : '';
  return {
    text: TEXT,
    words: TEXT,
    count: '#,##0',
    share: SHARE_FORMAT,
    percent: '0.0%',
    duration: '[h]:mm:ss',
    instant: `${day} hh:mm:ss`,
    utc: `${day} hh:mm:ss`,
    day,
    bytes: BYTES_FORMAT,
    megabytes: '#,##0.0" MB"',
    ratio: '0.0"×"',
    money: `#,##0.00##${unit}`,
    dollars: '#,##0.00##" USD"',
  };
}
