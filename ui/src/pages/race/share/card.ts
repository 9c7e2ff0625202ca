/** The card of a run: fetched as SVG, and drawn as PNG by the browser. */

import { send } from '../../../lib/api/client';
import { exportAddress } from '../../../lib/api/history';
import type { CardShape, CardTheme } from '../../../lib/api/generated';

export const SIZES: Record<CardShape, readonly [number, number]> = { wide: [1200, 630], square: [1080, 1080] };

export function cardAddress(runId: string, shape: CardShape, theme: CardTheme): string {
  return `/api/runs/${encodeURIComponent(runId)}/card.svg?${new URLSearchParams({ shape, theme }).toString()}`;
}

export async function card(runId: string, shape: CardShape, theme: CardTheme, signal?: AbortSignal): Promise<Blob> {
  return (await send(cardAddress(runId, shape, theme), { signal })).blob();
}

/** The result in a few lines of Markdown. */
export async function snippet(runId: string, signal?: AbortSignal): Promise<string> {
  return (await send(exportAddress(runId, 'snippet'), { signal })).text();
}

/** Draw a card on a canvas of its own size. */
export async function toPng(svg: Blob, shape: CardShape): Promise<Blob> {
  const [width, height] = SIZES[shape];
  const address = URL.createObjectURL(svg);
  try {
    const image = await loaded(address);
    const canvas = document.createElement('canvas');
    canvas.width = width;
    canvas.height = height;
    canvas.getContext('2d')?.drawImage(image, 0, 0, width, height);
    const png = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/png'));
    if (png === null) throw new Error('this browser cannot draw the card as PNG: download it as SVG');
    return png;
  } finally {
    URL.revokeObjectURL(address);
  }
}

/** Browsers offer it on secure pages only, and some not at all. */
export function canCopyImages(): boolean {
  return typeof ClipboardItem === 'function' && typeof navigator.clipboard?.write === 'function';
}

/** The picture may still be drawn when it is promised to the clipboard, which asks for a click just before. */
export function copyImage(png: Promise<Blob>): Promise<void> {
  return navigator.clipboard.write([new ClipboardItem({ 'image/png': png })]);
}

function loaded(address: string): Promise<HTMLImageElement> {
  return new Promise((done, failed) => {
    const image = new Image();
    image.onload = () => done(image);
    image.onerror = () => failed(new Error('this browser cannot read the card: download it as SVG'));
    image.src = address;
  });
}
