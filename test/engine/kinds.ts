/** The engines that the properties are checked on, with what each can do, and how much of the time it gets. */
import { tightKind } from './embedded-adapter.ts'
import { memoryKind } from './memory-adapter.ts'
import type { Capabilities, SubjectKind } from './subject.ts'

async function capabilitiesOf(kind: SubjectKind): Promise<Capabilities> {
  const subject = await kind.open()
  await subject.close()
  return subject.can
}

export interface EngineKind {
  readonly kind: SubjectKind
  readonly can: Capabilities
  /** The part of the usual number of runs: a store on disk takes longer. */
  readonly share: number
}

export const kinds: readonly EngineKind[] = [
  { kind: memoryKind, can: await capabilitiesOf(memoryKind), share: 1 },
  { kind: tightKind, can: await capabilitiesOf(tightKind), share: 0.2 },
]

/** Those of them that can do that. */
export function kindsThatCan(capability: keyof Capabilities): readonly EngineKind[] {
  return kinds.filter(({ can }) => can[capability] !== undefined)
}
