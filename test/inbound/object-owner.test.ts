/** Who may change, delete or take back what. */
import { describe, expect, it } from 'vitest'
import { checkObjectOwner } from '../../src/inbound/stages/object-owner.ts'
import { carol, dora, follow, mallory, sent, world } from './fixtures.ts'

const note = `${carol.id}/notes/1`

function check(type: string | readonly string[], object: unknown): unknown {
  const types = typeof type === 'string' ? [type] : type
  const activity = { id: `${carol.id}/1`, type, actor: carol.id, object }
  return (checkObjectOwner({ id: activity.id, types, actor: carol.id, activity }) as { code?: string })?.code ?? 'fine'
}

describe.each(['Update', 'Delete', 'Undo', ['Announce', 'Delete'], ['Undo', 'Block']])('%j', type => {
  it.each<[string, unknown]>([
    ['its own, by id', note],
    ['its own', { id: note, type: 'Note', attributedTo: carol.id }],
    ['its own, as an object with an id', { id: note, type: 'Note', attributedTo: { id: carol.id } }],
    ['its own among others', { id: note, type: 'Note', attributedTo: [dora.id, carol.id] }],
    ['its own activity', { id: `${carol.id}/follows/1`, type: 'Follow', actor: carol.id }],
    ['one of its origin that names nobody', { id: note, type: 'Tombstone' }],
    ['itself', carol.id],
    ['itself, in full', carol.document],
    ['several of its own', [note, { id: `${note}#2`, attributedTo: carol.id }]],
  ])('of %s', (_, object) => {
    expect(check(type, object)).toBe('fine')
  })

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['an empty list', []],
    ['a text that is no URL', 'note'],
    ['something of another origin, by id', `${mallory.id}/notes/1`],
    ['something of another origin', { id: `${mallory.id}/notes/1`, attributedTo: carol.id }],
    ['something of a neighbour', { id: `${dora.id}/notes/1`, attributedTo: dora.id }],
    ["a neighbour's activity", { id: `${dora.id}/likes/1`, type: 'Like', actor: dora.id }],
    ["a stranger's activity", { id: `${carol.id}/likes/1`, type: 'Like', actor: mallory.id }],
    ['what two members give to two', { id: note, actor: carol.id, attributedTo: dora.id }],
    ['nobody', { id: note, attributedTo: [] }],
    ['its own and a stranger’s', [note, `${mallory.id}/notes/1`]],
    ['lists in lists', [[{ id: `${dora.id}/notes/1`, attributedTo: dora.id }]]],
    ['a number', 1],
  ])('of %s is refused', (_, object) => {
    expect(check(type, object)).toBe('not_owner')
  })
})

describe('Update', () => {
  it('of an actor is of exactly itself', () => {
    expect(check('Update', { id: carol.id, type: 'Person', name: 'Carol' })).toBe('fine')
    for (const type of ['Person', 'Service', 'Group', 'Organization', 'Application', ['Person', 'Thing']]) {
      expect(check('Update', { id: dora.id, type })).toBe('not_owner')
      expect(check('Update', [{ id: dora.id, type }])).toBe('not_owner')
      expect(check('Update', [[{ id: dora.id, type }]])).toBe('not_owner')
    }
  })
})

it.each(['as:', 'https://www.w3.org/ns/activitystreams#'])('a type written with %s is that type', prefix => {
  for (const type of ['Update', 'Delete', 'Undo']) {
    expect(check(`${prefix}${type}`, `${mallory.id}/notes/1`)).toBe('not_owner')
    expect(check(`${prefix}${type}`, note)).toBe('fine')
  }
  expect(check(`${prefix}Update`, { id: dora.id, type: `${prefix}Person` })).toBe('not_owner')
})

describe('Undo', () => {
  it('may embed an activity that never had an id, if it names its actor', () => {
    expect(check('Undo', { type: 'Follow', actor: carol.id, object: mallory.id })).toBe('fine')
    expect(check('Undo', { id: null, type: 'Follow', actor: carol.id })).toBe('fine')
    expect(check('Undo', { type: 'Follow', actor: dora.id })).toBe('not_owner')
    expect(check('Undo', { type: 'Follow' })).toBe('not_owner')
    expect(check('Undo', { type: 'Note', attributedTo: carol.id })).toBe('fine')
    expect(check('Undo', { type: 'Follow', actor: carol.id, attributedTo: dora.id })).toBe('not_owner')
  })

  it('but others may not', () => {
    for (const type of ['Update', 'Delete']) expect(check(type, { type: 'Note', actor: carol.id })).toBe('not_owner')
  })
})

it.each(['Create', 'Announce', 'Like', 'Follow', 'Accept', 'Flag'])('%s embeds what it likes', async type => {
  expect(check(type, { id: `${mallory.id}/notes/1`, attributedTo: mallory.id })).toBe('fine')
  const { inbound } = await world()
  const activity = follow(carol, { type, object: { id: `${mallory.id}/notes/1`, attributedTo: mallory.id } })
  expect(await inbound.receive(sent({ activity }))).toMatchObject({ accepted: true })
})
