import { useState } from 'preact/hooks';
import { ApiError } from '../live/api.ts';
import type { Words } from '../messages/words.ts';
import { Command } from './command.tsx';
import { usePage, useWords } from './page-context.ts';

/** By name and password, or by a link: whoever may run the command may sign in. */
export function SignIn() {
  const words = useWords();
  return (
    <main class="sign-in panel">
      <h1>{words.say('signInTitle')}</h1>
      <PasswordForm />
      <p>{words.say('signInText')}</p>
      <Command text="npm run nervesys -- sign-in" />
      <p>{words.say('signInThen')}</p>
    </main>
  );
}

function PasswordForm() {
  const words = useWords();
  const { api, live } = usePage();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [asking, setAsking] = useState(false);
  const [problem, setProblem] = useState<unknown>();

  const signIn = async (event: SubmitEvent) => {
    event.preventDefault();
    setAsking(true);
    setProblem(undefined);
    try {
      await api.signIn(name.trim(), password);
      live.nudge(); // it looks again by itself, but nobody wants to wait for that
    } catch (error) {
      setProblem(error);
    } finally {
      setPassword('');
      setAsking(false);
    }
  };

  return (
    <form onSubmit={signIn}>
      <label class="field">
        <span>{words.say('signInName')}</span>
        <input
          name="username"
          dir="auto"
          autocomplete="username"
          autocapitalize="none"
          spellcheck={false}
          maxLength={100}
          required
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <label class="field">
        <span>{words.say('signInPassword')}</span>
        <input
          name="password"
          type="password"
          dir="ltr"
          autocomplete="current-password"
          maxLength={200}
          required
          value={password}
          onInput={(event) => setPassword(event.currentTarget.value)}
        />
      </label>
      {problem !== undefined && (
        <p class="problem" role="alert">
          {sayProblem(words, problem)}
        </p>
      )}
      <button type="submit" class="primary" disabled={asking}>
        {words.say(asking ? 'signInAsking' : 'signInTitle')}
      </button>
    </form>
  );
}

/** Said anew with each painting, as the reader may turn to the other language meanwhile. */
function sayProblem(words: Words, error: unknown): string {
  if (!(error instanceof ApiError)) return words.say('signInUnreachable');
  if (error.code === 'NSV_SIGN_IN_BUSY')
    return words.say('signInHeldUp', { seconds: words.number(error.retryAfterSeconds ?? 2) });
  // A name that can't be anybody's is a wrong name like any other.
  return error.status < 500 ? words.say('signInRefused') : words.say('signInUnreachable');
}
