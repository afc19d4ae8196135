/** The pure model as a subject: what the engines are held against must keep the promises itself. */
import { emptyState, run } from '../model/model.ts'
import type { SubjectKind } from './subject.ts'

export const modelKind: SubjectKind = {
  name: 'the pure model',
  open() {
    let state = emptyState
    return Promise.resolve({
      async run(operation) {
        const [next, result] = run(state, operation)
        state = next
        return result
      },
      close: () => Promise.resolve(),
      // The state is a value: there is nothing that closing, or a crash, could take away from it.
      can: { reopen: () => Promise.resolve(), crash: () => Promise.resolve() },
    })
  },
}
