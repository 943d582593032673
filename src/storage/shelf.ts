/** A report's file on its way to a shelf. */
export interface ShelfFile {
  /** Below the shelf's root, `/` between folders: `Daily/2025-12-10_summary.pdf`. */
  readonly path: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  /** Hex. */
  readonly sha256: string;
  /** 1, 2, …: a later one takes the place of the earlier. */
  readonly version: number;
  /** For people, in the file's language: a subject, and a few lines of what it says. */
  readonly title: string;
  readonly summary: string;
  readonly lang: 'en' | 'he';
  /** Where the orchestrator serves the same file. */
  readonly url: string;
  /**
   * Where somebody asked to have it sent again: what names this wish, the same on each attempt. Shelves whose files can't take each other's
   * place (mail) send once for each wish; the others don't look at it.
   */
  readonly occasion?: string;
  /** How much it knows, to be compared with what stands there; null: that isn't known. */
  readonly knows: number | null;
  /** Somebody said that it may take the place of a report that knows more. */
  readonly replaces?: boolean;
}

/** What became of it. */
export interface ShelvedFile {
  /** The shelf's own id of the file; null: it has none. */
  readonly id: string | null;
  /** Where people open it; null: nowhere. */
  readonly link: string | null;
}

/**
 * What a shelf writes down before it acts, so that a retry (after a kill, by another replica) meets what was begun. Durable when a promise
 * resolves; shared by all replicas.
 */
export interface ShelfNotes {
  read(key: string): Promise<string | undefined>;
  /** Writes it unless something stands there; answers what stands there then. */
  claim(key: string, value: string): Promise<string>;
  /** Writes `value` in the place of `old`; answers what stands there then (another's, where `old` no longer stood). */
  replace(key: string, old: string, value: string): Promise<string>;
}

/**
 * Where reports are put for people.
 *
 * `put` is idempotent: the same path again takes the earlier file's place (its id and link stay), never a second copy beside it, whatever
 * was broken off before and whoever does it at the same time. It resolves when the shelf has the file for good. Rejects with a
 * `NervesysError` whose `retryable` says whether time helps, and whose hint says what a person has to do where it doesn't
 * (`NSV_SHELF_…`). A report that these notes know nothing of, as where an older database was restored, makes way only for one that knows
 * as much, or by somebody's word: else `NSV_SHELF_KEEPS_MORE`. Whoever opens it closes it; `put` after that rejects.
 */
export interface Shelf extends AsyncDisposable {
  /** As in the settings. */
  readonly name: string;
  readonly type: string;
  put(file: ShelfFile, notes: ShelfNotes, signal: AbortSignal): Promise<ShelvedFile>;
  /** Whether it can be used, as far as can be seen without leaving anything there; rejects as `put` does. */
  check(notes: ShelfNotes, signal: AbortSignal): Promise<void>;
}
