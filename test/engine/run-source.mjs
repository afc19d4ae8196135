/**
 * `node run-source.mjs <module> <argument…>`: runs a TypeScript module of this project in a process of its own, from
 * the source, on any Node. It calls the module's `main` with the arguments.
 */
import { fileURLToPath } from 'node:url'
import { createViteServer } from 'vitest/node'

const [path, ...args] = process.argv.slice(2)
const server = await createViteServer({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  configFile: false,
  appType: 'custom',
  logLevel: 'error',
  optimizeDeps: { noDiscovery: true },
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
})
const { main } = await server.ssrLoadModule(String(path))
await main(...args)
await server.close()
