/** When: seconds since 1970 as people read them, in the local time of all three places. */
import { localTime } from '../wallet.js'
import { day } from '../words.js'

/** The day in words. */
export const dayAt = (at: number): string => day(localTime(at).slice(0, 10))
/** Hours and minutes. */
export const clock = (at: number): string => localTime(at).slice(11, 16)
export const when = (at: number): string => `${dayAt(at)}, ${clock(at)}`
