/** A server on a free port of the loopback interface, closed with all its connections. */
import { once } from 'node:events'
import { createServer } from 'node:http'

/**
 * @typedef {(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => Promise<void>} Answer
 *
 * @param {(origin: string) => Answer | Promise<Answer>} answerAt makes what answers, once the origin is known
 * @returns {Promise<{ origin: string, close: () => Promise<void> }>}
 */
export async function listen(answerAt) {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${server.address().port}`
  const answer = await answerAt(origin)
  server.on('request', (request, response) => {
    answer(request, response).catch((/** @type {unknown} */ error) => {
      console.error(error)
      if (!response.headersSent) response.writeHead(500)
      response.end()
    })
  })
  const close = async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  return { origin, close }
}

/** @param {import('node:http').IncomingMessage} request */
export async function bodyOf(request) {
  return Buffer.concat(await request.toArray())
}
