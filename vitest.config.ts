import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { chromiumLaunch, firefoxLaunch } from './tests/browsers.ts';

/** Packages are tested from their sources: no build is needed before a unit test. */
const source = { resolve: { conditions: ['meshwork-source', 'import', 'module', 'default'] } };
// Vitest hands these to Node as --conditions, for `require` too: no 'import' among them.
const ssrSource = {
  ssr: { resolve: { conditions: ['meshwork-source', 'node', 'module', 'default'] } },
};

const browserTests = ['packages/*/src/**/*.browser.test.ts'];

export default defineConfig({
  test: {
    reporters: ['default', './tests/closing-line-reporter.ts'],
    projects: [
      {
        ...source,
        ...ssrSource,
        test: {
          name: 'unit',
          environment: 'node',
          include: ['packages/*/src/**/*.test.ts', 'kits/*/src/**/*.test.ts'],
          exclude: browserTests,
        },
      },
      {
        ...source,
        test: {
          name: 'chromium',
          include: browserTests,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions: chromiumLaunch }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
      {
        ...source,
        test: {
          name: 'firefox',
          include: browserTests,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions: firefoxLaunch }),
            instances: [{ browser: 'firefox' }],
          },
        },
      },
      {
        test: {
          // Whole programs: real browsers and Node processes, on what `npm run build` made.
          name: 'e2e',
          environment: 'node',
          include: ['tests/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
