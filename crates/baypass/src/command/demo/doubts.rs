//! Doubts: travellers of whom risk control asks for more: each fails the measure once and passes it once.
//!
//! Lives here: the impossible journey, a relayed code, a stolen phone, a ring that shares one phone. Not here: what is refused
//! whatever somebody does (`cheats`).

use credential::{Unlock, UnlockMethod};
use documents::AuthorityCode::{Chn, Hkg, Mac};
use documents::Side;
use serde_json::Value;

use super::bay::code_picture;
use super::cast::Who;
use super::cheats::{at_once, note, passes};
use super::tour::{Scanned, Tour, place};
use crate::failure::Failure;
use crate::install::LanePlace;
use crate::wallet::HeldToken;

/// How old a relayed code is at the lane, in seconds: it still counts, and a screen has changed since.
const RELAYED: i64 = 22;
/// How far ahead a code that is shown later is made, in seconds: the pictures of the face come first.
const AHEAD: i64 = 8;
/// Faces of a thief that fail within the hour.
const TRIES: usize = 5;

/// Plays everybody but the impossible journey, which stands among the crossings that it needs.
pub async fn all(tour: &mut Tour<'_>, told: &mut Vec<Value>) -> Result<(), Failure> {
    relayed(tour, told).await?;
    stolen(tour, told).await?;
    ring(tour, told).await
}

/// Somebody who came in at Hengqin a minute ago shows their code at Gongbei: the card is asked for, and with it they go through.
pub async fn impossible(tour: &mut Tour<'_>, told: &mut Vec<Value>) -> Result<(), Failure> {
    let exit = place("gongbei", Mac, Chn, Some(Side::Exit), 1)?;
    let entry = place("gongbei", Mac, Chn, Some(Side::Entry), 1)?;
    let scanned = at_once(tour, Who::Ieong, &exit, &[]).await?;
    told.push(tour.judge("two ports, a minute apart", "risk_check", &scanned.code(), scanned.passed())?);
    let shown = at_once(tour, Who::Ieong, &exit, &["physical_document"]).await?;
    if !shown.passed() {
        return Err(Failure::new(format!("the card did not answer the doubt: {}", shown.code())));
    }
    tour.bay.advance(1200).await?;
    passes(tour, Who::Ieong, &entry).await?;
    passes(tour, Who::Ieong, &place("hengqin", Chn, Mac, None, 1)?).await
}

/// The code that a wallet shows next, for the same token.
fn next_code(
    tour: &Tour<'_>,
    held: &HeldToken,
    lane: &LanePlace,
    unlock: Option<Unlock>,
) -> Result<String, Failure> {
    held.code_with(&lane.audience(), (tour.bay.now().plus_seconds(AHEAD), unlock))
}

/// What is shown for an own unlock: nothing, a code without it, or one that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    Nothing,
    Locked,
    Unlocked,
}

/// Somebody shows a code of so many seconds ago, and where they are asked to unlock their wallet again, what they can.
async fn show(
    tour: &mut Tour<'_>,
    who: Who,
    lane: &LanePlace,
    ago: i64,
    again: Again,
) -> Result<Scanned, Failure> {
    tour.travel(who, lane).await?;
    let held = tour.take_token(who).await?;
    let text = held.code(&lane.audience(), tour.bay.now().plus_seconds(-ago))?;
    let codes = match again {
        Again::Nothing => Vec::new(),
        Again::Locked => vec![next_code(tour, &held, lane, None)?, next_code(tour, &held, lane, None)?],
        Again::Unlocked => vec![next_code(tour, &held, lane, Unlock::new(UnlockMethod::Pin, 0))?],
    };
    let face = tour.live(who)?;
    let scanned = tour.show_then(lane, (&code_picture::of(&text)?, &codes), &[&face], &[]).await?;
    if scanned.passed() {
        tour.note_crossed(who, lane)?;
    }
    Ok(scanned)
}

fn must_pass(what: &str, scanned: &Scanned) -> Result<(), Failure> {
    if scanned.passed() {
        return Ok(());
    }
    Err(Failure::new(format!("{what} did not answer the doubt: {} {}", scanned.code(), scanned.report)))
}

/// Somebody films a code and shows it at another place half a minute later: they cannot unlock the phone that made it. Its holder, whose
/// screen was only slow, can.
async fn relayed(tour: &mut Tour<'_>, told: &mut Vec<Value>) -> Result<(), Failure> {
    let lane = place("hengqin", Mac, Chn, None, 1)?;
    for (again, attack) in [
        (Again::Nothing, "a relayed code, and no phone to unlock"),
        (Again::Locked, "a relayed code, and newer ones that were relayed too"),
    ] {
        let scanned = show(tour, Who::Leong, &lane, RELAYED, again).await?;
        note(tour, told, attack, "risk_check", &scanned).await?;
    }
    must_pass("the own unlock", &show(tour, Who::Leong, &lane, RELAYED, Again::Unlocked).await?)?;
    tour.bay.advance(7200).await
}

/// A thief tries a stolen phone with their own face, over and over. Whoever shows that pass next is looked at once more.
async fn stolen(tour: &mut Tour<'_>, told: &mut Vec<Value>) -> Result<(), Failure> {
    let lane = place("hengqin", Chn, Mac, None, 1)?;
    let thief = tour.live(Who::LiNa)?;
    for _ in 0..TRIES {
        let text = tour.take_token(Who::Leong).await?.code(&lane.audience(), tour.bay.now())?;
        let scanned = tour.scan(&lane, &text, &thief, &[]).await?;
        if scanned.code() != "face_mismatch" {
            return Err(Failure::new(format!(
                "a thief's face was taken for the holder's: {}",
                scanned.code()
            )));
        }
    }
    let scanned = at_once(tour, Who::Leong, &lane, &[]).await?;
    note(tour, told, "a stolen phone, after a thief's faces: no second look", "risk_check", &scanned).await?;
    must_pass("the second look", &at_once(tour, Who::Leong, &lane, &["second_look"]).await?)
}

/// Three people whom nothing binds cross with passes on one phone: the third is asked whose it is.
async fn ring(tour: &mut Tour<'_>, told: &mut Vec<Value>) -> Result<(), Failure> {
    let home = place("shenzhen-bay", Chn, Hkg, Some(Side::Entry), 1)?;
    let shared = tour.person(Who::Smith)?.wallet.clone();
    for who in [Who::Ho, Who::Chan] {
        let now = tour.bay.now();
        let mut wallet = tour.person(who)?.wallet.clone();
        wallet.move_to_device_of(&shared);
        let mut invitations = Vec::new();
        for (_, card) in wallet.vouchers() {
            invitations.push(tour.bay.invite(&card, true).await?);
        }
        let selfie = tour.live(who)?;
        wallet.enrol(&*tour.bay, &selfie, &invitations, now).await?;
        tour.person(who)?.wallet = wallet;
    }
    for who in [Who::Smith, Who::Ho] {
        passes(tour, who, &home).await?;
        tour.bay.advance(10_800).await?;
    }
    for (again, attack) in [
        (Again::Nothing, "a ring that shares one phone: nobody there knows its PIN"),
        (Again::Locked, "the same, with codes that say nothing of an unlock"),
    ] {
        let scanned = show(tour, Who::Chan, &home, 0, again).await?;
        note(tour, told, attack, "risk_check", &scanned).await?;
    }
    must_pass("the own unlock", &show(tour, Who::Chan, &home, 0, Again::Unlocked).await?)
}
