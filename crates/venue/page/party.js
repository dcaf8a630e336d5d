// Party: the lines of guests who check in together, or the one visitor at the counter.

import { act, call, changed, day, drawId, isHotel, now, place, stamp, tell } from "./api.js";
import { cardButton } from "./card-camera.js";
import { $, check, documentChoices, input, list, make } from "./elements.js";
import { fieldName, filled, sentence, t, valueText } from "./texts.js";

/** What a card line offers, where the place asks it of anybody; a date of birth tells the age wherever that counts. */
const CARD_FIELDS = ["name", "name_zh", "birth_date", "nationality", "document_number", "region"];
const GOOD = ["new", "already", "with_adult"];

/** The lines of the party, or the one visitor. */
let lines = [];
let party = drawId();
const plan = { planned: "", host: "", purpose: "meeting", zones: "", hours: "2" };

export const isEmpty = () => lines.length === 0;
export const hasAnswer = (id) => lines.some((line) => line.answer === id);

export function clear() {
  lines = [];
  party = drawId();
  drawLines();
}

function emptyLine() {
  const number = lines.reduce((most, line) => Math.max(most, line.line), 0) + 1;
  return { line: number, fields: {}, notes: {}, room: "", mrz: "", claims: {}, help: false, result: null };
}

/** Whether the place asks this of anybody. */
export const isAsked = (field) => (isHotel() ? field === "birth_date" || place.desk.fields.includes(field) : field === "name");

/** The words of a name, without order, case, commas and hyphens. */
const words = (name) => name.toUpperCase().split(/[^\p{L}\p{N}]+/u).filter(Boolean).sort().join(" ");

/** Takes what somebody showed: to their line of the rooming list, where there is one, else to a new line. */
export function addAnswer(answer, focus = true) {
  if (answer.state !== "answered" || hasAnswer(answer.id)) return;
  if (!isHotel()) lines = [];
  const claims = answer.claims ?? {};
  const names = ["name", "name_zh"].filter((field) => claims[field]).map((field) => words(claims[field]));
  const listed = lines.find((line) => line.listed && !line.done && !line.answer && names.includes(words(line.fields.name ?? "")));
  const line = listed ?? emptyLine();
  if (!listed) lines.push(line);
  for (const claim of Object.keys(claims)) delete line.fields[claim];
  Object.assign(line, { answer: answer.id, claims, stale: answer.status_stale, portrait: answer.portrait, card: false, open: true });
  for (const { code, field } of answer.needs ?? []) {
    if (code === "duty_missing") line.notes[field] ??= "";
    else if (field) line.fields[field] ??= "";
  }
  drawLines();
  if (focus) focusLine(lines.indexOf(line));
}

export function addCard() {
  if (!isHotel()) lines = [];
  lines.push({ ...emptyLine(), card: true, document: place.desk.documents[0] });
  drawLines();
  focusLine(lines.length - 1);
}

/** Takes the rows of a rooming list as lines of a new party. */
export function addListed(rows) {
  lines = [];
  party = drawId();
  for (const { room, fields, want } of rows) {
    const { document_kind: document, ...typed } = fields;
    const result = want ? { good: false, text: t("row_to_mend") } : null;
    lines.push({ ...emptyLine(), listed: true, card: true, document: document ?? place.desk.documents[0], room, fields: typed, open: Boolean(want), result });
  }
  drawLines();
  const bad = lines.findIndex((line) => line.result);
  focusLine(bad < 0 ? 0 : bad);
}

function focusLine(index) {
  const element = $("lines").children[index];
  (element?.querySelector("details:not([open]) summary") ?? element?.querySelector("input, select, textarea"))?.focus();
}

export function drawLines() {
  $("lines").replaceChildren(...lines.map(drawLine));
  $("register").hidden = lines.length === 0;
  const listed = lines.some((line) => line.listed);
  const count = (of) => String(lines.filter(of).length);
  $("totals").textContent = listed
    ? filled("totals", { all: count(() => true), done: count((line) => line.done), open: count((line) => !line.done && line.result), rest: count((line) => !line.done && !line.result) })
    : "";
}

function drawLine(line) {
  const claims = Object.entries(line.claims).map(([claim, value]) => [fieldName(claim), valueText(claim, value)]);
  const remove = make("button", { type: "button", className: "plain", text: "remove" });
  remove.setAttribute("aria-label", `${t("remove")}: ${t("line")} ${line.line}`);
  remove.addEventListener("click", () => {
    lines = lines.filter((other) => other !== line);
    drawLines();
    $("new-request").focus();
  });
  const inside = line.done ? [] : [
    line.stale ? make("p", { className: "result bad", text: "status_stale" }) : null,
    line.portrait ? make("img", { className: "portrait", src: `/api/requests/${line.answer}/portrait`, alt: t("portrait_alt") }) : null,
    claims.length > 0 ? list(claims) : null,
    make("div", { className: "fields" }, ...drawFields(line)),
  ];
  const result = line.result ? make("p", { className: `result ${line.result.good ? "good" : "bad"}` }, line.result.text) : null;
  const legend = make("legend", {}, `${t("line")} ${line.line}`);
  if (!line.listed) return make("fieldset", {}, legend, ...inside, result, line.done ? null : remove);
  const name = line.claims.name ?? line.fields.name ?? "";
  const state = line.result ? (line.result.good ? line.result.text : t("line_to_mend")) : t("line_open");
  const summary = make("summary", {}, `${line.room || "?"} · ${name || "?"} · `, make("span", { className: line.result ? (line.result.good ? "good" : "bad") : "" }, state));
  const details = make("details", { open: Boolean(line.open) && !line.done }, summary, ...inside, result, line.done ? null : remove);
  details.addEventListener("toggle", () => (line.open = details.open));
  return make("fieldset", { className: "listed" }, legend, details);
}

/** The card's zone: typed, by a reader that types, or read by the counter's camera, for the clerk to compare with the card. */
function zoneField(line, id) {
  const field = input(id, t("mrz"), line.mrz, (value) => (line.mrz = value), { multi: true, rows: 3, spellcheck: false });
  const camera = cardButton(`${t("line")} ${line.line}`, (zone) => {
    line.mrz = zone;
    field.querySelector("textarea").value = zone;
    tell(t("card_camera_read"));
  });
  if (camera) field.append(camera);
  return field;
}

function drawFields(line) {
  const id = (what) => `line-${line.line}-${what}`;
  const fields = [];
  if (line.card) {
    fields.push(
      zoneField(line, id("mrz")),
      input(id("document"), t("field.document_kind"), line.document, (value) => (line.document = value), { choices: documentChoices() }),
    );
    for (const field of CARD_FIELDS) if (isAsked(field)) line.fields[field] ??= "";
  }
  for (const field of Object.keys(line.fields)) {
    if (line.card && field === "document_kind") continue;
    const set = (value) => (line.fields[field] = value);
    const options = field === "document_kind" ? { choices: documentChoices() } : {};
    if (options.choices && !line.fields[field]) line.fields[field] = place.desk.documents[0];
    fields.push(input(id(field), t(`field.${field}`, field), line.fields[field], set, options));
  }
  for (const duty of Object.keys(line.notes)) {
    const label = t(`duty.${duty}`, duty);
    fields.push(
      place.desk.duties[duty]
        ? input(id(duty), label, line.notes[duty], (value) => (line.notes[duty] = value))
        : check(id(duty), label, line.notes[duty] === true, (value) => (line.notes[duty] = value)),
    );
  }
  fields.push(
    isHotel()
      ? input(id("room"), t("room"), line.room, (value) => (line.room = value), { maxLength: 16 })
      : check(id("help"), t("needs_help"), line.help, (value) => (line.help = value)),
  );
  return fields;
}

export function drawPlan() {
  plan.planned ||= day(1);
  const one = (key, options) => input(`plan-${key}`, t(`plan.${key}`), plan[key], (value) => (plan[key] = value), { required: true, ...options });
  const fields = isHotel()
    ? [one("planned", { type: "date", min: day(0) })]
    : [one("host", { maxLength: 64 }), one("purpose", { pattern: "[a-z\\-]{1,32}", list: "purposes" }), one("zones"), one("hours", { type: "number", min: 1, max: 24 })];
  $("plan").replaceChildren(make("div", { className: "fields" }, ...fields));
}

/** Zones or floors as a clerk types them, parted by commas. */
export const zonesOf = (text) => text.split(/[,，、]/).map((zone) => zone.trim()).filter(Boolean);

/** The duties that the clerk has noted or acknowledged; of the latter the note is empty. */
function noted(notes) {
  const done = Object.entries(notes).filter(([, note]) => note === true || (note || "").trim() !== "");
  return Object.fromEntries(done.map(([duty, note]) => [duty, note === true ? "" : note.trim()]));
}

const typed = (fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value.trim() !== ""));

async function register() {
  if (lines.length === 0) return;
  await (isHotel() ? checkIn() : visit());
  changed();
}

async function checkIn() {
  const body = lines.map((line) => {
    const fields = typed(line.fields);
    if (line.card && !line.mrz.trim() && fields.document_number) fields.document_kind = line.document;
    const one = { line: line.line, fields, notes: noted(line.notes) };
    if (line.room.trim()) one.room = line.room.trim();
    if (line.answer) one.answer = line.answer;
    if (line.card && line.mrz.trim()) one.mrz = line.mrz.trim();
    return one;
  });
  const done = await call("POST", "/api/check-ins", { party, planned: plan.planned, lines: body });
  for (const result of done.lines) judge(lines.find((one) => one.line === result.line), result);
  const open = lines.filter((line) => !line.done);
  if (open.length > 0) {
    tell(`${t("open_lines")} ${open.length}`, "bad");
    drawLines();
    return focusLine(lines.indexOf(open[0]));
  }
  tell(`${t("registered")} ${lines.length}`);
  clear();
  $("new-request").focus();
}

/** What is wrong with a line; the duties towards a minor stand together. */
function sentences(faults) {
  const duties = faults.filter(({ code }) => code === "duty_missing").map(({ field }) => t(`duty.${field}`, field));
  const others = faults.filter(({ code }) => code !== "duty_missing").map(sentence);
  return [...others, ...(duties.length > 0 ? [`${t("code.duty_missing")} ${duties.join("; ")}`] : [])].join(" ");
}

/** What became of a line; what is asked in addition gets a field, and what was shown loses the one that was typed. */
function judge(line, { result, faults = [] }) {
  if (line.done) return;
  line.done = GOOD.includes(result);
  line.open = !line.done;
  line.result = { good: line.done, text: line.done ? t(`result.${result}`) : sentences(faults) };
  for (const { code, field } of faults) {
    if (code === "duty_missing") line.notes[field] ??= "";
    if (code === "field_missing" && !(line.card && field === "document_kind")) line.fields[field] ??= "";
    if (["typed_over_claim", "field_not_asked"].includes(code)) delete line.fields[field];
  }
}

/** The person on the line, for a visit. */
export function visitor() {
  const [line] = lines;
  if (line.answer) return { answer: line.answer, needs_help: line.help };
  const who = { needs_help: line.help };
  if (line.mrz.trim()) who.mrz = line.mrz.trim();
  else who.document = line.document;
  const name = line.fields.name?.trim();
  if (name) who.name = name;
  return who;
}

async function visit() {
  // A minute back: the way to the desk takes time, and the visitor stands here already.
  const from = now() - 60_000;
  const body = {
    visit: party,
    plan: { host: plan.host.trim(), purpose: plan.purpose.trim(), zones: zonesOf(plan.zones), from: stamp(from), ends: stamp(from + Number(plan.hours) * 3_600_000) },
    who: visitor(),
  };
  await call("POST", "/api/visits", body);
  tell(t("host_asked"));
  clear();
  $("new-request").focus();
}

$("by-card").addEventListener("click", () => act(async () => addCard()));
$("party-form").addEventListener("submit", (event) => {
  event.preventDefault();
  act(register);
});
