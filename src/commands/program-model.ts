import type { Command } from 'commander';
import { Option } from 'commander';
import { countOption, durationOption } from './options.ts';
import type { ProgramParts } from './program-people.ts';

/** `nervesys model …`: the language model that the triage may ask, where somebody wants one. */
export function addModel(
  program: Command,
  { runs, home, examples }: Omit<ProgramParts, 'reader'> & { home(): Option },
): void {
  const model = program
    .command('model')
    .summary('fetch and try a local language model')
    .description(
      'The language model that the triage asks about lines in doubt. Off unless the configuration names one.',
    );
  model
    .command('pull')
    .summary('fetch a model, checked by size and SHA-256')
    .description(
      'Fetch a GGUF file into <home>/models: one that is known by name, one from an https address, or a file of this machine. What was fetched ' +
        'in part is gone on with. It gets its name only once its size and its SHA-256 are right.',
    )
    .argument('<model>', 'tinyllama-1.1b, phi-2, an https address, or a path')
    .option('--sha256 <hex>', 'of the file, as its source tells it; needed for an address')
    .option('--name <name>', 'to keep it under (default: as it is called)')
    .option('--force', 'take the place of another model of this name')
    .addOption(home())
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      examples(
        'nervesys model pull tinyllama-1.1b',
        'nervesys model pull https://huggingface.co/…/resolve/main/model.gguf --sha256 9fec…',
        'nervesys model pull ./model.gguf --name mine',
      ),
    )
    .action(runs(() => import('./model-pull.ts')));
  model
    .command('test')
    .summary('ask the model about a few lines')
    .description(
      'Ask the model of the configuration, or the one that is named here, about lines of which the answer is known. Shows its verdicts, how long they ' +
        'took and its memory. Exit code 3: it answers, but wrongly.',
    )
    .option('--path <file>', 'a GGUF file')
    .option('--url <url>', 'an OpenAI-compatible address: http://127.0.0.1:11434/v1')
    .option('--name <name>', 'the model at that address, or the one that was pulled under this name')
    .addOption(
      new Option('--deadline <duration>', 'for one answer (default: as configured, 30s)').argParser(durationOption),
    )
    .addOption(home())
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      examples(
        'nervesys model test',
        'nervesys model test --name tinyllama-1.1b',
        'nervesys model test --url http://127.0.0.1:11434/v1 --name qwen2.5:1.5b',
      ),
    )
    .action(runs(() => import('./model-test.ts')));
  model
    .command('serve', { hidden: true }) // what an agent starts beside itself
    .addOption(home())
    .addOption(new Option('--parent <pid>', 'ends with this process').argParser(countOption))
    .action(runs(() => import('./model-serve.ts')));
}
