import type { TrafficLight } from '../../../contract/report-facts.ts';
import type { ReportLanguage } from '../../../contract/reports.ts';

/**
 * What a document shows, every text of it ready: the `.typ` sources lay it out and have no words, no numbers and no judgement of their
 * own. Sent to the typesetter as JSON.
 */
export interface SummaryPage {
  readonly lang: ReportLanguage;
  readonly dir: 'ltr' | 'rtl';
  readonly title: string;
  readonly masthead: {
    readonly product: string;
    readonly document: string;
    readonly date: string;
    readonly also: string;
  };
  readonly headline: string;
  readonly verdict: string;
  readonly version?: string;
  readonly numbers: NumbersTable;
  readonly sections: readonly Section[];
  /** In small print at the end. */
  readonly notes: readonly string[];
  readonly footer: { readonly text: string; readonly page: readonly [string, string, string] };
}

/** The row of key numbers, and below each what it is compared with. */
export interface NumbersTable {
  readonly heading: string;
  readonly corner: string;
  readonly columns: readonly string[];
  readonly rows: readonly NumbersRow[];
  readonly note: string;
}
export interface NumbersRow {
  readonly label: string;
  readonly isMain: boolean;
  readonly cells: readonly { readonly value: string; readonly change?: string }[];
}

export type Section = TableSection | PointsSection | ChartsSection;

interface SectionHead {
  readonly heading: string;
  /** In place of everything else: there is nothing to show. */
  readonly none?: string;
}

export interface TableSection extends SectionHead {
  readonly type: 'table';
  readonly columns: readonly TableColumn[];
  readonly rows: readonly (readonly Cell[])[];
  /** The last row is a sum. */
  readonly hasTotal?: boolean;
  readonly isDense?: boolean;
  readonly note?: string;
  readonly others?: OthersGrid;
}
export interface TableColumn {
  readonly head: string;
  /** `number`: digits below digits, whatever the direction of the page. */
  readonly look: 'text' | 'strong' | 'faint' | 'number' | 'code' | 'sign';
  /** Takes this share of what others leave; otherwise as wide as its widest cell. */
  readonly share?: number;
}
export type Cell =
  | string
  | { readonly text: string; readonly sign: Sign }
  | { readonly text: string; readonly also: string };
/** A shape of its own for each, so that grey print tells them apart. */
export type Sign = TrafficLight;

/** One sign for each of those that aren't listed. */
export interface OthersGrid {
  readonly intro: string;
  readonly alt: string;
  readonly groups: readonly { readonly sign: Sign; readonly label: string; readonly count: number }[];
}

export interface PointsSection extends SectionHead {
  readonly type: 'points';
  readonly points: readonly { readonly text: string; readonly todo?: string }[];
  readonly isPressing?: boolean;
}

export interface ChartsSection extends SectionHead {
  readonly type: 'charts';
  readonly charts: readonly { readonly title: string; readonly svg: string; readonly alt: string }[];
}
