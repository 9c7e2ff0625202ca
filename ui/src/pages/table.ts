/** Which page an address names. A page is a folder of its own, loaded when it is first shown. */

import type { Component } from 'svelte';

export type PageProps = Record<string, unknown>;

export interface PageEntry {
  title: string;
  /** Two addresses with one key are one page: it stays as it is between them. */
  key: string;
  props: PageProps;
  load: () => Promise<{ default: Component<PageProps> }>;
}

/** The kinds of work that have an address of their own, and the plugins in the repository that bring each. */
export const SECTIONS = [
  { path: '/inference', title: 'Language models', kinds: ['llm_generate', 'llm_serve'], plugins: ['./plugins/llamacpp', './plugins/ollama', './plugins/openai'] },
  { path: '/compute', title: 'Compute', kinds: ['compute'], plugins: ['./benchrace_core ./plugins/compute'] },
  { path: '/image', title: 'Images', kinds: ['txt2img', 'workflow'], plugins: ['./plugins/comfyui'] },
  { path: '/whisper', title: 'Speech', kinds: ['transcribe'], plugins: ['./plugins/whisper'] },
] as const;

export type Section = (typeof SECTIONS)[number];
export const [TEXT, COMPUTE] = SECTIONS;

const RUN = /^\/runs\/([A-Za-z0-9_-]{1,64})$/;
const MACHINE = /^\/machines\/([\w.-]+)$/;
const REPLAY = /^\/runs\/([A-Za-z0-9_-]{1,64})\/replay$/;

/** The pages of the header; of one with several addresses, the first is the one that links name. */
export const TABS = [
  { title: 'New race', paths: ['/', ...SECTIONS.map((section) => section.path)] },
  { title: 'Runs', paths: ['/runs'] },
  { title: 'Fleet', paths: ['/fleet', '/admin', '/machines'] },
] as const;

export function pageOf(path: string): PageEntry {
  const section = SECTIONS.find((candidate) => candidate.path === path);
  if (section !== undefined || path === '/') {
    return entry('New race', '/', { section: section ?? null }, () => import('./start/Start.svelte'));
  }
  const run = RUN.exec(path)?.[1];
  if (run !== undefined) return entry('Race', path, { runId: run }, () => import('./race/Race.svelte'));
  const replay = REPLAY.exec(path)?.[1];
  if (replay !== undefined) {
    return entry('Replay', path, { runId: replay }, () => import('./replay/Replay.svelte'));
  }
  if (path === '/runs') return entry('Runs', path, {}, () => import('./runs/Runs.svelte'));
  if (path === '/compare') return entry('Compare', path, {}, () => import('./compare/Compare.svelte'));
  if (path === '/fleet' || path === '/admin') return entry('Fleet', '/fleet', {}, () => import('./fleet/FleetPage.svelte'));
  const machine = MACHINE.exec(path)?.[1];
  if (machine !== undefined) return entry('Machine', path, { machineId: machine }, () => import('./machine/MachinePage.svelte'));
  return entry('Not found', path, { path }, () => import('./missing/Missing.svelte'));
}

/** Each page knows its own properties; the table hands them over as they are. */
function entry(title: string, key: string, props: PageProps, page: () => Promise<{ default: unknown }>): PageEntry {
  return { title, key, props, load: page as PageEntry['load'] };
}

/** The address of a run's page. */
export function runAddress(runId: string): string {
  return `/runs/${encodeURIComponent(runId)}`;
}

/** The section whose form sets up a kind of work; one that none names needs no engine. */
export function sectionOf(kind: string): Section {
  return SECTIONS.find((candidate) => (candidate.kinds as readonly string[]).includes(kind)) ?? COMPUTE;
}

/** The sections that a fleet offers, and those that it does not. */
export function parted(kinds: readonly string[]): { offered: Section[]; more: Section[] } {
  const wanted = new Set(kinds.map(sectionOf));
  return {
    offered: SECTIONS.filter((section) => wanted.has(section)),
    more: SECTIONS.filter((section) => !wanted.has(section)),
  };
}
