import type { EChartsCoreOption } from 'echarts/core';
import { textWidth } from './chart-text.ts';
import { type Echarts, echarts } from './echarts.ts';
import { INK } from './palette.ts';

/** A chart ready for a page: the drawing, and the sentence for who can't see it. */
export interface ReportChart {
  /** For a heading; it isn't in the drawing. */
  readonly title: string;
  readonly svg: string;
  readonly alt: string;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** What is drawn, still as data. */
export interface ChartPlan {
  readonly title: string;
  readonly alt: string;
  readonly heightPx: number;
  readonly option: EChartsCoreOption;
}

/** Of all charts. On a page of A4 this is about two thirds of its size: text of 11 px stands at 7.7 pt. */
export const CHART_WIDTH_PX = 700;
export const FONT_PX = 11;
export const FONT_FAMILY = 'Heebo';

/** How much wider than the regular weight the bold one stands, about. */
const BOLD_WIDER = 1.04;

let prepared: Echarts | undefined;

/** Draws a chart without a browser. The same plan gives the same string, in every process. */
export function drawChart({ title, alt, heightPx, option }: ChartPlan): ReportChart {
  const chart = prepare().init(null, null, { renderer: 'svg', ssr: true, width: CHART_WIDTH_PX, height: heightPx });
  try {
    chart.setOption({
      animation: false,
      textStyle: { fontFamily: FONT_FAMILY, fontSize: FONT_PX, color: INK },
      ...option,
    });
    return { title, alt, svg: withoutTraces(chart.renderToSVGString()), widthPx: CHART_WIDTH_PX, heightPx };
  } finally {
    chart.dispose();
  }
}

function prepare(): Echarts {
  if (prepared !== undefined) return prepared;
  const library = echarts();
  // Of what a browser's canvas would tell, only the width is asked for.
  const measureText = (text: string, font = '') => ({
    width: textWidth(text, fontSizeOf(font)) * (font.includes('700') ? BOLD_WIDER : 1),
  });
  library.setPlatformAPI({ measureText } as Parameters<Echarts['setPlatformAPI']>[0]);
  prepared = library;
  return library;
}

function fontSizeOf(font: string): number {
  return Number(/([\d.]+)px/.exec(font)?.[1] ?? FONT_PX);
}

/**
 * Takes out what is for a browser (classes of hovering, marks of data), and the number of the chart in this process, which echarts puts
 * into ids. A quote can't stand within the text of a chart (it is escaped there), so only attributes match.
 */
function withoutTraces(svg: string): string {
  return svg
    .replace(/<style\s*>[\s\S]*?<\/style>/g, '')
    .replace(/\s(?:class|ecmeta_\w+|pointer-events|xmlns:xlink|version|baseProfile)="[^"]*"/g, '')
    .replace(/(\sid="|="url\(#)zr\d+-/g, '$1')
    .replace(/(\sstyle="[^"]*)font-family:Heebo;/g, '$1')
    .replace('<svg ', `<svg font-family="${FONT_FAMILY}" `)
    .replaceAll('></path>', '/>')
    .replaceAll('></rect>', '/>')
    .replace(/\n+/g, '\n');
}
