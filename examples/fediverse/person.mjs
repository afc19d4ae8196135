/** Somebody who lives on a host: ids, a key pair, and the document that publishes its public half. */
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { multikeyOf } from 'twinlog'

export class Person {
  /** @param {{ origin: string, name: string, algorithm: 'rsa' | 'ed25519' }} options */
  constructor({ origin, name, algorithm }) {
    this.name = name
    this.algorithm = algorithm
    this.id = `${origin}/users/${name}`
    this.inbox = `${this.id}/inbox`
    this.outbox = `${this.id}/outbox`
    this.followers = `${this.id}/followers`
    this.sharedInbox = `${origin}/inbox`
    this.keyId = `${this.id}#main-key`
    this.privateKey = newKey(algorithm)
  }

  /** Another key under the same id, as after a leak. */
  rotateKey() {
    this.privateKey = newKey(this.algorithm)
  }

  get document() {
    const { id, inbox, outbox, followers, sharedInbox, name } = this
    return {
      '@context': ['https://www.w3.org/ns/activitystreams', 'https://w3id.org/security/v1'],
      id,
      type: 'Person',
      preferredUsername: name,
      inbox,
      outbox,
      followers,
      endpoints: { sharedInbox },
      ...this.#publishedKey,
    }
  }

  /** RSA as every server reads it; Ed25519 as a Multikey (FEP-521a). */
  get #publishedKey() {
    const { id, keyId, privateKey, algorithm } = this
    const key = createPublicKey(privateKey)
    if (algorithm === 'ed25519') {
      const publicKey = key.export({ type: 'spki', format: 'der' })
      const publicKeyMultibase = multikeyOf({ algorithm, publicKey })
      return { assertionMethod: [{ id: keyId, type: 'Multikey', controller: id, publicKeyMultibase }] }
    }
    const publicKeyPem = key.export({ type: 'spki', format: 'pem' })
    return { publicKey: { id: keyId, owner: id, publicKeyPem } }
  }
}

/** @param {'rsa' | 'ed25519'} algorithm */
export function newKey(algorithm) {
  return algorithm === 'rsa'
    ? generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    : generateKeyPairSync('ed25519').privateKey
}
