/** @type {import('@sveltejs/vite-plugin-svelte').SvelteConfig} */
export default {
  compilerOptions: {
    runes: true,
    // Built node by node: the page never assigns markup, so its policy may forbid it.
    fragments: 'tree',
  },
};
