/** Sequences as stretches, in order: what is missing of a log. */

/** `from` to `to`, both inclusive. */
export interface SequenceRange {
  readonly from: number
  readonly to: number
}

export class Ranges {
  readonly #ranges: { from: number; to: number }[] = []

  /** Stretches come in order; one that goes on where the last one ends, or within it, is joined to it. */
  add(from: number, to: number): void {
    const last = this.#ranges.at(-1)
    if (last !== undefined && from <= last.to + 1) last.to = Math.max(last.to, to)
    else this.#ranges.push({ from, to })
  }

  delete(seq: number): void {
    const at = this.#ranges.findIndex(({ from, to }) => seq >= from && seq <= to)
    const found = this.#ranges[at]
    if (found === undefined) return
    const left = [
      { from: found.from, to: seq - 1 },
      { from: seq + 1, to: found.to },
    ]
    this.#ranges.splice(at, 1, ...left.filter(({ from, to }) => from <= to))
  }

  /** What lies at or above `first`. */
  *from(first: number): Generator<SequenceRange> {
    for (const { from, to } of this.#ranges) if (to >= first) yield { from: Math.max(from, first), to }
  }
}
