/** One thing that was looked at: what was found and, where it isn't well, what to do about it. */
export interface Check {
  readonly name: string;
  /** `ok`; `warning`: works, but look at it; `problem`: does not work as it should; `skipped`: could not be looked at. */
  readonly state: 'ok' | 'warning' | 'problem' | 'skipped';
  readonly found: string;
  readonly remedy?: string;
}

export const ok = (name: string, found: string): Check => ({ name, state: 'ok', found });
export const skipped = (name: string, found: string): Check => ({ name, state: 'skipped', found });
export const warning = (name: string, found: string, remedy: string): Check => ({
  name,
  state: 'warning',
  found,
  remedy,
});
export const problem = (name: string, found: string, remedy: string): Check => ({
  name,
  state: 'problem',
  found,
  remedy,
});
