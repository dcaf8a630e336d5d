/** The messages from the gate to its pages. */

export const LANGUAGES = ['zh-Hans', 'zh-Hant', 'en', 'pt'] as const
export type Language = (typeof LANGUAGES)[number]
export type Code = 'CHN' | 'HKG' | 'MAC'

export interface Card {
  lane: string
  port: string
  /** What the lane asks for: a code, or cards. */
  kind: 'code' | 'face_only' | 'manual' | 'document'
  from: Code
  to: Code
  joint: boolean
  sides: { side: 'exit' | 'entry'; authority: Code }[]
  names: Partial<Record<Language, Partial<Record<Code, string>>>>
  simulated_camera: boolean
/** Base URL at which the own authority answers with reasons; on an officer's page only. */
  reasons_at?: string | null
  texts: Record<string, Record<Language, string>>
}

export type State = 'ready' | 'reading' | 'lay_card' | 'checking' | 'look_here' | 'turn_head' | 'measure' | 'welcome' | 'again' | 'see_officer' | 'closed'

export interface Stages { session: number; read: number; check: number; face: number; clear: number; total: number; code_to_door: number | null }

export interface View {
  page: number
  state: State
  sentence: string
  sentences: Partial<Record<Language, string>>
  hint: { code: string; sentence: string } | null
  measure: string | null
/** The motion that the active challenge asks for now. */
  motion: 'look_straight' | 'turn_left' | 'turn_right' | 'come_closer' | 'ended' | null
  session: number | null
  language: Language | null
  other_page: boolean
  simulated_camera: boolean
  ms: Stages | null
}

export const REGIONS: Record<Code, Record<Language, string>> = {
  CHN: { 'zh-Hans': '内地', 'zh-Hant': '內地', en: 'Mainland', pt: 'Interior da China' },
  HKG: { 'zh-Hans': '香港', 'zh-Hant': '香港', en: 'Hong Kong', pt: 'Hong Kong' },
  MAC: { 'zh-Hans': '澳门', 'zh-Hant': '澳門', en: 'Macao', pt: 'Macau' },
}

export function byId<T extends Element>(id: string): T {
  const found = document.getElementById(id)
  if (!found) throw new Error(`the page has no ${id}`)
  return found as unknown as T
}

export function element<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Record<string, string> = {}, ...children: (Node | string)[]): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  made.append(...children)
  return made
}
