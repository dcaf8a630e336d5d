//! The answer as JSON: stable names, `null` where there is nothing to say.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::{
    Answer, Asked, Counter, Doubt, LaneAnswer, MainlandCount, Question, SideAnswer, VehicleAnswer, Verdict,
};

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut s = serializer.serialize_struct("Answer", 9)?;
        s.serialize_field("question", &QuestionJson(&self.question))?;
        s.serialize_field("outcome", self.outcome().as_str())?;
        s.serialize_field("lane", &LaneJson(self.lane))?;
        s.serialize_field("exit", &self.exit)?;
        s.serialize_field("entry", &self.entry)?;
        s.serialize_field("mainland_count", &self.mainland_count)?;
        s.serialize_field("vehicle", &self.vehicle)?;
        s.serialize_field("counter", &self.counter())?;
        s.serialize_field("doubts", &self.doubts)?;
        s.end()
    }
}

struct QuestionJson<'a>(&'a Question);

impl Serialize for QuestionJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let q = self.0;
        let mut s = serializer.serialize_struct("Question", 6)?;
        s.serialize_field("port", q.port.as_str())?;
        s.serialize_field("from", &q.direction.from())?;
        s.serialize_field("to", &q.direction.to())?;
        s.serialize_field("lane", q.lane.as_str())?;
        s.serialize_field("at", &q.at)?;
        s.serialize_field(
            "side",
            &match q.asked {
                Asked::Both => None,
                Asked::Only(side) => Some(side.as_str()),
            },
        )?;
        s.end()
    }
}

struct LaneJson(LaneAnswer);

impl Serialize for LaneJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut s = serializer.serialize_struct("Lane", 3)?;
        s.serialize_field("answer", self.0.as_str())?;
        let (why, open) = match self.0 {
            LaneAnswer::Open => (None, None),
            LaneAnswer::NotOpenToHolder { why, open } => (Some(why.as_str()), open),
            LaneAnswer::Closed { why } => (Some(why.as_str()), None),
        };
        s.serialize_field("why", &why)?;
        s.serialize_field("open_lane", &open.map(crate::LaneKind::as_str))?;
        s.end()
    }
}

impl Serialize for SideAnswer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut s = serializer.serialize_struct("SideAnswer", 13)?;
        let (grant, why) = (self.verdict.grant(), self.verdict.why());
        let measures = match &self.verdict {
            Verdict::Verify { measures, .. } => measures.as_slice(),
            Verdict::Admit(_) | Verdict::Refer(_) => &[],
        };
        s.serialize_field("authority", &self.authority)?;
        s.serialize_field("verdict", self.verdict.as_str())?;
        s.serialize_field("code", &why.map(|w| w.reason))?;
        s.serialize_field("measures", measures)?;
        s.serialize_field("permit", &grant.and_then(|g| g.permit).map(crate::DocumentKind::as_str))?;
        s.serialize_field("endorsement", &self.endorsement)?;
        s.serialize_field("entries_left", &grant.and_then(|g| g.entries_left))?;
        s.serialize_field("spends", &grant.is_some_and(|g| g.spends.is_some()))?;
        s.serialize_field("single_entry", &grant.and_then(|g| g.single_entry))?;
        s.serialize_field("last_day", &grant.and_then(crate::Grant::last_day))?;
        s.serialize_field("limit", &grant.map(|g| g.stay.as_str()))?;
        s.serialize_field("day", &why.and_then(|w| w.day))?;
        s.serialize_field("change", &why.map(crate::Refusal::change))?;
        s.end()
    }
}

impl Serialize for Doubt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut s = serializer.serialize_struct("Doubt", 3)?;
        let (switch, row, as_of) = match self {
            Self::Switch { id } => (Some(id), None, None),
            Self::Old { row, as_of } => (None, Some(row), Some(as_of)),
        };
        s.serialize_field("switch", &switch)?;
        s.serialize_field("row", &row)?;
        s.serialize_field("as_of", &as_of)?;
        s.end()
    }
}

impl Serialize for VehicleAnswer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut s = serializer.serialize_struct("VehicleAnswer", 4)?;
        let (answer, scheme, last_day, why) = match self {
            Self::Open { scheme, last_day } => ("open", Some(scheme.as_str()), *last_day, None),
            Self::Homeward => ("homeward", None, None, None),
            Self::Refused(why) => ("refused", None, None, Some(why.as_str())),
        };
        s.serialize_field("answer", answer)?;
        s.serialize_field("scheme", &scheme)?;
        s.serialize_field("last_day", &last_day)?;
        s.serialize_field("why", &why)?;
        s.end()
    }
}

impl Serialize for Counter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut s = serializer.serialize_struct("Counter", 2)?;
        s.serialize_field("of", &self.of)?;
        let bring: Vec<&str> = self.bring.iter().map(|kind| kind.as_str()).collect();
        s.serialize_field("bring", &bring)?;
        s.end()
    }
}

impl Serialize for MainlandCount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut s = serializer.serialize_struct("MainlandCount", 4)?;
        let (form, spends, left, code) = match self {
            Self::Covered { form, spends, entries_left, .. } => {
                (form.as_deref(), *spends, *entries_left, None)
            }
            Self::NotCovered(refusal) => (None, false, None, Some(refusal.reason)),
        };
        s.serialize_field("endorsement", &form)?;
        s.serialize_field("spends", &spends)?;
        s.serialize_field("entries_left", &left)?;
        s.serialize_field("code", &code)?;
        s.end()
    }
}
