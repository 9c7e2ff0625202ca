import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

import { compress } from './compress.ts';

export default defineConfig({
  plugins: [svelte(), compress()],
  resolve: process.env.VITEST ? { conditions: ['browser'] } : {},
  build: {
    // Parts that many pages share come as one file: each file costs half a kB of headers, and compresses worse alone.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'common', test: /src|node_modules.svelte/, minShareCount: 5 }] } } },
    outDir: 'benchrace_ui/static',
    emptyOutDir: true,
    target: 'es2022',
    // Nothing may be inlined: the page's policy knows files only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // What each page loads, for scripts/weight.mjs.
    manifest: true,
    // The licences of all that is bundled; the page's server serves them.
    license: { fileName: 'licenses.txt' },
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8080', '/health': 'http://127.0.0.1:8080' } },
  // One page for all files: a new one for each costs four times what the tests do.
  test: { environment: 'happy-dom', isolate: false, include: ['tests/**/*.test.ts'], testTimeout: 30_000 },
});
