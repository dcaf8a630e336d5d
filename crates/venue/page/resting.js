// Resting: a screen that nobody touches ends by itself, after a countdown that anybody can stop.

import { $ } from "./elements.js";
import { t } from "./texts.js";

/** How long the countdown is seen, in seconds. */
const LAST = 10;
const TICK = 250;

let limit = 0;
let touched = 0;
let acts = 0;
let over = () => {};
let left = null;

/** Lets the screen rest for so many seconds, then does `work`; 0 is for ever. */
export function allow(seconds, work = () => {}) {
  [limit, over] = [seconds, work];
  touch();
}

/** Somebody is there. */
export function touch() {
  touched = Date.now();
  draw(null);
}

/** Nobody is hurried while the desk itself is at work. */
export async function whileAtWork(work) {
  acts += 1;
  try {
    return await work();
  } finally {
    acts -= 1;
    touch();
  }
}

function tick() {
  if (limit === 0) return;
  if (acts > 0) return touch();
  const rest = limit - Math.floor((Date.now() - touched) / 1000);
  if (rest <= 0) {
    const work = over;
    allow(0);
    return work();
  }
  // Where so little time is given nothing is lost by its end.
  draw(limit > LAST && rest <= LAST ? rest : null);
}

function draw(seconds) {
  if (seconds === left) return;
  const begins = left === null;
  left = seconds;
  $("countdown").hidden = seconds === null;
  $("countdown-left").textContent = seconds === null ? "" : `${seconds} ${t("self.seconds")}`;
  // Read out once; the figure beside it is for the eye.
  if (seconds === null) $("countdown-words").textContent = "";
  else if (begins) $("countdown-words").textContent = t("self.ends_soon");
}

setInterval(tick, TICK);
for (const sign of ["pointerdown", "keydown"]) document.addEventListener(sign, touch, { capture: true });
$("still-here").addEventListener("click", touch);
