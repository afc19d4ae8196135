/**
 * `twinlog/conformance`: the suite that every storage driver passes. Give it the `describe` and `it` of any test
 * framework. The types a driver is written against are `twinlog`'s.
 */
export { conformance } from './log-store/conformance/conformance.ts'
export type { ConformanceOptions } from './log-store/conformance/suite.ts'
