// Elements: what every view is made of. What comes from the desk is set as text, never as markup.

import { act, changed, place } from "./api.js";
import { sentence, t } from "./texts.js";

export const $ = (id) => document.getElementById(id);

/** An element; `text` is the key of its text. */
export function make(tag, properties = {}, ...children) {
  const { text, ...rest } = properties;
  const element = Object.assign(document.createElement(tag), rest);
  if (text) element.textContent = t(text);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** A field with its label; `set` hears each value. */
export function input(id, label, value, set, options = {}) {
  const { choices, multi, list: suggestions, ...rest } = options;
  const field = choices
    ? make("select", { id, ...rest }, ...choices.map(([code, words]) => make("option", { value: code }, words)))
    : make(multi ? "textarea" : "input", { id, autocomplete: "off", ...rest });
  // The property of that name is read alone.
  if (suggestions) field.setAttribute("list", suggestions);
  field.value = value;
  field.addEventListener("input", () => set(field.value));
  return make("div", {}, make("label", { htmlFor: id }, label), field);
}

export function check(id, label, checked, set) {
  const box = make("input", { id, type: "checkbox", checked });
  box.addEventListener("change", () => set(box.checked));
  return make("div", { className: "check" }, box, make("label", { htmlFor: id }, label));
}

/** The documents that the desk takes, to choose from. */
export const documentChoices = () => place.desk.documents.map((one) => [one, t(`document.${one}`, one)]);

/** A button about somebody; after its work the book is read again. */
export function button(key, about, work) {
  const element = make("button", { type: "button", className: "plain", text: key });
  element.setAttribute("aria-label", `${t(key)}: ${about}`);
  element.addEventListener("click", () => act(work).then((done) => done && changed(element.getAttribute("aria-label"))));
  return element;
}

/** A link to the record of this id. */
export function recordLink(key, about, id) {
  const link = make("a", { className: "button", href: `#person/${id}`, text: key });
  link.setAttribute("aria-label", `${t(key)}: ${about}`);
  return link;
}

export const tools = (...children) => make("div", { className: "tools" }, ...children);

export function row(...cells) {
  return make("tr", {}, ...cells.map((cell) => make("td", {}, cell ?? "")));
}

/** A table whose columns are keys of texts. */
export function table(columns, rows) {
  const head = make("tr", {}, ...columns.map((key) => make("th", { scope: "col", text: key })));
  return make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows));
}

/** What can be wider than the screen, in a frame of its own that the keyboard scrolls. */
export function scroll(label, ...children) {
  const frame = make("div", { className: "scroll", tabIndex: 0 }, ...children);
  frame.setAttribute("role", "group");
  frame.setAttribute("aria-label", label);
  return frame;
}

/** Terms and what stands under them. */
export function list(pairs) {
  return make("dl", {}, ...pairs.flatMap(([term, ...values]) => [make("dt", {}, term), ...values.map((value) => make("dd", {}, value))]));
}

/**
 * Asks the clerk in a dialog. `fields` draws into an object of values; `work` gets it. Where the desk refuses, the dialog stays open and
 * says why. The cursor stands in the field `first`, where it is there. Resolves to whether it was done.
 */
export function askFor(title, confirm, fields, work, first = "") {
  const values = {};
  const dialog = $("dialog");
  $("dialog-title").textContent = title;
  $("dialog-fields").replaceChildren(...fields(values));
  $("dialog-message").textContent = "";
  $("dialog-confirm").textContent = confirm;
  return new Promise((resolve) => {
    let done = false;
    let busy = false;
    const submit = async (event) => {
      event.preventDefault();
      if (busy) return;
      busy = true;
      $("dialog-message").textContent = "";
      try {
        await work(values);
        done = true;
        dialog.close();
      } catch (problem) {
        if (!problem?.code) throw problem;
        $("dialog-message").textContent = sentence(problem);
        if (problem.field) $(`dialog-${problem.field}`)?.focus();
      } finally {
        busy = false;
      }
    };
    $("dialog-form").addEventListener("submit", submit);
    dialog.addEventListener("close", () => {
      $("dialog-form").removeEventListener("submit", submit);
      // Nothing of a person stays behind in a closed dialog.
      $("dialog-fields").replaceChildren();
      resolve(done);
    }, { once: true });
    dialog.showModal();
    ($(`dialog-${first}`) ?? dialog.querySelector("input, select, textarea"))?.focus();
  });
}

/** A field of a dialog, kept under its name. */
export function asked(values, name, label, value = "", options = {}) {
  values[name] = value;
  return input(`dialog-${name}`, label, value, (typed) => (values[name] = typed), options);
}

/** A box to tick in a dialog. */
export function askedBox(values, name, label) {
  values[name] = false;
  return check(`dialog-${name}`, label, false, (ticked) => (values[name] = ticked));
}
