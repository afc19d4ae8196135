/** One host that stays, for whoever wants to post to it by hand. */
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { publicId } from './activity.mjs'
import { Host } from './host.mjs'
import { post, sign } from './send.mjs'
import { done, fact, line, printable, say, title } from './terminal.mjs'

const main = fileURLToPath(new URL('main.mjs', import.meta.url))

/** Until `signal` aborts. @param {string} folder an empty directory @param {{ port: number, signal: AbortSignal }} options */
export async function serve(folder, { port, signal }) {
  const host = new Host({
    directory: folder,
    names: ['wren'],
    algorithm: 'rsa',
    form: 'cavage',
    onVerdict: (verdict, { url }) => {
      const effect = verdict.accepted
        ? verdict.inboxes.map(({ seq, refused }) => (refused === undefined ? `wren ${seq}` : refused)).join(', ')
        : verdict.detail
      const what = verdict.accepted ? String(verdict.activity.type) : 'refused'
      const who = new URL(url).pathname
      line({
        who: printable(who),
        what: printable(what),
        verdict: `${verdict.status} ${verdict.code}`,
        effect: printable(effect),
      })
    },
    onRead: (url, status) => line({ who: printable(url.pathname), what: 'GET', verdict: String(status), effect: '' }),
  })
  await host.start(port)
  try {
    const wren = host.person('wren')
    const object = { type: 'Note', content: 'Hello, whoever you are.' }
    await host.publish(wren, { type: 'Create', to: [publicId], object })
    title(`A host listens at ${host.origin}`)
    say('')
    fact('actor', wren.id)
    fact('inbox', wren.inbox)
    fact('outbox', `${wren.outbox}?page=true`)
    fact('store', folder)
    say('\nIn another terminal:')
    say(`   curl ${wren.outbox}?page=true`)
    say(`   curl -i -H 'content-type: application/activity+json' -d '{}' ${wren.inbox}`)
    say(`   node ${main} --post ${wren.inbox}`)
    say('\nEach delivery is a line here. Ctrl-C ends it, and removes the store.\n')
    if (!signal.aborted) await once(signal, 'abort')
  } finally {
    await host.stop()
  }
  done('closed')
}

/**
 * One signed note, from a host of its own that lives just long enough to show its key.
 * @param {string} folder an empty directory @param {string} inbox
 */
export async function postNote(folder, inbox) {
  const host = new Host({ directory: folder, names: ['gull'], algorithm: 'ed25519', form: 'rfc9421' })
  await host.start(0)
  try {
    const gull = host.person('gull')
    const object = { type: 'Note', content: 'Hello by hand.' }
    const activity = await host.publish(gull, { type: 'Create', to: [publicId], object })
    const body = Buffer.from(JSON.stringify(activity))
    const status = await post(sign({ url: inbox, body, signer: gull, form: 'rfc9421', now: Date.now() }))
    line({ who: gull.name, what: 'Create', verdict: status === 0 ? 'no answer' : String(status), effect: inbox })
    return status >= 200 && status < 300
  } finally {
    await host.stop()
  }
}
