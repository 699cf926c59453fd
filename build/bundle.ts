/**
 * Bundles the command and the proxy thread into `dist/`: two entry points, shared chunks, source maps, no node_modules at
 * run time. What the status page loads lies beside them.
 */

import { cp, readFile, rm } from 'node:fs/promises';

import { build } from 'esbuild';

const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

// Chunks have names of their own: those of an earlier build would stay.
await rm(new URL('../dist/', import.meta.url), { recursive: true, force: true });

await build({
  entryPoints: [
    { in: 'cmd/oidc-ingress/main.ts', out: 'oidc-ingress' },
    { in: 'src/thread.ts', out: 'thread' },
  ],
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  // Of the client library only its reader of kubeconfigs is used; its door would bring 15 MB of API types along.
  alias: { '@kubernetes/client-node': './node_modules/@kubernetes/client-node/dist/config.js' },
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  sourcemap: 'linked',
  sourcesContent: false,
  // Names stay, for stack traces; the rest halves the bundle.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  define: { 'process.env.OIDC_INGRESS_BUILD_VERSION': JSON.stringify(version) },
  // CommonJS dependencies call require for Node's own modules.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
});

await cp('src/admin/assets', 'dist/assets', { recursive: true });
