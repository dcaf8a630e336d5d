/** A library as a process beside its desk: its system and its readers' service, and what a test changes there. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { appendFileSync, existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { ROOT, program } from '../../kiosk/test/bay'

export interface StandIn {
  /** Says a line to it, as `crates/venue/examples/stand_in_library.rs` reads them; what it answers. */
  say(line: string): Promise<string>
  stop(): Promise<void>
}

function built(): string {
  const path = join(dirname(program()), 'examples/stand_in_library')
  if (!existsSync(path)) execFileSync('cargo', ['build', '-q', '--workspace', '--bin', 'baypass', '--example', 'stand_in_library'], { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] })
  return path
}

/** Starts it, and tells the venue of this folder where it is. */
export async function openStandIn(venue: string): Promise<StandIn> {
  const child: ChildProcess = spawn(built(), [], { stdio: ['pipe', 'pipe', 'inherit'] })
  const waiting: ((line: string) => void)[] = []
  const lines: string[] = []
  createInterface({ input: child.stdout! }).on('line', (line) => {
    const next = waiting.shift()
    if (next) next(line)
    else lines.push(line)
  })
  const line = () => new Promise<string>((resolve) => {
    const there = lines.shift()
    if (there === undefined) waiting.push(resolve)
    else resolve(there)
  })
  const address = async (what: string) => {
    const said = await line()
    if (!said.startsWith(`${what} `)) throw new Error(`the library said ${said}`)
    return said.slice(what.length + 1)
  }
  const [system, readers] = [await address('system'), await address('readers')]
  appendFileSync(join(venue, 'venue.toml'), `\n[library]\naddress = "sip2://${system}"\ninstitution = "lib"\nlocation = "desk-1"\nanswer_seconds = 1\n\n[library.accounts]\nservice = { address = "http://${readers}" }\n`)
  return {
    async say(text) {
      child.stdin!.write(`${text}\n`)
      const said = await line()
      if (said.startsWith('not understood')) throw new Error(said)
      return said
    },
    stop: () => new Promise((resolve) => {
      child.once('exit', () => resolve())
      child.stdin!.end()
    }),
  }
}
