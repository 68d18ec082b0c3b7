import { defineConfig } from 'vite';

export default defineConfig({
  // Relative addresses: the built page works under any path of any server.
  base: './',
  build: {
    target: 'es2022',
    // Every asset is a file of its own, so a strict Content-Security-Policy needs no exception.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
