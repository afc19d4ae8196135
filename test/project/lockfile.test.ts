/**
 * The lock file names no registry: `npm ci` takes each package from the registry its user has set, and checks it
 * against the lock file's digest.
 */
import { expect, it } from 'vitest'
import { read } from './sources.ts'

interface Locked {
  readonly resolved?: string
  readonly integrity?: string
}

const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> }
const installed = Object.entries(packages).filter(([path]) => path !== '')

it('the lock file holds packages', () => expect(installed.length).toBeGreaterThan(10))

it('no package is tied to a host', () => {
  expect(installed.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([])
})

it('every package has a digest', () => {
  expect(installed.filter(([, { integrity }]) => integrity === undefined).map(([path]) => path)).toEqual([])
})
