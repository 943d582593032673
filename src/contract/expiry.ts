/** Answer of `POST /api/v1/archive/expire`: what is past its retention. Without `dry_run` it is being removed from then on. */
export interface ExpiryAnswer {
  readonly dry_run: boolean;
  readonly retention_ms: number;
  /** Windows that began before this instant are over. */
  readonly before: string;
  readonly objects: number;
  readonly records: number;
  readonly bytes: number;
  readonly servers: number;
  /** Windows of the first and the last of them; null: there are none. */
  readonly oldest: string | null;
  readonly newest: string | null;
}
