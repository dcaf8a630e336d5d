// API: calls of the desk's program, what went wrong said in a sentence, and the desk's clock.

import { LOCALES, language, sentence } from "./texts.js";

/** What the desk is (`GET /api/desk`); null before a clerk has signed in. */
export const place = { desk: null };
/** What people call the venue in some language. */
export const venueName = (one = language) => (one.startsWith("zh") ? place.desk.name_zh : place.desk.name) || place.desk.venue;
export const isHotel = () => place.desk?.kind === "hotel";
export const isLibrary = () => place.desk?.kind === "library";

/** What is done where the desk knows nobody under this browser's cookie any more. */
export const session = { lost: () => {} };

/** How far the desk's clock is ahead of this browser's, in milliseconds: the desk's counts. */
let ahead = 0;

/** Asks the desk's program; throws the problem that it answers, or one with the code `unreachable`. */
export async function call(method, path, body) {
  const options = { method, headers: { "Content-Type": "application/json" } };
  if (body !== undefined) options.body = JSON.stringify(body);
  let response;
  let json = null;
  try {
    response = await fetch(path, options);
    json = response.headers.get("Content-Type")?.includes("json") ? await response.json() : null;
  } catch {
    throw { code: "unreachable" };
  }
  if (response.status === 401 && path !== "/api/session") session.lost();
  if (!response.ok) throw json ?? { code: "unreachable" };
  return json;
}

/** Says something to the clerk: that an act was done, or (`refuse`) why not. */
export function tell(text, kind = "good") {
  const message = document.getElementById("message");
  message.textContent = text;
  message.className = kind;
}

export const refuse = (problem) => tell(sentence(problem), "bad");

/** Runs an act of the clerk; what goes wrong is said, not swallowed. Says whether it was done. */
export async function act(work) {
  tell("");
  try {
    await work();
    return true;
  } catch (problem) {
    if (!problem?.code) throw problem;
    refuse(problem);
    return false;
  }
}

/** Says that the book has changed: whoever shows it reads it again, and puts the cursor where it was, on what has this label. */
export function changed(label = null) {
  document.dispatchEvent(new CustomEvent("book-changed", { detail: label }));
}

/** 16 bytes from chance, hexadecimal. */
export function drawId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// --- the clock: local days and times are those of UTC+8, whatever this browser thinks ---

export function setClock(time) {
  ahead = Date.parse(time) - Date.now();
}

export const now = () => Date.now() + ahead;

/** A local day, so many from today. */
export const day = (days) => local(now() + days * 86_400_000).slice(0, 10);

/** A time as a field of day and minute has it. */
export const local = (time) => new Date(time + 8 * 3_600_000).toISOString().slice(0, 16);

/** The time that such a field means. */
export const ofLocal = (text) => Date.parse(`${text}:00+08:00`);

export const clock = (time) => new Date(time).toLocaleString(LOCALES[language], { timeZone: "Asia/Shanghai", dateStyle: "medium", timeStyle: "short" });

/** Hours, minutes and seconds alone. */
export const hour = (time) => new Date(time).toLocaleTimeString(LOCALES[language], { timeZone: "Asia/Shanghai" });

/** A time as the API reads it. */
export const stamp = (time) => new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
