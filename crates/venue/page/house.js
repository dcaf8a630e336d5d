// House: the guests who are here: another room, a correction, check-out; and the dialogs for each, which other views use too.

import { call, clock, tell } from "./api.js";
import { $, asked, askFor, button, documentChoices, make, recordLink, row, tools } from "./elements.js";
import { t } from "./texts.js";

/** The name of a guest, or what stands for it. */
export const nameOf = (stay) => (stay.fields.name ?? stay.fields.name_zh ?? stay.fields.region)?.text ?? "";

const path = (stay) => `/api/stays/${stay.id}`;
const about = (stay) => `${stay.room} ${nameOf(stay)}`;

export const move = (stay) => () => askFor(`${t("move")}: ${about(stay)}`, t("move"), (values) => [asked(values, "room", t("new_room"), "", { required: true, maxLength: 16 })],
  ({ room }) => call("POST", `${path(stay)}/room`, { room: room.trim() }));

/** Asks what the profile asks of this guest on leaving. */
export const checkOut = (stay) => () => askFor(`${t("check_out")}: ${about(stay)}`, t("check_out"),
  (values) => [
    make("p", {}, t(Object.keys(stay.leaving ?? {}).length > 0 ? "check_out_asks" : "check_out_plain")),
    ...Object.entries(stay.leaving ?? {}).map(([field, required]) => asked(values, field, t(`field.${field}`, field), "", { required, maxLength: 120 })),
  ],
  async (values) => {
    const fields = Object.fromEntries(Object.entries(values).filter(([, value]) => value.trim() !== ""));
    await call("POST", `${path(stay)}/out`, { fields });
    tell(`${t("checked_out")}: ${nameOf(stay)}`);
  });

/** Corrects what a clerk typed; a value that was shown is none of theirs. */
export const correct = (stay, first) => () => {
  const typed = Object.entries(stay.fields).filter(([, entry]) => entry.source === "typed");
  return askFor(`${t("correct")}: ${about(stay)}`, t("correct"),
    (values) => [
      typed.length > 0 ? null : make("p", { text: "correct_none" }),
      ...typed.map(([field, entry]) => asked(values, field, t(`field.${field}`, field), entry.text, field === "document_kind" ? { choices: documentChoices() } : { required: true, maxLength: 120 })),
    ].filter(Boolean),
    async (values) => {
      const fields = Object.fromEntries(Object.entries(values).filter(([field, value]) => value.trim() !== stay.fields[field].text));
      if (Object.keys(fields).length === 0) throw { code: "unchanged" };
      await call("POST", `${path(stay)}/correct`, { fields });
    }, first);
};

const COLUMNS = ["room", "who", "since", "report", "acts"];

let stays = [];

export async function drawHouse() {
  ({ stays } = await call("GET", "/api/stays"));
  drawRows();
}

function drawRows() {
  const wanted = $("find-stay").value.trim().toLowerCase();
  const fits = (stay) => [stay.room, stay.fields.name?.text, stay.fields.name_zh?.text].some((text) => text?.toLowerCase().includes(wanted));
  $("book-head").replaceChildren(...COLUMNS.map((key) => make("th", { scope: "col", text: key })));
  $("book-rows").replaceChildren(...stays.filter(fits).map(stayRow));
}

function stayRow(stay) {
  const report = stay.reports.map((one) => t(`report.${one.state}`)).join(", ");
  const acts = tools(button("move", about(stay), move(stay)), button("correct", about(stay), correct(stay)), button("check_out", about(stay), checkOut(stay)), recordLink("rights", about(stay), stay.id));
  return row(stay.room, nameOf(stay), clock(stay.since), report, acts);
}

$("find-stay").addEventListener("input", drawRows);
