//! Paper: the traveller of eighty at a counter, out and back with printed codes, and what somebody tries with a sheet.
//!
//! Lives here: the counter's doors over HTTP, these crossings and cheats. Not here: the visit (`crate::paper`), cards (`cards`).

use authority::DeviceProof;
use authority::issuance::paper::{PaperCode, PaperOrder};
use credential::Audience;
use documents::AuthorityCode::{Chn, Mac};
use documents::{AuthorityCode, DocumentNumber, Side, Timestamp};
use serde_json::{Value, json};

use super::bay::{Bay, packed, unpacked};
use super::cast::Who;
use super::cheats::note;
use super::client::unpacked_all;
use super::tour::{Tour, place};
use crate::failure::{Failure, of};
use crate::install::LanePlace;
use crate::paper::{PaperDoors, PaperHolder, print_code};

/// The port at which they cross.
const PORT: &str = "hengqin";
/// What the officer beside the lane does.
const SEEN: &[&str] = &["physical_document"];

fn device(proof: &DeviceProof) -> Value {
    json!({"key": packed(proof.key.as_bytes()), "proof": packed(&proof.proof)})
}

fn document(number: &DocumentNumber) -> Value {
    json!({"kind": number.kind(), "number": number.match_key()})
}

fn visit(order: PaperOrder<'_>) -> Value {
    json!({
        "document": document(order.number), "device": device(order.device), "visit": packed(order.visit),
        "day": order.day,
    })
}

impl PaperDoors for Bay {
    async fn part(
        &self,
        authority: AuthorityCode,
        order: PaperOrder<'_>,
        issuer: AuthorityCode,
        _: Timestamp,
    ) -> Result<Vec<u8>, Failure> {
        let body = json!({"visit": visit(order), "issuer": issuer});
        let answer = self.officer_post(authority, "/v1/residents/papers/parts", &body).await?;
        unpacked(Self::granted(authority, answer)?.get("part"))
    }

    async fn issue(
        &self,
        home: AuthorityCode,
        order: PaperOrder<'_>,
        audience: &Audience,
        other: Option<&[u8]>,
        _: Timestamp,
    ) -> Result<PaperCode, Failure> {
        let way = audience.direction();
        let body = json!({
            "visit": visit(order), "port": audience.port().as_str(), "from": way.from(), "to": way.to(),
            "side": audience.side().map(Side::as_str), "other": other.map(packed),
        });
        let answer = self.officer_post(home, "/v1/residents/papers", &body).await?;
        let answer = Self::granted(home, answer)?;
        let expires = answer.get("expires").and_then(Value::as_str).unwrap_or_default();
        Ok(PaperCode {
            token: unpacked(answer.get("token"))?,
            proof: unpacked(answer.get("proof"))?,
            parts: unpacked_all(&answer, "parts")?,
            expires: expires.parse().map_err(of)?,
        })
    }
}

/// Has a counter print a code for this lane, for today.
async fn printed(tour: &mut Tour<'_>, lane: &LanePlace) -> Result<String, Failure> {
    let (holder, now) = (PaperHolder::of(&tour.person(Who::Lok)?.wallet)?, tour.bay.now());
    print_code(&*tour.bay, &holder, (&lane.audience(), now.local_date()), now).await
}

/// Out and back on paper, each with a sheet of its own; gives the rows and the code that was used last.
pub async fn crossings(tour: &mut Tour<'_>) -> Result<(Vec<Value>, String), Failure> {
    let (mut told, mut used) = (Vec::new(), String::new());
    for (from, to) in [(Mac, Chn), (Chn, Mac)] {
        let lane = place(PORT, from, to, None, 1)?;
        let (text, face) = (printed(tour, &lane).await?, tour.live(Who::Lok)?);
        let scanned = tour.scan(&lane, &text, &face, SEEN).await?;
        told.push(tour.crossed(Who::Lok, &lane, &scanned)?);
        used = text;
        tour.bay.advance(1800).await?;
    }
    tour.say(
        "            the same traveller, with a code that a counter printed: no phone, no pass; an officer saw the card\n",
    )?;
    Ok((told, used))
}

/// What somebody tries with a sheet.
pub async fn cheats(tour: &mut Tour<'_>, used: &str, told: &mut Vec<Value>) -> Result<(), Failure> {
    let (out, back) = (place(PORT, Mac, Chn, None, 1)?, place(PORT, Chn, Mac, None, 1)?);
    let (own, other) = (tour.live(Who::Lok)?, tour.live(Who::Leong)?);
    let scanned = tour.scan(&back, used, &own, SEEN).await?;
    note(tour, told, "a sheet of another day", "paper_not_today", &scanned).await?;
    let sheet = printed(tour, &out).await?;
    let scanned = tour.scan(&back, &sheet, &own, SEEN).await?;
    note(tour, told, "a sheet for the other direction", "paper_other_direction", &scanned).await?;
    let scanned = tour.scan(&out, &sheet, &own, &[]).await?;
    note(tour, told, "a sheet without the document", "paper_document", &scanned).await?;
    let scanned = tour.scan(&out, &sheet, &other, SEEN).await?;
    note(tour, told, "a sheet that somebody found", "face_mismatch", &scanned).await?;
    let (card, _) = Who::Lok.numbers();
    let body = json!({"document": {"kind": "macao_bir", "number": card}});
    let ended = tour.bay.officer_post(Mac, "/v1/residents/papers/end", &body).await?;
    Bay::granted(Mac, ended)?;
    let scanned = tour.scan(&out, &sheet, &own, SEEN).await?;
    note(tour, told, "a sheet that was reported lost", "token_revoked", &scanned).await
}
