// Card camera: a card before the counter's camera. The desk's program reads its machine-readable zone; the clerk compares what was read.

import { call } from "./api.js";
import { make } from "./elements.js";
import { sentence, t } from "./texts.js";

/** Between two pictures of one card, and from one try to the next, in milliseconds. */
const BETWEEN = 150;
const TRY_EVERY = 250;
/** Pictures are no wider, in pixels. */
const WIDTH = 1280;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A button that reads a card with the camera and gives its zone to `take`; nothing where the browser has no camera. */
export function cardButton(about, take) {
  if (!navigator.mediaDevices?.getUserMedia) return null;
  const open = make("button", { type: "button", className: "plain card-camera", text: "card_camera" });
  open.setAttribute("aria-label", `${t("card_camera")}: ${about}`);
  open.addEventListener("click", () => read(take, open));
  return open;
}

async function read(take, opener) {
  const video = make("video", { muted: true, playsInline: true });
  const said = make("p", { className: "said" });
  said.setAttribute("role", "status");
  const close = make("button", { type: "button", className: "plain", text: "card_camera_off" });
  const dialog = make("dialog", { className: "card-reading" }, make("p", { text: "card_camera_hold" }), video, said, close);
  dialog.setAttribute("aria-label", t("card_camera"));
  close.addEventListener("click", () => dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  let stream = null;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { width: { ideal: WIDTH }, facingMode: "environment" } });
    video.srcObject = stream;
    await video.play();
    while (dialog.open) {
      const zone = await once(video, said);
      if (zone && dialog.open) {
        take(zone);
        break;
      }
      await pause(TRY_EVERY);
    }
    dialog.close();
  } catch {
    said.textContent = t("self.camera_none");
    await new Promise((resolve) => (dialog.open ? dialog.addEventListener("close", resolve, { once: true }) : resolve()));
  } finally {
    for (const track of stream?.getTracks() ?? []) track.stop();
    dialog.remove();
    if (opener.isConnected) opener.focus();
  }
}

/** One try of two pictures; null while nothing is read for certain. */
async function once(video, said) {
  const first = await picture(video);
  await pause(BETWEEN);
  const second = await picture(video);
  try {
    return (await call("POST", "/api/zone", { pictures: [first, second] })).zone;
  } catch (problem) {
    said.textContent = sentence(problem);
    return null;
  }
}

async function picture(video) {
  const share = Math.min(1, WIDTH / video.videoWidth);
  const canvas = make("canvas", { width: Math.round(video.videoWidth * share), height: Math.round(video.videoHeight * share) });
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  const file = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
  const bytes = new Uint8Array(await file.arrayBuffer());
  let plain = "";
  for (let at = 0; at < bytes.length; at += 0x8000) plain += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
