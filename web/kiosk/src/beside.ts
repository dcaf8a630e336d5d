/**
 * Whom the officer compares with whoever stands there: portrait, name and document from the own authority, the lane's own picture from
 * the gate. The portrait passes no gate. Neither is kept: both are forgotten as soon as the officer has nothing to do beside this
 * traveller any more, and the authority is asked anew whether it still shows them before ten minutes are over.
 */
import { fromBase64Url } from './bytes'
import { Problem } from './link'

export interface Holder {
  readonly portrait: string | null
  readonly name: string | null
  readonly name_zh: string | null
  readonly document: { readonly kind: string; readonly last4: string }
}
/** `no_answer`: the authority is out of reach; the other words are the codes of its refusals. */
export type Seen = Holder | 'asked' | 'portrait_not_approved' | 'nobody_at_lane' | 'no_answer'

/** For whom to look: `reference` is the own verdict's, `face` whether the lane has a picture of them for this officer now. */
export interface Whom { readonly session: number; readonly reference: string; readonly face: boolean }

export interface Sources {
  /** Asks the own authority; `undefined` while nobody is signed in there. */
  holder(reference: string): Promise<Response> | undefined
  face(session: number): Promise<Blob>
}

/** How long an answer stands: an authority shows nobody for longer (`authority::at_lane`). Without an answer it is asked again soon. */
const STANDS_MS = 600_000
const RETRY_MS = 5_000

export class Beside {
  private whom: Whom | undefined
  seen: Seen | undefined
  /** Addresses of pictures in this page's memory. */
  portrait: string | undefined
  face: string | undefined
  /** The code of why the gate gave no picture when it was asked. */
  without: string | undefined
  private asking: 'face' | undefined

  constructor(private readonly from: Sources, private readonly changed: () => void) {}

  /** Looks at this traveller, or at nobody; forgets whoever stood there before. */
  look(whom: Whom | undefined): void {
    if (whom?.session !== this.whom?.session || whom?.reference !== this.whom?.reference) this.forget()
    else if (this.whom?.face && !whom?.face) this.forgetFace()
    this.whom = whom
    if (!whom) return
    if (this.seen === undefined) void this.askHolder(whom)
    if (whom.face && this.face === undefined && this.without === undefined && this.asking === undefined) void this.askFace(whom)
  }

  forget(): void {
    this.forgetHolder()
    this.whom = undefined
    this.forgetFace()
  }

  private forgetHolder(): void {
    if (this.portrait) URL.revokeObjectURL(this.portrait)
    this.portrait = this.seen = undefined
  }

  private forgetFace(): void {
    if (this.face) URL.revokeObjectURL(this.face)
    this.face = this.without = this.asking = undefined
  }

  private same(whom: Whom): boolean {
    return this.whom?.session === whom.session && this.whom.reference === whom.reference
  }

  private async askHolder(whom: Whom): Promise<void> {
    const asked = this.from.holder(whom.reference)
    if (!asked) return
    this.seen = 'asked'
    const seen = await asked.then(async (answer): Promise<Seen> => {
      if (answer.ok) return (await answer.json()) as Holder
      const told = (await answer.json().catch(() => ({}))) as { code?: string }
      return told.code === 'portrait_not_approved' || told.code === 'nobody_at_lane' ? told.code : 'no_answer'
    }, (): Seen => 'no_answer')
    if (!this.same(whom)) return
    this.seen = seen
    if (this.portrait) URL.revokeObjectURL(this.portrait)
    if (typeof seen === 'object' && seen.portrait !== null) this.portrait = URL.createObjectURL(new Blob([fromBase64Url(seen.portrait)], { type: 'image/jpeg' }))
    const stands = seen === 'no_answer' ? RETRY_MS : typeof seen === 'object' ? STANDS_MS : undefined
    if (stands !== undefined) setTimeout(() => {
      if (!this.same(whom) || this.seen !== seen) return
      this.forgetHolder()
      this.changed()
    }, stands)
    this.changed()
  }

  private async askFace(whom: Whom): Promise<void> {
    this.asking = 'face'
    const face = await this.from.face(whom.session).catch((error: unknown) => (error instanceof Problem ? error.code : 'no_face_here'))
    if (!this.same(whom) || !this.whom?.face) return
    this.asking = undefined
    if (typeof face === 'string') this.without = face
    else this.face = URL.createObjectURL(face)
    this.changed()
  }
}
