/**
 * `GET /api/v1/config?wait=SECONDS`, with a server's own key: what this server is to run. `ETag` is the revision in quotes; with it in
 * `If-None-Match` the answer is 304 while nothing else is desired, or, with `wait`, comes as soon as something else is and it is this
 * server's turn: servers that wait are answered one after the other, so that a change is no stampede.
 *
 * With `corrections=TAG` a wait ends as well when other corrections hold than those of that tag; each answer has the tag of those that hold
 * in `CORRECTIONS_HEADER`, and `GET triage/corrections` has them.
 */
export interface ConfigDelivery {
  readonly format: typeof CONFIG_DELIVERY_FORMAT;
  /** 12 hex digits: of the commit, or of a hash over the files. */
  readonly revision: string;
  /** The server's part of the whole: a `Config` as JSON, absent keys left out. */
  readonly config: unknown;
}

/** Grows when an older agent would misunderstand `config`. Keys that are only added don't count: readers fill in the defaults. */
export const CONFIG_DELIVERY_FORMAT = 1;

/** The longest that an answer is held: below the idle bound of common proxies. */
export const CONFIG_WAIT_SECONDS_MAX = 55;

/** A revision as it is named everywhere; `built-in` where there is no file. */
export const REVISION_PATTERN = /^(?:[0-9a-f]{12}|built-in)$/;
/** How people may name one as well: by the whole SHA of a commit that it was found in. */
export const COMMIT_PATTERN = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;

export const CORRECTIONS_HEADER = 'nervesys-corrections';
