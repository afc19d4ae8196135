/**
 * `open(path, { readOnly: 'true' })`, and `{ readonly: true }`, opened for writing, and made a store where none was. A
 * clock that gave -5 broke the creation half-way.
 */
import { existsSync, mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { open } from '../../src/open.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twinlog-options-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('what open refuses, it refuses before anything is made', () => {
  it.each([
    ['readOnly as a string', { readOnly: 'true' }],
    ['readOnly as a number', { readOnly: 1 }],
    ['a misspelt option', { readonly: true }],
    ['createIfMissing as a string', { createIfMissing: 'yes' }],
    ['durability null', { durability: null }],
    ['a durability of its own', { durability: 'memory' }],
    ['clock null', { clock: null }],
    ['onProgress as a number', { onProgress: 5 }],
    ['options as a number', 5],
    ['options null', null],
  ])('%s is a TypeError', async (_, options) => {
    const path = join(folder, 'db')
    await expect(open(path, options as object)).rejects.toBeInstanceOf(TypeError)
    expect(existsSync(path)).toBe(false)
  })

  it.each([
    ['a clock before 1970', { clock: () => -5 }],
    ['a clock that has no time', { clock: () => Number.NaN }],
    ['no bytes for a payload', { payloadBytesMax: 0 }],
    ['half a millisecond of waiting', { lockWaitMs: 0.5 }],
  ])('%s is OUT_OF_RANGE', async (_, options) => {
    const path = join(folder, 'db')
    await expect(open(path, options)).rejects.toMatchObject({ code: 'OUT_OF_RANGE' })
    expect(existsSync(path)).toBe(false)
  })

  it('an option that is undefined is as good as none', async () => {
    const store = await open(join(folder, 'db'), { readOnly: undefined, clock: undefined } as object)
    await store.close()
  })
})
