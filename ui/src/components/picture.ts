/** A drawn chart as a picture of its own: title above, key below, in the colours in which it is shown. */

import { colour } from '../lib/theme/theme.svelte';

export interface Caption {
  title: string;
  about: string;
  /** What the numbers and colours in a canvas stand for; an SVG names its rows itself. */
  keys: readonly { text: string; colour: string }[];
}

const MARGIN = 16;
const LINE = 20;
const FONT = 'system-ui, sans-serif';
/** What the design's style sheets decide, written into a picture that comes without them. */
const STYLES = [
  'fill', 'fill-opacity', 'stroke', 'stroke-opacity', 'stroke-width', 'stroke-linecap',
  'opacity', 'font-family', 'font-size', 'font-weight', 'text-anchor', 'paint-order', 'vector-effect',
] as const;

/** The SVG with its styles as attributes, on a ground of its own. */
export function svgText(svg: SVGSVGElement): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const copies = [...copy.querySelectorAll<SVGElement>('*')];
  [...svg.querySelectorAll<SVGElement>('*')].forEach((element, at) => {
    const style = getComputedStyle(element);
    for (const name of STYLES) copies[at]?.setAttribute(name, style.getPropertyValue(name));
    copies[at]?.removeAttribute('class');
    copies[at]?.removeAttribute('style');
  });
  const ground = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  ground.setAttribute('width', '100%');
  ground.setAttribute('height', '100%');
  ground.setAttribute('fill', colour(svg, '--surface'));
  copy.prepend(ground);
  for (const name of ['class', 'style', 'role', 'aria-label']) copy.removeAttribute(name);
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  return new XMLSerializer().serializeToString(copy);
}

export async function png(chart: HTMLCanvasElement | SVGSVGElement, within: HTMLElement, caption: Caption): Promise<Blob> {
  const { width, height } = chart.getBoundingClientRect();
  const source = chart instanceof HTMLCanvasElement ? chart : await imageOf(svgText(chart));
  const rows = wrapped(caption.keys, width);
  const below = rows.length * LINE;
  const top = MARGIN + 2.4 * LINE;
  const canvas = document.createElement('canvas');
  const ratio = Math.max(2, devicePixelRatio);
  canvas.width = Math.round((width + 2 * MARGIN) * ratio);
  canvas.height = Math.round((top + height + below + MARGIN) * ratio);
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('this browser cannot draw pictures');
  context.scale(ratio, ratio);
  context.fillStyle = colour(within, '--surface');
  context.fillRect(0, 0, canvas.width, canvas.height);
  text(context, caption.title, MARGIN, MARGIN + 14, `600 16px ${FONT}`, colour(within, '--ink'), width);
  text(context, caption.about, MARGIN, MARGIN + 34, `12px ${FONT}`, colour(within, '--ink-soft'), width);
  context.drawImage(source, MARGIN, top, width, height);
  rows.forEach((row, at) => {
    row.forEach((key, column) => {
      const x = MARGIN + (column * width) / row.length;
      text(context, key.text, x, top + height + (at + 0.8) * LINE, `12px ${FONT}`, colour(within, key.colour), width / row.length - 8);
    });
  });
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/png'));
  if (blob === null) throw new Error('this browser cannot draw the chart as PNG: download it as CSV');
  return blob;
}

/** Keys in rows of columns that are wide enough for a name. */
export function wrapped<Key>(keys: readonly Key[], width: number, least = 180): Key[][] {
  const columns = Math.max(1, Math.floor(width / least));
  const rows: Key[][] = [];
  for (let at = 0; at < keys.length; at += columns) rows.push(keys.slice(at, at + columns));
  return rows;
}

function text(context: CanvasRenderingContext2D, words: string, x: number, y: number, font: string, fill: string, most: number): void {
  context.font = font;
  context.fillStyle = fill;
  let shown = words;
  const letters = [...words];
  while (letters.length > 1 && context.measureText(shown).width > most) {
    letters.pop();
    shown = `${letters.join('')}…`;
  }
  context.fillText(shown, x, y);
}

async function imageOf(svg: string): Promise<HTMLImageElement> {
  const address = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    return image;
  } finally {
    URL.revokeObjectURL(address);
  }
}
