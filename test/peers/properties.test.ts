/** Order and eviction against a model of two plain lists; and that the pure form leaves its arguments alone. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as sets from '../../src/peers/peer-set.ts'
import { runs } from '../engine/runs.ts'
import { idOf, idsOf, keyIdOf, kinds, peer, START } from './subjects.ts'

const names = ['a', 'b', 'c', 'd', 'e', 'f']
const peersMax = 3
const operation = fc.record({
  kind: fc.constantFrom(
    'store',
    'store',
    'store',
    'evict',
    'lookup',
    'lookupByKey',
    'reopen',
    'negative',
    'bury',
    'initial',
  ),
  name: fc.constantFrom(...names),
})
const operations = fc.array(operation, { maxLength: 30 })

describe.each(kinds)('$name', ({ open, runs: usual }) => {
  it('lists, keeps and lets go what two plain lists would', async () => {
    await fc.assert(
      fc.asyncProperty(operations, async steps => {
        let subject = await open({ peersMax })
        let order: string[] = []
        let recent: string[] = []
        const buried = new Set<string>()
        const use = (name: string): void => void (recent = [...recent.filter(each => each !== name), name])
        const drop = (name: string): void => {
          order = order.filter(each => each !== name)
          recent = recent.filter(each => each !== name)
        }
        for (const { kind, name } of steps) {
          if (kind === 'store') {
            buried.delete(name)
            await subject.store(peer(name))
            if (!order.includes(name)) {
              if (order.length === peersMax) drop(recent[0]!)
              order.push(name)
            }
            use(name)
          } else if (kind === 'evict') {
            await subject.evict(idOf(name))
            drop(name)
          } else if (kind === 'reopen') subject = await subject.reopen()
          else if (kind === 'initial') {
            subject = await subject.reopen({ initial: [peer(name)] })
            if (!order.includes(name) && !buried.has(name) && order.length < peersMax) {
              order.push(name)
              use(name)
            }
          } else if (kind === 'bury') {
            await subject.bury(idOf(name))
            buried.add(name)
          } else if (kind === 'negative') subject.addNegative(idOf(name), { reason: 'down', until: START + 1 })
          else {
            const hit = kind === 'lookup' ? subject.lookup(idOf(name)) : subject.lookupByKey(keyIdOf(name))
            expect(hit?.peer.id).toBe(order.includes(name) ? idOf(name) : undefined)
            if (order.includes(name)) use(name)
          }
          expect(idsOf(subject)).toEqual(order.map(idOf))
        }
        for (const name of names) {
          const expected = order.includes(name) ? idOf(name) : undefined
          expect(subject.lookup(idOf(name))?.peer.id).toBe(expected)
          expect(subject.lookupByKey(keyIdOf(name))?.peer.id).toBe(expected)
        }
        await subject.close()
      }),
      runs(usual),
    )
  })
})

describe('the pure form', () => {
  /** Freezes all of it; changing one of its maps throws. */
  function frozen<Value>(value: Value): Value {
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array || Object.isFrozen(value))
      return value
    const refuse = (): never => {
      throw new Error('a frozen map was changed')
    }
    if (value instanceof Map) {
      for (const each of value.values()) frozen(each)
      Object.assign(value, { set: refuse, delete: refuse, clear: refuse })
    }
    Object.freeze(value)
    for (const each of Object.values(value)) frozen(each)
    return value
  }

  const change = (set: sets.PeerSet, kind: string, name: string): sets.PeerSet => {
    if (kind === 'store') return sets.storePeer(set, frozen(peer(name)))
    if (kind === 'evict') return sets.evictPeer(set, idOf(name))
    if (kind === 'negative') return sets.addNegative(set, idOf(name), frozen({ reason: '', until: START + 1 }), START)
    if (kind === 'initial') return sets.addInitialPeers(set, frozen([peer(name)]))
    if (kind === 'bury') return sets.addTombstone(set, idOf(name), START)
    if (kind === 'reopen')
      return sets.restorePeerSet(set.limits, frozen([...set.peers.values()]), frozen([...set.tombstones]))
    return sets.usePeers(set, frozen([idOf(name)]))
  }

  it('never changes its input', () => {
    fc.assert(
      fc.property(operations, steps => {
        let set = frozen(sets.emptyPeerSet({ peersMax, hostPeersMax: 1, negativesMax: 2, tombstonesMax: 2 }))
        for (const { kind, name } of steps) {
          const before: unknown = structuredClone(plain(set))
          const after = frozen(change(set, kind, name))
          for (const lookup of [sets.lookupPeer, sets.lookupKey]) lookup(after, idOf(name), START)
          expect(plain(set)).toEqual(before)
          expect(after.peers.size).toBeLessThanOrEqual(peersMax)
          expect(after.negatives.size).toBeLessThanOrEqual(2)
          expect(after.tombstones.size).toBeLessThanOrEqual(2)
          expect([...after.peersByKey.keys()].toSorted()).toEqual(
            sets
              .listPeers(after)
              .flatMap(each => each.keys.map(key => key.id))
              .toSorted(),
          )
          set = after
        }
      }),
    )
  })

  /** Without its maps, which can't be cloned once they refuse to change. */
  function plain(set: sets.PeerSet): unknown {
    return [set.limits, [...set.peers], [...set.peersByKey], [...set.negatives], [...set.tombstones], set.next]
  }
})
