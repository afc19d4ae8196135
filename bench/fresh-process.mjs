/** Runs one of phases.mjs in a process of its own, whose memory, files and end are its alone. */
import { spawn } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const phasesFile = fileURLToPath(new URL('phases.mjs', import.meta.url))

/**
 * @template {keyof import('./phases.mjs').Reports} Name
 * @param {Name} name
 * @param {Omit<import('./phases.mjs').Task, 'report'>} task
 * @returns {Promise<import('./phases.mjs').Reports[Name]>}
 */
export async function inFreshProcess(name, task) {
  const report = `${task.directory}.report.json`
  await rm(report, { force: true })
  const order = JSON.stringify({ name, task: { ...task, report } })
  const child = spawn(process.execPath, ['--expose-gc', phasesFile, order], { stdio: ['ignore', 'inherit', 'pipe'] })
  const killed = () => void child.kill('SIGKILL')
  process.prependOnceListener('exit', killed)
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (/** @type {string} */ text) => (complaint += text))
  const [code, signal] = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (...ended) => resolve(ended))
  })
  process.removeListener('exit', killed)
  const isDone = task.isKilled === true ? signal === 'SIGKILL' : code === 0
  if (!isDone) throw new Error(`${name} ended with ${signal ?? code}: ${complaint.trim().slice(-2000)}`)
  return JSON.parse(await readFile(report, 'utf8'))
}
