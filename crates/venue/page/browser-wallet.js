// Browser wallet: the question to a wallet of others through the browser (W3C Digital Credentials API), where it has one.

import { call, place } from "./api.js";

const PROTOCOLS = ["openid4vp-v1-signed", "org-iso-mdoc"];

/** What a browser throws where somebody closed its window, or the wallet's user said no. */
const CLOSED = ["NotAllowedError", "AbortError"];

const isAllowed = (protocol) => DigitalCredential.userAgentAllowsProtocol?.(protocol) ?? true;

/** Whether this browser can ask: it has the API, and this is the page that the desk's requests name. */
export const canAskBrowser = () =>
  typeof DigitalCredential !== "undefined" && place.desk?.page_origin === location.origin && PROTOCOLS.some(isAllowed);

/** A request for the browser, with the id under which its answer is found. */
export const openForBrowser = () => call("POST", "/api/openid/page-requests", {});

/** Has the browser ask a wallet, and gives what it answers to the desk. `signal` ends the browser's question. */
export async function askBrowser({ id, requests }, signal) {
  const answer = await answered(requests.filter(({ protocol }) => isAllowed(protocol)), signal);
  await call("POST", `/api/openid/page-requests/${id}`, answer);
}

async function answered(requests, signal) {
  try {
    const { protocol, data } = await navigator.credentials.get({ mediation: "required", signal, digital: { requests } });
    return { protocol, data };
  } catch (error) {
    throw { code: CLOSED.includes(error?.name) ? "browser_closed" : "browser_no_wallet" };
  }
}
