import { useMemo, useRef } from 'preact/hooks';
import type { AlertDetail } from '../../contract/fleet.ts';
import type { LiveAlert } from '../live/live-alert.ts';
import type { TextKey } from '../messages/words.ts';
import { type ModelWord, readAlertTemplate } from '../model/alert-template.ts';
import { TEMPLATES_ADDRESS } from '../model/view.ts';
import { Fact } from './fact.tsx';
import { MarkButtons } from './mark-buttons.tsx';
import { useWords } from './page-context.ts';
import { Correction } from './template-correction.tsx';
import { TemplateText } from './template-text.tsx';

const TIER_WORDS: Readonly<Record<string, TextKey>> = {
  correction: 'tierCorrection',
  detector: 'tierDetector',
  scorer: 'tierScorer',
  model: 'tierModel',
};

interface AlertTemplateProps {
  readonly alert: AlertDetail;
  readonly watched: LiveAlert;
  readonly mayMark: boolean;
}

/** Of an alert of the triage: which lines it is about, who judged them so and why, and what people say of them. */
export function AlertTemplate({ alert, watched, mayMark }: AlertTemplateProps) {
  const words = useWords();
  const template = useMemo(() => readAlertTemplate(alert.detail), [alert.detail]);
  const title = useRef<HTMLHeadingElement>(null);
  if (template === undefined) return null;
  const { id, text, tier, score, reason, detector, model } = template;
  const correction = alert.correction ?? null;
  const done = () => title.current?.focus({ preventScroll: true });
  return (
    <section class="alert-template">
      <div class="toolbar">
        <h2 ref={title} tabIndex={-1}>
          {words.say('templateOf')}
        </h2>
        <a class="back" href={TEMPLATES_ADDRESS}>
          {words.say('templates')}
        </a>
      </div>
      <div class="card">
        {text !== undefined && <TemplateText text={text} />}
        <dl class="facts">
          {tier !== undefined && (
            <Fact label="templateTier">
              {Object.hasOwn(TIER_WORDS, tier) ? words.say(TIER_WORDS[tier]!) : <bdi>{tier}</bdi>}
            </Fact>
          )}
          {detector !== undefined && (
            <Fact label="templateDetector">
              <bdi dir="ltr" class="mono">
                {detector}
              </bdi>
            </Fact>
          )}
          {score !== undefined && <Fact label="templateScore">{words.number(score, 2)}</Fact>}
          {reason !== undefined && (
            <Fact label="factReason">
              <bdi>{reason}</bdi>
            </Fact>
          )}
          {model !== undefined && (
            <Fact label="templateModel">
              <Model word={model} />
            </Fact>
          )}
        </dl>
        {correction !== null && <Correction correction={correction} />}
        {mayMark && (
          <div class="actions">
            <MarkButtons
              mark={correction?.mark ?? null}
              prominent
              onMark={async (mark, note) => {
                await watched.mark(mark, note);
                done();
              }}
              onUnmark={async () => {
                await watched.unmark(correction?.template ?? id);
                done();
              }}
            />
          </div>
        )}
      </div>
    </section>
  );
}

function Model({ word: { verdict, reason, name } }: { readonly word: ModelWord }) {
  return (
    <>
      <bdi>{verdict}</bdi>
      {reason !== '' && (
        <>
          {' · '}
          <bdi>{reason}</bdi>
        </>
      )}
      {name !== '' && (
        <>
          {' '}
          <span class="soft">
            (<bdi dir="ltr">{name}</bdi>)
          </span>
        </>
      )}
    </>
  );
}
