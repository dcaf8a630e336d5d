// Library: what staff of a library look at: the way to its system, loans and payments that are not settled, a reader who pays.

import { call, changed, drawId, tell } from "./api.js";
import { $, button, list, make, row, scroll, table } from "./elements.js";
import { filled, sentence, t } from "./texts.js";

const COLUMNS = ["library.what", "library.account", "library.to_do", "acts"];
const HOW = ["cash", "card", "visa"];

/** The reader at the counter: `id` of the turn, `view` of the account, `payment`: the id of what is being paid. */
let reader = null;

/** What the header says of the library's system, and of what waits. */
export function healthOf({ lends, fault, staff, open }) {
  const said = [];
  const system = t("library.system");
  if (fault) said.push(`${system}: ${sentence({ code: fault })}`);
  else if (lends === false) said.push(`${system}: ${t("library.not_lending")}.`);
  if (staff > 0) said.push(`${t("library.to_look")} ${staff}`);
  if (open > 0) said.push(`${t("library.open")} ${open}`);
  return said;
}

/** The same at length, where staff look for it. */
export function drawSystem({ lends, fault }) {
  const words = fault ? sentence({ code: fault }) : t(lends === undefined ? "library.silent" : lends ? "library.lends" : "library.not_lending");
  $("library-system").textContent = `${t("library.system")}: ${words}`;
}

export async function drawUnsettled() {
  const unsettled = await call("GET", "/api/unsettled");
  $("unsettled-rows").replaceChildren(unsettled.length > 0
    ? scroll(t("library.unsettled"), table(COLUMNS, unsettled.map(unsettledRow)))
    : make("p", { text: "library.nothing" }));
}

function unsettledRow({ id, state, code, account, item, title, amount }) {
  const what = item ? filled("library.loan", { item: title ? `${title} (${item})` : item }) : filled("library.payment", { amount });
  const open = item ? "unsettled.open" : "unsettled.open_payment";
  const todo = state === "open" ? t(open) : state === "untold" ? t("unsettled.untold") : t(`unsettled.${code}`, code ? sentence({ code }) : t("unsettled.staff"));
  const settle = async () => {
    await call("DELETE", `/api/unsettled/${id}`);
    tell(t("library.was_settled"));
  };
  // What the desk still asks about is nobody's to settle.
  return row(what, account, todo, state === "open" ? "" : button("library.settled", `${what}, ${account}`, settle));
}

// --- a reader who pays ---

/** Begins the turn of a reader who has answered, or whose card and password were typed. */
export async function beginReader(who) {
  await endReader();
  const id = drawId();
  const view = await call("POST", "/api/readers", { id, language: "en", ...who });
  reader = { id, view, payment: drawId() };
  $("reader-form").reset();
  drawReader();
  $("pay-amount").focus();
}

export async function endReader() {
  const id = reader?.id;
  reader = null;
  drawReader();
  if (id) await call("DELETE", `/api/readers/${id}`);
}

export function drawReader() {
  $("pay-form").hidden = reader === null;
  if (!reader) {
    $("pay-form").reset();
    return $("reader-account").replaceChildren();
  }
  const { fees, currency, charged_count: count, charged } = reader.view;
  const owed = fees?.trim() ? `${fees} ${currency ?? ""}` : t("library.owes_nothing");
  $("reader-account").replaceChildren(list([[t("library.owes"), owed], [t("library.out"), String(count ?? charged.length)]]));
  $("pay-amount").value ||= fees?.trim() ?? "";
  $("pay-currency").value ||= currency ?? "";
  const how = $("pay-how").value;
  $("pay-how").replaceChildren(...HOW.map((one) => make("option", { value: one, text: `library.how.${one}` })));
  if (how) $("pay-how").value = how;
}

/** Tells a payment. Until it is known what became of it, the same again is the same payment. */
export async function pay() {
  const paid = { id: reader.payment, amount: $("pay-amount").value.trim(), currency: $("pay-currency").value.trim().toUpperCase(), how: $("pay-how").value };
  const { state, code } = await call("POST", `/api/readers/${reader.id}/payments`, paid);
  if (state === "open") return tell(t("library.pay_open"), "bad");
  reader.payment = drawId();
  if (state === "done") {
    reader.view = await call("GET", `/api/readers/${reader.id}`);
    $("pay-form").reset();
    drawReader();
    tell(`${t("library.paid")} ${paid.amount} ${paid.currency}`);
  } else {
    tell(t(`unsettled.${code}`, sentence({ code })), "bad");
  }
  changed();
}
