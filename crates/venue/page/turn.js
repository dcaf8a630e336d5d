// Turn: a reader before the desk, from the pass or the card to the end; nothing of them outlives it.

import { call, clock, drawId } from "./api.js";
import { $, list, make, table } from "./elements.js";
import { said, dueLine, money, owes, titleOf, wordsOf, due } from "./reader-words.js";
import { answerOf } from "./reading.js";
import { whileAtWork } from "./resting.js";
import { draws, redraw, show } from "./screens.js";
import { filled, language, t } from "./texts.js";

/** Between two looks whether the phone has answered, in milliseconds. */
const LOOK = 1000;

/** Whose turn it is: `id`, `view` (the account), `borrowed`, `renewed`; `null` between two readers. */
export const turn = { now: null };
/** The screen to which the reader wants to go once it is known who they are. */
let wanted = "borrow";
let asking = null;
/** What a screen says of how far it has come, by its name: words that are made anew in each language. */
const notes = { ask: null, card: null, forget: null };

function note(name, words) {
  notes[name] = words;
  $(`${name}-state`).textContent = words?.() ?? "";
}

for (const name of Object.keys(notes)) draws(name, () => note(name, notes[name]));

export const path = (what = "") => `/api/readers/${turn.now.id}${what}`;

// --- who it is ---

/** Shows a request for the pass; `where` the reader wants to go. */
export async function ask(where = wanted) {
  wanted = where;
  stopAsking();
  note("ask", () => t("self.waiting"));
  const mine = (asking = { id: null, timer: null });
  try {
    const request = await call("POST", "/api/requests", {});
    if (mine !== asking) return;
    mine.id = request.id;
    $("qr").src = `data:image/svg+xml,${encodeURIComponent(request.svg)}`;
    show("ask");
    mine.timer = setTimeout(look, LOOK);
  } catch (problem) {
    trouble(problem);
  }
}

export function stopAsking() {
  clearTimeout(asking?.timer);
  asking = null;
  $("qr").removeAttribute("src");
}

async function look() {
  const mine = asking;
  if (!mine) return;
  let answer = null;
  try {
    answer = await call("GET", `/api/requests/${mine.id}`);
  } catch (problem) {
    if (mine === asking && problem.code === "request_unknown") return ask();
  }
  if (mine !== asking) return;
  if (answer?.state === "answered") return begin({ answer: answer.id });
  if (answer?.state === "refused") note("ask", () => said(answer.code));
  mine.timer = setTimeout(look, LOOK);
}

/** Begins by the code of a pass that scanner or camera has read. */
export async function beginByCode(text) {
  stopAsking();
  show("moment");
  try {
    await begin({ answer: await whileAtWork(() => answerOf(text)) });
  } catch (problem) {
    trouble(problem);
  }
}

/** Begins by the library's card, where that is wanted: the same account, without a phone. */
export function beginByCard(where = wanted) {
  wanted = where;
  stopAsking();
  note("card", null);
  show("card");
  $("card-number").focus();
}

async function byCard() {
  const [card, password] = [$("card-number").value.trim(), $("card-password").value];
  if (!card) return $("card-number").focus();
  if (!password) return $("card-password").focus();
  note("card", () => t("self.moment"));
  const problem = await begin({ card, password });
  $("card-password").value = "";
  if (!problem) return;
  note("card", () => said(problem.code));
  show("card");
  $("card-password").focus();
}

/** Begins a turn. What goes wrong with a card is given back: it is typed again. */
async function begin(who) {
  stopAsking();
  const id = drawId();
  if (who.answer) show("moment");
  try {
    const view = await whileAtWork(() => call("POST", "/api/readers", { id, language, ...who }));
    turn.now = { id, view, borrowed: [], renewed: [], at: Date.now() };
    show(wanted);
    return null;
  } catch (problem) {
    if (!problem?.code) throw problem;
    if (who.card && ["card_refused", "wrong_field"].includes(problem.code)) return problem;
    trouble(problem);
    return null;
  }
}

let why = null;
function trouble(problem) {
  if (!problem?.code) throw problem;
  stopAsking();
  why = problem.code;
  show("trouble");
}

draws("trouble", () => ($("trouble-why").textContent = said(why)));
draws("ask", () => ($("qr").alt = t("self.qr_alt")));
$("trouble-again").addEventListener("click", () => ask());
for (const id of ["trouble-card", "ask-card"]) $(id).addEventListener("click", () => beginByCard());
$("card-form").addEventListener("submit", (event) => {
  event.preventDefault();
  byCard();
});

// --- the account ---

/** Asks for the account again, and draws it. */
export async function readAgain() {
  const mine = turn.now;
  if (!mine) return;
  try {
    const view = await whileAtWork(() => call("GET", path()));
    if (mine !== turn.now) return;
    mine.view = { ...view, new: mine.view.new };
    mine.at = Date.now();
    redraw();
  } catch (problem) {
    fault(problem);
  }
}

/** Says what went wrong in a turn; one that is over at the desk is over on the screen. */
export function fault(problem) {
  if (!problem?.code) throw problem;
  if (problem.code === "no_reader") return document.dispatchEvent(new CustomEvent("turn-over", { detail: "no_reader" }));
  $("message").textContent = said(problem.code);
}

/** A desk forgets a turn of two minutes without an act: whoever is still there keeps it. */
export function keepTurn() {
  if (turn.now && Date.now() - turn.now.at > 60_000) {
    turn.now.at = Date.now();
    readAgain();
  }
}

/** What both screens of a turn say first. */
function drawAccount() {
  const { view } = turn.now;
  const denials = view.denials.map((code) => make("p", {}, t(`denial.${code}`, said("other"))));
  for (const part of document.querySelectorAll(".of-account")) {
    const lines = [view.new ? make("p", { text: "self.new_account" }) : null, ...denials.map((one) => one.cloneNode(true)), wordsOf(view.words)].filter(Boolean);
    part.replaceChildren(...lines);
    part.classList.toggle("notice", lines.length > 0);
  }
}

function drawLoans() {
  if (!turn.now) return;
  drawAccount();
  const { charged, charged_count: count, overdue_count: late, fees, currency } = turn.now.view;
  const all = Math.max(count ?? 0, charged.length);
  const renewAll = make("button", { type: "button", id: "renew-all", text: "self.renew_all" });
  renewAll.addEventListener("click", () => renew(charged));
  const facts = [
    make("p", {}, all > 0 ? filled("self.out_count", { count: all }) : t("self.out_none")),
    late > 0 ? make("p", { className: "late-mark" }, filled("self.overdue_count", { count: late })) : null,
    make("p", {}, owes(fees) ? `${t("self.fees")}: ${money(fees, currency)} · ${t("self.fees_help")}` : t("self.fees_none")),
    charged.length > 1 ? renewAll : null,
  ];
  const parts = [
    make("div", { className: "facts" }, ...facts),
    make("ul", { className: "rows" }, ...charged.map(drawCharged)),
    all > charged.length ? make("p", { className: "notice" }, filled("self.out_more", { count: all - charged.length })) : null,
  ];
  $("charged").replaceChildren(...parts.filter(Boolean));
}

function drawCharged(one) {
  const done = turn.now.renewed.find(({ item }) => item === one.item);
  const button = make("button", { type: "button", className: "plain", text: "self.renew" });
  button.setAttribute("aria-label", `${t("self.renew")}: ${titleOf(one)}`);
  button.addEventListener("click", () => renew([one]));
  const late = due(one.due).late ? "late" : "";
  const sign = done?.state === "done" ? "✓" : done ? "!" : late ? "!" : "";
  return make("li", { className: `${done ? (done.state === "done" ? "done" : "refused") : late} ${sign ? "" : "bare"}` },
    sign ? make("span", { className: "sign", ariaHidden: "true" }, sign) : null,
    make("p", { className: "title" }, titleOf(one)),
    dueLine(one.due),
    done ? make("p", { className: "said" }, renewedWords(done)) : null,
    done ? wordsOf(done.words) : null,
    done?.state === "done" ? null : make("div", { className: "tools" }, button));
}

function renewedWords({ state, code, fee }) {
  if (state === "done") return t("self.renewed");
  if (state === "wait") return t("self.asking");
  return said(code ?? "other", { fee: money(fee ?? "", turn.now.view.currency) });
}

/** Renews what is given, one after the other. */
async function renew(items) {
  const mine = turn.now;
  for (const one of items) {
    if (mine !== turn.now) return;
    const kept = mine.renewed.find(({ item }) => item === one.item);
    if (kept?.state === "done") continue;
    const note = kept ?? { item: one.item };
    if (!kept) mine.renewed.push(note);
    Object.assign(note, { state: "wait", title: one.title, code: undefined });
    redraw();
    try {
      const ended = await whileAtWork(() => call("POST", path("/renewals"), { item: one.item }));
      if (mine !== turn.now) return;
      mine.at = Date.now();
      Object.assign(note, ended, { title: ended.title ?? one.title });
      if (ended.due) one.due = ended.due;
    } catch (problem) {
      if (mine !== turn.now) return;
      Object.assign(note, { state: "refused", code: problem.code });
      if (problem.code === "no_reader") return fault(problem);
    }
    redraw();
  }
}

draws("loans", drawLoans);
draws("borrow", () => {
  if (turn.now) drawAccount();
});

// --- rights ---

let record = null;

async function showRights() {
  try {
    record = await whileAtWork(() => call("GET", path("/record")));
    turn.now.at = Date.now();
    show("rights");
  } catch (problem) {
    fault(problem);
  }
}

draws("rights", () => {
  if (!record) return;
  const looks = record.looks.map(({ at, actor, act }) => make("tr", {}, ...[clock(at), actor, t(`act.${act}`, act)].map((text) => make("td", {}, text))));
  $("record").replaceChildren(
    list([[t("self.account"), make("span", { className: "account" }, record.account)]]),
    make("h3", { text: "looks" }),
    table(["look_at", "look_actor", "look_act"], looks),
  );
});

async function forgetMe() {
  try {
    await whileAtWork(() => call("POST", path("/forget"), {}));
    document.dispatchEvent(new CustomEvent("turn-over", { detail: "forgotten" }));
  } catch (problem) {
    if (problem.code === "no_reader") return fault(problem);
    note("forget", () => said(problem.code));
  }
}

$("to-rights").addEventListener("click", showRights);
$("to-forget").addEventListener("click", () => show("forget"));
$("forget-yes").addEventListener("click", forgetMe);
for (const button of document.querySelectorAll(".to-loans")) button.addEventListener("click", () => show("loans"));

/** Ends the turn: here at once, at the desk as soon as it hears of it. */
export function endTurn(tell = true) {
  stopAsking();
  const id = turn.now?.id;
  turn.now = record = why = null;
  for (const id of ["charged", "record"]) $(id).replaceChildren();
  for (const part of document.querySelectorAll(".of-account")) part.replaceChildren();
  $("card-form").reset();
  for (const name of Object.keys(notes)) note(name, null);
  $("trouble-why").textContent = "";
  // What the desk does not hear of ends there by itself after two minutes.
  if (id && tell) call("DELETE", `/api/readers/${id}`).catch(() => {});
}
