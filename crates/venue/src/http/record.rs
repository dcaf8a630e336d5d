//! Record: a stay with all that the desk keeps of it, as a clerk sees it and a guest gets it.
//!
//! Lives here: [`StayBody`] and its parts, [`LookBody`] of visits too. Not here: routes (`hotel`, `search`, `queues`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::hotel::{Hotel, Record};
use crate::profile::{Moment, Need};
use crate::stay::Stay;
use crate::store::Look;
use crate::store::report::{Report, ReportState};

/// A stay with what the desk keeps of it.
#[derive(Serialize, ToSchema)]
pub(super) struct StayBody {
    id: String,
    /// `in_house` or `left`.
    state: &'static str,
    room: String,
    #[schema(format = DateTime)]
    since: String,
    #[schema(format = Date)]
    planned: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    out: Option<String>,
    /// From then on nothing of it is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_until: Option<String>,
    /// The fields, each with where it comes from.
    fields: BTreeMap<&'static str, EntryBody>,
    /// What was noted of a minor, by duty.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    notes: BTreeMap<String, String>,
    /// What is asked of this guest on leaving, by field: whether it must be answered.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    leaving: BTreeMap<&'static str, bool>,
    /// Of an export: the guest's pseudonym at this venue, hexadecimal; left out of a guest by card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pseudonym: Option<String>,
    /// What the police's register was told.
    reports: Vec<ReportBody>,
    /// What the hotel's system was told.
    handed_over: Vec<ReportBody>,
    /// Who looked at it, this look included.
    looks: Vec<LookBody>,
}

/// A value and where it comes from.
#[derive(Serialize, ToSchema)]
pub(super) struct EntryBody {
    text: String,
    /// `presentation`, `mrz` or `typed`.
    source: &'static str,
    /// Whether the law asks for it: consent to it is not taken back.
    required: bool,
}

/// A report.
#[derive(Serialize, ToSchema)]
pub(super) struct ReportBody {
    /// `in`, `correct` or `out`.
    kind: &'static str,
    /// `waiting`, `sent`, `refused` or `replaced`.
    state: &'static str,
    #[schema(format = DateTime)]
    made: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<String>,
    /// How often it was sent without an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    tries: Option<i64>,
    /// From then on the desk sounds the alarm.
    #[serde(skip_serializing_if = "Option::is_none")]
    alarm: Option<String>,
    /// The last lawful moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<String>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    faults: Vec<RefusedBody>,
}

/// One thing that a register or system refused.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct RefusedBody {
    /// The field, where one is named.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    field: String,
    /// The other side's code.
    code: String,
    /// The other side's sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    text: String,
}

impl RefusedBody {
    /// What stands in an answer: a list of faults, or the code of a message that could not be written.
    fn read(answer: &str) -> Vec<Self> {
        let alone = || vec![Self { field: String::new(), code: answer.to_owned(), text: String::new() }];
        serde_json::from_str(answer).unwrap_or_else(|_| alone())
    }
}

impl ReportBody {
    fn new(report: &Report) -> Self {
        let (mut receipt, mut tries, mut faults) = (None, None, Vec::new());
        let state = match &report.state {
            ReportState::Waiting { tries: sent } => {
                tries = Some(*sent);
                "waiting"
            }
            ReportState::Sent { receipt: given, .. } => {
                receipt = Some(given.clone());
                "sent"
            }
            ReportState::Refused { answer } => {
                faults = RefusedBody::read(answer);
                "refused"
            }
            ReportState::Replaced => "replaced",
        };
        Self {
            kind: report.kind.code(),
            state,
            made: report.made_at.to_string(),
            receipt,
            tries,
            alarm: report.alarm_at.map(|at| at.to_string()),
            due: report.due_at.map(|at| at.to_string()),
            faults,
        }
    }
}

/// One look.
#[derive(Serialize, ToSchema)]
pub(super) struct LookBody {
    at: String,
    actor: String,
    act: &'static str,
}

pub(super) fn looks(looks: &[Look]) -> Vec<LookBody> {
    let one = |look: &Look| LookBody {
        at: look.at.to_string(),
        actor: look.actor.to_string(),
        act: look.act.code(),
    };
    looks.iter().map(one).collect()
}

impl StayBody {
    pub(super) fn new(hotel: &Hotel, record: &Record) -> Self {
        let last = record.stay.last();
        let (state, out, keep) = match &record.stay {
            Stay::InHouse(_) => ("in_house", None, None),
            Stay::Left(left) => ("left", Some(left.out.to_string()), Some(left.keep_until.to_string())),
        };
        let (on_arrival, on_leaving) =
            (hotel.asked(&record.stay, Moment::In), hotel.asked(&record.stay, Moment::Out));
        let required =
            |field| [on_arrival.get(&field), on_leaving.get(&field)].contains(&Some(&Need::Required));
        let entries = last.guest.fields().map(|(field, entry)| {
            let body = EntryBody {
                text: entry.text.clone(),
                source: entry.source.code(),
                required: required(field),
            };
            (field.code(), body)
        });
        Self {
            id: record.id.to_string(),
            state,
            room: last.room.as_str().to_owned(),
            since: last.since.to_string(),
            planned: last.planned.to_string(),
            out,
            keep_until: keep,
            fields: entries.collect(),
            notes: last.guest.notes().clone(),
            leaving: match &record.stay {
                Stay::InHouse(_) => {
                    on_leaving.iter().map(|(field, need)| (field.code(), *need == Need::Required)).collect()
                }
                Stay::Left(_) => BTreeMap::new(),
            },
            pseudonym: None,
            reports: record.reports.iter().map(ReportBody::new).collect(),
            handed_over: record.handed_over.iter().map(ReportBody::new).collect(),
            looks: looks(&record.looks),
        }
    }

    /// The same with the pseudonym: a guest's copy has everything that is kept.
    pub(super) fn with_pseudonym(self, record: &Record) -> Self {
        let pseudonym = record.stay.guest().pseudonym();
        Self { pseudonym: pseudonym.map(|own| hex::encode(own.as_bytes())), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_read_from_each_form_of_answer() {
        for (answer, field, code) in [
            (r#"[{"field":"room","code":"room_unknown","text":"no such room"}]"#, "room", "room_unknown"),
            (r#"[{"type":"3","code":"264","text":"no such room"}]"#, "", "264"),
            ("xml_control", "", "xml_control"),
        ] {
            let read = RefusedBody::read(answer);
            assert_eq!((read[0].field.as_str(), read[0].code.as_str()), (field, code), "{answer}");
        }
    }
}
