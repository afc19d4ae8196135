/** One host that stays, for whoever wants to post to it by hand. */
import { once } from 'node:events'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { publicId } from './activity.mjs'
import { Host } from './host.mjs'
import { post, sign } from './send.mjs'
import { done, line, printable, say, title } from './terminal.mjs'

const main = fileURLToPath(new URL('main.mjs', import.meta.url))

const unsigned = JSON.stringify({ id: 'https://a.example/1', type: 'Like', actor: 'https://a.example/me' })

/** Until `signal` aborts. @param {string} folder an empty directory @param {{ port: number, signal: AbortSignal }} options */
export async function serve(folder, { port, signal }) {
  const host = new Host({
    directory: folder,
    names: ['wren'],
    algorithm: 'rsa',
    form: 'cavage',
    onVerdict: (verdict, { method, url }) => {
      const effect = verdict.accepted
        ? `${String(verdict.activity.type)}: ${verdict.inboxes.map(placeOf).join(', ')}`
        : verdict.detail
      show(method, new URL(url), `${verdict.status} ${verdict.code}`, effect)
    },
    onRead: (url, status) => show('GET', url, String(status), ''),
  })
  await host.start(port)
  try {
    const wren = host.person('wren')
    const object = { type: 'Note', content: 'Hello, whoever you are.' }
    await host.publish(wren, { type: 'Create', to: [publicId], object })
    title(`A host listens at ${host.origin}`)
    say('')
    say(`   actor    ${wren.id}`)
    say(`   inbox    ${wren.inbox}`)
    say(`   outbox   ${wren.outbox}?page=true`)
    say(`   store    ${folder}`)
    say('\nIn another terminal: read the outbox; post without a signature; post with one:\n')
    say(`   curl '${wren.outbox}?page=true'`)
    say(`   curl -i -H 'content-type: application/activity+json' -d '${unsigned}' ${wren.inbox}`)
    say(`   node ${relative(process.cwd(), main)} --post ${wren.inbox}`)
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

/** @param {string} method @param {URL} url @param {string} verdict @param {string} effect */
function show(method, { pathname, search }, verdict, effect) {
  line({ who: printable(method), what: printable(pathname + search), verdict, effect: printable(effect) })
}

/** @param {import('twinlog').InboxOutcome} outcome */
function placeOf({ actor, seq, refused }) {
  return `${actor.split('/').at(-1)} ${refused ?? seq}`
}
