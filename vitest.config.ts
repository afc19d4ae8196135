import { defineConfig } from 'vitest/config'
import { closingLine } from './test/tools/closing-line.ts'

const source = (path: string): string => new URL(`./src/${path}`, import.meta.url).pathname

export default defineConfig(({ mode }) => ({
  resolve: {
    // Tests and documentation snippets that say 'twinlog' run against the source.
    alias: [
      { find: /^twinlog$/, replacement: source('index.ts') },
      { find: /^twinlog\/testing$/, replacement: source('testing.ts') },
      { find: /^twinlog\/conformance$/, replacement: source('conformance.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    reporters: ['default', closingLine],
    // Processes, not threads: tests change directory, take file locks, and get killed.
    pool: 'forks',
    maxWorkers: '100%',
    testTimeout: 180_000,
    hookTimeout: 180_000,
    env: mode === 'rewrite-vectors' ? { REWRITE_VECTORS: '1' } : {},
  },
}))
