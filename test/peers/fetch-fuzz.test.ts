/** Servers that speak nonsense: whatever bytes come back, a fetch ends in a document or in a FetchError. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { FetchError } from '../../src/peers/fetch/fetch-error.ts'
import { runs } from '../engine/runs.ts'
import { activityType, localFetch, serveRaw, signal } from './web.ts'

const body = '{"id":"x"}'
const answer = [
  'HTTP/1.1 200 OK',
  `content-type: ${activityType}`,
  `content-length: ${body.length}`,
  'connection: close',
  '',
  body,
].join('\r\n')
const line = fc.constantFrom(
  'HTTP/1.1 302 Found',
  'HTTP/1.1 410 Gone',
  'HTTP/1.1 100 Continue',
  'HTTP/1.0 200',
  'location: /',
  'location: //[',
  'location: https://u:p@10.0.0.1/',
  'transfer-encoding: chunked',
  'content-length: 99999999',
  'content-length: -1',
  'content-encoding: gzip',
  `content-type: ${activityType}`,
  'content-type: ;;;',
  '',
  '5\r\n{"a":',
  '0\r\n',
  body,
  '{"a":1,"a":2}',
)
const bytes = fc.oneof(
  fc.uint8Array().map(each => Buffer.from(each)),
  fc.array(line, { maxLength: 8 }).map(lines => Buffer.from(lines.join('\r\n'))),
  fc
    .tuple(fc.nat({ max: answer.length }), fc.nat({ max: 4 }), fc.uint8Array({ maxLength: 4 }))
    .map(([at, cut, piece]) => {
      const whole = Buffer.from(answer)
      return Buffer.concat([whole.subarray(0, at), piece, whole.subarray(at + cut)])
    }),
)

it('ends in a document or in a FetchError, and says nothing of what came', async () => {
  let next = Buffer.from(answer)
  const url = await serveRaw(socket => void socket.end(next))
  const fetchDocument = localFetch({ redirectsMax: 1 })
  expect(await fetchDocument(url, { signal })).toMatchObject({ document: { id: 'x' } })
  await fc.assert(
    fc.asyncProperty(bytes, async each => {
      next = each
      const fetched = await fetchDocument(url, { signal }).catch((error: unknown) => error)
      if (fetched instanceof Error) expect(fetched).toBeInstanceOf(FetchError)
      else expect(fetched).toMatchObject({ finalUrl: `${url}/` })
    }),
    runs(300),
  )
})
