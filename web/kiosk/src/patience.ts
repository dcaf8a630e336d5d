/** Whose code a text is, and when a code of another system is worth a word. */

/** In so many frames one after another a code of another system must be seen, and none of ours, before the lane is told of it. */
const FOREIGN_FRAMES = 8

/** Whether a text is meant for a lane; whether it is sound, the lane says. */
export const isOurs = (text: string): boolean => text.startsWith('BP1:')

/** Frames of one camera: a sticker in view does not speak while a traveller is still holding up their phone. */
export class Patience {
  private seen = 0

  /** What the lane is told of a frame in which this was read. */
  of(text: string | null): string | null {
    if (text === null || isOurs(text)) {
      // A frame without anything says nothing about the sticker either.
      if (text !== null) this.seen = 0
      return text
    }
    this.seen += 1
    return this.seen >= FOREIGN_FRAMES ? text : null
  }
}
