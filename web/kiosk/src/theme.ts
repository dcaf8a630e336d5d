/** Light or dark: as the machine has it, until the officer chooses; the choice stays in this browser. */
const KEPT = 'officer theme'
const night = matchMedia('(prefers-color-scheme: dark)')

type Theme = 'light' | 'dark'

function chosen(): Theme | undefined {
  const kept = localStorage.getItem(KEPT)
  return kept === 'light' || kept === 'dark' ? kept : undefined
}

/** What is shown now. */
export const theme = (): Theme => chosen() ?? (night.matches ? 'dark' : 'light')

function apply(): void {
  document.documentElement.dataset['theme'] = theme()
}

/** Shows the theme, and follows the machine while nobody has chosen. */
export function followTheme(changed: () => void): void {
  apply()
  night.addEventListener('change', () => { apply(); changed() })
}

export function switchTheme(): void {
  localStorage.setItem(KEPT, theme() === 'dark' ? 'light' : 'dark')
  apply()
}
