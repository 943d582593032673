import { useEffect, useMemo, useRef } from 'preact/hooks';
import { summarizeConfig } from '../model/config-summary.ts';
import type { FleetModel } from '../model/fleet-model.ts';
import { FLEET_ADDRESS } from '../model/view.ts';
import { DesiredRevision } from './desired-revision.tsx';
import { usePage, useStore, useWords } from './page-context.ts';
import { RefusalList } from './refusal-list.tsx';
import { RevisionList } from './revision-list.tsx';
import { RolloutPanel } from './rollout-panel.tsx';
import { isOperator, useRole } from './use-role.ts';

/** The page of the configuration: what everybody is to run, how it gets there, who refuses it, and all that was there before. */
export function Configuration({ model }: { readonly model: FleetModel }) {
  const words = useWords();
  const { rollout } = usePage();
  const news = useStore(rollout.news);
  const role = useRole();
  const summary = useMemo(() => summarizeConfig(model.servers), [model.servers]);
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const closing = new AbortController();
    void rollout.run(closing.signal);
    return () => closing.abort();
  }, [rollout]);
  useEffect(() => {
    scrollTo(0, 0);
    title.current?.focus({ preventScroll: true }); // who came by the keyboard goes on from here
  }, []);

  const maySteer = isOperator(role);
  return (
    <div class="configuration">
      <div class="toolbar">
        <h1 ref={title} tabIndex={-1}>
          {words.say('configuration')}
        </h1>
        <a class="back" href={FLEET_ADDRESS}>
          {words.say('configBack')}
        </a>
      </div>
      {news.type === 'loading' && <p class="soft">{words.say('configLoading')}</p>}
      {news.type === 'failed' && <p class="problem">{words.say('actionFailed', { reason: news.reason })}</p>}
      {news.type === 'loaded' && (
        <>
          <div class="config-panels">
            <DesiredRevision
              name={news.answer.config.desired}
              revision={news.desired}
              summary={summary}
              found={news.answer.found ?? null}
            />
            <RolloutPanel answer={news.answer} maySteer={maySteer} />
          </div>
          <RefusalList refusals={summary.refusals} />
          <RevisionList revisions={news.revisions} config={news.answer.config} maySteer={maySteer} />
        </>
      )}
    </div>
  );
}
