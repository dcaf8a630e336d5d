/** Sound cues: short, soft, different in shape and not in pitch alone. Silent until the browser lets a page sound. */

type Note = readonly [pitch: number, at: number, length: number]

const CUES: Readonly<Record<string, readonly Note[]>> = {
  reading: [[880, 0, 0.07]],
  look_here: [[660, 0, 0.09], [880, 0.12, 0.12]],
  turn_head: [[660, 0, 0.09], [660, 0.14, 0.09], [880, 0.28, 0.12]],
  measure: [[660, 0, 0.09], [660, 0.14, 0.09]],
  welcome: [[523, 0, 0.12], [659, 0.12, 0.12], [784, 0.24, 0.25]],
  again: [[440, 0, 0.16], [440, 0.26, 0.16]],
  see_officer: [[392, 0, 0.3]],
}

let context: AudioContext | undefined

export function cue(state: string): void {
  const notes = CUES[state]
  if (!notes) return
  try {
    context ??= new AudioContext()
    if (context.state !== 'running') return void context.resume().catch(() => undefined)
    for (const [pitch, at, length] of notes) {
      const [tone, volume, from] = [context.createOscillator(), context.createGain(), context.currentTime + at]
      tone.frequency.value = pitch
      volume.gain.setValueAtTime(0, from)
      volume.gain.linearRampToValueAtTime(0.18, from + 0.015)
      volume.gain.linearRampToValueAtTime(0, from + length)
      tone.connect(volume).connect(context.destination)
      tone.start(from)
      tone.stop(from + length + 0.02)
    }
  } catch {
    // A machine without sound still shows everything.
  }
}
