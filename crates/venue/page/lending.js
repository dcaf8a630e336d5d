// Lending: books that a reader takes home and books that anybody gives back; and the receipt of both.

import { call, clock, drawId, now, venueName } from "./api.js";
import { $, make } from "./elements.js";
import { due, dueLine, money, said, titleOf, wordsOf } from "./reader-words.js";
import { whileAtWork } from "./resting.js";
import { draws, redraw, screen, show } from "./screens.js";
import { filled, t } from "./texts.js";
import { fault, turn } from "./turn.js";

/** Between two questions after a loan of which nobody knows yet, and for how long, in milliseconds. */
const AGAIN = 3000;
const LONGEST = 60_000;
/** What the desk answers where nobody knows whether the loan stands: the same loan is asked after. */
const UNKNOWN = ["unreachable", "store", "store_damaged"];

/** What was given back since the last reader. */
let returned = [];

const wait = (time) => new Promise((resolve) => setTimeout(resolve, time));

/** Whether a loan is not known to its end. */
export const isOpen = () => turn.now?.borrowed.some(({ state }) => ["wait", "open", "staff"].includes(state)) ?? false;

/** Whether a loan is being asked for: its answer has a reader to hear it, who does not go before. */
export const isAsking = () => turn.now?.borrowed.some(({ asking }) => asking) ?? false;

/** A barcode for the reader whose turn it is. */
export async function borrow(item) {
  const mine = turn.now;
  if (!mine) return;
  if (screen.name !== "borrow") show("borrow");
  const before = mine.borrowed.find((row) => row.item === item);
  if (before && ["wait", "open", "fee"].includes(before.state)) return;
  if (before) mine.borrowed.splice(mine.borrowed.indexOf(before), 1);
  const row = { id: drawId(), item, state: "wait", fee_agreed: false };
  mine.borrowed.unshift(row);
  await lend(mine, row);
}

/** Asks for a loan until it is known what became of it, for a minute at most; always with the same id. */
async function lend(mine, row) {
  const begun = Date.now();
  row.state = "wait";
  for (;;) {
    redraw();
    const ended = await whileAtWork(() => once(mine, row));
    if (mine !== turn.now) return;
    if (ended) Object.assign(row, ended);
    if (row.state !== "open") break;
    if (Date.now() - begun >= LONGEST) {
      Object.assign(row, { state: "staff", code: null, gave_up: true });
      break;
    }
    redraw();
    await whileAtWork(() => wait(AGAIN));
    if (mine !== turn.now) return;
  }
  redraw();
}

async function once(mine, row) {
  const { id, item, fee_agreed } = row;
  row.asking = true;
  try {
    const ended = await call("POST", `/api/readers/${mine.id}/loans`, { id, item, fee_agreed });
    mine.at = Date.now();
    return ended.state === "refused" && ended.code === "fee_to_agree" ? { ...ended, state: "fee" } : ended;
  } catch (problem) {
    if (!problem?.code) throw problem;
    if (UNKNOWN.includes(problem.code)) return { state: "open", code: null };
    // The turn is over at the desk, and the loan may stand: staff find it there.
    if (problem.code === "no_reader") return row.state === "open" ? { state: "staff", code: null, gave_up: true } : (fault(problem), null);
    return { state: "refused", code: problem.code, again: true };
  } finally {
    row.asking = false;
  }
}

function loanWords({ state, code, fee, gave_up: gaveUp }) {
  if (state === "wait") return t("self.asking");
  if (state === "open") return t("self.open");
  if (state === "left") return t("self.fee_left");
  if (state === "fee") return filled("self.fee", { fee: money(fee ?? "", turn.now.view.currency) });
  if (state === "staff" && (gaveUp || !code)) return t("self.open_staff");
  if (state === "done") return code ? said(code) : t("self.lent");
  return said(code ?? "other", { fee: money(fee ?? "", turn.now.view.currency) });
}

function leave(row) {
  row.state = "left";
  redraw();
}

const SIGNS = { wait: ["…", "row_wait"], open: ["…", "row_wait"], done: ["✓", "row_done"] };

/** One book: a sign, its title, when it is due back, and what to do. */
function drawRow(row, words, ...acts) {
  const [sign, meaning] = SIGNS[row.state] ?? ["!", "row_look"];
  const tools = acts.filter(Boolean);
  const mark = make("span", { className: "sign", role: "img" }, sign);
  mark.setAttribute("aria-label", t(`self.${meaning}`));
  return make("li", { className: row.state },
    mark,
    make("p", { className: "title" }, titleOf(row)),
    row.due && row.state === "done" ? dueLine(row.due) : null,
    make("p", { className: "said" }, words),
    wordsOf(row.words),
    tools.length > 0 ? make("div", { className: "tools" }, ...tools) : null);
}

function press(key, plain, row, work) {
  const button = make("button", { type: "button", className: plain ? "plain" : "", text: key });
  button.setAttribute("aria-label", `${t(key)}: ${titleOf(row)}`);
  button.addEventListener("click", work);
  return button;
}

draws("borrow", () => {
  const mine = turn.now;
  if (!mine) return;
  const rows = mine.borrowed.map((row) => {
    if (row.state === "fee") {
      // What costs something is another loan than the one that was refused: a new id.
      const yes = press("self.fee_yes", false, row, () => lend(mine, Object.assign(row, { id: drawId(), fee_agreed: true })));
      const no = press("self.fee_no", true, row, () => leave(row));
      return drawRow(row, loanWords(row), yes, no);
    }
    const again = row.again && row.state === "refused" ? press("self.try_again", true, row, () => lend(mine, row)) : null;
    return drawRow(row, loanWords(row), again);
  });
  $("borrowed").replaceChildren(...rows);
});

// --- giving back ---

export async function giveBack(item) {
  const before = returned.find((row) => row.item === item);
  if (before?.state === "wait") return;
  const row = before ?? { item };
  if (!before) returned.unshift(row);
  const mine = returned;
  Object.assign(row, { state: "wait", code: undefined });
  redraw();
  try {
    const { ok, ...told } = await whileAtWork(() => call("POST", "/api/returns", { item }));
    Object.assign(row, told, { ok, state: ok && !told.code ? "done" : "staff" });
  } catch (problem) {
    if (!problem?.code) throw problem;
    Object.assign(row, { ok: false, state: "staff", code: problem.code, again: true });
  }
  if (mine === returned) redraw();
}

function returnWords({ state, ok, code, bin }) {
  if (state === "wait") return t("self.asking");
  const words = ok && !code ? t("self.returned") : said(code === "library_failing" ? "return_failing" : code ?? "other");
  return ok && bin?.trim() ? `${words} ${filled("self.bin", { bin: bin.trim() })}` : words;
}

draws("give-back", () => {
  $("returned").replaceChildren(...returned.map((row) => drawRow(row, returnWords(row), row.again && row.state === "staff" ? press("self.try_again", true, row, () => giveBack(row.item)) : null)));
});

for (const [form, field, work] of [["item-form", "item", borrow], ["back-form", "back-item", giveBack]]) {
  $(form).addEventListener("submit", (event) => {
    event.preventDefault();
    const item = $(field).value.trim();
    $(field).value = "";
    if (item) work(item);
  });
}

// --- the receipt ---

function lines() {
  const { borrowed = [], renewed = [] } = turn.now ?? {};
  const done = ({ state }) => state === "done";
  return [
    ["self.receipt_lent", borrowed.filter(done)],
    ["self.receipt_renewed", renewed.filter(done)],
    ["self.receipt_returned", returned.filter(({ ok }) => ok)],
  ];
}

draws("receipt", () => {
  const parts = lines().filter(([, rows]) => rows.length > 0).map(([key, rows]) => [
    make("h3", { text: key }),
    make("ul", { className: "rows" }, ...rows.map((row) => make("li", { className: "bare" }, make("p", { className: "title" }, titleOf(row)), key === "self.receipt_returned" ? null : make("p", {}, `${t("self.due")}: ${due(row.due).words}`)))),
  ]);
  const time = make("p", {}, `${venueName()} · ${clock(now())}`);
  $("receipt-lines").replaceChildren(time, ...(parts.length > 0 ? parts.flat() : [make("p", { text: "self.receipt_none" })]));
});

$("receipt-print").addEventListener("click", () => window.print());
$("receipt-back").addEventListener("click", () => show(turn.now ? "loans" : "give-back"));

export function forgetLending() {
  returned = [];
  for (const id of ["borrowed", "returned", "receipt-lines"]) $(id).replaceChildren();
  for (const form of ["item-form", "back-form"]) $(form).reset();
}
