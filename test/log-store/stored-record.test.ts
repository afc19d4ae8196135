/** An entry that declares records lost answers for those, and for no others: an index may point at it wrongly. */
import { describe, expect, it } from 'vitest'
import type { VerifiedEntry } from '../../src/commit-log/record-reader.ts'
import { alice, inbox } from '../../src/log-store/conformance/suite.ts'
import { aboutRecord, toStoredRecord } from '../../src/log-store/stored-record.ts'
import { encodePair } from '../../src/record/bodies.ts'
import { ENTRY_TYPE } from '../../src/record/layout.ts'

const lostFrom3To5 = {
  entry: { type: ENTRY_TYPE.lost, log: 2, seq: 5 },
  payload: encodePair(3, 5),
} as unknown as VerifiedEntry

const read = (log: number, seq: number): unknown => {
  try {
    return toStoredRecord(lostFrom3To5, log, seq)
  } catch (error) {
    return aboutRecord(error, inbox(alice), seq)
  }
}

describe('a lost entry', () => {
  it.each([3, 4, 5])('is what became of %i', seq => {
    expect(read(2, seq)).toMatchObject({ code: 'LOST', actor: alice, box: 'inbox', seq, from: 3, to: 5 })
  })

  it.each([2, 6])('says nothing of %i', seq => expect(read(2, seq)).toBe(null))

  it('says nothing of another log', () => expect(read(3, 4)).toBe(null))
})
