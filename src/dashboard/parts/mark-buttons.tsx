import type { TemplateMark } from '../../contract/triage.ts';
import type { TextKey } from '../messages/words.ts';
import { ConfirmButton } from './confirm-button.tsx';
import { useWords } from './page-context.ts';

interface MarkButtonsProps {
  /** What people said of the template; null: nothing. */
  readonly mark: TemplateMark | null;
  /** Buttons among others rather than links in a line of text. */
  readonly prominent?: boolean;
  readonly onMark: (mark: TemplateMark, note: string | undefined) => Promise<void>;
  readonly onUnmark: () => Promise<void>;
}

const MARKS: readonly (readonly [mark: TemplateMark, label: TextKey, question: TextKey])[] = [
  ['ordinary', 'markOrdinary', 'markOrdinaryAsk'],
  ['alert', 'markAlert', 'markAlertAsk'],
];

/** What operators may say of a template, and take back. */
export function MarkButtons({ mark, prominent = false, onMark, onUnmark }: MarkButtonsProps) {
  const words = useWords();
  return (
    <>
      {MARKS.filter(([one]) => one !== mark).map(([one, label, question]) => (
        <ConfirmButton
          key={one}
          label={words.say(label)}
          question={words.say(question)}
          refusal={words.say('cancel')}
          reasonLabel={words.say('alertNote')}
          prominent={prominent}
          harmless
          asksReason
          onConfirm={(note) => onMark(one, note)}
        />
      ))}
      {mark !== null && (
        <ConfirmButton
          label={words.say('unmark')}
          question={words.say('unmarkAsk')}
          refusal={words.say('cancel')}
          prominent={prominent}
          harmless
          onConfirm={onUnmark}
        />
      )}
    </>
  );
}
