//! Views: what each page may see of a lane, as JSON. A view is made from what its reader may know, and from nothing else.

use std::collections::BTreeMap;

use clearance::{Answer, Passage, Sentence, Sides, told};
use documents::{AuthorityCode, LaneKind, Measure, Timestamp};
use serde_json::{Value, json};

use super::kept::{LanePicture, NoFace};
use super::session::{Past, Session, Stage, Stop, Unfit};
use super::{Kiosk, SEE_OFFICER, by_officer};
use crate::lane::Judged;
use crate::reason::GateReason;
use crate::texts::{Language, Texts, challenge_key, measure_key};

impl Kiosk {
    /// What a page needs once: the lane, its names, every sentence in every language.
    pub(super) fn card(&self) -> Value {
        let place = &self.config().place;
        let sentences: BTreeMap<_, _> =
            Texts::keys().into_iter().map(|key| (key, self.in_all_languages(key))).collect();
        let sides: Vec<Value> = self
            .authorities()
            .iter()
            .map(|(side, code)| json!({ "side": side.as_str(), "authority": code }))
            .collect();
        json!({
            "lane": place.lane.as_str(),
            "port": place.port.as_str(),
            "from": place.direction.from(),
            "to": place.direction.to(),
            "kind": self.config().kind.as_str(),
            "joint": matches!(place.sides, Sides::Both { .. }),
            "sides": sides,
            "names": self.setup.names,
            "simulated_camera": self.config().simulated_camera,
            "languages": Language::ALL.map(Language::tag),
            "texts": sentences,
        })
    }

    /// What the screen asks for where nobody is served.
    fn greeting(&self) -> &'static str {
        match self.config().kind {
            LaneKind::Document => "kiosk_lay_card",
            LaneKind::Code | LaneKind::FaceOnly | LaneKind::Manual => Sentence::Welcome.key(),
        }
    }

    fn in_all_languages(&self, key: &str) -> BTreeMap<&'static str, &str> {
        let all = Language::ALL.iter();
        all.filter_map(|language| Some((language.tag(), self.setup.texts.get(key, *language)?))).collect()
    }

    /// What stands on the traveller's screen.
    pub(super) fn traveller_view(&self, page: u64) -> Value {
        let (usable, now) = (self.usable(), self.millis());
        let mut inner = self.lock();
        inner.forget_shown(now);
        let held = !inner.held.is_empty();
        let session = inner.session.as_ref();
        let (state, sentence) = match session {
            Some(session) if held && !matches!(session.stage, Stage::Door { .. }) => {
                (SEE_OFFICER, SEE_OFFICER)
            }
            Some(session) => standing(session),
            None if inner.shown.is_some() => {
                inner.shown.as_ref().map_or(("ready", self.greeting()), |s| (s.state, s.sentence))
            }
            None if held || !usable || inner.ending => ("closed", "kiosk_closed"),
            None => ("ready", self.greeting()),
        };
        let ms = inner.shown.as_ref().map(|shown| {
            json!({
                "session": shown.number, "read": shown.ms.read, "check": shown.ms.check, "face": shown.ms.face,
                "clear": shown.ms.clear, "total": shown.ms.total, "code_to_door": shown.welcomed,
            })
        });
        json!({
            "state": state,
            "sentence": sentence,
            "sentences": self.in_all_languages(sentence),
            "hint": session.and_then(Session::hint).map(|unfit| json!({ "code": unfit.reason.code(), "sentence": unfit.sentence() })),
            "measure": session.and_then(first_open).map(Measure::as_str),
            "motion": session.and_then(motion),
            "session": session.map(|s| s.number),
            "language": inner.language.map(Language::tag),
            "other_page": inner.page != page,
            "page": page,
            "simulated_camera": self.config().simulated_camera,
            "ms": ms,
        })
    }

    /// What stands on an officer's screen: their own authority's side, the newest traveller first.
    pub(super) fn officer_view(&self, authority: AuthorityCode) -> Value {
        let look = self.look();
        let joint = self.authorities().len() > 1;
        let inner = self.lock();
        let face = |traveller| inner.face_for(authority, traveller, look).map(face_word);
        let current = inner.session.as_ref();
        let current = current.map(|session| current_row(session, authority, joint, face(session.number)));
        let past = inner.past.iter();
        let past = past.map(|past| past_row(past, authority, joint, look.now, face(past.number)));
        json!({
            "lane": self.config().place.lane.as_str(),
            "authority": authority,
            "simulated_camera": self.config().simulated_camera,
            "held": inner.held.contains(&authority),
            "travellers": current.into_iter().chain(past).collect::<Vec<_>>(),
        })
    }
}

/// What the screen says while somebody is served.
fn standing(session: &Session) -> (&'static str, &'static str) {
    if matches!(session.stop, Some(Stop::Refused { .. })) {
        return (SEE_OFFICER, SEE_OFFICER);
    }
    match &session.stage {
        Stage::Reading => ("reading", "kiosk_reading"),
        Stage::Laying { .. } => ("lay_card", "kiosk_next_card"),
        Stage::Checking => ("checking", Sentence::PleaseWait.key()),
        Stage::Looking { second, hint, .. } => {
            let first = if *second { measure_key(Measure::SecondLook) } else { "kiosk_look_here" };
            ("look_here", hint.map_or(first, Unfit::sentence))
        }
        Stage::Turning { prompt, .. } => ("turn_head", challenge_key(*prompt)),
        Stage::Measuring { wanted, .. } => match first_open(session).or_else(|| wanted.iter().next()) {
            Some(Measure::ActiveLiveness) => ("turn_head", measure_key(Measure::ActiveLiveness)),
            Some(Measure::Officer) | None => (SEE_OFFICER, SEE_OFFICER),
            Some(Measure::SecondLook) => ("look_here", measure_key(Measure::SecondLook)),
            Some(other @ (Measure::Pin | Measure::PhysicalDocument | Measure::Guardian)) => {
                ("measure", measure_key(other))
            }
        },
        Stage::Unlocking { wrong, .. } => {
            let wanted = first_open(session).unwrap_or(Measure::PhysicalDocument);
            ("measure", wrong.map_or(measure_key(wanted), GateReason::sentence))
        }
        Stage::Door { .. } => ("welcome", Sentence::GoThrough.key()),
        // The lane is free only once the end is written.
        Stage::Over(sentence) => {
            session.end_of(*sentence).unwrap_or(("checking", Sentence::PleaseWait.key()))
        }
    }
}

/// What a challenge asks for at this moment.
const fn motion(session: &Session) -> Option<&'static str> {
    match session.stage {
        Stage::Turning { prompt, .. } => Some(prompt.code()),
        Stage::Reading
        | Stage::Laying { .. }
        | Stage::Checking
        | Stage::Looking { .. }
        | Stage::Unlocking { .. }
        | Stage::Measuring { .. }
        | Stage::Door { .. }
        | Stage::Over(_) => None,
    }
}

fn first_open(session: &Session) -> Option<Measure> {
    match &session.stage {
        Stage::Measuring { open, .. } | Stage::Unlocking { open, .. } => {
            open.values().flatten().min().copied()
        }
        Stage::Reading
        | Stage::Laying { .. }
        | Stage::Checking
        | Stage::Looking { .. }
        | Stage::Turning { .. }
        | Stage::Door { .. }
        | Stage::Over(_) => None,
    }
}

/// The own authority's verdict: class, reference, and what it asked for.
fn own(verdicts: &[Judged], authority: AuthorityCode) -> Option<Value> {
    let judged = verdicts.iter().find(|judged| judged.authority == authority)?;
    let measures: Vec<&str> = match judged.answer {
        Answer::Verify { measures } => measures.iter().map(Measure::as_str).collect(),
        Answer::Admit { .. } | Answer::Refer | Answer::Busy | Answer::NotOpenToHolder { .. } => Vec::new(),
    };
    Some(json!({
        "side": judged.side.as_str(), "class": judged.answer.word(), "measures": measures,
        "reference": hex::encode(judged.reference),
    }))
}

/// `here`, where the lane has a picture for this officer; else the code of why it has none.
fn face_word(face: Result<&LanePicture, NoFace>) -> &'static str {
    face.map_or_else(NoFace::code, |_| "here")
}

/// The traveller at the lane.
fn current_row(session: &Session, authority: AuthorityCode, joint: bool, face: Option<&str>) -> Value {
    let open = session.open(authority);
    let asked = session.asked.is_some();
    let own = own(session.verdicts(), authority);
    let state = if session.is_open(authority) { "act" } else { waiting_state(own.as_ref(), asked) };
    json!({
        "session": session.number,
        "face": face,
        "state": state,
        "own": own,
        "open": open.into_iter().flatten().map(|measure| by_officer(*measure).as_str()).collect::<Vec<_>>(),
        "other": (joint && asked).then_some("waiting"),
        "outcome": null,
        "gate": null,
        "hint": session.hint_for(authority).map(GateReason::code),
        "refusable": session.refusable(authority),
        "waits": false,
        "refused_here": session.stop == Some(Stop::Refused { by: authority }),
    })
}

/// The state of one whose end may not be told yet: the same at the lane and gone.
const fn waiting_state(own: Option<&Value>, asked: bool) -> &'static str {
    match (own, asked) {
        (Some(_), _) => "judged",
        (None, true) => "asked",
        (None, false) => "at_lane",
    }
}

/// A traveller who has gone. That they did not pass is said when the other authority's ledger hears of it, and not before;
/// until then a refusal over there, a walk back, and somebody who still stands there look alike.
fn past_row(past: &Past, authority: AuthorityCode, joint: bool, now: Timestamp, face: Option<&str>) -> Value {
    let own = own(&past.verdicts, authority);
    let refused_here = past.refused_by == Some(authority);
    // The own no is no secret before its own officer.
    let own_no = refused_here
        || past.verdicts.iter().any(|judged| {
            judged.authority == authority
                && matches!(judged.answer, Answer::Refer | Answer::Busy | Answer::NotOpenToHolder { .. })
        });
    let due = past.asked_at.is_none_or(|asked| told(past.passage, asked, past.ended_at).at <= now);
    let outcome = due.then_some(past.passage);
    let other = past.asked_at.filter(|_| joint).map(|_| match outcome {
        None => "waiting",
        Some(Passage::NotPassed) => "not_passed",
        Some(Passage::Passed | Passage::Returned | Passage::Unknown) => "done",
    });
    let outcome = if own_no { Some(Passage::NotPassed) } else { outcome };
    let reason = past.reason_for(authority);
    // Told at once, as the own no or the gate's reason is on which it rests: the officer reads what the traveller reads.
    let waits = past.waits_for(authority);
    json!({
        "session": past.number,
        "face": face,
        "state": if outcome.is_some() || waits { "over" } else { waiting_state(own.as_ref(), true) },
        "own": own,
        "open": [],
        "other": other,
        "outcome": outcome.map(Passage::code),
        "gate": reason.map(|reason| json!({ "code": reason.code(), "remedy": reason.remedy().as_str() })),
        "hint": null,
        "refusable": false,
        "waits": waits,
        "refused_here": refused_here,
    })
}
