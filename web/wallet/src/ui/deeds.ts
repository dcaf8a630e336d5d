/** Deeds: what a screen does, one at a time, and the sentence for what went wrong with the last one. */
import { ref } from 'vue'
import { problemWord } from '../problems.js'
import { say } from '../words.js'

/** `judge` gives the sentence for an error; '' where the screen says it elsewhere. */
export function useDeeds(judge: (error: unknown) => string = (error) => say(problemWord(error))) {
  const busy = ref(false)
  const fault = ref('')
  const doing = async (work: () => Promise<void>) => {
    if (busy.value) return
    busy.value = true
    fault.value = ''
    try {
      await work()
    } catch (error) {
      fault.value = judge(error)
    } finally {
      busy.value = false
    }
  }
  return { busy, fault, doing }
}
