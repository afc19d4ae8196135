/** Other people's servers, on loopback. They are closed without force: a connection that outlives its fetch hangs the test. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, type Server, createServer as createRawServer, type Socket } from 'node:net'
import { afterEach } from 'vitest'
import { createFetchDocument, type FetchDocument, type FetchDocumentOptions } from '../../src/peers/fetch-document.ts'

const servers: Server[] = []

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise(resolve => void server.close(resolve))
})

async function listen(server: Server): Promise<number> {
  servers.push(server)
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

export interface Site {
  readonly origin: string
  readonly port: number
  /** What was asked for, in order. */
  readonly requests: IncomingMessage[]
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void

export async function serve(answer: Answer): Promise<Site> {
  const requests: IncomingMessage[] = []
  const port = await listen(
    createServer((request, response) => {
      requests.push(request)
      answer(request, response)
    }),
  )
  return { origin: `http://127.0.0.1:${port}`, port, requests }
}

/** As `https://secure.example`, with a certificate that nobody signed. */
export async function serveTls(answer: Answer): Promise<{ readonly origin: string }> {
  const port = await listen(createTlsServer({ key, cert }, answer))
  return { origin: `https://secure.example:${port}` }
}

/** Speaks for itself, below HTTP. */
export async function serveRaw(onConnection: (socket: Socket) => void): Promise<string> {
  const server = createRawServer(socket => {
    socket.on('error', () => undefined).resume()
    onConnection(socket)
  })
  return `http://127.0.0.1:${await listen(server)}`
}

export const activityType = 'application/activity+json'

/** Answers with these documents by path, and 404 for all others. */
export function documents(byPath: Readonly<Record<string, unknown>>): Answer {
  return (request, response) => {
    const path = request.url ?? ''
    if (!Object.hasOwn(byPath, path)) return void response.writeHead(404).end()
    response.writeHead(200, { 'content-type': activityType }).end(JSON.stringify(byPath[path]))
  }
}

/** For loopback; names of the tests lead there too. */
export function localFetch(options: Partial<FetchDocumentOptions> = {}): FetchDocument {
  return createFetchDocument({
    userAgent: 'test/1.0',
    allowHttp: true,
    allowPrivateAddresses: true,
    lookup: async () => [{ address: '127.0.0.1' }],
    ...options,
  })
}

export const { signal } = new AbortController()

const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgO13SRXfJGXqX76TQ
w7NJR7tyOQ2/53k223sIbY/F222hRANCAASDi+Vi6ISK4W9YgRMYobdGSImX6IDW
1wgtxgsgV3bJ4Z7ZxuwcsJ2IXIv/BYq74Au78VfI3Mq8NPw0NrfZ49EE
-----END PRIVATE KEY-----`

const cert = `-----BEGIN CERTIFICATE-----
MIIBpDCCAUqgAwIBAgIUNpxiNnUdySZi4Jbw92o68G2CsxgwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOc2VjdXJlLmV4YW1wbGUwIBcNMjYxMTIxMjIwNjUxWhgPMjEy
NjEwMjgyMjA2NTFaMBkxFzAVBgNVBAMMDnNlY3VyZS5leGFtcGxlMFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEg4vlYuiEiuFvWIETGKG3RkiJl+iA1tcILcYLIFd2
yeGe2cbsHLCdiFyL/wWKu+ALu/FXyNzKvDT8NDa32ePRBKNuMGwwHQYDVR0OBBYE
FI/3uV5a1RZH2g+Pm2Kb/9NfgntrMB8GA1UdIwQYMBaAFI/3uV5a1RZH2g+Pm2Kb
/9NfgntrMA8GA1UdEwEB/wQFMAMBAf8wGQYDVR0RBBIwEIIOc2VjdXJlLmV4YW1w
bGUwCgYIKoZIzj0EAwIDSAAwRQIhAOxMFUDmi1MhEQTr6YfQMDCir3ohBaK0K1S/
PaZ+cmauAiBT6s65S4vZfmRrBT+tBXTCEmQ1ahrQRud78rAIl2u27g==
-----END CERTIFICATE-----`
