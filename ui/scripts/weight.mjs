/* What the first load of each page weighs, gzipped: all scripts and styles that it comes to need. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const MOST_KB = 120;
const folder = new URL('../benchrace_ui/static', import.meta.url).pathname;
const manifest = JSON.parse(readFileSync(join(folder, '.vite/manifest.json'), 'utf8'));

/** All files of a chunk and of what it imports; later imports as well, but not the entry's: those are other pages. */
function files(name, found = new Set(), seen = new Set()) {
  if (seen.has(name)) return found;
  seen.add(name);
  const chunk = manifest[name];
  for (const file of [chunk.file, ...(chunk.css ?? [])]) found.add(file);
  const later = chunk.isEntry ? [] : (chunk.dynamicImports ?? []);
  for (const each of [...(chunk.imports ?? []), ...later]) files(each, found, seen);
  return found;
}

function weight(names) {
  const all = new Set(names.flatMap((name) => [...files(name)]));
  return [...all].reduce((sum, file) => sum + gzipSync(readFileSync(join(folder, file)), { level: 6 }).length, 0);
}

const [entry] = Object.keys(manifest).filter((name) => manifest[name].isEntry);
let heavy = false;
for (const page of manifest[entry].dynamicImports) {
  const size = weight([entry, page]);
  heavy ||= size > MOST_KB * 1000;
  console.log(`${(size / 1000).toFixed(1).padStart(7)} kB of at most ${MOST_KB} kB  ${page}`);
}
if (heavy) {
  console.error('A page is too heavy: load less, or later.');
  process.exit(1);
}
