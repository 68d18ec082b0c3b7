import { defineConfig } from 'tsdown';

export default defineConfig([
  {
    entry: ['src/index.ts'],
    format: ['esm', 'cjs'],
    dts: true,
    sourcemap: true,
    target: 'es2022',
    platform: 'neutral',
    fixedExtension: true,
  },
  {
    entry: { meshwork: 'src/index.ts' },
    format: ['umd'],
    globalName: 'meshwork',
    platform: 'browser',
    minify: true,
    dts: false,
    clean: false,
    sourcemap: true,
    target: 'es2022',
    outputOptions: { entryFileNames: '[name].umd.js' },
  },
]);
