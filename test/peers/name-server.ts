/** A name server on loopback (RFC 1035), that the process asks for the length of a test. */
import { createSocket } from 'node:dgram'
import dns from 'node:dns'
import { afterEach } from 'vitest'

interface Names {
  /** IPv4 and IPv6 addresses of each name, or that it never answers. All others it does not know. */
  readonly [name: string]: { readonly v4?: readonly string[]; readonly v6?: readonly number[][] } | 'silent'
}

const closing: (() => void)[] = []

afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** The names that were asked for, as they come. */
export async function serveNames(names: Names): Promise<string[]> {
  const asked: string[] = []
  const socket = createSocket('udp4', (query, { port, address }) => {
    let end = 12
    const labels: string[] = []
    for (let length = query[end]!; length > 0; length = query[end]!) {
      labels.push(query.toString('latin1', end + 1, end + 1 + length))
      end += 1 + length
    }
    const name = labels.join('.').toLowerCase()
    asked.push(name)
    const known = Object.hasOwn(names, name) ? names[name] : undefined
    if (known === 'silent') return
    const type = query.readUInt16BE(end + 1)
    const v4 = (known?.v4 ?? []).map(each => Buffer.from(each.split('.').map(Number)))
    const v6 = (known?.v6 ?? []).map(groups => Buffer.from(groups.flatMap(each => [each >> 8, each & 0xff])))
    const answers = type === 1 ? v4 : type === 28 ? v6 : []
    const head = Buffer.from(query.subarray(0, 12))
    // A recursive answer, without an error or NXDOMAIN; one question, and the answers.
    head.writeUInt16BE(known === undefined ? 0x8183 : 0x8180, 2)
    for (const [at, count] of [1, answers.length, 0, 0].entries()) head.writeUInt16BE(count, 4 + 2 * at)
    const records = answers.flatMap(bytes => [
      Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, bytes.length]),
      bytes,
    ])
    socket.send(Buffer.concat([head, query.subarray(12, end + 5), ...records]), port, address)
  })
  await new Promise<void>(resolve => void socket.bind(0, '127.0.0.1', resolve))
  const before = dns.getServers()
  dns.setServers([`127.0.0.1:${socket.address().port}`])
  closing.push(() => {
    dns.setServers(before)
    socket.close()
  })
  return asked
}
