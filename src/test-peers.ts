/**
 * Remote actors for a host's own tests, and deliveries that they signed. The private keys are public: here they are. Never
 * let a server that others reach trust them.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import type { PeerState } from './peers/types.ts'
import { keysOfActor } from './signatures/actor-keys.ts'
import type { SignatureForm } from './signatures/coverage.ts'
import type { Delivery } from './signatures/delivery.ts'
import { addProof } from './signatures/integrity-proof.ts'
import { signRequest } from './signatures/sign-request.ts'

const keyOf = (base64: string): KeyObject =>
  createPrivateKey({ key: Buffer.from(base64, 'base64'), format: 'der', type: 'pkcs8' })

/** Ready private keys: making an RSA key takes long. The second of a kind is for what happens when keys change. */
export const testKeys = {
  rsa: keyOf(
    'MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQC5+Nuk1xQYSn2BfFuiWjHLvvHe3wDlTHO+J73jngdY0kd2hY9G' +
      '2BW+Q+0IdRTCJG1SOUFTD9QjOhFVP0T/ChG8JCHrnct9goy4yHmdZiIIzyyGF6kR8zgMmdyhuyNfMKPt5zORs8F1a6J0YzPWFaVS' +
      'fMblnjSdZva/70B9dzWDpp8DA18BKo7EJVeTnwEKjTU2r/9fIUATpVSliqi+jSn5P7q6VI7HWVVDJl/pdA2f8MOd9+9nzcM2Mayf' +
      'tElMlBrstj47AmapbQBp/LE1ykWS5rPlk1xrvJ+3jaME0F5h2zBYjqpwK2YKT0bPRhnyOD0wuwxMLSsn3WEL8Z93y+frAgMBAAEC' +
      'ggEAEeVPKZEi12WPpz6yyLA6O3t/5ez6tpYBS0qivL0Pwu3VP6QBkhUoHnuF2zr9COOde3yT+yy6QruLQHNKreono72sX/J6yvSd' +
      'mwh7n3hdDRD2nV64f8gyXBAQSaXq9PWGyNVnQn2UP7rgUqfbLJ4/nuzv7NepA36NfxHEWG54wVbEk+j9ApwpzFE0mvbIR1ppvghT' +
      'G2xPPfKw4BKa6d3tYZhlLUC0+iawb/78iH5pVASFXJfteB7/X3jkN0ggB/UgyLAJqLCjGYslgIJSqxZ3J5hmVjYyshEYHBV7T0cL' +
      'n4vfriZyi3hWPIJF5p6DnMv+h3FAEnl49qhaa7vSLhAPzQKBgQDz/iI1SrLoU+MMXeO785jMFBEbKmQhYzaLL0Q8qwP812ZIDcE2' +
      'F2HZj/la5PscXtQFojgl5k2hfoPsYkABv5xOMy4KT+KaQRpesFs4rWCUbSdIgUY9XnyA9BSnkd5tu+J/UBX0VvXiXMmEbVB74jCc' +
      'piKURyGO/TdqEjwW4TfZBQKBgQDDH8UONP0k4vmIrmDrk5Z+rAuyBeCh0IY3YJQy8Ve5UcIdv1rFTMAmuyz/hJYYbfQSorJT93xL' +
      'wLhg8NySE3yhcJLDYqNuD9xNGkUDUvd5P5U+/7CjjpajFvLOZoeMuY7GbLX6hXm4+5Ugn69Comyb/17TfKvVUPm+31BWrwvQLwKB' +
      'gFejjL3/msuAdilXABneoZ+MBajwTQ8BB/Jug+AWvVPwOrje1+uJ8oenAzX20YubNCTh47EZTAEZ5GDf2YXHQWmFUKA7mXU2tTYV' +
      'um5dODeYDWgppwUcDzRyd4jJCE/6EJ0SMxCUu7UXBvseGK6mzDc4JWuFMTSfF2xuKE8/jkPRAoGAXMp47X6pe6csv6Edmin/gZHT' +
      'pf9BifIeQat+DpPTAeAtjfP3+Ke9IS4WAhVNQ6TWUx5n66Jfy66EgCVK33TA6g0c3inESozkWQ5LD3+fDFv+X408tSsT288H/Lup' +
      'bnS3vwjnqZFcB2osyuzlbazMNYtFzxEUrkbp3alZDUAFQCUCgYAXtGytmoIWJUGOUM3y1aeleJp2T1I+ePu6bzKqYXPAjB/e+CPv' +
      'EObO159hXWlj+xN/OirWU35Jcku8QDyC55eTr/t5Ztj7TFHeEh+nhqTKoRm1gR8iZ29OGm2tRWlsUoigvGVBOfdYVhuM2edRoCvw' +
      '+ClN0PfpoOdQaGxILWFvuQ==',
  ),
  otherRsa: keyOf(
    'MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQCEKHQUOcyzUWsP32lZj7ZZuzCCFi4TEepPdnsnfoHOY0hsoHxg' +
      'Iy0/NlwMKsmQLQHsNdiSLIsyFqNUG0Wmcf3WMZTAAv3kDMVjj3WHqK8pWJfrOnr4x8Lod7yzxQzb9lffpqm8uCOwYekNAR61VURK' +
      'UqhaPH8iGweq2PbZHjBgN6NDi+TbbpmkjHQkJaJ8KCsHB5+nF1ZNFv6eWejeoweSIIdghtoPxPGRUgGotDSt+IiDoTZ9ajPHZpvM' +
      '+0CUZIE7TSrRFek+hrGK15ficfHmRyImVYxGoO6LT3alfLi0Eq4pA2NOvBkkcIxUc/Tk7R2E4iDEg0g2pH7MdWYoGGG7AgMBAAEC' +
      'ggEAARQUWoRcR7QRBhPnfAxBBPdOAPrHQLQ57UijbvGcLlRu+UzF2/nY/zar9hS9DBRFObh1bsMcSqZEsYwcc2qrsNyDLVXXRgjz' +
      '7SUCHJf6VVOav7WM/0qPwyXshrgLxgXJzdWxyv8KFsxoM7PPlgG9Rd7p7sgc+6CZMscrwGcZWwl7HRugPWtHmFACVW3jlgRVSIqg' +
      '4KOO/EPqcFafQH7ofZh4Nue8Pws469cAK0kQ9EH8ZC0xaNJTK9+Y+cnEp4v/rvZW1BkePtitM/9pXcDCARqbj5RDDvjTCk46Vd1F' +
      'dbmAxl+GDsQxwG5mqRu9H6jC9cbHt+mJ7+FSLqnmKvtGgQKBgQC4UoQNrM3ilEblZ+g3NDWnZxFw8Vl7cGvsSBi3/TZRIwFYlrWo' +
      'WQcBNLTRMxnFppaspfJjvDcRHkXDMFoKdRbE3oxE7V8XLH3Y9Wa0+sLgi6pFyVkg9HIDTAyQ6FvQfCKMtedpqrzbuVy7pFG3PYJh' +
      'G6NTUVBsnh1aEMMSgNyUewKBgQC3jOzhOa74iD5mN6vzsNsGcLyKD31NKAqbc5XFbRm1sI/D8oeZnwmQViuy9655GRkOvOB/h5PV' +
      'cqTXBAOSjf9dvFhmDfZiDMHXagDe9b1ZJlOvCz1c5cLgeDtcdVqfxEXVoXXikubAKz2WxLXV9NKu337Fb1tDMmtTPBGeBH0DwQKB' +
      'gHoYjsjQMwFn3x6PGc+XkgL1zyPVe8S8z4CQsW8PGC/e1EFuc560emNeGniJNQUsOJrcwhc20fNQ7j1BhiNvNEnscVYnNtoO6r4Q' +
      'sJwpj3VWjs/zdErUIcH1Wk2S3V7ZG7nBtSzVoIyb2MWjL04GPJs+x42lS3Tnt+G1QMK9AWCJAoGAfDs41NPa9kIYocyKaHzKMZi6' +
      'M2N6dm9khoR72U0Xep7PH1uWpcY7jeKU3yO+hh4TlKMH+6kCyRQ4N4Ny+416SrJAzooiuYhS5n7Lqhx/FMjZGP+tf6PO+2jFHLYd' +
      'KUeJ0KbgiALPhT9/Bv2K6Q40TsHcJrtQ9LE6bPKaJe55wsECgYBVsQOUe0XV9yN4uH+pRuizM6iUs/X8DWTOK9wSM/pWMgfBjGim' +
      'k0H8hz67/E20lcvTg+Ru9aZGoE3jD/4+cmfH3UYTxQel3znvhTf5/d+BMqfOZa/pzwZEhC+JRy7Xf5viOhLrcwyuPHsAEwIPPaQQ' +
      'u+PQSDXWv1pmWpvehnTw+A==',
  ),
  ed25519: keyOf('MC4CAQAwBQYDK2VwBCIEIOhn2lH5OifU+L17XhOq9eDCVo21Ed8H6SOhy/56UmMr'),
  otherEd25519: keyOf('MC4CAQAwBQYDK2VwBCIEIFclIjuqpNzwRMtoQXccMz9ViqDu2OOa4REO3w+KBrs0'),
} as const

export interface TestPeerOptions {
  /** `testKeys.rsa` by default. */
  readonly privateKey?: KeyObject
  /** `<id>#main-key` by default. */
  readonly keyId?: string
  /** When its state was fetched, in milliseconds since 1970; now by default. */
  readonly fetchedAt?: number
}

/** A remote actor. */
export interface TestPeer {
  readonly id: string
  readonly keyId: string
  readonly privateKey: KeyObject
  /** Its actor document, as its server would publish it. */
  readonly document: Readonly<Record<string, unknown>>
  /** What the peer cache holds of it. */
  readonly peer: PeerState
}

/** A remote actor of that id, an http(s) URL. */
export function testPeer(id: string, options: TestPeerOptions = {}): TestPeer {
  const { privateKey = testKeys.rsa, keyId = `${id}#main-key`, fetchedAt = Date.now() } = options
  const publicKeyPem = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' })
  const document = {
    '@context': ['https://www.w3.org/ns/activitystreams', 'https://w3id.org/security/v1'],
    id,
    type: 'Person',
    inbox: `${id}/inbox`,
    outbox: `${id}/outbox`,
    publicKey: { id: keyId, owner: id, publicKeyPem },
  }
  const keys = keysOfActor(document)
  if ('code' in keys || keys.keys.length === 0) throw new TypeError('no actor can have this id or this key')
  return { id, keyId, privateKey, document, peer: { id, keys: keys.keys, fetchedAt } }
}

export interface SignedDeliveryOptions {
  readonly from: TestPeer
  /** The URL of the inbox. */
  readonly to: string
  /** An object is sent as JSON; a text or bytes as they are. */
  readonly activity: object | string | Uint8Array
  /** `cavage` by default. */
  readonly form?: SignatureForm
  /** When it is signed, in milliseconds since 1970; now by default. */
  readonly now?: number
  /** Put an integrity proof into the activity, an object, by this peer's Ed25519 key. */
  readonly proofBy?: TestPeer
  /** Other headers to send. */
  readonly headers?: Readonly<Record<string, string>>
}

/** A delivery as it would come in, with the headers that `from` signed. */
export function signedDelivery(options: SignedDeliveryOptions): Delivery {
  const { from, to, activity, form = 'cavage', now = Date.now(), proofBy, headers } = options
  const body = Buffer.from(bytesOf(activity, proofBy, now))
  const key = { id: from.keyId, privateKey: from.privateKey }
  const signed = signRequest({
    form,
    method: 'POST',
    url: to,
    headers: { 'content-type': 'application/activity+json', ...headers },
    body,
    key,
    created: now,
  })
  return { method: 'POST', url: to, rawHeaders: Object.entries(signed), body }
}

function bytesOf(
  activity: object | string | Uint8Array,
  proofBy: TestPeer | undefined,
  now: number,
): Uint8Array | string {
  if (typeof activity === 'string' || activity instanceof Uint8Array) return activity
  if (proofBy === undefined) return JSON.stringify(activity)
  const key = { id: proofBy.keyId, privateKey: proofBy.privateKey }
  return JSON.stringify(addProof({ ...activity }, { key, created: now }))
}
