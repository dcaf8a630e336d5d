/** When: seconds since 1970 as people read them, in the local time of all three places. */
import { localTime } from '../wallet.js'
import { day, weekday } from '../words.js'

/** The day in words. */
export const dayAt = (at: number): string => day(localTime(at).slice(0, 10))
/** Hours and minutes. */
export const clock = (at: number): string => localTime(at).slice(11, 16)
export const when = (at: number): string => `${dayAt(at)}, ${clock(at)}`

/** Seconds in a day, and the days within which its name says which day is meant. */
const [DAY, NAMED] = [86_400, 6]

/** An end that lies ahead: `Monday 24:00`. Midnight belongs to the day that it ends. */
export function untilWords(end: number, now: number): string {
  const midnight = clock(end) === '00:00'
  const date = localTime(midnight ? end - 1 : end).slice(0, 10)
  return `${end - now < NAMED * DAY ? weekday(date) : day(date)} ${midnight ? '24:00' : clock(end)}`
}
