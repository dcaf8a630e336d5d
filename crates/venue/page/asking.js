// Asking: a request on the screen, its answer, and codes that a hand scanner or the desk's camera reads.

import { act, call, clock, isHotel, isLibrary, refuse } from "./api.js";
import { askBrowser, canAskBrowser, openForBrowser } from "./browser-wallet.js";
import { $ } from "./elements.js";
import { beginReader } from "./library.js";
import { addAnswer, hasAnswer, isEmpty } from "./party.js";
import { t } from "./texts.js";

let asking = null;
/** Answers by which somebody was only found: they are no guests. */
const searched = new Set();

export function stopWaiting() {
  clearTimeout(asking?.timer);
  asking?.browser?.abort();
  asking = null;
  $("code").hidden = true;
}

export const newRequest = () => show("/api/requests");

/** The same question to a wallet of others (OpenID4VP): by a code, and through the browser where it can. */
async function newOpenId() {
  await show("/api/openid/requests");
  $("browser-wallet").hidden = !canAskBrowser();
}

/** Asks through the browser. The code stays on the screen, and whichever answer comes first counts. */
async function byBrowser() {
  const mine = asking;
  if (!mine || mine.browser) return;
  mine.browser = new AbortController();
  $("by-browser").disabled = true;
  try {
    const request = await openForBrowser();
    mine.onPage = request.id;
    await askBrowser(request, mine.browser.signal);
    const answer = await call("GET", `/api/requests/${request.id}`);
    if (mine !== asking) return;
    stopWaiting();
    await takeUp(answer);
  } catch (problem) {
    // A new request, or whoever signed out, has ended this one: nobody waits for it.
    if (mine === asking) throw problem;
  } finally {
    mine.browser = null;
    $("by-browser").disabled = false;
  }
}

async function show(path) {
  stopWaiting();
  const request = await call("POST", path, {});
  $("qr").src = `data:image/svg+xml,${encodeURIComponent(request.svg)}`;
  $("code-ends").textContent = `${t("until")} ${clock(request.ends)}`;
  $("code").hidden = false;
  $("browser-wallet").hidden = true;
  asking = { id: request.id, said: null, timer: setTimeout(wait, 1000) };
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
      refuse(problem);
      return stopWaiting();
    }
  }
  if (mine !== asking) return;
  if (answer?.state === "answered") {
    stopWaiting();
    return act(() => takeUp(answer));
  }
  if (answer?.state === "refused" && mine.said !== answer.code) {
    mine.said = answer.code;
    refuse({ code: answer.code });
  }
  mine.timer = setTimeout(wait, 1000);
}

/** An answer is a guest's or visitor's line, or a reader's turn. */
const takeUp = (answer) => (isLibrary() ? beginReader({ answer: answer.id }) : addAnswer(answer));

/** Takes a code that was read; gives the id of its answer. */
const take = async (text) => (await call("POST", "/api/answers", { text: text.trim() })).id;

/** Somebody arrives with the code that was read. */
export async function scanned(text) {
  $("scan").value = "";
  const id = await take(text);
  stopWaiting();
  await takeUp(await call("GET", `/api/requests/${id}`));
}

/** Somebody is only looked for by the code that was read. */
export async function scannedToFind(text) {
  const id = await take(text);
  searched.add(id);
  return id;
}

/** Answers to a sign, and those that came while the page was closed. */
export async function collect() {
  const { answers } = await call("GET", "/api/answers");
  for (const id of answers) {
    if (id === asking?.id || id === asking?.onPage || searched.has(id) || hasAnswer(id)) continue;
    if (!isHotel() && !isEmpty()) return;
    const answer = await call("GET", `/api/requests/${id}`);
    if (answer.state === "answered") addAnswer(answer, false);
  }
}

$("new-request").addEventListener("click", () => act(newRequest));
$("new-openid").addEventListener("click", () => act(newOpenId));
$("by-browser").addEventListener("click", () => act(byBrowser));
$("scan-form").addEventListener("submit", (event) => {
  event.preventDefault();
  if ($("scan").value.trim()) act(() => scanned($("scan").value));
});
