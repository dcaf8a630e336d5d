/** The reader of lanes and desks (`crates/zone`), as a process that is handed the very frames that the wallet's reads. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Grey } from '../src/zone.js'
import { ROOT } from './bay.js'

/** A built example in the place of Cargo's own run. */
const beside = join(process.env['CARGO_TARGET_DIR'] ?? join(ROOT, 'target'), 'debug/examples/frames')

/** Why there is no such reader here; `undefined` where there is one. */
export function noLaneReader(): string | undefined {
  return existsSync(beside) || spawnSync('cargo', ['--version']).status === 0 ? undefined : 'no cargo on this machine'
}

export class LaneReader {
  private readonly child: ChildProcessWithoutNullStreams
  private readonly answers: AsyncIterator<string>
  /** Milliseconds of each frame, without the way to the process and back. */
  readonly times: number[] = []

  constructor(today: string) {
    const [program, ...before] = existsSync(beside) ? [beside] : ['cargo', 'run', '-q', '-p', 'zone', '--example', 'frames', '--']
    this.child = spawn(program!, [...before, today], { cwd: ROOT })
    this.child.stderr.pipe(process.stderr)
    this.answers = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]()
  }

  async read({ width, height, data }: Grey): Promise<readonly string[] | undefined> {
    const head = Buffer.alloc(8)
    head.writeUInt32BE(width, 0)
    head.writeUInt32BE(height, 4)
    this.child.stdin.write(head)
    this.child.stdin.write(data)
    const answer = await this.answers.next()
    if (answer.done) throw new Error('the reader of lanes and desks ended')
    const [micros, said] = answer.value.split(' ') as [string, string]
    this.times.push(Number(micros) / 1000)
    return said === '-' ? undefined : said.split('/')
  }

  end(): void {
    this.child.stdin.end()
  }
}
