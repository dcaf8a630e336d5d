// The counter's page: who is signed in, which view is on the screen, the keyboard. Each view is a module of its own.
//
// Keyboard first: F2 a new request, F4 somebody by card, F8 finds a person, F9 queues or evacuation, Ctrl+Enter registers; a hand scanner
// is a keyboard whose text begins with BV1:.

import { act, call, isHotel, isLibrary, place, refuse, session, setClock, tell, venueName } from "./api.js";
import { collect, newRequest, scanned, stopWaiting } from "./asking.js";
import { $ } from "./elements.js";
import { closeEvacuation, drawEvacuation, forgetEvacuation, isOnScreen, openEvacuation } from "./evacuation.js";
import { drawHouse } from "./house.js";
import { drawInvited, prepareInvitation } from "./invitations.js";
import { beginReader, drawReader, drawSystem, drawUnsettled, endReader, healthOf, pay } from "./library.js";
import { addCard, clear, drawLines, drawPlan } from "./party.js";
import { drawFound, drawRetention, forgetPerson, openRecord, preparePerson } from "./person.js";
import { drawQueues } from "./queues.js";
import "./rooming.js";
import { chooseLanguage, language, sentence, t } from "./texts.js";
import { drawVisitors } from "./visitors.js";

const CODE = /^\s*BV1:/;
/** The sections of each view, and the kinds of desk that have it. */
const VIEWS = {
  counter: { sections: ["ask", "party", "book"], kinds: ["hotel", "building"] },
  invitations: { sections: ["invite"], kinds: ["building"] },
  person: { sections: ["person"], kinds: ["hotel", "building"] },
  queues: { sections: ["queues"], kinds: ["hotel"] },
  evacuation: { sections: ["evacuation-list"], kinds: ["building"] },
  library: { sections: ["ask", "library"], kinds: ["library"] },
};
const LINKS = { counter: "to-counter", invitations: "to-invitations", person: "to-person", queues: "to-queues", evacuation: "evacuation", library: "to-library" };

let signedIn = false;
let view = "counter";

const hasView = (name) => VIEWS[name]?.kinds.includes(place.desk.kind);

/** The view and the record that the address names; where it names none of this desk, the view stays. */
function named() {
  const [name, id] = location.hash.slice(1).split("/");
  if (hasView(name)) return { name, id };
  return { name: hasView(view) ? view : Object.keys(VIEWS).find(hasView) };
}

/** Shows what belongs on the screen. The evacuation list stays there while somebody has to sign in again. */
function show() {
  const listStays = !signedIn && isOnScreen();
  $("sign-in").hidden = signedIn;
  for (const id of ["views", "sign-out"]) $(id).hidden = !signedIn;
  const shown = signedIn || (listStays && view === "evacuation") ? VIEWS[view].sections : [];
  for (const id of Object.values(VIEWS).flatMap(({ sections }) => sections)) $(id).hidden = !shown.includes(id);
  for (const [name, id] of Object.entries(LINKS)) {
    $(id).hidden = !place.desk || !VIEWS[name].kinds.includes(place.desk.kind);
    if (name === view) $(id).setAttribute("aria-current", "page");
    else $(id).removeAttribute("aria-current");
  }
  for (const part of document.querySelectorAll("#rooming, .of-hotel")) part.hidden = !isHotel();
  for (const part of document.querySelectorAll(".of-building")) part.hidden = isHotel();
  $("by-card").hidden = isLibrary();
  $("new-openid").hidden = !place.desk?.openid;
}

session.lost = () => {
  if (!signedIn) return;
  signedIn = false;
  stopWaiting();
  if (view !== "evacuation") closeEvacuation();
  show();
  $("name").focus();
};

/** Goes to the view that the address names. */
async function go() {
  if (!signedIn) return;
  const { name, id } = named();
  view = name;
  show();
  if (view !== "evacuation") closeEvacuation();
  await drawView(id);
}

async function drawView(id) {
  if (view === "counter") return refresh();
  if (view === "invitations") return prepareInvitation();
  if (view === "queues") return refreshQueues();
  if (view === "library") return refreshLibrary();
  if (view === "evacuation") return openEvacuation();
  preparePerson();
  if (id) {
    await openRecord(id);
    $("found").querySelector("h3")?.focus();
  } else $("find-name").focus();
  await drawRetention();
}

function translate() {
  document.documentElement.lang = language;
  $("language").value = language;
  // A row of tabs tells one desk from the next.
  document.title = place.desk ? `${venueName()} - ${t("title")}` : `${t("title")} - Bay Pass`;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = t(element.dataset.text);
  $("views").setAttribute("aria-label", t("views"));
  $("qr").alt = t("qr_alt");
  for (const option of $("purposes").options) option.label = t(`purpose.${option.value}`, option.value);
  drawEvacuation();
  if (!place.desk) return;
  for (const element of document.querySelectorAll(".venue-name")) element.textContent = venueName();
  $("party-title").textContent = t(isHotel() ? "arrivals" : "visitor");
  if (isLibrary()) return drawReader();
  drawPlan();
  drawLines();
  drawFound();
  drawInvited();
}

async function enter() {
  place.desk = await call("GET", "/api/desk");
  signedIn = true;
  tell("");
  view = named().name;
  show();
  // At once: what comes later would take the cursor from whoever types already.
  if (VIEWS[view].sections.includes("ask")) $("new-request").focus();
  drawHealth(await call("GET", "/api/health"));
  translate();
  await go();
}

async function refresh() {
  drawHealth(await call("GET", "/api/health"));
  await (isHotel() ? drawHouse() : drawVisitors());
  await collect();
}

async function refreshQueues() {
  drawHealth(await call("GET", "/api/health"));
  await drawQueues();
}

async function refreshLibrary() {
  const health = await call("GET", "/api/health");
  drawHealth(health);
  drawSystem(health.library);
  await drawUnsettled();
}

function drawHealth(health) {
  setClock(health.now);
  const said = [];
  if (health.not_allowed) said.push(sentence({ code: health.not_allowed }));
  else if (health.lists === "stale") said.push(t("lists_stale"));
  for (const queue of ["police", "hotel_system"]) {
    const state = health[queue];
    if (!state) continue;
    if (state.overdue > 0) said.push(`${t(`queue.${queue}`)}: ${t("overdue")} ${state.overdue}`);
    else if (state.alarm > 0) said.push(`${t(`queue.${queue}`)}: ${t("alarm")} ${state.alarm}`);
    if (state.refused > 0) said.push(`${t(`queue.${queue}`)}: ${t("to_correct")} ${state.refused}`);
    if (state.from_the_future > 0) said.push(t("clock_wrong"));
  }
  if (health.library) said.push(...healthOf(health.library));
  for (const { name, fault } of health.doors ?? []) if (fault) said.push(`${name}: ${sentence({ code: fault })}`);
  $("health").textContent = said.join(" ");
}

document.addEventListener("book-changed", async ({ detail: label }) => {
  if (!signedIn) return;
  try {
    if (view === "counter") await refresh();
    if (view === "queues") await refreshQueues();
    if (view === "library") await refreshLibrary();
  } catch (problem) {
    // No act of the clerk: what was said of the act before stays unless there is more to say.
    if (!problem?.code) throw problem;
    refuse(problem);
  }
  // The rows are new ones: the keyboard goes on where it was.
  if (!label || document.activeElement !== document.body) return;
  const same = [...document.querySelectorAll("main button")].find((one) => one.getAttribute("aria-label") === label);
  (same ?? $({ queues: "queues-refresh", library: "library-refresh" }[view] ?? "refresh")).focus();
});

// --- the keyboard ---

const KEYS = {
  F2: () => act(async () => {
    await to(isLibrary() ? "library" : "counter");
    await newRequest();
  }),
  F4: () => act(async () => {
    if (isLibrary()) return $("reader-card").focus();
    await to("counter");
    addCard();
  }),
  F8: () => act(() => to("person")),
  F9: () => act(() => to(isHotel() ? "queues" : "evacuation")),
};

/** Goes to a view, if it is not on the screen as it begins. */
async function to(name) {
  if (!hasView(name)) return;
  if (view === name && !location.hash.includes("/")) return;
  history.pushState(null, "", `#${name}`);
  await go();
}

document.addEventListener("keydown", (event) => {
  if (!signedIn || document.querySelector("dialog[open]")) return;
  if (KEYS[event.key]) {
    event.preventDefault();
    KEYS[event.key]();
  } else if (event.key === "Enter" && event.ctrlKey) {
    event.preventDefault();
    if (view === "counter") $("party-form").requestSubmit();
  } else if (event.key === "Enter" && VIEWS[view].sections.includes("ask") && CODE.test(event.target.value ?? "")) {
    // A scanner types wherever the cursor stands.
    event.preventDefault();
    const text = event.target.value;
    event.target.value = "";
    act(() => scanned(text));
  }
});

window.addEventListener("hashchange", () => act(go));
$("language").addEventListener("change", () => {
  chooseLanguage($("language").value);
  translate();
  if (signedIn) act(go);
});
$("sign-in-form").addEventListener("submit", (event) => {
  event.preventDefault();
  act(async () => {
    await call("POST", "/api/session", { name: $("name").value.trim(), secret: $("secret").value });
    $("secret").value = "";
    await enter();
  });
});
$("sign-out").addEventListener("click", () => act(async () => {
  await call("DELETE", "/api/session");
  signedIn = false;
  stopWaiting();
  clear();
  forgetPerson();
  forgetEvacuation();
  if (isLibrary()) await endReader().catch(() => {});
  place.desk = null;
  view = "counter";
  history.replaceState(null, "", "/");
  show();
  $("name").focus();
}));
$("refresh").addEventListener("click", () => act(refresh));
$("library-refresh").addEventListener("click", () => act(refreshLibrary));
$("reader-form").addEventListener("submit", (event) => {
  event.preventDefault();
  act(() => beginReader({ card: $("reader-card").value.trim(), password: $("reader-password").value }));
});
$("pay-form").addEventListener("submit", (event) => {
  event.preventDefault();
  act(pay);
});
$("reader-gone").addEventListener("click", () => act(endReader));
$("queues-refresh").addEventListener("click", () => act(refreshQueues));
$("dialog-cancel").addEventListener("click", () => $("dialog").close());

translate();
show();
try {
  // A browser that is left to readers and visitors is no counter.
  const { self_service: left } = await call("GET", "/api/session");
  if (!left) await enter();
} catch (problem) {
  if (!problem?.code) throw problem;
  show();
  if (problem.code !== "unauthorized") refuse(problem);
}
