// Reading: a hand scanner, which is a keyboard wherever the cursor stands, and the desk's camera where the browser reads codes.

import { call } from "./api.js";
import { $ } from "./elements.js";
import { t } from "./texts.js";

/** The pass's code, as scanner and camera read it. */
export const isPass = (text) => /^\s*BV1:/.test(text);
/** Keys that are further apart are no scanner's text. */
const APART = 1000;
const FORMATS = ["qr_code", "code_128", "code_39", "code_93", "codabar", "ean_13", "ean_8", "itf"];

let typed = "";
let last = 0;
let take = () => {};
let stream = null;
let seen = null;

/** Gives every text that is read to `work`. */
export function listen(work) {
  take = work;
}

export function forget() {
  typed = "";
  seen = null;
  stopCamera();
}

document.addEventListener("keydown", (event) => {
  const field = event.target.closest?.("input");
  if (field) {
    // A pass that is scanned into a field is a pass, whatever the field is for.
    if (event.key !== "Enter" || !isPass(field.value)) return;
    event.preventDefault();
    const text = field.value;
    field.value = "";
    return take(text);
  }
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (Date.now() - last > APART) typed = "";
  if (event.key === "Enter" && typed) {
    // No button is pressed by the end of a scanned text.
    event.preventDefault();
    const text = typed;
    typed = "";
    return take(text);
  }
  if ([...event.key].length !== 1 || (event.key === " " && !typed)) return;
  event.preventDefault();
  typed += event.key;
  last = Date.now();
}, { capture: true });

// --- the camera ---

const canRead = () => "BarcodeDetector" in window && navigator.mediaDevices?.getUserMedia;
for (const button of document.querySelectorAll(".camera-on")) {
  button.hidden = !canRead();
  button.addEventListener("click", startCamera);
}
$("camera-off").addEventListener("click", stopCamera);

async function startCamera() {
  if (stream) return;
  try {
    const formats = (await window.BarcodeDetector.getSupportedFormats()).filter((one) => FORMATS.includes(one));
    const detector = new window.BarcodeDetector({ formats });
    const mine = await navigator.mediaDevices.getUserMedia({ video: { width: 1280, facingMode: "environment" } });
    stream = mine;
    const video = $("camera-picture");
    video.srcObject = mine;
    await video.play();
    $("camera").hidden = false;
    while (stream === mine) {
      for (const { rawValue } of await detector.detect(video)) once(rawValue);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  } catch {
    stopCamera();
    $("message").textContent = t("self.camera_none");
  }
}

/** A code that stays before the camera is read once. */
function once(text) {
  const again = text === seen?.code && Date.now() - seen.at < 3000;
  seen = { code: text, at: Date.now() };
  if (!again && text) take(text);
}

export function stopCamera() {
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
  $("camera-picture").srcObject = null;
  $("camera").hidden = true;
}

/** The answer that the pass's code holds: its id. */
export const answerOf = async (text) => (await call("POST", "/api/answers", { text: text.trim() })).id;
