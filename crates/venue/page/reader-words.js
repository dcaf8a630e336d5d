// Reader's words: what a desk says to a reader, by code; days and sums as people write them.

import { now } from "./api.js";
import { make } from "./elements.js";
import { LOCALES, filled, language, t } from "./texts.js";

/** Codes that have one sentence together: a reader does the same in each case. */
const TOGETHER = [
  [/^sip_/, "reader.sip_other"],
  [/^presentation_(revoked|suspended|status_unknown)$/, "reader.pass_ended"],
  [/^(presentation|venue_code|venue_receipt)_|^(credential_shown_before|claim_unreadable|answer_gone|answer_used|answered_already)$/, "reader.pass_other"],
  [/_(not_approved|not_begun|not_concerned|not_listed)$|^approval_|^(lists_too_old|outside_hours|retention_too_long|desk_of_another_venue|scenario_of_another_kind)$/, "reader.not_allowed_other"],
  [/^store_/, "reader.store"],
];

/** The sentence of a code: its own, else that of its kind, else that somebody helps. */
export function said(code, values = {}) {
  const own = `reader.${code}`;
  const key = t(own, "") ? own : TOGETHER.find(([codes]) => codes.test(code))?.[1] ?? "reader.other";
  return filled(key, values);
}

/** A due date as the library writes it: a day, and a time where there is one; `null` of another form. */
function dayOf(text) {
  const sip = /^(\d{4})(\d\d)(\d\d)(?:.{4}(\d\d)(\d\d)\d\d)?$/.exec(text);
  const iso = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::\d\d(?:\.\d+)?)?\s*(Z|[+-]\d\d:\d\d|[A-Z]{2,5})?)?$/.exec(text);
  const [, year, month, day, hour, minute, zone = ""] = sip ?? iso ?? [];
  if (!year) return null;
  // Zones that have but a name are the library's own.
  const utc = /^[Z+-]/.test(zone) || (sip && text.slice(8, 12).trim() === "Z") ? zone || "Z" : "+08:00";
  // A day without a time lasts until its end; midnight is how systems write such a day.
  const whole = hour === undefined || ["0000", "2359"].includes(`${hour}${minute}`);
  const at = Date.parse(`${year}-${month}-${day}T${whole ? "23:59:59+08:00" : `${hour}:${minute}:00${utc}`}`);
  return Number.isNaN(at) ? null : { at, whole };
}

/** A due date in words, and whether it is past. */
export function due(text) {
  if (!text?.trim()) return { words: t("self.due_unknown"), late: false };
  const found = dayOf(text.trim());
  if (!found) return { words: text.trim(), late: false };
  const options = { timeZone: "Asia/Shanghai", dateStyle: "long", ...(found.whole ? {} : { timeStyle: "short" }) };
  return { words: new Date(found.at).toLocaleString(LOCALES[language], options), late: found.at < now() };
}

/** When something is due back, with a mark where that is past. */
export function dueLine(text) {
  const { words, late } = due(text);
  const mark = late ? make("span", { className: "late-mark" }, ` · ${t("self.overdue")}`) : null;
  return make("p", { className: "due" }, `${t("self.due")}: ${words}`, mark);
}

/** A sum as people write it; as the library writes it where that is another form. */
export function money(amount, currency) {
  const text = amount.trim();
  if (!/^\d+(\.\d{1,2})?$/.test(text) || !/^[A-Z]{3}$/.test(currency ?? "")) return [text, currency].filter(Boolean).join(" ");
  return Number(text).toLocaleString(LOCALES[language], { style: "currency", currency });
}

/** Whether anything is owed. */
export const owes = (amount) => Boolean(amount?.trim()) && !/^0+(\.0*)?$/.test(amount.trim());

/** What people call an item. */
export const titleOf = ({ title, item }) => title?.trim() || filled("self.book", { item });

/** What the library's system says to the reader, as it says it. */
export function wordsOf(words) {
  const all = (words ?? []).map((one) => one.trim()).filter(Boolean);
  return all.length > 0 ? make("p", {}, `${t("self.library_says")} “${all.join(" ")}”`) : null;
}
