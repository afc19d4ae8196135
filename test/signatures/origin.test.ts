/** The origin of an id is what the URL standard says, and of what two readers could read in two ways there is none. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { originOf } from '../../src/signatures/origin.ts'
import { runs } from '../engine/runs.ts'

/** The standard's own answer, with what is refused on purpose taken out. */
function originByUrl(id: string): string | undefined {
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u0020\u007f\\]/.test(id) || !/^https?:\/\/[^/?#]/i.test(id)) return undefined
  try {
    const url = new URL(id)
    return url.username + url.password === '' ? url.origin : undefined
  } catch {
    return undefined
  }
}

const label = fc.constantFrom(
  'a',
  'example',
  'xn--nxasmq6b',
  'xn--a',
  '-a',
  'a-',
  '0x7f',
  '1',
  '2130706433',
  'ex_a',
  'É',
  '',
)
const ids = fc
  .record({
    scheme: fc.constantFrom('http://', 'https://', 'HTTPS://', 'https:', 'https:/', 'ftp://', 'acct:', 'data:', ''),
    user: fc.constantFrom('', 'u@', 'u:p@', '@'),
    host: fc.array(label, { minLength: 1, maxLength: 4 }).map(labels => labels.join('.')),
    port: fc.constantFrom('', ':443', ':80', ':8080', ':0', ':99999', ':'),
    rest: fc.oneof(fc.constantFrom('', '/', '/a#b', '?q', '#f', '\\x', '/\t', '/ü'), fc.webPath()),
  })
  .map(({ scheme, user, host, port, rest }) => scheme + user + host + port + rest)

describe('the origin of an id', () => {
  it('is what the URL standard says', () => {
    const matches = fc.property(fc.oneof(ids, fc.webUrl(), fc.string()), id => {
      expect(originOf(id)).toBe(originByUrl(id))
    })
    fc.assert(matches, runs(5000))
  })

  it.each([
    ['https://remote.example/users/a#main-key', 'https://remote.example'],
    ['HTTPS://Remote.Example:443/', 'https://remote.example'],
    ['http://remote.example:8080', 'http://remote.example:8080'],
    ['https://2130706433/', 'https://127.0.0.1'],
  ])('%s', (id, origin) => {
    expect(originOf(id)).toBe(origin)
  })

  it.each([
    'https://rem\tote.example/',
    'https://remote.example\\@other.example/',
    'https:remote.example',
    'https://user@remote.example/',
    'https:///remote.example/',
    // One such host of 60,000 ideographs held the process for seconds, in the URL parser.
    `https://${'é'.repeat(600)}.example/`,
    'acct:a@remote.example',
    'data:text/plain,a',
    '',
  ])('%j has none', id => {
    expect(originOf(id)).toBeUndefined()
  })
})
