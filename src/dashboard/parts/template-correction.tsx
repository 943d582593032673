import type { CorrectionView } from '../../contract/fleet-templates.ts';
import { isolate, readable } from '../model/readable.ts';
import { Age } from './age.tsx';
import { useWords } from './page-context.ts';

const NOTE_LENGTH_MAX = 500;

/** Who said what of the template, when and why. */
export function Correction({ correction }: { readonly correction: CorrectionView }) {
  const words = useWords();
  const { mark, note, marked_by: by, marked_at: at } = correction;
  return (
    <p class={`template-mark mark-as-${mark}`}>
      {words.say(mark === 'ordinary' ? 'markedOrdinary' : 'markedAlert', { name: isolate(by) })} ·{' '}
      <span class="soft">
        <Age at={at} />
      </span>
      {note !== null && (
        <>
          {': '}
          <bdi>{readable(note, NOTE_LENGTH_MAX)}</bdi>
        </>
      )}
    </p>
  );
}
