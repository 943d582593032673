import { connectOrchestrator } from './connection.ts';
import { EXIT } from './exit-codes.ts';
import type { ReaderOptions } from './options.ts';
import { note, print, printJson } from './output.ts';

/** `nervesys sign-in`: a link that signs one browser in, once. The link alone is on standard output. */
export async function run(options: ReaderOptions): Promise<number> {
  const answer = await connectOrchestrator(options).ask('POST', '/api/v1/sign-in-links', {});
  const link = answer as { readonly url: string; readonly expires_at: string };
  if (options.json) {
    printJson(link);
    return EXIT.done;
  }
  print(link.url);
  note(`It works once, until ${link.expires_at.slice(0, 16).replace('T', ' ')} UTC.`);
  return EXIT.done;
}
