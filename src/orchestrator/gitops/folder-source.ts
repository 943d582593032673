import {
  type Complaint,
  checkConfigTexts,
  formatComplaint,
  type RevisionStore,
  readConfigFolder,
  revisionOf,
} from '../../config/index.ts';
import type { Clock } from '../../platform/clock.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { Pace } from '../../platform/pace.ts';

export interface FolderSourceOptions {
  /** `<home>/config`. */
  readonly folder: string;
  readonly store: RevisionStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A change takes effect after two looks: somebody may be in the middle of writing. */
const LOOK_MS = 1_500;

/** Follows the configuration's folder where no repository is connected: what people save there is checked and rolled out like a commit. */
export class FolderSource implements AsyncDisposable {
  readonly #options: FolderSourceOptions;
  readonly #pace: Pace;
  #seen: string | undefined;
  #recorded: string | undefined;
  #hadSettings = false;

  constructor(options: FolderSourceOptions) {
    this.#options = options;
    this.#pace = new Pace(options.clock, async (signal) => {
      try {
        await this.lookOnce(signal);
      } catch (error) {
        // Postgres away: the folder is there at the next look as well.
        options.logger.warn('the configuration folder was not looked at', errorFields(error));
      }
      return LOOK_MS;
    });
  }

  start(): this {
    this.#pace.start();
    return this;
  }

  /** One look; true: a state of the folder was handed on. */
  async lookOnce(signal?: AbortSignal): Promise<boolean> {
    const { folder, store } = this.#options;
    const complaints: Complaint[] = [];
    const texts = await readConfigFolder(folder, complaints);
    if (texts.size > 0) this.#hadSettings = true;
    // Of a disk that isn't mounted any more, or a hand that slipped, rather than a wish for defaults, for the whole fleet.
    else if (this.#hadSettings && complaints.length === 0)
      complaints.push({
        file: folder,
        problem: 'holds no settings file any more',
        remedy: 'put the files back; where defaults are what you want, leave an empty thresholds.yaml there',
      });
    const state = `${revisionOf(texts)}${complaints.length === 0 ? '' : JSON.stringify(complaints)}`;
    const isSettled = state === this.#seen;
    this.#seen = state;
    if (!isSettled || state === this.#recorded) return false;
    // A file that can't even be read isn't in the hash of those that can.
    const revision = complaints.length === 0 ? revisionOf(texts) : revisionOf(new Map([...texts, ['\0', state]]));
    const { config, complaints: found } = await checkConfigTexts(texts, { revision, complaints });
    const words = found.map(formatComplaint);
    await store.record(
      {
        revision,
        source: 'folder',
        commit: null,
        files: Object.fromEntries(texts),
        config,
        refusal:
          config === undefined
            ? {
                code: 'NSV_CONFIG_INVALID',
                reason: words.length === 1 ? words[0]! : `${words.length} mistakes, the first: ${words[0]}`,
                complaints: words,
              }
            : undefined,
      },
      signal,
    );
    this.#recorded = state;
    return true;
  }

  close(): Promise<void> {
    return this.#pace.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
