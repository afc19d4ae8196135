/** `3–7`, or `3` for a single one. */
export function rangeText({ from, to }: { readonly from: number; readonly to: number }): string {
  return from === to ? `${from}` : `${from}–${to}`
}
