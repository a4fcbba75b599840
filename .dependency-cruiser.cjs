/** Arrows run one way: routes -> domain -> port; adapters -> port. */
const domains = '^src/(lti|channels|zoom|recordings|bulk|api|admin|jobs)/';
const edges = '(\\.routes|-routes)\\.ts$|^src/(api|admin)/';

module.exports = {
  forbidden: [
    {
      name: 'no-circles',
      comment: 'Two files that need each other are one file, or three.',
      severity: 'error',
      from: {},
      to: { circular: true, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'domains-know-no-web-framework',
      comment: 'Only routes import express; rules and use cases are called by them.',
      severity: 'error',
      from: { path: domains, pathNot: edges },
      to: { path: '^node_modules/(express|ejs|helmet|express-rate-limit)/' },
    },
    {
      name: 'domains-know-no-engine',
      comment: 'Domains own store ports; engines live behind them in src/storage.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/storage/' },
      to: { path: '^node_modules/(better-sqlite3|mongoose|mongodb)/' },
    },
    {
      name: 'adapters-are-wired-at-the-root',
      comment: 'Only the composition root and the command line pick a storage engine.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(storage|cli)/|^src/(app|main|cli)\\.ts$' },
      to: { path: '^src/storage/(sqlite|mongo)/' },
    },
    {
      name: 'adapters-import-types-and-pure-rules-only',
      comment: 'An engine knows the ports and the pure rules beside them, never a use case, a route or the web.',
      severity: 'error',
      from: { path: '^src/storage/' },
      to: { path: '^src/(web|sandbox|cli|config)/.*(?<!-store)\\.ts$|\\.routes\\.ts$' },
    },
    {
      name: 'ltijs-behind-one-adapter',
      comment: 'Nothing but the adapter may reach the LTI library.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/lti/ltijs' },
      to: { path: '^node_modules/ltijs/' },
    },
    {
      name: 'channels-know-no-lti',
      comment: 'A channel is opened from what it needs of a launch, not from LTI types.',
      severity: 'error',
      from: { path: '^src/channels/', pathNot: edges },
      to: { path: '^src/(lti|web|api|storage|sandbox)/' },
    },
    {
      name: 'lti-knows-no-other-edge',
      severity: 'error',
      from: { path: '^src/lti/', pathNot: edges },
      to: { path: '^src/(web|api|storage|sandbox)/', pathNot: '-store\\.ts$' },
    },
    {
      name: 'lib-knows-nothing',
      comment: 'Small things without domain.',
      severity: 'error',
      from: { path: '^src/lib/' },
      to: { path: '^src/(?!lib/)' },
    },
    {
      name: 'sandbox-is-loaded-on-demand',
      comment: 'Never in production: the process imports it dynamically when SANDBOX is on.',
      severity: 'error',
      from: { path: '^src/(?!sandbox/)' },
      to: { path: '^src/sandbox/', dependencyTypesNot: ['type-only', 'dynamic-import'] },
    },
    {
      name: 'nothing-imports-the-process',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^src/(main|cli)\\.ts$' },
    },
    {
      name: 'no-dev-packages-in-the-product',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
