/** The README's host over Hono, behind a port: what @hono/node-server makes of a request is still what was signed. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInbound, type SignatureForm } from 'twinlog'
import { openMemory, signedDelivery, testPeer } from 'twinlog/testing'
import { expect, it } from 'vitest'

interface App {
  post(path: string, handler: (context: { readonly req: { readonly raw: Request } }) => Promise<Response>): void
  readonly fetch: (request: Request) => Promise<Response>
}

// Not static imports: Hono's types want those of a browser, which nothing else here may have.
const hono: string = 'hono'
const nodeServer: string = '@hono/node-server'
const { Hono } = (await import(hono)) as { readonly Hono: new () => App }
const { serve } = (await import(nodeServer)) as {
  readonly serve: (options: Pick<App, 'fetch'> & { readonly port: number; readonly hostname: string }) => Server
}

it.each<SignatureForm>(['cavage', 'rfc9421'])(
  'takes a delivery that is signed as %s, and no other body',
  async form => {
    const app = new Hono()
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
    await once(server, 'listening')
    try {
      const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const [alice, inbox] = [`${origin}/users/alice`, `${origin}/users/alice/inbox?shared=false`]
      const store = await openMemory({ actors: [alice] })
      const bob = testPeer('https://remote.example/users/bob')
      const inbound = createInbound({ store, origin, fetchPeer: () => bob.peer, route: () => [alice] })
      app.post('/users/alice/inbox', context => inbound.handle(context.req.raw))

      const activity = { id: 'https://remote.example/likes/1', type: 'Like', actor: bob.id, object: alice }
      const { rawHeaders, body } = signedDelivery({ from: bob, to: inbox, activity, form })
      const headers = Object.fromEntries(rawHeaders as [string, string][])
      const post = (sent: Uint8Array): Promise<Response> =>
        fetch(inbox, { method: 'POST', headers, body: Buffer.from(sent) })

      expect((await post(body)).status).toBe(202)
      const swapped = await post(Buffer.from(JSON.stringify({ ...activity, type: 'Announce' })))
      expect([swapped.status, await swapped.json()]).toEqual([
        400,
        { error: 'digest_mismatch', detail: expect.any(String) },
      ])
      expect(await store.inbox(alice).tip()).toBe(1)
      expect(Buffer.from((await store.inbox(alice).get(1))!.bytes)).toEqual(Buffer.from(body))
      await store.close()
    } finally {
      server.close()
    }
  },
)
