/** How far a reindex of the archive is, `POST /api/v1/archive/reindex`: counts since its start. */
export interface ReindexProgress {
  /** Objects listed, and their bytes. */
  readonly objects: number;
  readonly bytes: number;
  /** Of these, in the catalog already; and put into it now. */
  readonly known: number;
  readonly added: number;
  /** Known, called missing before, and there again. */
  readonly returned: number;
  readonly foreign: number;
  readonly conflicting: number;
  readonly missing: number;
}

/**
 * `foreign`: no batch of ours stands there. `conflicting`: a batch that the catalog has archived under another name, or with other
 * records. `missing`: the catalog has it as archived, and the bucket lacks it.
 */
export interface ReindexFinding {
  readonly kind: 'foreign' | 'conflicting' | 'missing';
  readonly key: string;
  readonly message: string;
}

export interface ReindexResult extends ReindexProgress {
  readonly findings: readonly ReindexFinding[];
  /** Findings beyond those listed. */
  readonly findings_more: number;
}

/** One line of the streamed answer: progress, and at the end the result or the reason why there is none. */
export type ReindexLine =
  | { readonly progress: ReindexProgress }
  | { readonly result: ReindexResult }
  | { readonly error: { readonly code: string; readonly message: string } };
