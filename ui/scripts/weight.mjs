/* Checks the size of the scripts and styles of each page, in the compressed form that browsers get.
   `make weigh-page` measures whole pages, with data and headers, in a browser. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const MAX_KB = 110;
const folder = new URL('../benchrace_ui/static', import.meta.url).pathname;
const manifest = JSON.parse(readFileSync(join(folder, '.vite/manifest.json'), 'utf8'));

/** All files of a chunk and of what it imports; later imports as well, but not the entry's: those are other pages. */
function files(name, found = new Set(), seen = new Set()) {
  if (seen.has(name)) return found;
  seen.add(name);
  const chunk = manifest[name];
  for (const file of [chunk.file, ...(chunk.css ?? [])]) found.add(file);
  const later = chunk.isEntry ? [] : (chunk.dynamicImports ?? []);
  for (const part of [...(chunk.imports ?? []), ...later]) files(part, found, seen);
  return found;
}

/** What central sends to a client that accepts brotli. */
function sent(file) {
  const path = join(folder, file);
  return statSync(existsSync(`${path}.br`) ? `${path}.br` : path).size;
}

function weight(names) {
  const all = new Set(names.flatMap((name) => [...files(name)]));
  return [...all].reduce((sum, file) => sum + sent(file), 0);
}

const [entry] = Object.keys(manifest).filter((name) => manifest[name].isEntry);
let heavy = false;
for (const page of manifest[entry].dynamicImports) {
  const size = weight([entry, page]);
  heavy ||= size > MAX_KB * 1000;
  console.log(`${(size / 1000).toFixed(1).padStart(7)} kB of at most ${MAX_KB} kB  ${page}`);
}
if (heavy) {
  console.error('A page is too heavy: load less, or later.');
  process.exit(1);
}
