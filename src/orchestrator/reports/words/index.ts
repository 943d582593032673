import type { ReportLanguage } from '../../../contract/reports.ts';
import { en } from './en.ts';
import { he } from './he.ts';
import type { ReportWords } from './words.ts';

export type { ReportWords } from './words.ts';

const LANGUAGES: Readonly<Record<ReportLanguage, ReportWords>> = { en, he };

export function reportWords(lang: ReportLanguage): ReportWords {
  return LANGUAGES[lang];
}
