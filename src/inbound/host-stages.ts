/** Runs a host's own stages. */
import type { HostStage, StageInput } from './types.ts'
import type { Rejected } from './verdict.ts'

export async function runHostStages(
  stages: readonly HostStage[],
  at: HostStage['at'],
  input: StageInput,
): Promise<Rejected | undefined> {
  for (const { name, at: place, check } of stages) {
    if (place !== at) continue
    const refusal = await check(input)
    if (refusal === undefined) continue
    const { code, status, retry = false, detail = '' } = refusal
    if (typeof code !== 'string' || !Number.isInteger(status) || status < 200 || status > 599) {
      throw new TypeError(`the stage ${name} refused without a code and a status`)
    }
    return { accepted: false, code, stage: name, status, retry, detail }
  }
  return undefined
}
