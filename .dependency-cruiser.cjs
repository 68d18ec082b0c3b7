/**
 * Who may import whom; ARCHITECTURE.md says why. Type-only imports count: a lower layer never
 * names an upper one, not even for a type.
 */
const core = '^packages/core/src/';
const layer = (name, folders, allowed) => ({
  name: `${name}-imports`,
  severity: 'error',
  comment: `${name} may import only ${allowed.join(', ')} and itself.`,
  from: { path: `${core}${folders}`, pathNot: '\\.test\\.ts$' },
  to: { path: core, pathNot: [...allowed, folders].map((part) => `${core}${part}`) },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-unresolved',
      severity: 'error',
      // A page's script is served beside the built files that it imports.
      from: { pathNot: '^tests/e2e/support/page\\.js$' },
      to: { couldNotResolve: true, pathNot: '^(virtual:|vitest/browser)' },
    },
    layer('wire', 'wire/', []),
    layer('async', 'async/', ['platform', 'errors', 'debug']),
    layer('identity', 'identity/', ['wire/', 'errors']),
    layer('signaling', 'signaling/', [
      'identity/',
      'wire/',
      'async/',
      'platform',
      'errors',
      'emitter',
      'debug',
    ]),
    layer('connection', 'connection/', [
      'identity/',
      'wire/',
      'async/',
      'platform',
      'errors',
      'debug',
    ]),
    layer('channels', 'channels/', ['wire/', 'async/', 'errors']),
    layer('drivers', 'drivers/', ['signaling/driver', 'errors']),
    {
      name: 'core-has-no-dependencies',
      severity: 'error',
      comment: 'The core runs on nothing but the platform.',
      from: { path: core, pathNot: '\\.test\\.ts$' },
      to: { pathNot: core },
    },
    {
      name: 'core-from-outside-by-its-name',
      severity: 'error',
      comment: 'Other packages, kits and tests use the public entry of the core.',
      from: { pathNot: core },
      to: { path: core, pathNot: `${core}index\\.ts$` },
    },
    {
      name: 'server-knows-no-webrtc',
      severity: 'error',
      from: { path: '^packages/server/src/', pathNot: '\\.test\\.ts$' },
      to: { path: '^packages/(core|node)/' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|\\.build)/' },
    enhancedResolveOptions: {
      conditionNames: ['meshwork-source', 'import', 'module', 'types', 'default', 'node'],
      exportsFields: ['exports'],
    },
  },
};
