// The page on which a holder answers a wallet's request: who asks, for what, who they are, and their face.
// It sends to its own authority alone, and keeps nothing.

const FRAME_MS = 250;
const AT_ONCE = 4;

const at = (id) => document.getElementById(id);
const { request, client, credentials, place, capture } = document.body.dataset;
const texts = await (await fetch("/openid/sign-in/sign-in.json")).json();
let words = texts.en;

function speak(language) {
  words = texts[language] ?? texts.en;
  document.documentElement.lang = language in texts ? language : "en";
  document.title = words.title;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = words[element.dataset.text];
  for (const element of document.querySelectorAll("[data-problem]")) element.textContent = words.problems[element.dataset.problem];
  at("credentials").replaceChildren(...credentials.split(" ").filter(Boolean).map((sort) => {
    const item = document.createElement("li");
    item.textContent = words.sorts[sort] ?? sort;
    return item;
  }));
  at("kind").replaceChildren(...Object.entries(words.kinds).map(([kind, name]) => new Option(name, kind, false, kind === at("kind").value)));
}

function language() {
  const wanted = navigator.languages.map((tag) => {
    if (/^zh-(Hant|HK|TW|MO)/i.test(tag)) return "zh-Hant";
    if (/^zh/i.test(tag)) return "zh-Hans";
    return tag.slice(0, 2);
  });
  return wanted.find((tag) => tag in texts) ?? "en";
}

class Refusal extends Error {}

async function post(address, body) {
  const answer = await fetch(address, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ request_uri: request, client_id: client, ...body }),
  });
  const read = await answer.json();
  if (!answer.ok) throw new Refusal(words.problems[read.code] ?? read.detail ?? read.title);
  return read;
}

const base64 = (bytes) => {
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};

async function fromFile(id) {
  const file = at("picture").files[0];
  if (!file) throw new Refusal(words.picture_missing);
  const picture = base64(new Uint8Array(await file.arrayBuffer()));
  return post(`/openid/sign-in/${id}/frames`, { frames: [{ at_ms: 0, picture }] });
}

/** The camera's pictures; a browser that has none, or whose user said no, says so in many ways. */
async function opened() {
  try {
    return await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user", width: 640 } });
  } catch {
    throw new Refusal(words.camera_missing);
  }
}

async function fromCamera(id, first) {
  const stream = await opened();
  const video = at("video");
  const canvas = document.createElement("canvas");
  try {
    video.srcObject = stream;
    video.hidden = false;
    await video.play();
    const began = performance.now();
    let prompt = first;
    for (;;) {
      at("prompt").textContent = words.prompts[prompt] ?? prompt;
      const frames = [];
      while (frames.length < AT_ONCE) {
        await new Promise((done) => setTimeout(done, FRAME_MS));
        [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
        canvas.getContext("2d").drawImage(video, 0, 0);
        const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
        const picture = base64(new Uint8Array(await blob.arrayBuffer()));
        frames.push({ at_ms: Math.round(performance.now() - began), picture });
      }
      const answer = await post(`/openid/sign-in/${id}/frames`, { frames });
      if (answer.redirect) return answer;
      prompt = answer.prompt;
    }
  } finally {
    video.hidden = true;
    at("prompt").textContent = "";
    for (const track of stream.getTracks()) track.stop();
  }
}

async function working(work) {
  at("message").textContent = "";
  for (const button of document.querySelectorAll("button")) button.disabled = true;
  try {
    const { redirect } = await work();
    location.assign(redirect);
  } catch (error) {
    at("message").textContent = error instanceof Refusal ? error.message : words.failed;
    at("message").scrollIntoView({ block: "center" });
  } finally {
    for (const button of document.querySelectorAll("button")) button.disabled = false;
  }
}

at("language").addEventListener("change", () => speak(at("language").value));
at("language").value = language();
speak(at("language").value);
at("client").textContent = client;
at("place").textContent = place;
at("picture-field").hidden = capture !== "picture";
at("over").hidden = request !== "";
at("form").hidden = request === "";
at("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const value = (id) => at(id).value.trim();
  void working(async () => {
    const begun = await post("/openid/sign-in", {
      document: { kind: value("kind"), number: value("number") },
      name: value("name"),
      birth: value("birth"),
      invitation: value("invitation"),
    });
    return begun.capture === "picture" ? fromFile(begun.id) : fromCamera(begun.id, begun.prompt);
  });
});
at("refuse").addEventListener("click", () => void working(() => post("/openid/sign-in-refusal", {})));
