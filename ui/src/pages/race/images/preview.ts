/** Images that come with the log. */

import type { Preview } from '../../../lib/race/state';

const TYPES = ['image/jpeg', 'image/png'];

/** The bytes of a preview; null where it is none that a browser may show. */
export function previewBlob({ media_type, data }: Preview): Blob | null {
  if (!TYPES.includes(media_type)) return null;
  try {
    return new Blob([Uint8Array.from(atob(data), (char) => char.charCodeAt(0))], { type: media_type });
  } catch {
    // The log is foreign: not all of it has to be Base64.
    return null;
  }
}
