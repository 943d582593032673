import { Command } from './command.tsx';
import { useWords } from './page-context.ts';

/** There is no password: whoever may run the command may sign in. */
export function SignIn() {
  const words = useWords();
  return (
    <main class="sign-in panel">
      <h1>{words.say('signInTitle')}</h1>
      <p>{words.say('signInText')}</p>
      <Command text="npm run nervesys -- sign-in" />
      <p>{words.say('signInThen')}</p>
    </main>
  );
}
