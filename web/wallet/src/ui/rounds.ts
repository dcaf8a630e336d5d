/** Rounds: a screen looks again and again whether something came, while it is in sight. */
import { onMounted, onUnmounted } from 'vue'
import { onSight } from '../platform.js'

/** Looks when the screen is there, whenever it comes into sight again, and every so many milliseconds; one look at a time. */
export function lookWhileSeen(look: () => Promise<void>, every: number): void {
  let [visible, looking] = [true, false]
  const once = async () => {
    if (!visible || looking) return
    looking = true
    try {
      await look()
    } finally {
      looking = false
    }
  }
  let timer: ReturnType<typeof setInterval> | undefined
  const unwatch = onSight((seen) => {
    visible = seen
    void once()
  })
  onMounted(() => {
    void once()
    timer = setInterval(() => void once(), every)
  })
  onUnmounted(() => {
    clearInterval(timer)
    unwatch()
  })
}
