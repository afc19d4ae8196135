/**
 * The headers `Signature-Input` and `Signature` of RFC 9421 §4: for each label what is covered, by which parameters, and the
 * signature. Labels, components and parameters that stand there twice are refused, and so are component parameters.
 */
import { KEY_ID_LENGTH_MAX, type SignatureLimits } from './candidate.ts'
import { parseSeconds } from './dates.ts'
import { readDictionary, type InnerList } from './structured-fields.ts'

export interface SignatureInput {
  /** Derived components and lower-case header names, in order. */
  readonly components: readonly string[]
  /** The parameters' names. */
  readonly parameters: readonly string[]
  readonly keyId?: string
  readonly alg?: string
  /** In milliseconds. */
  readonly created?: number
  /** In milliseconds. */
  readonly expires?: number
  /** Components and parameters as they are signed: the value of `@signature-params` (§2.3). */
  readonly text: string
}

export interface LabelledSignature {
  readonly label: string
  /** What is covered, or what is wrong with it. */
  readonly input: SignatureInput | string
  readonly signature: Uint8Array | undefined
}

const DERIVED = ['@method', '@target-uri', '@authority', '@scheme', '@request-target', '@path', '@query']
const FIELD_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/

/** The signatures of a request in the order of `Signature-Input`, or what is wrong with the headers as a whole. */
export function parseSignatures(
  inputText: string,
  signatureText: string,
  limits: SignatureLimits,
): readonly LabelledSignature[] | string {
  const inputs = readDictionary(inputText)
  if (inputs === undefined) return 'signature-input'
  const signatures = readDictionary(signatureText)
  if (signatures === undefined) return 'signature'
  if (inputs.size === 0) return 'signature-input'
  if (inputs.size > limits.labelsMax || signatures.size > limits.labelsMax) return 'too many labels'
  return [...inputs].map(([label, member]) => {
    const input = 'items' in member ? parseInput(member, limits) : 'signature-input'
    const found = signatures.get(label)
    const signature = found !== undefined && 'value' in found ? found.value : undefined
    return { label, input, signature: signature instanceof Uint8Array ? signature : undefined }
  })
}

function parseInput({ items, parameters, text }: InnerList, limits: SignatureLimits): SignatureInput | string {
  const components: string[] = []
  for (const { value: name, parameters: componentParameters } of items) {
    if (typeof name !== 'string') return 'a component is no string'
    if (componentParameters.size > 0) return `parameters of ${name}`
    if (!DERIVED.includes(name) && !FIELD_NAME.test(name)) return `component ${name}`
    if (components.includes(name)) return `${name} twice`
    if (components.push(name) > limits.componentsMax) return 'too many components'
  }

  const times = { created: secondsOf(parameters.get('created')), expires: secondsOf(parameters.get('expires')) }
  if (Number.isNaN(times.created)) return 'created'
  if (Number.isNaN(times.expires)) return 'expires'
  const [keyId, alg] = [parameters.get('keyid'), parameters.get('alg')]
  if (!isText(keyId) || (keyId?.length ?? 0) > KEY_ID_LENGTH_MAX) return 'keyid'
  if (!isText(alg)) return 'alg'
  return {
    components,
    parameters: [...parameters.keys()],
    text,
    ...(keyId === undefined ? {} : { keyId }),
    ...(alg === undefined ? {} : { alg }),
    ...(times.created === undefined ? {} : { created: times.created }),
    ...(times.expires === undefined ? {} : { expires: times.expires }),
  }
}

/** Milliseconds; not a number for what is no whole, positive number of seconds. */
function secondsOf(value: unknown): number | undefined {
  if (value === undefined) return undefined
  return (typeof value === 'number' ? parseSeconds(String(value)) : undefined) ?? Number.NaN
}

/** Whether a parameter is absent, or a string that says something. */
function isText(value: unknown): value is string | undefined {
  return value === undefined || (typeof value === 'string' && value !== '')
}
