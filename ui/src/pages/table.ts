/** Which page an address names. A page is a folder of its own, loaded when it is first shown. */

import type { Component } from 'svelte';

export type Given = Record<string, unknown>;

export interface Found {
  title: string;
  /** Two addresses with one key are one page: it stays as it is between them. */
  key: string;
  given: Given;
  load: () => Promise<{ default: Component<Given> }>;
}

/** The kinds of work that have an address of their own, and the plugin that brings each. */
export const SECTIONS = [
  { path: '/', title: 'Inference', kinds: ['llm_generate', 'llm_serve'], plugins: ['benchrace-ollama', 'benchrace-openai'] },
  { path: '/compute', title: 'Compute', kinds: ['compute'], plugins: ['benchrace-compute'] },
  { path: '/image', title: 'Images', kinds: ['txt2img'], plugins: ['benchrace-comfyui'] },
  { path: '/whisper', title: 'Speech', kinds: ['transcribe'], plugins: ['benchrace-whisper'] },
] as const;

export type Section = (typeof SECTIONS)[number];

const RUN = /^\/runs\/([A-Za-z0-9_-]{1,64})$/;
const REPLAY = /^\/runs\/([A-Za-z0-9_-]{1,64})\/replay$/;

export function pageOf(path: string): Found {
  const section = SECTIONS.find((each) => each.path === path);
  if (section !== undefined) {
    return found(section.title, path, { section }, import('./start/Start.svelte'));
  }
  const run = RUN.exec(path)?.[1];
  if (run !== undefined) return found('Race', path, { runId: run }, import('./race/Race.svelte'));
  const replay = REPLAY.exec(path)?.[1];
  if (replay !== undefined) {
    return found('Replay', path, { runId: replay }, import('./replay/Replay.svelte'));
  }
  if (path === '/runs') return found('Runs', path, {}, import('./runs/Runs.svelte'));
  if (path === '/compare') return found('Compare', path, {}, import('./compare/Compare.svelte'));
  if (path === '/admin') return found('Admin', path, {}, import('./admin/Admin.svelte'));
  return found('Not found', path, { path }, import('./missing/Missing.svelte'));
}

/** Each page knows its own properties; the table hands them over as they are. */
function found(title: string, key: string, given: Given, page: Promise<{ default: unknown }>): Found {
  return { title, key, given, load: () => page as Promise<{ default: Component<Given> }> };
}

/** The address of a run's page. */
export function runAddress(runId: string): string {
  return `/runs/${encodeURIComponent(runId)}`;
}

/** The address of the form for a kind of work. */
export function sectionOf(kind: string): Section {
  return SECTIONS.find((each) => (each.kinds as readonly string[]).includes(kind)) ?? SECTIONS[0];
}
