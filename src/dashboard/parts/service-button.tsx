import { ConfirmButton } from './confirm-button.tsx';
import { usePage, useWords } from './page-context.ts';
import { useRole } from './use-role.ts';

interface ServiceButtonProps {
  readonly server: string;
  /** Absent: the server itself, with its AI agents. */
  readonly agentId?: string;
  readonly retired: boolean;
}

/** Takes a server or an AI agent out of service, or puts it back; for operators. The event stream tells what became of it. */
export function ServiceButton({ server, agentId, retired }: ServiceButtonProps) {
  const words = useWords();
  const { api } = usePage();
  const role = useRole();
  if (role !== 'operator' && role !== 'admin') return null;
  if (retired)
    return (
      <button
        type="button"
        class="link"
        onClick={() => void api.setService('reinstate', server, agentId).catch(() => undefined)} // it stays as it is, which is to be seen
      >
        {words.say('reinstate')}
      </button>
    );
  return (
    <ConfirmButton
      label={words.say('retire')}
      question={words.say(agentId === undefined ? 'serverRetireAsk' : 'agentRetireAsk', {
        server: `\u2066${server}\u2069`,
        agent: `\u2068${agentId ?? ''}\u2069`,
      })}
      onConfirm={() => api.setService('retire', server, agentId)}
    />
  );
}
