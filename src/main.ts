#!/usr/bin/env node
/**
 * The command line's entry, and the only file that ends the process. It stays small: what `--help` does not need is
 * loaded by the command that needs it.
 */
const NODE_MAJOR_MIN = 24;

async function main(): Promise<number> {
  if (Number.parseInt(process.versions.node, 10) < NODE_MAJOR_MIN) {
    process.stderr.write(
      `error: Nervesys needs Node ${NODE_MAJOR_MIN} or later; this is ${process.version} (${process.execPath})\n` +
        `hint: run it as \`npm start\` or \`npm run nervesys -- …\`: after \`npm ci\`, npm finds the right Node by itself\n`,
    );
    return 1;
  }
  const args = process.argv.slice(2);
  const { readPlainAgent, runPlainAgent } = await import('./commands/plain-agent.ts');
  const plain = readPlainAgent(args);
  if (plain !== undefined) return runPlainAgent(plain);
  const { keepCompiled } = await import('./commands/keep-compiled.ts'); // an agent that idles for months has no use for it
  keepCompiled();
  const { runProgram } = await import('./commands/program.ts');
  return runProgram(args);
}

/** A reader that went away (`nervesys logs | head`) is an end, not an error. `exec` handles this in its own way. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE' && process.stdout.listenerCount('error') === 1) process.exit(0);
});
process.stderr.on('error', () => undefined); // nobody is left to be told

/** Standard streams may still hold text for a slow reader; leaving at once would cut it off. */
async function flushOutput(): Promise<void> {
  await Promise.all(
    [process.stdout, process.stderr].map(
      (stream) =>
        new Promise<void>((resolve) => (stream.writableLength > 0 ? stream.write('', () => resolve()) : resolve())),
    ),
  );
}

// No `await` out here: the one-file agent is CommonJS, which has none.
void main().then(async (exitCode) => {
  await flushOutput();
  process.exit(exitCode);
});
