//! Cards: a traveller of eighty without a phone, out and back at a lane by document, and what somebody tries with cards.
//!
//! Lives here: their crossings and cheats. Not here: the lane (`gate`), what everybody else does (`tour`, `cheats`).

use clearance::DocumentEnvelope;
use credential::message::{self, Kind, Request, laid_hash};
use credential::page::{Page, PageContext};
use credential::{PartHash, TokenId, random, sha256};
use documents::AuthorityCode::{Chn, Mac};
use documents::{AuthorityCode, DocumentNumber, LaneKind, Side};
use serde_json::{Value, json};

use super::bay::code_picture::Sight;
use super::cast::Who;
use super::cheats::note;
use super::tour::{Scanned, Tour, place};
use crate::failure::{Failure, of};
use crate::install::signing::lane_key;
use crate::install::{LanePlace, lists};

/// The port at which they cross.
const PORT: &str = "hengqin";

fn lane(from: AuthorityCode, to: AuthorityCode) -> Result<LanePlace, Failure> {
    Ok(LanePlace { kind: LaneKind::Document, ..place(PORT, from, to, None, 1)? })
}

/// A card as it is typed at the lane.
fn typed(number: &str, birth: &str) -> Value {
    json!({"number": number, "birth": birth})
}

/// Identity card and Home Return Permit of somebody.
fn both(who: Who) -> Sight {
    let (card, permit) = who.numbers();
    Sight::Cards(vec![typed(card, who.birth()), typed(permit, who.birth())])
}

/// Out and back by card; says what it takes beside the codes of the same run.
pub async fn crossings(tour: &mut Tour<'_>, before: &[Value]) -> Result<Vec<Value>, Failure> {
    let mut told = Vec::new();
    for (from, to) in [(Mac, Chn), (Chn, Mac)] {
        let lane = lane(from, to)?;
        let face = tour.live(Who::Lok)?;
        let scanned = tour.show(&lane, &both(Who::Lok), &[&face], &[]).await?;
        told.push(tour.crossed(Who::Lok, &lane, &scanned)?);
        tour.bay.advance(1800).await?;
    }
    let by_code = before.iter().filter(|one| one.get("port").and_then(Value::as_str) == Some(PORT));
    let (code, card) = (mean_total(by_code), mean_total(told.iter()));
    tour.say(&format!(
        "            a traveller of eighty, without a phone, laid down two cards: {:.2} s at the lane by document, {:.2} s at the lanes \
         for codes of this run, {:+.2} s; laying down and typing, which people do, comes on top\n",
        card / 1000.0,
        code / 1000.0,
        (card - code) / 1000.0,
    ))?;
    Ok(told)
}

fn mean_total<'v>(crossings: impl Iterator<Item = &'v Value>) -> f64 {
    let total = |one: &Value| one.get("ms").and_then(|ms| ms.get("total")).and_then(Value::as_f64);
    let (sum, count) =
        crossings.filter_map(total).fold((0.0, 0.0), |(sum, count), ms| (sum + ms, count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}

/// What somebody tries with cards that are not theirs, or no longer in force.
pub async fn cheats(tour: &mut Tour<'_>, told: &mut Vec<Value>) -> Result<(), Failure> {
    let out = lane(Mac, Chn)?;
    let own = tour.live(Who::Lok)?;
    let scanned = tour.show(&out, &both(Who::Leong), &[&own], &[]).await?;
    note(tour, told, "another person's cards", "face_mismatch", &scanned).await?;

    let (card, own_permit) = Who::Lok.numbers();
    let (_, permit) = Who::Leong.numbers();
    let mixed = Sight::Cards(vec![typed(card, Who::Lok.birth()), typed(permit, Who::Leong.birth())]);
    let scanned = tour.show(&out, &mixed, &[&own], &[]).await?;
    note(tour, told, "cards of two people", "pages_disagree", &scanned).await?;
    let claimed = Sight::Cards(vec![typed(card, "1946-03-18"), typed(own_permit, "1946-03-18")]);
    let scanned = tour.show(&out, &claimed, &[&own], &[]).await?;
    note(tour, told, "own cards with another birth date", "page_mismatch", &scanned).await?;

    let code = envelope_at_a_lane_for_codes(tour, &own).await?;
    told.push(tour.judge(
        "pages of cards, sent by the gate of a lane for codes",
        "gate_outside_binding",
        &code,
        false,
    )?);

    let (_, permit) = Who::Lok.numbers();
    let body = json!({"document": {"kind": "home_return_permit", "number": permit}});
    let lost = tour.bay.officer_post(Chn, "/v1/residents/lose", &body).await?;
    if !(200..300).contains(&lost.status) {
        return Err(Failure::new(format!(
            "a lost card cannot be reported: status {} ({})",
            lost.status,
            lost.code()
        )));
    }
    let scanned: Scanned = tour.show(&out, &both(Who::Lok), &[&own], &[]).await?;
    note(tour, told, "a card that was reported lost", "document_lost", &scanned).await
}

/// Somebody has the key of a lane for codes and asks about cards with it; gives the code of the answer.
async fn envelope_at_a_lane_for_codes(tour: &mut Tour<'_>, probe: &[u8]) -> Result<String, Failure> {
    let now = tour.bay.now();
    let stolen = place(PORT, Mac, Chn, None, 1)?;
    let trust = lists::trust(&tour.bay.installation, now)?;
    let key = lane_key(&tour.bay.installation, &stolen, &trust, now)?;
    let (mut clearance, mut showing) = ([0; 16], [0; 16]);
    random(&mut clearance).and_then(|()| random(&mut showing)).map_err(of)?;
    let (_, permit) = Who::Lok.numbers();
    let number = DocumentNumber::recognise(permit).map_err(of)?;
    let page = Page::typed(number, Who::Lok.birth().parse().map_err(of)?).map_err(of)?;
    let context = PageContext { receiver: Chn, gate: &key.gate, clearance: &clearance, role: Side::Entry };
    let sealed = page.seal(trust.part_key(Chn, now).map_err(of)?, &context).map_err(of)?;
    let (other, own) = (PartHash::of(&showing), PartHash::of(&sealed));
    let request = Request {
        clearance,
        gate: key.gate.clone(),
        port: stolen.port.clone(),
        lane: LaneKind::Document,
        direction: stolen.direction,
        role: Side::Entry,
        joint: true,
        token: TokenId::from_bytes(showing),
        shown: laid_hash(&[other, own]),
        made_at: now,
        part: own,
        other_part: Some(other),
        probe: sha256(probe),
        at: now,
        measures_done: Vec::new(),
    };
    let signed = message::sign(Kind::Request, &key.kid, &key.key, &request.encode()).map_err(of)?;
    let body = DocumentEnvelope { request: &signed, page: &sealed, probe }.encode();
    let answer = tour.bay.sent(tour.bay.wire.brings(Chn, "/v1/verdicts", body)?).await?;
    Ok(answer.code().to_owned())
}
