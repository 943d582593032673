import type { ReportFormat, ReportKind, ReportLanguage, SummaryKind } from '../contract/reports.ts';
import type { MailSender } from './mail-address.ts';

export const SHELF_TYPES = ['archive', 'drive', 'email', 'folder'] as const;
export type ShelfType = (typeof SHELF_TYPES)[number];

/** The `reports:` section of `orchestrator.yaml`: when reports are made, of what, and where they go. */
export interface ReportSettings {
  readonly enabled: boolean;
  /** Of days, schedules and every time that is shown. */
  readonly timeZone: string;
  /** The first one's files have the plain name. At least one. */
  readonly languages: readonly ReportLanguage[];
  /** Cron, five fields, local time of `timeZone`; absent: that kind isn't made by itself. */
  readonly schedule: Readonly<Record<SummaryKind, string | undefined>>;
  /** Minutes after midnight by which yesterday's report is to be on every shelf; absent: nobody is told. */
  readonly expectedByMinutes: number | undefined;
  /** So long after its end a period is looked at again for what arrived late. */
  readonly lateDataMs: number;
  /** A report of critical alerts is made when the first settles, or is so old. */
  readonly criticalAfterMs: number;
  /** The folder on a shelf below which `Daily`, `Weekly`, `Monthly` and `Alerts` stand. */
  readonly root: string;
  /** Files; facts are kept for as long as days of the history. */
  readonly keepFilesMs: number;
  /** In US dollars for a million tokens, by model, with `*` at the end of a name; in the order of the file. */
  readonly modelPrices: readonly { readonly model: string; readonly input: number; readonly output: number }[];
  /** Never empty: the folder below the home where the file names none. */
  readonly shelves: readonly ShelfSettings[];
}

export type ShelfSettings = FolderShelfSettings | DriveShelfSettings | EmailShelfSettings | ArchiveShelfSettings;

export interface ShelfCommon {
  readonly name: string;
  /** In the order of names: the first has the plain one. */
  readonly languages: readonly ReportLanguage[];
  readonly kinds: readonly ReportKind[];
  readonly formats: readonly ReportFormat[];
}

export interface FolderShelfSettings extends ShelfCommon {
  readonly type: 'folder';
  /** Absolute; absent: `reports/` below the home. */
  readonly path: string | undefined;
}

/** Google Drive. Its credential is the file that GOOGLE_APPLICATION_CREDENTIALS names: of a service account, or of an authorized user. */
export interface DriveShelfSettings extends ShelfCommon {
  readonly type: 'drive';
  /** The folder (or Shared Drive) that gets the root folder; absent: GDRIVE_FOLDER_ID, else the user's own Drive. */
  readonly folderId: string | undefined;
  /** The person as whom a service account acts (domain-wide delegation); absent: as itself. */
  readonly subject: string | undefined;
}

/** Mail; the password is its secret, `NERVESYS_SHELF_<NAME>_SECRET`. */
export interface EmailShelfSettings extends ShelfCommon {
  readonly type: 'email';
  readonly host: string;
  readonly port: number;
  readonly tls: 'implicit' | 'starttls' | 'none';
  readonly user: string | undefined;
  readonly from: MailSender;
  readonly to: readonly string[];
  /** A larger file is a link. */
  readonly attachmentBytesMax: number;
}

/** The archive's bucket or folder, below `reports/`. */
export interface ArchiveShelfSettings extends ShelfCommon {
  readonly type: 'archive';
}
