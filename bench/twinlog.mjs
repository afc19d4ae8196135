/**
 * twinlog as its users get it: the build. `bench/` is a package of its own, so the name 'twinlog' leads nowhere from here.
 */
const built = (/** @type {string} */ name) => import(new URL(`../dist/${name}.js`, import.meta.url).href)

/** @type {typeof import('twinlog')} */
const engine = await built('index')
/** @type {typeof import('twinlog/testing')} */
const testing = await built('testing')

export const { createInbound, open } = engine
export const { signedDelivery, testKeys, testPeer } = testing
