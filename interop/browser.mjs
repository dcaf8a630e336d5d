// A real Chromium, headless, over its own debugging pipe: no package is needed for it.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const CHROMIUM = [process.env.BAYPASS_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => path && existsSync(path))

/** Opens a page of the browser, with arguments `more`; `call(method, parameters)` speaks the DevTools protocol with it, `on(event, heard)` hears it. */
export async function openPage(folder, address, more = []) {
  if (!CHROMIUM) throw new Error('no Chromium on this machine (Debian: apt-get install chromium)')
  const args = ['--headless=new', '--no-sandbox', '--disable-gpu', '--remote-debugging-pipe', `--user-data-dir=${join(folder, 'chromium')}`, ...more]
  const child = spawn(CHROMIUM, args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] })
  const [, , , input, output] = child.stdio
  const [waiting, heard] = [new Map(), new Map()]
  let [ids, rest, stopped] = [0, '', false]
  output.setEncoding('utf8').on('data', (data) => {
    const parts = (rest + data).split('\0')
    rest = parts.pop()
    for (const message of parts.map((part) => JSON.parse(part))) {
      if (message.id) waiting.get(message.id)?.(message)
      // What an event still wanted of a browser that was ended meanwhile is of no matter.
      else Promise.resolve(heard.get(message.method)?.(message.params)).catch((error) => { if (!stopped) throw error })
    }
  })
  child.once('exit', () => { for (const answer of waiting.values()) answer({ error: { message: 'Chromium has ended' } }) })
  const send = (method, params = {}, sessionId) => new Promise((resolve, reject) => {
    const id = (ids += 1)
    waiting.set(id, ({ result, error }) => (waiting.delete(id), error ? reject(new Error(`${method}: ${error.message}`)) : resolve(result)))
    input.write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
  })
  const { targetId } = await send('Target.createTarget', { url: address })
  const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true })
  const call = (method, params) => send(method, params, sessionId)
  const evaluate = async (expression) => {
    const { result, exceptionDetails } = await call('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true, userGesture: true })
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
    return result.value
  }
  return {
    call, evaluate,
    on: (event, then) => void heard.set(event, then),
    version: async () => (await send('Browser.getVersion')).product,
    /** Waits until an expression is true on the page; throws at once what `fault` gives meanwhile. */
    async until(what, expression, fault = () => undefined) {
      for (let tries = 0; !(await evaluate(expression).catch(() => false)); tries += 1) {
        if (fault()) throw fault()
        if (tries === 150) throw new Error(`waited in vain for ${what}`)
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    },
    stop: () => {
      stopped = true
      child.kill()
    },
  }
}
