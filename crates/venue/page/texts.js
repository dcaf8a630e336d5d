// Texts: every word of the page, in four languages, by keys; the sentence of a problem.

export const LANGUAGES = ["zh-Hans", "zh-Hant", "en", "pt"];

const load = async (one) => [one, await (await fetch(`/texts/${one}.json`)).json()];
const texts = Object.fromEntries(await Promise.all(LANGUAGES.map(load)));

/** How each language writes days and times where this is used. */
export const LOCALES = { "zh-Hans": "zh-CN", "zh-Hant": "zh-HK", en: "en-GB", pt: "pt-PT" };

/** The language of the page. */
export let language = preferred();

function preferred() {
  const kept = localStorage.getItem("desk_language");
  for (const one of [kept, ...navigator.languages].filter(Boolean)) {
    if (LANGUAGES.includes(one)) return one;
    if (/^zh-(TW|HK|MO)/i.test(one)) return "zh-Hant";
    if (/^zh/i.test(one)) return "zh-Hans";
    if (/^pt/i.test(one)) return "pt";
  }
  return "en";
}

/** Goes on in a language, and keeps that for the next time. */
export function chooseLanguage(one) {
  showLanguage(one);
  localStorage.setItem("desk_language", one);
}

/** Goes on in a language for now. */
export function showLanguage(one) {
  language = one;
}

/** The text of a key; what has no text of its own shows `otherwise`. */
export function t(key, otherwise) {
  return texts[language][key] ?? otherwise ?? texts.en[key] ?? key;
}

/** The text of a key in some language. */
export const textIn = (one, key) => texts[one][key] ?? texts.en[key];

/** The text of a key in some language, with values in the place of `{names}`. */
export function filledIn(one, key, values) {
  return (texts[one][key] ?? texts.en[key]).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** The same in the language of the page. */
export const filled = (key, values) => filledIn(language, key, values);

/** The name of a field, without the form in which it is typed. */
export const fieldName = (field) => t(`field.${field}`, field).replace(/\s*[(（][^)）]*[)）]\s*$/, "");

/** The value of a field or claim, in words where it is a code. */
export function valueText(field, value) {
  return field === "document_kind" ? t(`kind.${value}`, t(`document.${value}`, value)) : value;
}

/** Codes that have one sentence together: a clerk does the same in each case. */
const TOGETHER = [
  [/^presentation_/, "code.presentation_other"],
  [/^(sd_jwt|mdoc|key_binding|certificate|response|answer|status|openid)_/, "code.openid_other"],
  [/^venue_code_/, "code.venue_code_other"],
  [/^sip_/, "code.sip_other"],
  [/_(not_approved|not_begun|not_concerned|not_listed)$|^(outside_hours|retention_too_long|desk_of_another_venue|scenario_of_another_kind)$/, "code.not_allowed_other"],
];

/** The sentence of a problem or fault: by its code, else as the desk says it. */
export function sentence(problem) {
  const name = problem.field && fieldName(problem.field);
  const together = TOGETHER.find(([codes]) => codes.test(problem.code))?.[1];
  const otherwise = together ? t(together) : problem.detail ?? problem.text ?? problem.code;
  const said = t(`code.${problem.code}`, otherwise);
  return name ? `${name}: ${said}` : said;
}
