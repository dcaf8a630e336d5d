// Evacuation: who is inside, by zone, on screen, phone and paper. What was loaded last stays when the desk's program is away, with its
// time; marks wait and are sent when it is back.

import { act, call, hour, now, refuse, tell } from "./api.js";
import { $, make, tools } from "./elements.js";
import { filled, t } from "./texts.js";

/** Marks that are not sent yet: ids and marks alone, so that a page that is loaded anew still sends them. */
const KEPT = "desk_marks";
const AGAIN = 5_000;
const FRESH = 30_000;

let list = null;
let away = false;
let timer = 0;
let open = false;

const waiting = () => JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");

function setWaiting(marks) {
  sessionStorage.setItem(KEPT, JSON.stringify(marks));
}

export function openEvacuation() {
  open = true;
  return round();
}

export function closeEvacuation() {
  open = false;
  clearTimeout(timer);
}

/** Whether the list is on the screen: it stays there when the session ends, which a restart of the program does. */
export const isOnScreen = () => open && list !== null;

export function forgetEvacuation() {
  closeEvacuation();
  list = null;
  sessionStorage.removeItem(KEPT);
  $("evacuation-zones").replaceChildren();
}

/** Sends what waits, reads the list anew, and does so again after a while. */
async function round() {
  clearTimeout(timer);
  try {
    await send();
    list = await call("GET", `/api/evacuation?exercise=${$("exercise").checked}`);
    away = false;
  } catch (problem) {
    if (!problem?.code) throw problem;
    away = true;
    if (problem.code !== "unreachable") refuse(problem);
  }
  draw();
  if (open) again(away ? AGAIN : FRESH);
}

/** A page that nobody sees asks nothing: each list is a look at everybody on it. */
function again(pause) {
  timer = setTimeout(() => (document.hidden ? again(AGAIN) : round()), pause);
}

async function send() {
  for (const [visit, safe] of Object.entries(waiting())) {
    try {
      await call("POST", `/api/visits/${visit}/mark`, { safe });
    } catch (problem) {
      if (["unreachable", "unauthorized", "store"].includes(problem.code)) throw problem;
      // Who has left by the door meanwhile stands on the list no more.
      tell(t("mark_late"), "bad");
    }
    const { [visit]: sent, ...rest } = waiting();
    setWaiting(sent === safe ? rest : { ...rest, [visit]: sent });
  }
}

function mark(visit, safe) {
  setWaiting({ ...waiting(), [visit]: safe });
  draw();
  $(`mark-${visit}-${safe}`)?.focus();
  return round();
}

/** Draws the list that was read last; before the first there is none. */
export function drawEvacuation() {
  if (list) draw();
}

function draw() {
  const marks = waiting();
  const count = Object.keys(marks).length;
  $("evacuation-away").textContent = away ? (list ? filled("evacuation_away", { time: hour(list.at) }) : t("code.unreachable")) : "";
  $("evacuation-waiting").textContent = count > 0 ? `${t("marks_waiting")} ${count}` : "";
  if (!list) return;
  const people = list.zones.flatMap((zone) => zone.people);
  const safe = (person) => marks[person.visit] ?? person.safe;
  const figures = {
    people: people.length,
    safe: people.filter((person) => safe(person) === true).length,
    missing: people.filter((person) => safe(person) === false).length,
    open: people.filter((person) => safe(person) === undefined).length,
    help: people.filter((person) => person.needs_help && safe(person) !== true).length,
  };
  $("evacuation-at").textContent = filled("evacuation_at", { time: hour(list.at), until: hour(Date.parse(list.at) + 300_000) });
  $("evacuation-old").hidden = now() - Date.parse(list.at) <= 300_000;
  $("evacuation-figures").textContent = filled("evacuation_figures", figures);
  document.body.classList.toggle("exercise", $("exercise").checked);
  const focused = document.activeElement?.id;
  $("evacuation-zones").replaceChildren(...list.zones.map((zone) => drawZone(zone, safe, marks)));
  if (list.zones.length === 0) $("evacuation-zones").append(make("p", { text: "evacuation_nobody" }));
  if (focused?.startsWith("mark-")) $(focused)?.focus();
}

function drawZone({ zone, people }, safe, marks) {
  return make("section", { className: "zone" },
    make("h3", {}, `${zone} (${people.length})`),
    make("ul", {}, ...people.map((person) => drawPerson(person, safe(person), person.visit in marks))),
    make("p", { className: "paper", text: "staff_by_hand" }));
}

function drawPerson(person, safe, unsent) {
  // Where no name was released the badge stands for it.
  const name = person.name === `badge ${person.badge}` ? `${t("badge")} ${person.badge}` : person.name;
  const choose = (value, key) => {
    const element = make("button", { type: "button", id: `mark-${person.visit}-${value}`, className: value ? "safe" : "missing", text: key });
    element.setAttribute("aria-pressed", String(safe === value));
    element.setAttribute("aria-label", `${t(key)}: ${name}`);
    element.addEventListener("click", () => act(() => mark(person.visit, value)));
    return element;
  };
  const state = safe === undefined ? "mark_none" : safe ? "mark_safe" : "mark_missing";
  return make("li", {},
    make("div", {},
      make("span", { className: "paper box" }, safe === undefined ? "☐" : safe ? "☑" : "☒"),
      make("strong", {}, name),
      make("span", { className: "state" }, ` · ${t(state)}${unsent ? ` (${t("unsent")})` : ""}`),
      make("br"),
      `${t("plan.host")}: ${person.host} · ${t("badge")} ${person.badge}`,
      person.needs_help ? make("strong", { className: "help-needed", text: "needs_help" }) : null),
    tools(choose(true, "mark_safe"), choose(false, "mark_missing")));
}

$("exercise").addEventListener("change", () => act(round));
$("evacuation-refresh").addEventListener("click", () => act(round));
$("evacuation-print").addEventListener("click", () => window.print());
