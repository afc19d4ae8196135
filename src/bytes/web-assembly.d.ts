/** As much of it as crc32c.ts uses: its types come with a browser's, which this package has nothing to do with. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: Readonly<Record<string, unknown>> }
}
