// The page that readers use by themselves: signed in once by staff, then one reader after the other, in four languages.
//
// What a reader does is in modules of its own: who they are and their account (`turn`), books (`lending`). Here is what comes between
// two readers. Nothing of the one before is left: not on the screen, not in a field, not in the browser's storage.

import { call, place, session, setClock, venueName } from "./api.js";
import { $, make } from "./elements.js";
import { drawKeys, forgetKeys } from "./keys.js";
import { borrow, forgetLending, giveBack, isAsking, isOpen } from "./lending.js";
import { forget as forgetRead, isPass, listen, stopCamera } from "./reading.js";
import { said } from "./reader-words.js";
import { allow, touch } from "./resting.js";
import { draws, redraw, screen, show } from "./screens.js";
import { LANGUAGES, chooseLanguage, language, textIn, sentence, showLanguage, t } from "./texts.js";
import { ask, beginByCard, beginByCode, endTurn, keepTurn, readAgain, stopAsking, turn } from "./turn.js";

/** How long a screen stays that nobody touches, in seconds: 30, but where a phone has to be taken out first. */
const RESTS = { ask: 120, moment: 0, welcome: 0, "sign-in": 0, ended: 10 };
const REST = 30;
/** Between two looks at the way to the library's system while nobody is there, in milliseconds. */
const LOOK = 5000;

const CHOICES = [
  { key: "borrow", go: () => ask("borrow") },
  { key: "give_back", help: "give_back_help", go: () => show("give-back") },
  { key: "loans", help: "loans_help", go: () => ask("loans") },
  { key: "by_card", help: "by_card_help", go: () => beginByCard("loans") },
];

/** The language of the desk, to which it goes back after each reader. */
let own = language;
let signedIn = false;
/** The sentence for what is away, by its key; `null` where all is well. */
let away = null;
let endedBy = null;

// --- between two readers ---

draws("welcome", () => {
  $("away").textContent = away ? t(away) : "";
  $("choices").replaceChildren(...CHOICES.map(({ key, help, go }) => {
    const others = LANGUAGES.filter((one) => one !== language).map((one) => make("span", { lang: one }, textIn(one, `self.${key}`)));
    const button = make("button", { type: "button", disabled: away !== null },
      make("span", { className: "name", text: `self.${key}` }),
      away ? make("span", { className: "help", text: "self.off" }) : help ? make("span", { className: "help", text: `self.${help}` }) : null,
      // Nobody has to look for their language first.
      make("span", { className: "others" }, ...others.flatMap((one, at) => (at > 0 ? [" · ", one] : [one]))));
    button.addEventListener("click", go);
    return button;
  }));
});

/** Asks how the library's system is: what is away is said before anybody tries. */
async function look() {
  let found = null;
  try {
    const desk = await call("GET", "/api/desk");
    place.desk = desk;
    setClock(desk.now);
    if (desk.library?.fault) found = "self.away";
    else if (desk.library?.lends === false) found = "self.not_lending";
  } catch {
    found = "self.desk_away";
  }
  if (found === away) return;
  away = found;
  if (screen.name === "welcome") redraw();
}

setInterval(() => {
  if (signedIn && screen.name === "welcome") look();
}, LOOK);

function welcome() {
  clear();
  show("welcome");
  look();
}

/** Forgets the reader, whoever they were. */
function clear(tell = true) {
  endTurn(tell);
  forgetLending();
  forgetRead();
  forgetKeys();
  endedBy = null;
  for (const id of ["message", "ended-why"]) $(id).textContent = "";
  if (language !== own) speak(own);
}

function finish(by) {
  const open = isOpen();
  const kept = language;
  clear(by !== "no_reader" && by !== "forgotten");
  // The last words are in the reader's language still.
  speak(kept);
  endedBy = { by, open };
  show("ended");
}

draws("ended", () => {
  const { by, open } = endedBy ?? {};
  const why = { time: "self.ended_time", forgotten: "self.forgotten" }[by];
  const words = [why ? t(why) : by === "no_reader" ? said(by) : "", open ? t("self.ended_open") : ""];
  $("ended-why").textContent = words.filter(Boolean).join(" ");
});

document.addEventListener("turn-over", ({ detail }) => finish(detail));

// --- screens ---

document.addEventListener("screen-shown", ({ detail: name }) => {
  if (!["ask", "card", "borrow", "give-back"].includes(name)) stopCamera();
  const rest = RESTS[name] ?? REST;
  allow(rest, () => (name === "ended" || name === "ask" || name === "trouble" ? welcome() : finish("time")));
  drawBar();
});

function drawBar() {
  const name = screen.name;
  $("bar").hidden = !(turn.now || ["give-back", "receipt"].includes(name)) || ["moment", "ended", "welcome", "forget"].includes(name);
  for (const button of document.querySelectorAll(".of-turn")) button.hidden = !turn.now;
  for (const [id, of] of [["to-borrow", "borrow"], ["to-loans", "loans"], ["to-receipt", "receipt"]]) {
    if (of === name) $(id).setAttribute("aria-current", "page");
    else $(id).removeAttribute("aria-current");
  }
}

draws("card", drawKeys);
$("to-borrow").addEventListener("click", () => show("borrow"));
$("to-loans").addEventListener("click", () => {
  show("loans");
  readAgain();
});
$("to-receipt").addEventListener("click", () => show("receipt"));
$("finish").addEventListener("click", () => (isAsking() ? tellReader("self.asking") : finish("done")));
for (const button of document.querySelectorAll(".to-welcome")) button.addEventListener("click", welcome);
for (const sign of ["pointerdown", "keydown"]) document.addEventListener(sign, keepTurn);

listen((text) => {
  touch();
  if (!signedIn || screen.name === "moment") return;
  if (isPass(text)) return turn.now ? tellReader("self.finish_first") : away ? null : beginByCode(text);
  const item = text.trim();
  if (screen.name === "give-back") return giveBack(item);
  if (screen.name === "card") return takeCard(item);
  if (turn.now) return borrow(item);
  tellReader("self.choose_first");
});

function takeCard(number) {
  $("card-number").value = number.slice(0, $("card-number").maxLength);
  $("card-password").focus();
}

const tellReader = (key) => ($("message").textContent = t(key));

// --- languages ---

/** Goes on in a language; what a reader chooses is kept nowhere. */
function speak(one) {
  showLanguage(one);
  translate();
}

function translate() {
  document.documentElement.lang = language;
  document.title = place.desk ? `${venueName()} - ${t("self.title")}` : `${t("self.title")} - Bay Pass`;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = t(element.dataset.text);
  if (place.desk) $("venue").textContent = venueName();
  $("languages").setAttribute("aria-label", t("language"));
  for (const button of document.querySelectorAll("#languages button")) button.setAttribute("aria-pressed", String(button.lang === language));
  redraw();
}

for (const button of document.querySelectorAll("#languages button")) {
  button.addEventListener("click", () => {
    // Before anybody signs in it is the staff who choose: for the desk.
    if (!signedIn) {
      chooseLanguage(button.lang);
      own = button.lang;
    }
    speak(button.lang);
  });
}

// --- staff ---

session.lost = () => {
  if (!signedIn) return;
  signedIn = false;
  stopAsking();
  clear(false);
  show("sign-in");
};

async function open() {
  place.desk = await call("GET", "/api/desk");
  if (place.desk.kind !== "library") return tellReader("self.not_a_library");
  setClock(place.desk.now);
  signedIn = true;
  translate();
  welcome();
}

$("sign-in-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await call("POST", "/api/session", { name: $("name").value.trim(), secret: $("secret").value, self_service: true });
    $("sign-in-form").reset();
    await open();
  } catch (problem) {
    if (!problem?.code) throw problem;
    $("message").textContent = sentence(problem);
  }
});

translate();
try {
  // A clerk's own session is none for readers.
  const { self_service: left } = await call("GET", "/api/session");
  if (left) await open();
  else show("sign-in");
} catch (problem) {
  if (!problem?.code) throw problem;
  show("sign-in");
  if (problem.code !== "unauthorized") $("message").textContent = sentence(problem);
}
