/** Tries a program for a second, as an agent does that was told to upgrade: `try-program.ts HOME PROGRAM`. */
import { readFileSync } from 'node:fs';
import { ProgramFolder } from '../../src/agent/upgrade/program-folder.ts';
import { tryProgram } from '../../src/commands/agent-trial.ts';
import { sha256Hex } from '../../src/platform/digest.ts';
import { silentLogger } from '../../src/platform/logger.ts';

const [home, path] = process.argv.slice(2) as [string, string];
const { untold } = await new ProgramFolder(home).state();
if (untold?.outcome === 'failed') {
  console.log(`went back: ${untold.reason}`);
  await new ProgramFolder(home).setState({});
} else {
  const program = { path, sha256: sha256Hex(readFileSync(path)), version: '9' };
  await tryProgram({
    home,
    program,
    logger: silentLogger,
    stop: new AbortController().signal,
    patienceMs: 1_000,
    stopMs: 200,
  });
}
