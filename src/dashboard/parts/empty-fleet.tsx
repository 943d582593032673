import { Command } from './command.tsx';
import { useWords } from './page-context.ts';

/** Works when pasted on the machine of the agent. */
const FIRST_LINE = `curl -sS http://127.0.0.1:4318/logs -H 'content-type: application/json' \\
  -d '{"agent_id":"GROK","level":"INFO","action":"hello","message":"my first line"}'`;

/** What to do when no AI agent has reported yet. */
export function EmptyFleet({ servers }: { readonly servers: number }) {
  const words = useWords();
  return (
    <section class="empty panel">
      <h2>{words.say('emptyTitle')}</h2>
      <p>{words.say(servers === 0 ? 'emptyNoServer' : 'emptyText')}</p>
      <Command label={words.say('emptyHttp')} text={FIRST_LINE} />
      <Command label={words.say('emptyExec')} text="npm run nervesys -- exec --agent-id GROK -- echo 'my first line'" />
      <Command label={words.say('emptyDemo')} text="npm start -- --demo" />
    </section>
  );
}
