import type { FastifyReply } from 'fastify';

/** A page of a few words, for when the real one can't be shown. Texts are ours or escaped here. */
export function plainPage(reply: FastifyReply, status: number, title: string, lines: readonly string[]): FastifyReply {
  const body = lines.map((line) => `<p>${escapeHtml(line)}</p>`).join('\n');
  return reply
    .code(status)
    .header('content-type', 'text/html; charset=utf-8')
    .header('cache-control', 'no-store')
    .send(
      `<!doctype html>\n<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
        `<title>Nervesys</title>\n<h1>${escapeHtml(title)}</h1>\n${body}\n</html>\n`,
    );
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
