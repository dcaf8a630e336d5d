// Rooming list: a file or a pasted text becomes the lines of a party; the desk's program reads it.

import { act, call, tell } from "./api.js";
import { $ } from "./elements.js";
import { addListed, isAsked } from "./party.js";
import { fieldName, filled } from "./texts.js";

async function read() {
  const { rows, unused } = await call("POST", "/api/rooming-lists", { csv: $("rooming-text").value });
  const strange = new Set();
  for (const row of rows) {
    for (const field of Object.keys(row.fields)) {
      if (field === "document_kind" || isAsked(field)) continue;
      // What this place does not ask of anybody is not taken over from an agent's list.
      delete row.fields[field];
      strange.add(fieldName(field));
    }
  }
  addListed(rows);
  $("rooming-text").value = "";
  $("rooming-file").value = "";
  $("rooming").open = false;
  const left = [...unused, ...strange];
  tell(left.length > 0 ? filled("rooming_unused", { columns: left.join(", ") }) : "");
}

$("rooming-file").addEventListener("change", () => act(async () => {
  const [file] = $("rooming-file").files;
  if (!file) return;
  if (file.size > 500_000) throw { code: "body_too_large" };
  $("rooming-text").value = await file.text();
  await read();
}));
$("rooming-read").addEventListener("click", () => act(read));
$("rooming").addEventListener("toggle", () => {
  if ($("rooming").open) $("rooming-text").focus();
});
$("rooming-text").placeholder = "room,name,document_kind,document_number";
