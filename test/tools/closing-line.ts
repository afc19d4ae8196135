/**
 * A vitest reporter that ends a run with one plain line, 'N passed, N failed' (and ', N skipped'), which people and
 * machines can look for whatever the runner's own summary looks like.
 */
import type { Reporter, TestModule } from 'vitest/node'

export const closingLine: Reporter = {
  onTestRunEnd(modules: readonly TestModule[]) {
    const counts = { passed: 0, failed: 0, skipped: 0, pending: 0 }
    for (const module of modules) {
      const before = counts.failed
      for (const test of module.children.allTests()) counts[test.result().state]++
      // A file that could not be loaded, or whose hooks threw, has failed although no test of it says so.
      if (!module.ok() && counts.failed === before) counts.failed++
    }
    const skipped = counts.skipped + counts.pending
    const tail = skipped > 0 ? `, ${skipped} skipped` : ''
    process.stdout.write(`${counts.passed} passed, ${counts.failed} failed${tail}\n`)
  },
}
