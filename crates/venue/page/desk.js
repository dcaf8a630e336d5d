// The counter's page: asks, waits for answers, registers guests or visitors, shows who is here.
//
// Keyboard first: F2 a new request, F4 a guest by card, Ctrl+Enter registers; a hand scanner is a keyboard whose text begins with
// BV1:. What comes from the desk is set as text, never as markup.

const $ = (id) => document.getElementById(id);
const LANGUAGES = ["zh-Hans", "zh-Hant", "en", "pt"];
const CARD_FIELDS = ["name", "name_zh", "birth_date", "nationality", "document_number"];
const CODE = /^\s*BV1:/;

const texts = await (await fetch("/texts.json")).json();
let language = preferred();
let desk = null;
/** The lines of the party, or the one visitor. */
let lines = [];
let party = drawId();
let asking = null;
/** How far the desk's clock is ahead of this browser's, in milliseconds: the desk's counts. */
let ahead = 0;

function preferred() {
  const kept = localStorage.getItem("desk_language");
  const wanted = [kept, ...navigator.languages].filter(Boolean);
  for (const one of wanted) {
    if (LANGUAGES.includes(one)) return one;
    if (/^zh-(TW|HK|MO)/i.test(one)) return "zh-Hant";
    if (/^zh/i.test(one)) return "zh-Hans";
    if (/^pt/i.test(one)) return "pt";
  }
  return "en";
}

/** The text of a key; what has no text of its own shows `otherwise`. */
function t(key, otherwise) {
  return texts[language]?.[key] ?? otherwise ?? texts.en[key] ?? key;
}

function drawId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function make(tag, properties = {}, ...children) {
  const { text, ...rest } = properties;
  const element = Object.assign(document.createElement(tag), rest);
  if (text) element.textContent = t(text);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

async function call(method, path, body) {
  const options = { method, headers: { "Content-Type": "application/json" } };
  if (body !== undefined) options.body = JSON.stringify(body);
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw { code: "unreachable" };
  }
  const json = response.headers.get("Content-Type")?.includes("json") ? await response.json() : null;
  if (response.status === 401 && path !== "/api/session") show("sign-in");
  if (!response.ok) throw json ?? { code: "unreachable" };
  return json;
}

/** The sentence of a problem or fault: by its code, else as the desk says it. */
function sentence(problem) {
  const about = problem.field ? `${t(`field.${problem.field}`, problem.field)}: ` : "";
  return about + t(`code.${problem.code}`, problem.detail ?? problem.text ?? problem.code);
}

function tell(text) {
  $("message").textContent = text;
}

/** Runs an act of the clerk; what goes wrong is said, not swallowed. */
async function act(work) {
  tell("");
  try {
    await work();
  } catch (problem) {
    if (!problem?.code) throw problem;
    tell(sentence(problem));
  }
}

function show(state) {
  const inside = state === "desk";
  $("sign-in").hidden = inside;
  for (const id of ["ask", "party", "book", "sign-out"]) $(id).hidden = !inside;
  if (!inside) {
    stopWaiting();
    $("name").focus();
  }
}

function translate() {
  document.documentElement.lang = language;
  $("language").value = language;
  document.title = `${t("title")} - Bay Pass`;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = t(element.dataset.text);
  $("qr").alt = t("qr_alt");
  if (!desk) return;
  $("venue").textContent = desk.venue;
  $("party-title").textContent = t(isHotel() ? "arrivals" : "visitor");
  drawPlan();
  drawLines();
  drawHead();
}

const isHotel = () => desk.kind === "hotel";

async function enter() {
  desk = await call("GET", "/api/desk");
  show("desk");
  $("evacuation").hidden = isHotel();
  translate();
  await refresh();
  plan.planned = day(1);
  drawPlan();
  $("new-request").focus();
}

// --- asking ---

function stopWaiting() {
  clearTimeout(asking?.timer);
  asking = null;
  $("code").hidden = true;
}

async function newRequest() {
  stopWaiting();
  const asked = await call("POST", "/api/requests", {});
  $("qr").src = `data:image/svg+xml,${encodeURIComponent(asked.svg)}`;
  $("code-ends").textContent = `${t("until")} ${clock(asked.ends)}`;
  $("code").hidden = false;
  asking = { id: asked.id, ends: Date.parse(asked.ends), said: null, timer: 0 };
  asking.timer = setTimeout(wait, 1000);
  $("scan").focus();
}

async function wait() {
  const mine = asking;
  if (!mine) return;
  let answer = null;
  try {
    answer = await call("GET", `/api/requests/${mine.id}`);
  } catch (problem) {
    if (problem.code === "request_unknown") {
      tell(sentence(problem));
      return stopWaiting();
    }
  }
  if (mine !== asking) return;
  if (answer?.state === "answered") {
    stopWaiting();
    return addAnswer(answer);
  }
  if (answer?.state === "refused" && mine.said !== answer.code) {
    mine.said = answer.code;
    tell(sentence({ code: answer.code }));
  }
  mine.timer = setTimeout(wait, 1000);
}

async function scanned(text) {
  $("scan").value = "";
  const taken = await call("POST", "/api/answers", { text: text.trim() });
  stopWaiting();
  addAnswer(await call("GET", `/api/requests/${taken.id}`));
}

/** Answers to a sign, and those that came while the page was closed. */
async function collect() {
  const { answers } = await call("GET", "/api/answers");
  for (const id of answers) {
    if (id === asking?.id || lines.some((line) => line.answer === id)) continue;
    if (!isHotel() && lines.length > 0) return;
    const answer = await call("GET", `/api/requests/${id}`);
    if (answer.state === "answered") addAnswer(answer, false);
  }
}

function addAnswer(answer, focus = true) {
  if (answer.state !== "answered" || lines.some((line) => line.answer === answer.id)) return;
  if (!isHotel()) lines = [];
  const wanted = (answer.needs ?? []).filter((fault) => fault.field);
  lines.push({
    ...emptyLine(),
    answer: answer.id,
    claims: answer.claims ?? {},
    stale: answer.status_stale,
    portrait: answer.portrait,
    fields: Object.fromEntries(wanted.filter((one) => one.code !== "duty_missing").map((one) => [one.field, ""])),
    notes: Object.fromEntries(wanted.filter((one) => one.code === "duty_missing").map((one) => [one.field, ""])),
  });
  drawLines();
  if (focus) focusLine(lines.length - 1);
}

function addCard() {
  if (!isHotel()) lines = [];
  lines.push({ ...emptyLine(), card: true, document: desk.documents[0], fields: {} });
  drawLines();
  focusLine(lines.length - 1);
}

function emptyLine() {
  const number = lines.reduce((most, line) => Math.max(most, line.line), 0) + 1;
  return { line: number, fields: {}, notes: {}, room: "", mrz: "", claims: {}, help: false, result: null };
}

function focusLine(index) {
  $("lines").children[index]?.querySelector("input, select, textarea")?.focus();
}

// --- the party, or the visitor ---

function input(id, label, value, set, options = {}) {
  const { choices, multi, ...rest } = options;
  const field = choices
    ? make("select", { id, ...rest }, ...choices.map((one) => make("option", { value: one }, t(`document.${one}`, one))))
    : make(multi ? "textarea" : "input", { id, autocomplete: "off", ...rest });
  field.value = value;
  field.addEventListener("input", () => set(field.value));
  return make("div", {}, make("label", { htmlFor: id }, label), field);
}

function check(id, label, checked, set) {
  const box = make("input", { id, type: "checkbox", checked });
  box.addEventListener("change", () => set(box.checked));
  return make("div", { className: "check" }, box, make("label", { htmlFor: id }, label));
}

function drawLines() {
  $("lines").replaceChildren(...lines.map(drawLine));
  $("register").hidden = lines.length === 0;
}

function drawLine(line) {
  const id = (what) => `line-${line.line}-${what}`;
  const fields = [];
  if (line.card) {
    fields.push(
      input(id("mrz"), t("mrz"), line.mrz, (value) => (line.mrz = value), { multi: true, rows: 3, spellcheck: false }),
      input(id("document"), t("field.document_kind"), line.document, (value) => (line.document = value), { choices: desk.documents }),
    );
    const asked = isHotel() ? CARD_FIELDS : ["name"];
    for (const field of asked) if (!(field in line.fields)) line.fields[field] = "";
  }
  for (const field of Object.keys(line.fields)) {
    if (line.card && field === "document_kind") continue;
    const set = (value) => (line.fields[field] = value);
    const choices = field === "document_kind" ? { choices: desk.documents } : {};
    if (choices.choices && !line.fields[field]) line.fields[field] = desk.documents[0];
    fields.push(input(id(field), t(`field.${field}`, field), line.fields[field], set, choices));
  }
  for (const duty of Object.keys(line.notes)) {
    const label = t(`duty.${duty}`, duty);
    fields.push(
      desk.duties[duty]
        ? input(id(duty), label, line.notes[duty], (value) => (line.notes[duty] = value))
        : check(id(duty), label, line.notes[duty] === true, (value) => (line.notes[duty] = value)),
    );
  }
  if (isHotel()) {
    fields.push(input(id("room"), t("room"), line.room, (value) => (line.room = value), { required: true, maxLength: 16 }));
  } else {
    fields.push(check(id("help"), t("needs_help"), line.help, (value) => (line.help = value)));
  }
  const claims = Object.entries(line.claims).flatMap(([claim, value]) => [
    make("dt", {}, t(`field.${claim}`, claim)),
    make("dd", {}, claim === "document_kind" ? t(`kind.${value}`, value) : value),
  ]);
  const remove = make("button", { type: "button", className: "plain", text: "remove" });
  remove.addEventListener("click", () => {
    lines = lines.filter((other) => other !== line);
    drawLines();
    $("new-request").focus();
  });
  return make(
    "fieldset",
    {},
    make("legend", {}, `${t("line")} ${line.line}`),
    line.stale ? make("p", { className: "result bad", text: "status_stale" }) : null,
    line.portrait
      ? make("img", { className: "portrait", src: `/api/requests/${line.answer}/portrait`, alt: t("portrait_alt") })
      : null,
    claims.length > 0 ? make("dl", {}, ...claims) : null,
    make("div", { className: "fields" }, ...fields),
    line.result ? make("p", { className: `result ${line.result.good ? "good" : "bad"}` }, line.result.text) : null,
    remove,
  );
}

const plan = { planned: "", host: "", purpose: "meeting", zones: "", hours: "2" };

function drawPlan() {
  const one = (key, options) => input(`plan-${key}`, t(`plan.${key}`), plan[key], (value) => (plan[key] = value), { required: true, ...options });
  const fields = isHotel()
    ? [one("planned", { type: "date", min: day(0) })]
    : [one("host", { maxLength: 64 }), one("purpose", { pattern: "[a-z\\-]{1,32}" }), one("zones", {}), one("hours", { type: "number", min: 1, max: 24 })];
  $("plan").replaceChildren(make("div", { className: "fields" }, ...fields));
}

/** A local day (UTC+8), so many from today. */
function day(days) {
  return new Date(Date.now() + ahead + 8 * 3_600_000 + days * 86_400_000).toISOString().slice(0, 10);
}

function clock(time) {
  return new Date(time).toLocaleString(language, { timeZone: "Asia/Shanghai", dateStyle: "short", timeStyle: "short" });
}

/** The duties that the clerk has noted or acknowledged; of the latter the note is empty. */
function noted(notes) {
  const done = Object.entries(notes).filter(([, note]) => note === true || (note || "").trim() !== "");
  return Object.fromEntries(done.map(([duty, note]) => [duty, note === true ? "" : note.trim()]));
}

const filled = (fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value.trim() !== ""));

async function register() {
  if (lines.length === 0) return;
  await (isHotel() ? checkIn() : visit());
  await refresh();
}

async function checkIn() {
  const body = lines.map((line) => {
    const fields = filled(line.fields);
    if (line.card && !line.mrz.trim()) fields.document_kind = line.document;
    const one = { line: line.line, fields, notes: noted(line.notes), room: line.room.trim() };
    if (line.answer) one.answer = line.answer;
    if (line.mrz.trim()) one.mrz = line.mrz.trim();
    return one;
  });
  const done = await call("POST", "/api/check-ins", { party, planned: plan.planned, lines: body });
  let open = 0;
  for (const result of done.lines) {
    const line = lines.find((one) => one.line === result.line);
    const good = ["new", "already", "with_adult"].includes(result.result);
    const faults = result.faults ?? [];
    line.result = { good, text: good ? t(`result.${result.result}`) : faults.map(sentence).join(" ") };
    line.done = good;
    open += good ? 0 : 1;
    for (const fault of faults) {
      if (fault.code === "duty_missing") line.notes[fault.field] ??= "";
      if (fault.code === "field_missing") line.fields[fault.field] ??= "";
    }
  }
  if (open === 0) {
    tell(`${t("registered")} ${lines.length}`);
    lines = [];
    party = drawId();
  } else {
    tell(`${t("open_lines")} ${open}`);
  }
  drawLines();
  if (open > 0) focusLine(lines.findIndex((line) => !line.done));
  else $("new-request").focus();
}

async function visit() {
  const [line] = lines;
  // A minute back: the way to the desk takes time, and the visitor stands here already.
  const from = Date.now() + ahead - 60_000;
  const body = {
    visit: party,
    plan: {
      host: plan.host.trim(),
      purpose: plan.purpose.trim(),
      zones: plan.zones.split(/[,，、]/).map((zone) => zone.trim()).filter(Boolean),
      from: stamp(from),
      ends: stamp(from + Number(plan.hours) * 3_600_000),
    },
    who: { needs_help: line.help },
  };
  if (line.answer) body.who.answer = line.answer;
  else {
    if (line.mrz.trim()) body.who.mrz = line.mrz.trim();
    else body.who.document = line.document;
    if (line.fields.name?.trim()) body.who.name = line.fields.name.trim();
  }
  await call("POST", "/api/visits", body);
  tell(t("host_asked"));
  lines = [];
  party = drawId();
  drawLines();
  $("new-request").focus();
}

function stamp(time) {
  return new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
}

// --- who is here ---

function drawHead() {
  const columns = isHotel() ? ["room", "field.name", "since", "report", "acts"] : ["badge", "field.name", "plan.host", "state", "acts"];
  $("book-head").replaceChildren(...columns.map((key) => make("th", { scope: "col", text: key })));
}

async function refresh() {
  drawHealth(await call("GET", "/api/health"));
  if (isHotel()) {
    const { stays } = await call("GET", "/api/stays");
    $("book-rows").replaceChildren(...stays.map(stayRow));
  } else {
    const { visits } = await call("GET", "/api/visits");
    $("book-rows").replaceChildren(...visits.map(visitRow));
  }
  await collect();
}

function drawHealth(health) {
  ahead = Date.parse(health.now) - Date.now();
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
  $("health").textContent = said.join(" ");
}

function button(key, about, work) {
  const element = make("button", { type: "button", className: "plain", text: key });
  element.setAttribute("aria-label", `${t(key)}: ${about}`);
  element.addEventListener("click", () => act(async () => {
    await work();
    await refresh();
  }));
  return element;
}

function row(...cells) {
  return make("tr", {}, ...cells.map((cell) => make("td", {}, cell)));
}

function stayRow(stay) {
  const name = stay.fields.name?.text ?? stay.fields.name_zh?.text ?? stay.fields.region?.text ?? "";
  const report = stay.reports.map((one) => t(`report.${one.state}`)).join(", ");
  const path = `/api/stays/${stay.id}`;
  const move = async () => {
    const room = prompt(t("new_room"), stay.room);
    if (room) await call("POST", `${path}/room`, { room });
  };
  const out = async () => {
    const answers = {};
    for (;;) {
      try {
        return await call("POST", `${path}/out`, { fields: answers });
      } catch (problem) {
        const field = ["next_place", "leaves_by"].find((one) => !(one in answers));
        if (problem.code !== "field_missing" || !field) throw problem;
        const typed = prompt(t(`field.${field}`));
        if (typed === null) throw problem;
        answers[field] = typed;
      }
    }
  };
  const acts = make("div", { className: "tools" }, button("move", stay.room, move), button("check_out", stay.room, out));
  return row(stay.room, name, clock(stay.since), report, acts);
}

function visitRow(visit) {
  const path = `/api/visits/${visit.id}`;
  const about = visit.name ?? visit.badge ?? visit.host;
  const post = (what, body = {}) => async () => {
    const done = await call("POST", `${path}/${what}`, body);
    if (done?.warning) tell(t(`warning.${done.warning}`));
  };
  const acts = {
    expected: () => (lines.length === 1 ? [button("arrive", about, arrive(path))] : []),
    waiting: () => [button("host_yes", about, post("host", { expected: true })), button("host_no", about, post("host", { expected: false }))],
    outside: () => [...visit.zones.map((zone) => named(button("enter", `${zone}, ${about}`, post("enter", { zone })), zone)), button("end", about, post("end"))],
    inside: () => [button("leave", about, post("leave"))],
  };
  const tools = make("div", { className: "tools" }, ...(acts[visit.state]?.() ?? []));
  return row(visit.badge ?? "", visit.name ?? "", visit.host, `${t(`state.${visit.state}`)} ${visit.zone ?? ""}`, tools);
}

function named(element, what) {
  element.textContent = `${element.textContent} ${what}`;
  return element;
}

/** The visitor who has just answered or whose card was read is the one who was invited. */
function arrive(path) {
  return async () => {
    const [line] = lines;
    const who = line.answer
      ? { answer: line.answer, needs_help: line.help }
      : { name: line.fields.name?.trim() || undefined, document: line.document, needs_help: line.help };
    await call("POST", `${path}/arrive`, who);
    lines = [];
    drawLines();
  };
}

// --- the keyboard ---

document.addEventListener("keydown", (event) => {
  if (!desk || !$("sign-in").hidden) return;
  if (event.key === "F2") {
    event.preventDefault();
    act(newRequest);
  } else if (event.key === "F4") {
    event.preventDefault();
    act(async () => addCard());
  } else if (event.key === "Enter" && event.ctrlKey) {
    event.preventDefault();
    $("party-form").requestSubmit();
  } else if (event.key === "Enter" && CODE.test(event.target.value ?? "")) {
    // A scanner types wherever the cursor stands.
    event.preventDefault();
    const text = event.target.value;
    event.target.value = "";
    act(() => scanned(text));
  }
});

$("language").addEventListener("change", () => {
  language = $("language").value;
  localStorage.setItem("desk_language", language);
  translate();
  if (desk) act(refresh);
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
  desk = null;
  lines = [];
  show("sign-in");
}));
$("new-request").addEventListener("click", () => act(newRequest));
$("by-card").addEventListener("click", () => act(async () => addCard()));
$("refresh").addEventListener("click", () => act(refresh));
$("scan-form").addEventListener("submit", (event) => {
  event.preventDefault();
  if ($("scan").value.trim()) act(() => scanned($("scan").value));
});
$("party-form").addEventListener("submit", (event) => {
  event.preventDefault();
  act(register);
});

translate();
try {
  await call("GET", "/api/session");
  await enter();
} catch {
  show("sign-in");
}
