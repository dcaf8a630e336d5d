// Person: what is kept of somebody who stands at the counter, and their rights: a correction, a copy, consent taken back, erasure; who
// looked at what; what the retention job erased last. Each look at a record is written down by the desk's program.

import { act, call, changed, clock, isHotel, tell } from "./api.js";
import { scannedToFind } from "./asking.js";
import { cardButton } from "./card-camera.js";
import { $, askFor, asked, askedBox, button, documentChoices, list, make, row, scroll, table, tools } from "./elements.js";
import { checkOut, correct, move, nameOf } from "./house.js";
import { fieldName, language, sentence, t, valueText } from "./texts.js";

const BOOK = () => (isHotel() ? "stays" : "visits");
const pathOf = (record) => `/api/${BOOK()}/${record.id}`;
const titleOf = (record) => (isHotel() ? nameOf(record) : record.name) || `${t("badge")} ${record.badge ?? ""}`;

let found = [];

/** Draws the form of the search; a building keeps no numbers. */
export function preparePerson() {
  const kept = $("find-document").value;
  $("find-document").replaceChildren(...documentChoices().map(([value, words]) => make("option", { value }, words)));
  if (kept) $("find-document").value = kept;
  for (const part of document.querySelectorAll("#find-form .hotel")) part.hidden = !isHotel();
  document.querySelector("#find-form .card-camera")?.remove();
  const camera = cardButton(t("person"), (zone) => ($("find-mrz").value = zone));
  if (camera) $("find-mrz").after(camera);
}

/** Opens the record of this id. */
export async function openRecord(id) {
  found = [await call("GET", `/api/${BOOK()}/${id}`)];
  drawFound();
}

export function forgetPerson() {
  found = [];
  $("found").replaceChildren();
  $("find-form").reset();
}

async function search() {
  const [name, number, mrz, code] = ["name", "number", "mrz", "scan"].map((one) => $(`find-${one}`).value.trim());
  let by = { name };
  if (code) by = { answer: await scannedToFind(code) };
  else if (isHotel() && mrz) by = { mrz };
  else if (isHotel() && number) by = { document: $("find-document").value, number };
  else if (!name) throw { code: "find_nothing" };
  found = (await call("POST", `/api/${BOOK()}/search`, by))[BOOK()];
  $("find-form").reset();
  drawFound();
  if (found.length === 0) return tell(t("found_nobody"), "bad");
  tell(t("look_written"));
  $("found").querySelector("h3").focus();
}

/** Draws what was found; a change of language draws it anew. */
export function drawFound() {
  $("found").replaceChildren(...found.map(drawRecord));
}

/** Reads a record again after something was done with it. */
async function again(record) {
  try {
    const fresh = await call("GET", pathOf(record));
    found = found.map((one) => (one.id === record.id ? fresh : one));
  } catch (problem) {
    if (!["unknown_stay", "unknown_visit"].includes(problem.code)) throw problem;
    found = found.filter((one) => one.id !== record.id);
  }
  drawFound();
  ($(`record-${record.id}`) ?? $("find-name")).focus();
  changed();
}

/** Shows a dialog, and the record anew where something was done. */
const then = (record, dialog) => async () => {
  if (await dialog()) await again(record);
};

function drawRecord(record) {
  const title = make("h3", { id: `record-${record.id}`, tabIndex: -1 }, titleOf(record));
  const about = titleOf(record);
  const acts = isHotel()
    ? [
        record.state === "in_house" ? button("move", about, then(record, move(record))) : null,
        button("correct", about, then(record, correct(record))),
        Object.values(record.fields).some((entry) => !entry.required) ? button("withdraw", about, then(record, withdrawFields(record))) : null,
        record.state === "in_house" ? button("check_out", about, then(record, checkOut(record))) : null,
      ]
    : [
        record.typed ? button("correct", about, then(record, correctName(record))) : null,
        record.name || record.needs_help ? button("withdraw", about, then(record, withdrawName(record))) : null,
      ];
  const rows = isHotel() ? drawFields(record) : visitPairs(record);
  return make("article", {},
    title,
    rows,
    ...(isHotel() ? drawReports(record) : []),
    tools(...acts, button("export", about, () => save(record)), button("erase", about, then(record, erase(record)))),
    make("details", { className: "looks" },
      make("summary", { text: "looks" }),
      scroll(t("looks"), table(["look_at", "look_actor", "look_act"], record.looks.map((look) => row(clock(look.at), look.actor, t(`act.${look.act}`)))))));
}

/** The pairs of a stay that are no fields of the register. */
function stayPairs(stay) {
  return [
    [t("state"), t(`state.${stay.state}`)],
    [t("room"), stay.room],
    [t("since"), clock(stay.since)],
    stay.out ? [t("went_out"), clock(stay.out)] : [t("plan.planned"), stay.planned],
    [t("keep_until"), stay.keep_until ? clock(stay.keep_until) : t("keep_from_leaving")],
    ...Object.entries(stay.notes ?? {}).map(([duty, note]) => [t(`duty.${duty}`, duty), note || t("done")]),
  ];
}

function drawFields(stay) {
  const rows = Object.entries(stay.fields).map(([field, entry]) => row(
    fieldName(field), valueText(field, entry.text), t(`source.${entry.source}`), t(entry.required ? "by_law" : "by_consent")));
  return make("div", {}, list(stayPairs(stay)), scroll(t("kept"), table(["kept", "value", "comes_from", "ground"], rows)));
}

function visitPairs(visit) {
  const time = (key, at) => (at ? [[t(key), clock(at)]] : []);
  return list([
    [t("state"), [t(`state.${visit.state}`), visit.zone].filter(Boolean).join(" · ")],
    ...(visit.name ? [[t("who"), visit.name]] : []),
    ...(visit.document ? [[t("field.document_kind"), t(`document.${visit.document}`)]] : []),
    [t("plan.host"), visit.host],
    [t("purpose"), t(`purpose.${visit.purpose}`, visit.purpose)],
    [t("zones"), visit.zones.join(", ")],
    ...(visit.badge ? [[t("badge"), visit.badge]] : []),
    ...(visit.needs_help ? [[t("needs_help"), t("yes")]] : []),
    ...time("came_in", visit.entered),
    ...time("went_out", visit.left),
    ...time("until", visit.ends),
  ]);
}

function drawReports(stay) {
  const told = [...stay.reports.map((one) => ["police", one]), ...stay.handed_over.map((one) => ["hotel_system", one])];
  if (told.length === 0) return [];
  const rows = told.map(([queue, one]) => row(t(`queue.${queue}`), t(`told.${one.kind}`), t(`report.${one.state}`), clock(one.made), one.receipt));
  return [scroll(t("report"), table(["report_to", "report_what", "report", "report_made", "receipt"], rows))];
}

const withdrawFields = (stay) => () => askFor(`${t("withdraw")}: ${titleOf(stay)}`, t("withdraw"),
  (values) => [
    make("p", { text: "withdraw_help" }),
    ...Object.entries(stay.fields).filter(([, entry]) => !entry.required).map(([field]) => askedBox(values, field, fieldName(field))),
  ],
  async (values) => {
    const fields = Object.keys(values).filter((field) => values[field]);
    if (fields.length === 0) throw { code: "choose_one" };
    await call("POST", `${pathOf(stay)}/withdraw`, { fields });
    tell(t("withdrawn"));
  });

const correctName = (visit) => () => askFor(`${t("correct")}: ${titleOf(visit)}`, t("correct"),
  (values) => [asked(values, "name", t("who"), visit.name, { required: true, maxLength: 120 })],
  ({ name }) => call("POST", `${pathOf(visit)}/correct`, { name: name.trim() }));

const withdrawName = (visit) => () => askFor(`${t("withdraw")}: ${titleOf(visit)}`, t("withdraw"),
  () => [make("p", { text: "withdraw_name_help" })],
  async () => {
    await call("POST", `${pathOf(visit)}/withdraw`, {});
    tell(t("withdrawn"));
  });

const erase = (record) => () => askFor(`${t("erase")}: ${titleOf(record)}`, t("erase"),
  () => [make("p", { text: "erase_help" })],
  async () => {
    try {
      await call("DELETE", pathOf(record));
    } catch (problem) {
      // The reason of the law has a day on which it ends.
      if (problem.code !== "kept_by_law" || !record.keep_until) throw problem;
      throw { code: "kept_by_law_until", detail: `${sentence(problem)} ${clock(record.keep_until)}` };
    }
    tell(t("erased"));
  });

/** Gives a copy as a file: each value beside its name in the page's language, for a person and a machine. */
async function save(record) {
  const kept = isHotel() ? await call("GET", `${pathOf(record)}/export`) : await call("GET", `${pathOf(record)}?export=true`);
  const { fields, ...rest } = kept;
  const copy = { about: t("export_about"), language, ...rest };
  if (fields) {
    copy.fields = Object.fromEntries(Object.entries(fields).map(([field, entry]) => [field, { name: fieldName(field), value: valueText(field, entry.text), ...entry, from: t(`source.${entry.source}`) }]));
  }
  copy.looks = kept.looks.map((look) => ({ ...look, what: t(`act.${look.act}`) }));
  const url = URL.createObjectURL(new Blob([`${JSON.stringify(copy, null, 2)}\n`], { type: "application/json" }));
  make("a", { href: url, download: `baypass-${record.id.slice(0, 8)}.json` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
  tell(t("exported"));
  await again(record);
}

/** What the retention job erased last. */
export async function drawRetention() {
  const report = await call("GET", "/api/retention");
  const figures = ["persons", isHotel() ? "stays" : "visits", "looks", "held_back"].map((key) => [t(`retention.${key}`), String(report[key])]);
  $("retention-report").replaceChildren(report.at ? list([[t("retention.at"), clock(report.at)], ...figures]) : make("p", { text: "retention.never" }));
}

$("find-form").addEventListener("submit", (event) => {
  event.preventDefault();
  act(search);
});
