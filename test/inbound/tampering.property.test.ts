/** Any change of what was signed is refused; any change that the wire may make is not; and nothing ever throws. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Verdict } from '../../src/inbound/types.ts'
import { runs } from '../engine/runs.ts'
import { alice, carol, dora, follow, header, inboxOf, sent, withHeaders, world, type Sent } from './fixtures.ts'

const combinations = (['cavage', 'rfc9421'] as const).flatMap(form =>
  [carol, dora].map(from => ({ form, from, kind: from.peer.keys[0]!.algorithm })),
)
const known = { peers: { initial: [carol.peer, dora.peer] }, route: () => [alice] }
const to = `${inboxOf(alice)}?page=2`

/** A text of the delivery that is signed, and how to put another one in its place. */
interface Part {
  readonly name: string
  readonly text: string
  readonly put: (delivery: Sent, text: string) => Sent
}

function headerPart(delivery: Sent, name: string): Part {
  return { name, text: header(delivery, name), put: (sound, text) => withHeaders(sound, { [name]: text }) }
}

/** The value of a parameter of a cavage signature; which parameters there are is not signed. */
function parameterPart(delivery: Sent, name: string): Part {
  const whole = header(delivery, 'signature')
  const [, before = '', text = '', after = ''] = new RegExp(`^(.*\\b${name}=")([^"]*)(".*)$`).exec(whole) ?? []
  return { name, text, put: (sound, value) => withHeaders(sound, { signature: before + value + after }) }
}

/** Everything that is covered. Letter case of scheme and host is not: both forms have it in lower case. */
function partsOf(delivery: Sent, form: 'cavage' | 'rfc9421'): readonly Part[] {
  const origin = new URL(delivery.url).origin.length
  const common: readonly Part[] = [
    { name: 'method', text: delivery.method, put: (sound, method) => ({ ...sound, method }) },
    {
      name: 'target',
      text: delivery.url.slice(origin),
      put: (sound, text) => ({ ...sound, url: sound.url.slice(0, origin) + text }),
    },
    {
      name: 'body',
      text: Buffer.from(delivery.body).toString('latin1'),
      put: (sound, text) => ({ ...sound, body: Buffer.from(text, 'latin1') }),
    },
  ]
  return form === 'cavage'
    ? [
        ...common,
        ...['host', 'date', 'digest'].map(name => headerPart(delivery, name)),
        ...['keyId', 'headers', 'signature'].map(name => parameterPart(delivery, name)),
      ]
    : [...common, ...['content-digest', 'signature-input', 'signature'].map(name => headerPart(delivery, name))]
}

/** By a stage that looks at the delivery: the append would refuse another body of a known id, but too late. */
function assertRefused(verdict: Verdict, message?: string): void {
  assert.equal(verdict.accepted, false, message)
  assert.notEqual(verdict.code, 'id_conflict', message)
}

function flip(text: string, bit: number): string {
  const bytes = Buffer.from(text, 'latin1')
  bytes[(bit >> 3) % bytes.length]! ^= 1 << (bit & 7)
  return bytes.toString('latin1')
}

describe.each(combinations)('form $form, a key of kind $kind', ({ form, from }) => {
  const delivery = sent({ form, from, to, activity: follow(from, { content: 'é' }) })

  it('is refused when any bit of what is signed is another', async () => {
    const { inbound, store } = await world(known)
    assert.equal((await inbound.receive(delivery)).code, 'accepted')
    const parts = fc.constantFrom(...partsOf(delivery, form))
    await fc.assert(
      fc.asyncProperty(parts, fc.nat(), async ({ text, put }, bit) => {
        const verdict = await inbound.receive(put(delivery, flip(text, bit)))
        assertRefused(verdict)
        assert.equal(await store.inbox(alice).tip(), 1)
      }),
      runs(250),
    )
  })

  it('is refused when a part is cut off, or another one takes its place', async () => {
    const { inbound } = await world(known)
    const other = sent({ form, from, to: inboxOf('https://us.example/users/bob'), activity: follow(from) })
    const others = new Map(partsOf(other, form).map(({ name, text }) => [name, text]))
    for (const { name, text, put } of partsOf(delivery, form)) {
      const texts = [text.slice(0, -1), text.slice(1), '', `${text}x`, `x${text}`, others.get(name)!]
      for (const changed of texts.filter(each => each !== text)) {
        assertRefused(await inbound.receive(put(delivery, changed)), `${name}: ${changed}`)
      }
    }
  })

  it('is accepted with its header lines in any order, case and white space', async () => {
    const { inbound } = await world(known)
    const space = fc.stringMatching(/^[ \t]{0,3}$/)
    const lines = delivery.rawHeaders.length + 2
    const wire = fc.record({
      order: fc.shuffledSubarray([...Array(lines).keys()], { minLength: lines }),
      cases: fc.array(fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }), { minLength: lines, maxLength: lines }),
      spaces: fc.array(fc.tuple(space, space), { minLength: lines, maxLength: lines }),
      isFlat: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(wire, async ({ order, cases, spaces, isFlat }) => {
        const all = [...delivery.rawHeaders, ['Via', '1.1 proxy'], ['Accept', '*/*']] as const
        const rawHeaders = order.map((at): [string, string] => {
          const [name, value] = all[at]!
          const letters = Array.from(name, (letter, index) =>
            cases[at]![index] === true ? letter.toUpperCase() : letter,
          )
          return [letters.join(''), spaces[at]![0] + value + spaces[at]![1]]
        })
        const verdict = await inbound.receive({ ...delivery, rawHeaders: isFlat ? rawHeaders.flat() : rawHeaders })
        assert.equal(verdict.accepted, true, `${verdict.code} ${'detail' in verdict ? verdict.detail : ''}`)
      }),
      runs(50),
    )
  })
})

it('cavage parameters may stand in any order, with white space between them', async () => {
  const { inbound } = await world(known)
  const delivery = sent()
  const parameters = header(delivery, 'signature').split(/,(?=[a-z]+=")/i)
  const space = fc.stringMatching(/^[ \t]{0,2}$/)
  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray(parameters, { minLength: parameters.length }),
      fc.array(space, { minLength: 8, maxLength: 8 }),
      async (order, spaces) => {
        const signature = order.map((each, at) => spaces[at]! + each + spaces[at + 4]!).join(',')
        assert.equal((await inbound.receive(withHeaders(delivery, { signature }))).accepted, true)
      },
    ),
    runs(50),
  )
})

describe('nothing throws', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 100 }),
    fc.stringMatching(/^[ \t",;:=()@a-z0-9-]{0,60}$/),
  )
  const names = ['signature', 'signature-input', 'digest', 'content-digest', 'host', 'date', 'content-type', 'x']

  it('for any body, signed and delivered', async () => {
    const { inbound, store } = await world(known)
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async activity => {
        const verdict = await inbound.receive(sent({ from: dora, activity }))
        assert.equal(verdict.accepted, false)
      }),
      runs(150),
    )
    expect(await store.inbox(alice).tip()).toBe(0)
  })

  it('for any header', async () => {
    const { inbound } = await world(known)
    const sound = combinations.map(({ form, from }) => sent({ form, from, activity: follow(from) }))
    for (const delivery of sound) assert.equal((await inbound.receive(delivery)).accepted, true)
    const change = fc.tuple(fc.constantFrom(...sound), fc.constantFrom(...names), text, fc.boolean())
    await fc.assert(
      fc.asyncProperty(change, async ([delivery, name, value, isAdded]) => {
        const changed = isAdded
          ? { ...delivery, rawHeaders: [...delivery.rawHeaders, [name, value] as [string, string]] }
          : withHeaders(delivery, { [name]: value })
        const verdict = await inbound.receive(changed)
        // What was not covered may be anything.
        if (verdict.accepted) assert.equal(verdict.code, 'duplicate')
        else assert.equal(typeof verdict.detail, 'string')
      }),
      runs(250),
    )
  })

  it('for any request at all', async () => {
    const { inbound, store } = await world(known)
    const requests = fc.record({
      method: fc.oneof(text, fc.constant('POST')),
      url: fc.oneof(text, fc.webUrl(), fc.constant(to)),
      rawHeaders: fc.oneof(
        fc.array(fc.tuple(fc.oneof(text, fc.constantFrom(...names)), text)),
        fc.array(fc.oneof(text, fc.constantFrom(...names))),
      ),
      body: fc.uint8Array({ maxLength: 100 }),
    })
    await fc.assert(
      fc.asyncProperty(requests, async request => {
        assert.equal((await inbound.receive(request)).accepted, false)
      }),
      runs(200),
    )
    expect(await store.inbox(alice).tip()).toBe(0)
  })
})
