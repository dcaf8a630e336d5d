// Invitations: a host at the counter invites somebody; the result is a code, and the text of an e-mail in four languages.

import { act, call, clock, drawId, local, now, ofLocal, place, stamp, tell, venueName } from "./api.js";
import { $, make } from "./elements.js";
import { zonesOf } from "./party.js";
import { LANGUAGES, LOCALES, filledIn, language, t } from "./texts.js";

let invited = null;
let id = drawId();

/** The code of an invitation, by which the counter finds it: the first 8 digits of its id. */
export const codeOf = (visit) => `${visit.slice(0, 4)}-${visit.slice(4, 8)}`.toUpperCase();

/** Fills in times where none are; the whole hour to come is what most people mean. */
export function prepareInvitation() {
  if ($("invite-from").value) return;
  const next = Math.ceil(now() / 3_600_000) * 3_600_000;
  $("invite-from").value = local(next);
  $("invite-ends").value = local(next + 2 * 3_600_000);
}

async function invite() {
  const [from, ends] = [ofLocal($("invite-from").value), ofLocal($("invite-ends").value)];
  const plan = {
    host: $("invite-host").value.trim(),
    purpose: $("invite-purpose").value.trim(),
    zones: zonesOf($("invite-zones").value),
    from: stamp(from),
    ends: stamp(ends),
    recurring: $("invite-recurring").checked,
  };
  const name = $("invite-name").value.trim();
  const done = await call("POST", "/api/invitations", name ? { visit: id, plan, name } : { visit: id, plan });
  invited = { id: done.visit, plan, name };
  id = drawId();
  tell("");
  $("invite-form").reset();
  prepareInvitation();
  drawInvited(language);
  $("invited-code").focus();
}

/** Draws the last invitation in the page's language, its e-mail in one of four. */
export function drawInvited(mail = $("invited-language").value || language) {
  $("invited").hidden = !invited;
  if (!invited) return;
  $("invited-code").textContent = codeOf(invited.id);
  $("invited-language").value = mail;
  const { plan } = invited;
  const time = (at) => new Date(at).toLocaleString(LOCALES[mail], { timeZone: "Asia/Shanghai", dateStyle: "full", timeStyle: "short" });
  const link = place.desk.invitations && `${place.desk.invitations}${invited.id}?lang=${mail}`;
  const values = {
    code: codeOf(invited.id),
    host: plan.host,
    name: invited.name,
    place: venueName(mail),
    from: time(plan.from),
    ends: time(plan.ends),
    days: String(place.desk.retention_days),
    link,
  };
  const parts = ["greeting", plan.recurring ? "times_recurring" : "times", "bring", "kept", "code", ...(link ? ["link"] : [])];
  const greeting = invited.name ? "mail.greeting" : "mail.greeting_unnamed";
  const text = parts.map((part) => filledIn(mail, part === "greeting" ? greeting : `mail.${part}`, values)).join("\n\n");
  $("invited-mail").value = text;
  $("invited-mail").lang = mail;
  $("invited-until").textContent = `${clock(plan.from)} – ${clock(plan.ends)}`;
}

async function copy() {
  $("invited-mail").select();
  try {
    await navigator.clipboard.writeText($("invited-mail").value);
    tell(t("copied"));
  } catch {
    // Without the right to the clipboard the text is selected: the keyboard copies it.
    tell(t("copy_by_hand"));
  }
}

$("invite-form").addEventListener("submit", (event) => {
  event.preventDefault();
  act(invite);
});
$("invited-language").append(...LANGUAGES.map((one) => make("option", { value: one, lang: one }, filledIn(one, "language_name", {}))));
$("invited-language").addEventListener("change", () => drawInvited());
$("invited-copy").addEventListener("click", copy);
