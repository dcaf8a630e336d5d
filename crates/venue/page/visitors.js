// Visitors: the register of a building: who is invited, waits, is inside or has left; in and out; the badge on paper.

import { call, changed, clock, tell } from "./api.js";
import { $, button, list, make, recordLink, row, tools } from "./elements.js";
import { codeOf } from "./invitations.js";
import { clear, isEmpty, visitor } from "./party.js";
import { t } from "./texts.js";

const COLUMNS = ["badge", "who", "plan.host", "state", "came_in", "went_out", "until", "acts"];

let visits = [];
/** The visits at whose door the board failed: the clerk may let them through by hand. */
const doorFailed = new Set();

export async function drawVisitors() {
  ({ visits } = await call("GET", "/api/visits"));
  if ($("show-ended").checked) visits.push(...(await call("GET", "/api/visits?ended=true")).visits);
  drawRows();
}

function drawRows() {
  const wanted = $("find-visit").value.trim().toLowerCase();
  const code = wanted.replaceAll("-", "");
  const fits = (visit) => wanted === "" || (code !== "" && visit.id.startsWith(code)) || [visit.name, visit.badge, visit.host].some((text) => text?.toLowerCase().includes(wanted));
  $("book-head").replaceChildren(...COLUMNS.map((key) => make("th", { scope: "col", text: key })));
  $("book-rows").replaceChildren(...visits.filter(fits).map(visitRow));
}

function visitRow(visit) {
  const path = `/api/visits/${visit.id}`;
  const about = visit.name ?? visit.badge ?? visit.host;
  const post = (what, body = {}, said) => async () => {
    const done = await call("POST", `${path}/${what}`, body);
    if (done?.door_fault) tell(`${t("left_by_hand")} ${t(`code.${done.door_fault}`)}`, "bad");
    else if (done?.passage === "not_passed") tell(t("passage.not_passed"), "bad");
    else if (done?.warning) tell(t(`warning.${done.warning}`));
    else if (said) tell(t(said));
  };
  const enter = (what, zone) => async () => {
    try {
      await post(what, { zone })();
      doorFailed.delete(visit.id);
    } catch (problem) {
      if (/^(door|modbus)_/.test(problem?.code)) {
        doorFailed.add(visit.id);
        changed();
      }
      throw problem;
    }
  };
  const into = (key, what) => (zone) => {
    const element = button(key, `${zone}, ${about}`, enter(what, zone));
    element.textContent += ` ${zone}`;
    return element;
  };
  const byHand = () => (doorFailed.has(visit.id) ? visit.zones.map(into("enter_by_hand", "enter?by_hand=true")) : []);
  const badge = () => button("print_badge", about, () => showBadge(visit));
  const no = () => button("host_no", about, post("host", { expected: false }, "code.not_expected"));
  const acts = {
    expected: () => [...(isEmpty() ? [] : [button("arrive", about, arrive(path))]), no()],
    waiting: () => [button("host_yes", about, post("host", { expected: true })), no()],
    outside: () => [...visit.zones.map(into("enter", "enter")), ...byHand(), badge(), button("end", about, post("end"))],
    inside: () => [button("leave", about, post("leave")), badge()],
  };
  const name = visit.name ?? (visit.state === "expected" ? codeOf(visit.id) : "");
  const time = (at) => (at ? clock(at) : "");
  const state = [t(`state.${visit.state}`), visit.zone, visit.recurring ? t("recurring") : null].filter(Boolean).join(" · ");
  return row(visit.badge, name, visit.host, state, time(visit.entered), time(visit.left), time(visit.ends), tools(...(acts[visit.state]?.() ?? []), recordLink("rights", about, visit.id)));
}

/** The visitor who has just answered or whose card was read is the one who was invited. */
function arrive(path) {
  return async () => {
    const done = await call("POST", `${path}/arrive`, visitor());
    clear();
    if (done.badge) tell(`${t("badge")} ${done.badge}`);
  };
}

/** The badge as it will be printed: no document, and no name where none was released. */
async function showBadge({ id }) {
  const visit = await call("GET", `/api/visits/${id}`);
  $("badge-number").textContent = visit.badge;
  $("badge-name").textContent = visit.name ?? "";
  $("badge-lines").replaceChildren(list([[t("plan.host"), visit.host], [t("zones"), visit.zones.join(", ")], [t("until"), clock(visit.ends)]]));
  document.body.classList.add("with-badge");
  $("badge-dialog").showModal();
  $("badge-print").focus();
}

$("badge-print").addEventListener("click", () => window.print());
$("badge-close").addEventListener("click", () => $("badge-dialog").close());
$("badge-dialog").addEventListener("close", () => {
  document.body.classList.remove("with-badge");
  for (const part of ["number", "name", "lines"]) $(`badge-${part}`).replaceChildren();
});
$("find-visit").addEventListener("input", drawRows);
$("show-ended").addEventListener("change", () => document.dispatchEvent(new Event("book-changed")));
