/** Invariant 10 at the store: a bit flipped in its segment is noticed or harmless. commit-log/ flips every single one. */
import { readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { alice, outbox, readAll } from '../../src/log-store/conformance/suite.ts'
import { isTwinlogError } from '../../src/errors.ts'
import { everything, fill, keyOf, log, whole } from './embedded-damage.ts'
import { copyOf, openDriver, reopened, withDirectory } from './embedded-store.ts'

it('invariant 10: with a bit flipped anywhere, a closed store shows what it held, or says what it lost', async () => {
  await withDirectory(async path => {
    await reopened(path, fill)
    const from = await copyOf(path, `${path}-from`)
    const files = (await readdir(join(from, 'segments'))).map(name => join('segments', name))
    expect(files).toHaveLength(1)
    const original = await readFile(join(from, files[0]!))
    // A stride that is coprime to everything in the format: each field is hit, in each frame, at another bit.
    for (let at = 0; at < original.length; at += 29) {
      for (const hasIndex of [true, false]) {
        await copyOf(from, path)
        const bytes = Buffer.from(original)
        bytes[at]! ^= 1 << (at % 8)
        await writeFile(join(path, files[0]!), bytes)
        if (!hasIndex) await rm(join(path, 'index'), { recursive: true })
        const store = await openDriver(path).catch((error: unknown) => {
          if (isTwinlogError(error, 'LOG_LOST')) return null
          throw error
        })
        if (store === null) expect(hasIndex).toBe(false)
        else {
          const found = Object.values(await everything(store)).flat()
          const expected = Object.values(whole).flat()
          const lost = found.filter(each => each.endsWith('CORRUPT'))
          expect(found.filter(each => !lost.includes(each) && !expected.includes(each))).toEqual([])
          expect(found).toHaveLength(expected.length)
          expect(lost.length).toBeLessThanOrEqual(2)
          expect(await store.find(log, keyOf('third'))).toBe(3)
          expect((await readAll(store, outbox(alice)).catch(() => null))?.length ?? 1).toBe(1)
          await store.close()
        }
      }
    }
  })
})
