import { NervesysError } from '../../platform/errors.ts';
import type { RenderedReport, RenderRequest } from './renderer.ts';

/**
 * Makes one file in this very process: seconds of its thread, and hundreds of MB that only its end gives back. `ChildRenderer` does so
 * elsewhere. What one format needs is loaded only when it is asked for. Rejects with `NSV_REPORT_FAILED`.
 */
export async function renderReport({ facts, lang, format }: RenderRequest): Promise<RenderedReport> {
  if (facts.kind === 'critical') {
    if (format !== 'pdf')
      throw new NervesysError('NSV_REPORT_FAILED', `render critical alerts as ${format}: there is only a PDF of them`);
    const { renderCritical } = await import('./documents/render-critical.ts');
    return renderCritical(facts, lang);
  }
  switch (format) {
    case 'pdf': {
      const { renderSummary } = await import('./documents/render-summary.ts');
      return renderSummary(facts, lang);
    }
    case 'xlsx': {
      const { renderWorkbook } = await import('./workbook/render-workbook.ts');
      return renderWorkbook(facts, lang);
    }
    default:
      return format satisfies never;
  }
}
