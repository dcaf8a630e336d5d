/** Autolock: a wallet that was out of sight for a while asks for the PIN again. */

/** So long may it be out of sight, in milliseconds: a look at a message, and back to the gate. */
export const OUT_OF_SIGHT_MS = 120_000

export class Autolock {
  private hidden: number | undefined

  /** It went out of sight. */
  hide(now: number): void {
    this.hidden ??= now
  }

  /** It is seen again; whether it must be locked. A clock that went back tells nothing: it is locked. */
  isDue(now: number): boolean {
    const since = this.hidden
    this.hidden = undefined
    return since !== undefined && (now - since >= OUT_OF_SIGHT_MS || now < since)
  }
}
