/**
 * The two forms of Chinese characters: what a name is in the other one. A hint for whoever types a name, never a comparison: one
 * simplified character may stand for several traditional ones, and some are traditional ones themselves.
 *
 * Lives here: {@link inForm}. Not here: which name is the same as another (`documents::is_same_name`), what is said (`words.ts`). The data
 * are OpenCC's (Apache-2.0), characters alone: its phrases tell words apart, and a name is none.
 */
import SIMPLIFIED from 'opencc-js/dict/STCharacters'
import TRADITIONAL from 'opencc-js/dict/TSCharacters'

const HAN = /\p{Script=Han}/u

export type Script = 'simplified' | 'traditional'

/**
 * Simplified characters that are frequent traditional ones too (the first level of Big5), and many of them family names: 余, 范, 于. Nobody
 * can say by them alone which form a name is written in.
 */
const BOTH = '丑丰么于云仆伙余佣党准几凶占台吁后咸唇夸尸岩岳帘干并征愿挂斗朴杠杰柜涌游灶痴皂秘筑群肴腌苧范虫辟郁采里雇霉'

/** From a character to those that stand for it in the other form; only characters that never stand for themselves there. */
function table(rows: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const row of rows.split('|')) {
    const [own, ...others] = row.split(' ')
    if (own && others[0] && !others.includes(own) && !BOTH.includes(own)) found.set(own, others[0])
  }
  return found
}

/** Made when a name with such characters is typed for the first time: no start of a wallet waits for it. */
const OTHER: Partial<Record<Script, ReadonlyMap<string, string>>> = {}
const other = (form: Script) => OTHER[form] ??= table(form === 'simplified' ? TRADITIONAL : SIMPLIFIED)

/** A text with every character that surely is of the other form in this one; the first of several. The same text where there is none. */
export function inForm(text: string, form: Script): string {
  const plain = text.normalize('NFKC')
  return HAN.test(plain) ? [...plain].map((sign) => other(form).get(sign) ?? sign).join('') : plain
}
