import { defineConfig } from 'vitest/config';

/** For snippets in the docs: vitest as a reader of the docs would have it. */
export default defineConfig({ test: { include: ['**/*.test.mjs'] } });
