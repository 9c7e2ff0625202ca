/* Checks the size of the scripts and styles of each page, in the compressed form that browsers get.
   What a page loads when somebody opens it, such as a tab or a dialog, is weighed with the page, each for itself.
   `make weigh-page` measures whole pages, with data and headers, in a browser. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const MAX_KB = 110;
/** What is loaded on demand: what somebody opens or scrolls to, and what few races or fleets need. */
const OPENED = [/\/tabs\//, /Dialog\.svelte$/, /MenuItems\.svelte$/, /race\/\w+\/Live\w+\.svelte$/, /picture\.ts$/, /race\/(Files|Logs|Machines|Scaling)\.svelte$/, /machine\/Ceilings\.svelte$/, /start\/(Reproduce|Empty|text\/Missing)\.svelte$/];
const folder = new URL('../benchrace_ui/static', import.meta.url).pathname;
const manifest = JSON.parse(readFileSync(join(folder, '.vite/manifest.json'), 'utf8'));

const onDemand = (name) => OPENED.some((pattern) => pattern.test(name));

const [entry] = Object.keys(manifest).filter((name) => manifest[name].isEntry);
/** The entry and what it imports: what they load later are pages. */
const shell = new Set([entry]);
for (const name of shell) for (const part of manifest[name].imports ?? []) shell.add(part);

/** All files of a chunk and of what it imports; later imports as well, but not the shell's, which
    are other pages, nor what is loaded on demand. */
function files(name, found = new Set(), seen = new Set()) {
  if (seen.has(name)) return found;
  seen.add(name);
  const chunk = manifest[name];
  for (const file of [chunk.file, ...(chunk.css ?? [])]) found.add(file);
  const later = shell.has(name) ? [] : (chunk.dynamicImports ?? []).filter((part) => !onDemand(part));
  for (const part of [...(chunk.imports ?? []), ...later]) files(part, found, seen);
  return found;
}

/** What a page, or what it imports, loads on demand. */
function partsOf(name, parts = new Set(), seen = new Set()) {
  if (seen.has(name)) return parts;
  seen.add(name);
  const { imports = [], dynamicImports = [] } = manifest[name];
  for (const part of dynamicImports) if (onDemand(part)) parts.add(part);
  for (const part of [...imports, ...parts]) if (!shell.has(part)) partsOf(part, parts, seen);
  return parts;
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

let heavy = false;

function check(names, title) {
  const size = weight(names);
  heavy ||= size > MAX_KB * 1000;
  console.log(`${(size / 1000).toFixed(1).padStart(7)} kB of at most ${MAX_KB} kB  ${title}`);
}

const pages = [...shell].flatMap((name) => manifest[name].dynamicImports ?? []).filter((name) => name.startsWith('src/pages/'));
for (const page of pages) {
  check([entry, page], page);
  for (const part of partsOf(page)) check([entry, page, part], `${page} with ${part.split('/').at(-1)}`);
}
if (heavy) {
  console.error('A page is too heavy: load less, or later.');
  process.exit(1);
}
