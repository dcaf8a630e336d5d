// Queues: what waits for the police's register or the hotel's system, what was refused there and why, what is past its time, and the
// way to mend it.

import { call, clock, now, tell } from "./api.js";
import { $, button, make, recordLink, row, scroll, table, tools } from "./elements.js";
import { correct, move, nameOf } from "./house.js";
import { fieldName, t } from "./texts.js";

const COLUMNS = ["guest", "report_to", "report", "report_due", "report_why", "acts"];

export async function drawQueues() {
  const { stays } = await call("GET", "/api/queues");
  const open = stays.flatMap((stay) => [...rowsOf(stay, "police", stay.reports), ...rowsOf(stay, "hotel_system", stay.handed_over)]);
  // What was refused waits for somebody; what waits is on its way.
  open.sort((a, b) => b.urgent - a.urgent);
  const rows = open.map(({ stay, queue, report }) => drawReport(stay, queue, report));
  $("queues-rows").replaceChildren(rows.length > 0 ? scroll(t("view.queues"), table(COLUMNS, rows)) : make("p", { text: "queues_empty" }));
}

const past = (at) => at !== undefined && Date.parse(at) <= now();

function rowsOf(stay, queue, reports) {
  const open = reports.filter((report) => ["waiting", "refused"].includes(report.state));
  const urgency = (report) => (report.state === "refused" ? 4 : 0) + (past(report.due) ? 2 : 0) + (past(report.alarm) ? 1 : 0);
  return open.map((report) => ({ stay, queue, report, urgent: urgency(report) }));
}

function drawReport(stay, queue, report) {
  const about = `${stay.room} ${nameOf(stay)}`;
  const late = past(report.due) ? "overdue_now" : past(report.alarm) ? "alarm_now" : null;
  const due = make("div", {}, report.due ? clock(report.due) : "", late ? make("p", { className: "result bad", text: late }) : null);
  const why = report.state === "refused"
    ? make("div", {}, ...report.faults.map((fault) => make("p", { className: "result bad" }, refusal(fault))), make("p", {}, remedy(stay, queue, report)))
    : make("p", {}, report.tries > 0 ? `${t("tried")} ${report.tries}` : t("on_its_way"));
  const again = async () => {
    await call("POST", `/api/stays/${stay.id}/hand-over`);
    tell(t("sent_again"));
  };
  const record = recordLink("open_record", about, stay.id);
  const acts = report.state === "refused"
    ? [
        button("correct", about, correct(stay, report.faults[0]?.field)),
        stay.state === "in_house" ? button("move", about, move(stay)) : null,
        queue === "hotel_system" ? button("send_again", about, again) : null,
        record,
      ]
    : [record];
  const state = `${t(`told.${report.kind}`)}: ${t(`report.${report.state}`)}`;
  return row(about, t(`queue.${queue}`), state, due, why, tools(...acts));
}

/** The field in words, our sentence where the code is ours, and else the other side's own. */
function refusal({ field, code, text }) {
  const words = t(`refused.${code}`, text ? `“${text}” (${code})` : code);
  return field ? `${fieldName(field)}: ${words}` : words;
}

function remedy(stay, queue, { faults }) {
  const shown = faults.some(({ field }) => stay.fields[field] && stay.fields[field].source !== "typed");
  if (shown) return t("mend_shown");
  return t(queue === "police" ? "mend_police" : "mend_hotel_system");
}
