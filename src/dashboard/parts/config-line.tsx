import { useMemo } from 'preact/hooks';
import { summarizeConfig } from '../model/config-summary.ts';
import type { FleetModel } from '../model/fleet-model.ts';
import { CONFIGURATION_ADDRESS } from '../model/view.ts';
import { ConfigCounts } from './config-counts.tsx';
import { RolloutMark } from './marks.tsx';
import { useWords } from './page-context.ts';

/** The configuration in one line, which leads to all that is known of it. */
export function ConfigLine({ model: { config, servers } }: { readonly model: FleetModel }) {
  const words = useWords();
  const summary = useMemo(() => summarizeConfig(servers), [servers]);
  if (config === undefined) return null;
  const { desired, rollout } = config;
  return (
    <a class="config-line" href={CONFIGURATION_ADDRESS}>
      <span class="config-line-title">{words.say('configuration')}</span>{' '}
      {desired === null ? (
        <span class="soft">{words.say('configNone')}</span>
      ) : (
        <ConfigCounts summary={summary} desired={desired} />
      )}{' '}
      {rollout !== null && (
        <span class="config-line-rollout">
          <RolloutMark state={rollout.state} />{' '}
          <span class="soft">
            {words.say('rolloutStage', {
              stage: words.number(rollout.stage),
              stages: words.number(rollout.stages.length),
            })}
          </span>
        </span>
      )}
      <span class="chevron" aria-hidden="true" />
    </a>
  );
}
