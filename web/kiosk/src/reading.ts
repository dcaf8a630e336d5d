/** The page's side of the reader: one frame at a time; a worker that fails is started again. */
import type { Answered, Asked } from './reader'
import reader from './reader?worker&url'

interface Policy { createScriptURL(url: string): unknown }
const types = (window as unknown as { trustedTypes?: { createPolicy(name: string, rules: object): Policy } }).trustedTypes
// The one script that this page starts by itself.
const policy = types?.createPolicy('kiosk', { createScriptURL: (url: string) => {
  if (url !== reader) throw new TypeError('no such script')
  return url
} })

export class Reading {
  private worker = this.start()
  private next = 0
  private waiting: { id: number; done: (answer: Answered) => void } | undefined

  private start(): Worker {
    const worker = new Worker((policy?.createScriptURL(reader) ?? reader) as string, { type: 'module' })
    worker.onmessage = ({ data }: MessageEvent<Answered>) => {
      if (this.waiting?.id === data.id) this.finish(data)
    }
    worker.onerror = () => {
      worker.terminate()
      setTimeout(() => { this.worker = this.start() }, 500)
      if (this.waiting) this.finish({ id: this.waiting.id, text: null, ms: 0 })
    }
    return worker
  }

  private finish(answer: Answered): void {
    const done = this.waiting?.done
    this.waiting = undefined
    done?.(answer)
  }

  get busy(): boolean {
    return this.waiting !== undefined
  }

  read(frame: ImageBitmap | Blob): Promise<Answered> {
    const asked: Asked = { id: this.next++, frame }
    return new Promise((done) => {
      this.waiting = { id: asked.id, done }
      this.worker.postMessage(asked, frame instanceof Blob ? [] : [frame])
    })
  }
}
