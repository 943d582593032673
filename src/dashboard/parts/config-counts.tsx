import { type ConfigSummary, serversOn } from '../model/config-summary.ts';
import { useWords } from './page-context.ts';

interface ConfigCountsProps {
  readonly summary: ConfigSummary;
  readonly desired: string;
}

/** "37 of 40 servers on abc123def456 · 3 refuse it". */
export function ConfigCounts({ summary, desired }: ConfigCountsProps) {
  const words = useWords();
  const refusing = summary.refusals.filter((one) => one.revision === desired).length;
  const refusingOther = summary.refusals.length - refusing;
  return (
    <span class="config-counts">
      <span>
        {words.count('configOn', summary.servers, {
          there: words.number(serversOn(summary, desired)),
          revision: `\u2066${desired}\u2069`,
        })}
      </span>
      {refusing > 0 && <span class="refusal"> · {words.count('configRefuse', refusing)}</span>}
      {refusingOther > 0 && <span class="refusal"> · {words.count('configRefuseOther', refusingOther)}</span>}
    </span>
  );
}
