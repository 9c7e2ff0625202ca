/** Writes compressed forms beside the built files, at the highest level: central serves them as they are. */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

const TEXT = new Set(['.css', '.html', '.js', '.svg', '.txt']);
/** A shorter file fits into one packet with its headers. */
const MIN_BYTES = 1024;

export function compress(): Plugin {
  let folder = '';
  return {
    name: 'compress',
    apply: 'build',
    configResolved(config) {
      folder = join(config.root, config.build.outDir);
    },
    // The files of `public` are copied by then.
    closeBundle() {
      for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
        if (entry.isFile() && TEXT.has(extname(entry.name))) beside(join(entry.parentPath, entry.name));
      }
    },
  };
}

function beside(path: string): void {
  const data = readFileSync(path);
  if (data.length < MIN_BYTES) return;
  writeFileSync(`${path}.gz`, gzipSync(data, { level: 9 }));
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_SIZE_HINT]: data.length,
  };
  writeFileSync(`${path}.br`, brotliCompressSync(data, { params }));
}
