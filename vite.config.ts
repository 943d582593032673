import { defineConfig } from 'vite';

/** The dashboard page: src/dashboard → dist/dashboard. Everything else in this repository runs without a build. */
export default defineConfig({
  root: 'src/dashboard',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../../dist/dashboard',
    emptyOutDir: true,
    target: ['chrome111', 'firefox114', 'safari16.4'],
    // One page, one chunk: there is nothing to preload.
    modulePreload: { polyfill: false },
    // Files rather than data: URLs, so that the content security policy stays narrow.
    assetsInlineLimit: 0,
  },
});
