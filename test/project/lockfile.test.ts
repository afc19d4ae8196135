/**
 * The lock files name no registry: `npm ci` takes each package from the registry its user has set, and checks it against
 * the lock file's digest.
 */
import { describe, expect, it } from 'vitest'
import { read } from './sources.ts'

interface Locked {
  readonly resolved?: string
  readonly integrity?: string
}

describe.each(['package-lock.json', 'interop/package-lock.json', 'bench/package-lock.json'])('%s', path => {
  const { packages } = JSON.parse(read(path)) as { packages: Record<string, Locked> }
  const installed = Object.entries(packages).filter(([name]) => name !== '')

  it('holds packages', () => expect(installed.length).toBeGreaterThan(10))

  it('ties no package to a host', () => {
    expect(installed.filter(([, { resolved }]) => resolved !== undefined).map(([name]) => name)).toEqual([])
  })

  it('has a digest of every package', () => {
    expect(installed.filter(([, { integrity }]) => integrity === undefined).map(([name]) => name)).toEqual([])
  })
})
