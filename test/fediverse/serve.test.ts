/** `npm start -- --serve`: a host that anybody on this machine can post to. */
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { signedDelivery, testPeer } from 'twinlog/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { readArguments } from '../../examples/fediverse/arguments.mjs'
import { isBuilt, start } from './example.ts'

let children: ChildProcessWithoutNullStreams[] = []

/** A host at a port that is free, once it has said where its inbox is; and what it says from then on. */
async function serving() {
  const { child, ended } = start(['--serve', '--port', '0'])
  children.push(child)
  let out = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  const said = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const found = pattern.exec(out)
      if (found !== null) return found
      await once(child.stdout, 'data')
    }
  }
  const [, inbox = ''] = await said(/^ +inbox +(http:\S+)$/m)
  await said(/Ctrl-C/)
  return { child, ended, inbox, said }
}

afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  children = []
})

describe.skipIf(!isBuilt)(isBuilt ? '--serve' : 'skipped: dist is not there (npm run build)', () => {
  it('judges what is posted to it over HTTP, and ends in good order at Ctrl-C', async () => {
    const { child, ended, inbox, said } = await serving()
    const server = createServer((_, response) => {
      response.setHeader('content-type', 'application/activity+json').end(JSON.stringify(peer.document))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const peer = testPeer(`${origin}/users/ida`)
    const activity = { id: `${origin}/likes/1`, type: 'Like', actor: peer.id, object: inbox }
    const { rawHeaders, body } = signedDelivery({ from: peer, to: inbox, activity })
    const headers = Object.fromEntries(rawHeaders as [string, string][])
    const type = { 'content-type': 'application/activity+json' }
    try {
      const signed = await fetch(inbox, { method: 'POST', headers, body: Buffer.from(body) })
      const unsigned = await fetch(inbox, { method: 'POST', headers: type, body: Buffer.from(body) })
      expect([signed.status, unsigned.status]).toEqual([202, 401])
      expect(await unsigned.json()).toMatchObject({ error: 'missing_signature' })
      await said(/202 accepted +Like: wren 1$/m)
      await said(/401 missing_signature/)
    } finally {
      server.close()
    }
    child.kill('SIGINT')
    expect(await ended).toMatchObject({ code: 0, err: '', left: [] })
  })

  it('takes what --post sends, and serves what it has to read', async () => {
    const { inbox, said } = await serving()
    expect(await start(['--post', inbox]).ended).toMatchObject({ code: 0, err: '', left: [] })
    await said(/202 accepted +Create: wren 1$/m)

    const actor = inbox.replace('/inbox', '')
    const { host } = new URL(inbox)
    const json = async (url: string): Promise<Record<string, unknown>> => (await fetch(url)).json() as never
    expect(await json(actor)).toMatchObject({ id: actor, inbox, outbox: `${actor}/outbox` })
    expect(await json(`http://${host}/.well-known/webfinger?resource=acct:wren@${host}`)).toMatchObject({
      links: [{ rel: 'self', href: actor }],
    })
    const { first } = await json(`${actor}/outbox`)
    const page = await json(String(first))
    const { orderedItems: [newest] = [] } = page as { orderedItems?: { id: string }[] }
    expect(newest).toMatchObject({ type: 'Create', actor })
    expect(await json(newest!.id)).toEqual(newest)
    const outbox = '/users/wren/outbox'
    // A URL that was resolved against the origin made `//` an error of the server's.
    const nowhere = ['/users/nobody', `${outbox}/99`, `${outbox}?after=99`, `${outbox}?x=1`, '//', '//users/wren']
    const answers = await Promise.all(nowhere.map(path => fetch(`http://${host}${path}`)))
    expect(answers.map(({ status }) => status)).toEqual(nowhere.map(() => 404))
  })

  it('says so when the port is in use', async () => {
    const { inbox } = await serving()
    const { port } = new URL(inbox)
    const { code, err, left } = await start(['--serve', '--port', port]).ended
    expect({ code, left }).toEqual({ code: 1, left: [] })
    expect(err).toContain(port)
    expect(err).not.toContain('    at ')
  })

  it('a bad flag is a usage error', async () => {
    const { code, out, err, left } = await start(['--bad']).ended
    expect({ code, out, left }).toEqual({ code: 2, out: '', left: [] })
    expect(err).toContain('--serve')
  })
})

describe('arguments', () => {
  it.each([
    [[], { mode: 'story' }],
    [['-h'], { mode: 'help' }],
    [['--serve'], { mode: 'serve', port: 4747 }],
    [['--serve', '--port', '65535'], { mode: 'serve', port: 65_535 }],
    [['--post', 'http://127.0.0.1:1/inbox'], { mode: 'post', inbox: 'http://127.0.0.1:1/inbox' }],
  ])('%j', (argv, meaning) => expect(readArguments(argv)).toEqual(meaning))

  it.each([
    [['word']],
    [['--port', '4000']],
    [['--serve', '--port']],
    [['--serve', '--port', '65536']],
    [['--serve', '--port', '1e3']],
    [['--serve', '--post', 'http://127.0.0.1:1/inbox']],
    [['--post', 'https://social.example/inbox']],
  ])('%j is refused', argv => expect(readArguments(argv)).toHaveProperty('fault'))
})
