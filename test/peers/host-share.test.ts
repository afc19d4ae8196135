/** A full cache and its hosts: who goes for whom. Any stranger can have made-up actors of his own server fetched. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PeerState } from '../../src/peers/types.ts'
import { runs } from '../engine/runs.ts'
import { idsOf, kinds, peer } from './subjects.ts'

/** By an id without its scheme: `remote.example/alice`. */
function at(place: string): PeerState {
  const id = `https://${place}`
  return peer(place, { id, keys: [{ ...peer(place).keys[0]!, id: `${id}#main-key`, owner: id }] })
}

const idAt = (place: string): string => at(place).id
const hostOf = (place: string): string => place.slice(0, place.indexOf('/'))
const placesOf = (hosts: readonly string[], names: readonly string[]): string[] =>
  hosts.flatMap(host => names.map(name => `${host}/${name}`))
const stepsOf = (...kind: string[]) =>
  fc.record({ kind: fc.constantFrom(...kind), choice: fc.noBias(fc.nat({ max: 1000 })), isFlood: fc.boolean() })

describe.each(kinds)('$name', ({ open, runs: usual }) => {
  it('has room for the peers of others, whatever one host does', async () => {
    const others = placesOf(['one.example', 'two.example', 'three.example'], ['a', 'b'])
    const flood = placesOf(['flood.example', 'flood.example:8080', 'flood.example.'], ['a', 'b', 'c', 'd', 'e'])
    const steps = fc.array(stepsOf('store', 'store', 'store', 'lookup', 'evict', 'bury', 'reopen', 'initial'), {
      maxLength: 50,
    })
    await fc.assert(
      fc.asyncProperty(steps, async all => {
        let subject = await open({ peersMax: others.length + 2, hostPeersMax: 2 })
        const there = new Set<string>()
        for (const { kind, choice, isFlood } of all) {
          const place = isFlood ? flood[choice % flood.length]! : others[choice % others.length]!
          if (kind === 'store') await subject.store(at(place))
          else if (kind === 'lookup') subject.lookup(idAt(place))
          else if (kind === 'evict') await subject.evict(idAt(place))
          else if (kind === 'bury') await subject.bury(idAt(place))
          else subject = await subject.reopen(kind === 'initial' ? { initial: flood.map(at) } : {})
          if (!isFlood && kind === 'store') there.add(idAt(place))
          if (!isFlood && kind === 'evict') there.delete(idAt(place))
          expect(idsOf(subject)).toEqual(expect.arrayContaining([...there]))
          expect(idsOf(subject).length).toBeLessThanOrEqual(others.length + 2)
        }
        await subject.close()
      }),
      runs(usual),
    )
  })

  it('lets go whom a plain list would', async () => {
    const places = placesOf(['one.example', 'two.example', 'three.example', 'four.example'], ['a', 'b', 'c', 'd'])
    const peersMax = 5
    const share = fc.constantFrom(1, 2)
    const steps = fc.array(stepsOf('store', 'store', 'store', 'lookup', 'reopen'), {
      minLength: 20,
      maxLength: 40,
      size: 'max',
    })
    await fc.assert(
      fc.asyncProperty(steps, share, async (all, hostPeersMax) => {
        let subject = await open({ peersMax, hostPeersMax })
        let recent: string[] = []
        for (const { kind, choice } of all) {
          const place = places[choice % places.length]!
          if (kind === 'reopen') subject = await subject.reopen()
          else if (kind === 'lookup') subject.lookup(idAt(place))
          else await subject.store(at(place))
          if (kind === 'store' && !recent.includes(place) && recent.length === peersMax) {
            const isOf = (host: string) => (each: string) => hostOf(each) === host
            const own = recent.filter(isOf(hostOf(place)))
            const beyond = recent.find(each => recent.filter(isOf(hostOf(each))).length > hostPeersMax)
            const leaves = own.length >= hostPeersMax ? own[0] : (beyond ?? recent[0])
            recent = recent.filter(each => each !== leaves)
          }
          if (kind === 'store' || (kind === 'lookup' && recent.includes(place)))
            recent = [...recent.filter(each => each !== place), place]
          expect(idsOf(subject).toSorted()).toEqual(recent.map(idAt).toSorted())
        }
        await subject.close()
      }),
      runs(usual),
    )
  })

  it('lets a host have what is free, and by default keeps a quarter for it', async () => {
    const cache = await open({ peersMax: 8 })
    await cache.store(at('one.example/a'))
    for (let number = 1; number <= 20; number++) await cache.store(at(`flood.example/${number}`))
    expect(idsOf(cache)).toEqual([
      idAt('one.example/a'),
      ...[14, 15, 16, 17, 18, 19, 20].map(each => idAt(`flood.example/${each}`)),
    ])
    const others = placesOf(['two.example', 'three.example', 'four.example', 'five.example', 'six.example'], ['a'])
    for (const place of others) await cache.store(at(place))
    const both = ['one.example/a', 'flood.example/19', 'flood.example/20', ...others]
    expect(idsOf(cache)).toEqual(both.map(idAt))
    // Its other ports are the same host.
    await cache.store(at('flood.example:8443/21'))
    const left = both.filter(each => !each.endsWith('/19'))
    expect(idsOf(cache)).toEqual([...left, 'flood.example:8443/21'].map(idAt))
  })

  it('that becomes smaller loses the peers of a host beyond its share first', async () => {
    const cache = await open({ peersMax: 6, hostPeersMax: 2 })
    for (const place of ['one.example/a', ...placesOf(['flood.example'], ['a', 'b', 'c', 'd'])])
      await cache.store(at(place))
    const smaller = await cache.reopen({ peersMax: 3 })
    expect(idsOf(smaller)).toEqual(['one.example/a', 'flood.example/c', 'flood.example/d'].map(idAt))
  })
})
