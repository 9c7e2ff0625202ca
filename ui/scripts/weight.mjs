/* What the page weighs, gzipped: all scripts and styles of all its pages, the most that any load can take. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const MOST_KB = 120;
const folder = new URL('../benchrace_ui/static', import.meta.url).pathname;
const assets = join(folder, 'assets');

let size = 0;
for (const name of readdirSync(assets).filter((each) => /\.(js|css)$/.test(each)).sort()) {
  const bytes = gzipSync(readFileSync(join(assets, name)), { level: 6 }).length;
  size += bytes;
  console.log(`${(bytes / 1000).toFixed(1).padStart(7)} kB  ${name}`);
}
console.log(`${(size / 1000).toFixed(1).padStart(7)} kB  everything, of at most ${MOST_KB} kB`);
if (size > MOST_KB * 1000) {
  console.error('The page is too heavy: load less, or later.');
  process.exit(1);
}
