// Servers as processes: what they say is read until what is waited for is there.
import { spawn } from 'node:child_process'

/** Starts a server and waits for what `found` reads out of all that it has said, which is `ready`; `until` waits for more, `stop` for its end. */
export async function serve(name, command, args, env, found) {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  let ended
  const waiting = new Set()
  const look = () => { for (const one of [...waiting]) one() }
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => { said += data; look() })
  const gone = new Promise((resolve) => {
    const end = (why) => { ended ??= why; look(); resolve() }
    child.once('error', (error) => end(error.message)).once('exit', (status, signal) => end(`${signal ?? `status ${status}`}`))
  })
  const until = (wanted, seconds = 60) => new Promise((resolve, reject) => {
    const done = (settle, value) => { waiting.delete(tried); clearTimeout(late); settle(value) }
    const tried = () => {
      const read = wanted(said)
      if (read) done(resolve, read)
      else if (ended) done(reject, new Error(`${name} ended (${ended}): ${said}`))
    }
    const late = setTimeout(() => done(reject, new Error(`${name} did not say what was waited for: ${said}`)), seconds * 1000)
    waiting.add(tried)
    tried()
  })
  const stop = () => {
    child.kill()
    return gone
  }
  try {
    return { ready: await until(found), until, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
