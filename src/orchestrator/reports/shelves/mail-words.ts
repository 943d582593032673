import type { ReportLanguage } from '../../../contract/reports.ts';

/** What a mail with a report says besides the report's own title and summary. */
export interface MailWords {
  readonly version: (version: number) => string;
  readonly replaces: string;
  readonly attached: string;
  readonly tooLarge: string;
  readonly open: string;
  readonly sentBy: string;
}

export const MAIL_WORDS: Readonly<Record<ReportLanguage, MailWords>> = {
  en: {
    version: (version) => `version ${version}`,
    replaces: 'It takes the place of what you got before.',
    attached: 'The report is attached.',
    tooLarge: 'The report is too large to attach.',
    open: 'Open the report',
    sentBy: 'Sent by Nervesys.',
  },
  he: {
    version: (version) => `גרסה ${version}`,
    replaces: 'היא מחליפה את מה שקיבלתם קודם.',
    attached: 'הדוח מצורף.',
    tooLarge: 'הדוח גדול מכדי לצרף אותו.',
    open: 'פתיחת הדוח',
    sentBy: 'נשלח על ידי Nervesys.',
  },
};
