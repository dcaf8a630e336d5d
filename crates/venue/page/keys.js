// Keys: digits and letters on the screen, for a desk that has no keyboard.

import { $, make } from "./elements.js";
import { t } from "./texts.js";

const DIGITS = "1234567890";
const LETTERS = "abcdefghijklmnopqrstuvwxyz";

let field = null;
let letters = false;
let large = false;

for (const id of ["card-number", "card-password"]) $(id).addEventListener("focus", () => (field = $(id)));

function type(text) {
  field ??= $("card-number");
  field.value = `${field.value}${text}`.slice(0, field.maxLength);
}

function key(words, work, className = "") {
  const button = make("button", { type: "button", className }, words);
  button.addEventListener("click", work);
  return button;
}

function turned(work) {
  return () => {
    work();
    drawKeys();
    $("keys").querySelector(".wide").focus();
  };
}

export function drawKeys() {
  const signs = [...(letters ? (large ? LETTERS.toUpperCase() : LETTERS) : DIGITS)];
  const others = letters
    ? [key(t(large ? "self.key_small" : "self.key_large"), turned(() => (large = !large)), "wide"), key(t("self.key_digits"), turned(() => (letters = false)), "wide")]
    : [key(t("self.key_letters"), turned(() => (letters = true)), "wide")];
  const erase = key(t("self.key_delete"), () => field && (field.value = field.value.slice(0, -1)), "wide");
  $("keys").className = letters ? "letters" : "";
  $("keys").setAttribute("aria-label", t("self.keys"));
  $("keys").replaceChildren(...signs.map((sign) => key(sign, () => type(sign))), ...others, erase);
}

export function forgetKeys() {
  [field, letters, large] = [null, false, false];
  $("keys").replaceChildren();
}
