// Screens: which one of a self-service desk is shown, what each draws, and the same in another language.

import { $ } from "./elements.js";

/** The name of the screen that is shown: the id of its section. */
export const screen = { name: "" };
const drawings = {};

/** Says how a screen, or a part of it, is drawn: each time that it is shown, and in each language. */
export function draws(name, work) {
  (drawings[name] ??= []).push(work);
}

export function redraw() {
  for (const work of drawings[screen.name] ?? []) work();
}

/** Shows one screen and no other, and reads its heading out. */
export function show(name) {
  screen.name = name;
  document.body.dataset.screen = name;
  for (const section of document.querySelectorAll("main > section")) section.hidden = section.id !== name;
  $("message").textContent = "";
  redraw();
  window.scrollTo(0, 0);
  $(`${name}-title`).focus();
  document.dispatchEvent(new CustomEvent("screen-shown", { detail: name }));
}
