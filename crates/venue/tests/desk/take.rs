//! Requests and answers at a desk: what it takes once, and everything that it refuses.

use std::collections::BTreeMap;

use credential::SigningKey;
use credential::status::Status;
use credential::venue::{ClaimName, VenueReceipt};
use trust::{Approval, VenueKind};
use venue::desk::{AnswerState, Asked, Book, Desk, Guests, Line, Lists, Visiting, Who};
use venue::profile::Permit;
use venue::stay::{Notes, PartyId, RoomingList, Typed};
use venue::visit::{BadgeNumber, Plan, VisitId};
use venue::{Hotel, Invited, Registered};

use crate::desk::*;
use crate::world::*;

async fn ask(desk: &Desk, n: u8, lists: &dyn Lists) -> Asked {
    desk.request([n; 16], None, lists, now()).await.unwrap()
}

fn hotel(desk: &Desk) -> &Hotel {
    match desk.book() {
        Book::Hotel(hotel) => hotel,
        Book::Building(_) | Book::Library(_) => panic!("no hotel"),
    }
}

fn guests(party: u8, who: Vec<Who>) -> Guests {
    let line = |(n, who): (usize, Who)| Line {
        line: u16::try_from(n).unwrap(),
        who,
        typed: Typed::new(),
        notes: Notes::new(),
        room: Some(format!("{}", 100 + n).parse().unwrap()),
    };
    Guests {
        party: PartyId::from_bytes([party; 16]),
        planned: "2026-12-01".parse().unwrap(),
        lines: who.into_iter().enumerate().map(line).collect(),
        rooming: RoomingList::default(),
    }
}

#[tokio::test]
async fn an_answer_is_taken_once_and_its_receipt_says_what_is_kept() {
    let world = World::new(VenueKind::Hotel).await;
    let (held, desk) = (world.held(), &world.desk);
    let asked = ask(desk, 1, &held).await;
    let (wallet, other) = (world.wallet(), world.wallet());
    let answer = wallet.answer(&asked.request, now());
    let taken = desk.take(&answer, &held, now()).await.unwrap();
    assert_eq!((taken.id, taken.status_stale, taken.repeated), (asked.id(), false, false));
    let receipt = VenueReceipt::open(&taken.receipt, &world.desk_public()).unwrap();
    assert_eq!(receipt.request, asked.request.id());
    let kept: Vec<_> = receipt.kept.iter().map(ClaimName::as_str).collect();
    assert_eq!(kept, ["document_number", "document_kind", "nationality", "birth_date", "name"]);
    assert_eq!(receipt.until, "2026-12-30T00:00:00+08:00".parse().unwrap());
    // The wallet lost the receipt and sends the same bytes, also after a restart of the desk.
    for desk in [desk, &world.again().await] {
        let again = desk.take(&answer, &held, now().plus_seconds(20)).await.unwrap();
        assert_eq!((again.receipt.as_slice(), again.repeated), (taken.receipt.as_slice(), true));
        let second = other.answer(&asked.request, now());
        assert_eq!(desk.take(&second, &held, now()).await.unwrap_err().code(), "answered_already");
    }
    let seen = desk.answer(asked.id(), &clerk(), now()).await.unwrap().unwrap();
    let AnswerState::Answered(shown) = seen.state else { panic!("{:?}", seen.state) };
    assert_eq!(shown.claims.text(ClaimName::DocumentNumber), Some("H12340001"));
}

#[tokio::test]
async fn an_answer_is_refused_with_its_code_and_the_request_can_still_be_answered() {
    type Change = fn(&mut Held);
    let world = World::new(VenueKind::Hotel).await;
    let desk = &world.desk;
    let withdrawn: Change = |held| {
        let text = Approval { number: 2, withdrawn: true, ..approval(VenueKind::Hotel) };
        held.approvals.take(text).unwrap();
    };
    let rows: [(&str, Change, i64, &str); 10] = [
        ("too late", |_| {}, 301, "presentation_stale"),
        ("a phone ahead", |_| {}, -11, "presentation_from_future"),
        ("revoked", |held| held.status = Status::Invalid, 0, "presentation_revoked"),
        ("suspended", |held| held.status = Status::Suspended, 0, "presentation_suspended"),
        ("approval suspended in between", withdrawn, 0, "approval_withdrawn"),
        ("no approvals any more", |held| held.approvals.clear(), 0, "approval_unknown"),
        ("approvals of 25 h", |held| held.heard = Some(now().plus_seconds(-90_000)), 0, "lists_too_old"),
        ("approvals never heard", |held| held.heard = None, 0, "lists_too_old"),
        ("status of 25 h", |held| held.status_issued = now().plus_seconds(-90_000), 0, "lists_too_old"),
        (
            "revoked by a list of 25 h",
            |held| (held.status, held.status_issued) = (Status::Invalid, now().plus_seconds(-90_000)),
            0,
            "presentation_revoked",
        ),
    ];
    for (n, (row, change, late, code)) in rows.into_iter().enumerate() {
        let asked = ask(desk, u8::try_from(n).unwrap(), &world.held()).await;
        let wallet = world.wallet();
        let (held, later) = (world.held_with(change), now().plus_seconds(late));
        let refused = desk.take(&wallet.answer(&asked.request, now()), &held, later).await.unwrap_err();
        assert_eq!(refused.code(), code, "row {row}");
        assert!(!refused.to_string().contains("CANARY"), "row {row}");
        let seen = desk.answer(asked.id(), &clerk(), now()).await.unwrap().unwrap();
        let AnswerState::Waiting { refused, .. } = seen.state else { panic!("row {row}: {:?}", seen.state) };
        assert_eq!(refused.as_deref(), Some(code), "row {row}: the clerk is told");
        let again = desk.take(&wallet.answer(&asked.request, now()), &world.held(), now()).await;
        assert!(again.is_ok(), "row {row}: nothing was kept of what was refused");
    }
}

#[tokio::test]
async fn an_answer_to_no_request_of_this_desk_is_refused() {
    let world = World::new(VenueKind::Hotel).await;
    let (held, desk) = (world.held(), &world.desk);
    let asked = ask(desk, 1, &held).await;
    let wallet = world.wallet();
    let elsewhere = wallet.answer(&other_venue(&asked.request), now());
    let never_asked = wallet.answer(&on_a_sign(&asked.request), now());
    for (row, answer) in [("another venue's request", elsewhere), ("a sign that nobody made", never_asked)] {
        assert_eq!(
            desk.take(&answer, &held, now()).await.unwrap_err().code(),
            "request_unknown",
            "row {row}"
        );
    }
    // A request is remembered until no answer to it counts any more.
    let last = asked.request.ends.plus_seconds(-1);
    assert!(desk.take(&wallet.answer(&asked.request, last), &held, last.plus_seconds(300)).await.is_ok());
    let asked = ask(desk, 2, &held).await;
    let late = asked.request.ends.plus_seconds(302);
    desk.request([3; 16], None, &world.held_with(|held| held.heard = Some(late)), late).await.unwrap();
    let answer = world.wallet().answer(&asked.request, now());
    assert_eq!(desk.take(&answer, &held, now()).await.unwrap_err().code(), "request_unknown");
}

#[tokio::test]
async fn a_credential_is_shown_here_once() {
    let world = World::new(VenueKind::Hotel).await;
    let (held, desk, wallet) = (world.held(), &world.desk, world.wallet());
    let (first, second) = (ask(desk, 1, &held).await, ask(desk, 2, &held).await);
    desk.take(&wallet.answer(&first.request, now()), &held, now()).await.unwrap();
    for desk in [desk, &world.again().await] {
        let refused = desk.take(&wallet.answer(&second.request, now()), &held, now()).await.unwrap_err();
        assert_eq!(refused.code(), "credential_shown_before");
    }
    // A fresh credential answers the request that was refused.
    assert!(desk.take(&world.wallet().answer(&second.request, now()), &held, now()).await.is_ok());
}

#[tokio::test]
async fn no_answer_with_a_changed_byte_is_taken() {
    let world = World::new(VenueKind::Hotel).await;
    let (held, desk) = (world.held(), &world.desk);
    let asked = ask(desk, 1, &held).await;
    let good = world.wallet().answer(&asked.request, now());
    let mut codes = BTreeMap::new();
    for at in (0..good.len()).step_by(7) {
        let mut changed = good.clone();
        changed[at] ^= 0x01;
        let refused = desk.take(&changed, &held, now()).await.expect_err("a changed byte");
        *codes.entry(refused.code()).or_insert(0) += 1;
    }
    assert!(codes.contains_key("presentation_disclosure_without_hash"), "a changed disclosure: {codes:?}");
    assert!(desk.take(&good, &held, now()).await.is_ok(), "after all of them the good one is taken");
}

#[tokio::test]
async fn lists_of_16_minutes_serve_and_the_clerk_is_told() {
    type Change = fn(&mut Held);
    let world = World::new(VenueKind::Hotel).await;
    let rows: [(&str, Change); 2] = [
        ("status", |held| held.status_issued = now().plus_seconds(-16 * 60)),
        ("approvals", |held| held.heard = Some(now().plus_seconds(-16 * 60))),
    ];
    for (n, (row, change)) in rows.into_iter().enumerate() {
        let held = world.held_with(change);
        let asked = ask(&world.desk, u8::try_from(n).unwrap(), &held).await;
        let answer = world.wallet().answer(&asked.request, now());
        assert!(world.desk.take(&answer, &held, now()).await.unwrap().status_stale, "row {row}");
        let again = world.desk.take(&answer, &held, now()).await.unwrap();
        assert!(again.status_stale, "row {row}: the second time too");
    }
    // The trust list ended an hour ago, and then more than a day ago.
    let hour_past = now().plus_seconds(7 * 86_400 + 3_600);
    let fresh = |held: &mut Held, at| (held.heard, held.status_issued) = (Some(at), at);
    let held = world.held_with(|held| fresh(held, hour_past));
    assert_eq!(world.desk.allowed(&held, hour_past), Ok(trust::Freshness::Stale));
    let days_past = hour_past.plus_seconds(86_400);
    let held = world.held_with(|held| fresh(held, days_past));
    assert_eq!(world.desk.allowed(&held, days_past).unwrap_err().code(), "lists_too_old");
}

#[tokio::test]
async fn a_desk_makes_no_request_that_its_key_and_approval_do_not_cover() {
    type Change = fn(&mut venue::desk::DeskSetup);
    let world = World::new(VenueKind::Hotel).await;
    let rows: [(Change, &str); 6] = [
        (
            |setup| setup.required = [ClaimName::Name, ClaimName::City].into_iter().collect(),
            "claim_not_approved",
        ),
        (|setup| setup.purpose = "advertising".to_owned(), "purpose_not_approved"),
        (|setup| setup.retention_days = 31, "retention_too_long"),
        (|setup| setup.face = true, "face_not_approved"),
        (|setup| setup.approval = "desk-2".to_owned(), "approval_unknown"),
        (|setup| setup.venue = "specimen-other".parse().unwrap(), "desk_of_another_venue"),
    ];
    for (change, code) in rows {
        let desk = world.with(change).await;
        let refused = desk.request([1; 16], None, &world.held(), now()).await.unwrap_err();
        assert_eq!(refused.code(), code);
        assert_eq!(desk.standing(2, None, &world.held(), now()).await.unwrap_err().code(), code);
    }
    let over = "2028-01-01T10:00:00+08:00".parse().unwrap();
    let refused = world.desk.request([1; 16], None, &world.held(), over).await.unwrap_err();
    assert_eq!(refused.code(), "lists_too_old");
    assert_eq!(
        world.desk.standing(401, None, &world.held(), now()).await.unwrap_err().code(),
        "request_life"
    );
}

#[tokio::test]
async fn a_printed_sign_is_answered_by_many_and_adopted_by_its_own_desk_alone() {
    let world = World::new(VenueKind::Hotel).await;
    let (held, desk) = (world.held(), &world.desk);
    let sign = desk.standing(30, None, &held, now()).await.unwrap();
    let later = now().plus_seconds(3_600);
    assert_eq!(desk.standing(30, None, &held, later).await.unwrap().request, sign.request, "all day long");
    let (one, two) = (world.wallet(), world.wallet());
    for wallet in [&one, &two] {
        let answer = wallet.answer(&sign.request, now());
        let taken = desk.take(&answer, &held, now().plus_seconds(30)).await.unwrap();
        assert_eq!(desk.take(&answer, &held, now()).await.unwrap().receipt, taken.receipt);
    }
    assert_eq!(desk.waiting().await.unwrap().len(), 2);
    let late = world.wallet().answer(&sign.request, now());
    let refused = desk.take(&late, &held, now().plus_seconds(61)).await.unwrap_err();
    assert_eq!(refused.code(), "presentation_stale");
    let made = &ask(desk, 9, &held).await;
    let (own, stranger) = (world.own_key(), SigningKey::generate().unwrap());
    let kid = b"specimen-desk".as_slice();
    let on_sign = on_a_sign(&made.request);
    let rows = [
        ("unsigned", on_sign.encode(), "request_signature"),
        ("another key", on_sign.sign(kid, &stranger).unwrap(), "request_signature"),
        ("for one answer", made.bytes.clone(), "request_not_standing"),
        ("another venue", other_venue(&on_sign).sign(kid, &own).unwrap(), "request_other_desk"),
    ];
    for (row, bytes, code) in rows {
        assert_eq!(desk.adopt(&bytes, &held, now()).await.unwrap_err().code(), code, "row {row}");
    }
    let bytes = on_sign.sign(kid, &own).unwrap();
    let fresh = world.held_with(|held| held.heard = Some(on_sign.ends));
    let refused = desk.adopt(&bytes, &fresh, on_sign.ends).await.unwrap_err();
    assert!(["lists_too_old", "request_ended"].contains(&refused.code()), "{refused}");
    desk.adopt(&bytes, &held, now()).await.unwrap();
    assert!(desk.take(&world.wallet().answer(&on_sign, now()), &held, now()).await.is_ok());
}

#[tokio::test]
async fn a_desk_that_stops_between_answer_and_check_in_registers_the_guest_once() {
    let world = World::new(VenueKind::Hotel).await;
    let held = world.held();
    let asked = ask(&world.desk, 1, &held).await;
    world.desk.take(&world.wallet().answer(&asked.request, now()), &held, now()).await.unwrap();
    let desk = world.again().await;
    assert_eq!(
        hotel(&desk).in_house(&clerk(), now()).await.unwrap().len(),
        0,
        "nothing is written by itself"
    );
    assert_eq!(desk.waiting().await.unwrap(), [asked.id()]);
    let party = || guests(1, vec![Who::Answer(asked.id())]);
    let done = desk.check_in(party(), &clerk(), now()).await.unwrap();
    assert_eq!(tally(&done), BTreeMap::from([("new", 1)]));
    // The clerk's page heard nothing of it, and sends it again: at once, and after the answer is forgotten.
    let desk = world.again().await;
    for late in [0, 7_201, 90_000] {
        let later = now().plus_seconds(late);
        hotel(&desk).store().retain(later).await.unwrap();
        let again = desk.check_in(party(), &clerk(), later).await.unwrap();
        assert_eq!(tally(&again), BTreeMap::from([("already", 1)]), "after {late} s");
    }
    let records = hotel(&desk).in_house(&clerk(), now()).await.unwrap();
    assert_eq!((records.len(), records[0].reports.len()), (1, 1), "one stay, one report");
    assert_eq!(records[0].stay.guest().field(venue::profile::Field::DocumentNumber), Some("H12340001"));
}

#[tokio::test]
async fn an_answer_serves_one_line_of_one_party_within_two_hours() {
    let world = World::new(VenueKind::Hotel).await;
    let (held, desk) = (world.held(), &world.desk);
    let mut ids = Vec::new();
    for n in 0..2 {
        let asked = ask(desk, n, &held).await;
        desk.take(&world.wallet().answer(&asked.request, now()), &held, now()).await.unwrap();
        ids.push(asked.id());
    }
    let both = guests(1, vec![Who::Answer(ids[0]), Who::Answer(ids[0])]);
    let done = desk.check_in(both, &clerk(), now()).await.unwrap();
    assert_eq!(tally(&done), BTreeMap::from([("new", 1), ("refused", 1)]), "the same document twice");
    let other = desk.check_in(guests(2, vec![Who::Answer(ids[0])]), &clerk(), now()).await.unwrap();
    assert!(matches!(&other[&0], Registered::NoAnswer(fault) if fault.code() == "answer_used"), "{other:?}");
    let late = now().plus_seconds(7_200);
    let gone = desk.check_in(guests(3, vec![Who::Answer(ids[1])]), &clerk(), late).await.unwrap();
    assert!(matches!(&gone[&0], Registered::NoAnswer(fault) if fault.code() == "answer_gone"), "{gone:?}");
    at_the_same_moment(&world).await;
}

/// The same answer twice at once is one; of two clerks who use it one has the guest; a credential is taken once.
pub async fn at_the_same_moment(world: &World) {
    let (held, desk, clerk, wallet) = (world.held(), &world.desk, clerk(), world.wallet());
    let (asked, other) = (ask(desk, 77, &held).await, ask(desk, 78, &held).await);
    let answer = wallet.answer(&asked.request, now());
    let take = || desk.take(&answer, &held, now());
    let (a, b) = tokio::join!(take(), take());
    assert_eq!(a.unwrap().receipt, b.unwrap().receipt);
    let refused = desk.take(&wallet.answer(&other.request, now()), &held, now()).await.unwrap_err();
    assert_eq!(refused.code(), "credential_shown_before");
    let one = |party| guests(party, vec![Who::Answer(asked.id())]);
    let (a, b) = tokio::join!(desk.check_in(one(74), &clerk, now()), desk.check_in(one(75), &clerk, now()));
    let both = [tally(&a.unwrap()), tally(&b.unwrap())];
    assert!(both.contains(&[("new", 1)].into()) && both.contains(&[("no_answer", 1)].into()), "{both:?}");
    assert!(desk.waiting().await.unwrap().iter().all(|id| *id != asked.id()), "used");
}

#[tokio::test]
async fn a_visitor_by_pass_is_registered_once_and_no_number_is_kept() {
    let world = World::new(VenueKind::Building).await;
    let (held, desk) = (world.held(), &world.desk);
    let Book::Building(building) = desk.book() else { panic!("a hotel") };
    let asked = ask(desk, 1, &held).await;
    let taken = desk.take(&world.wallet().answer(&asked.request, now()), &held, now()).await.unwrap();
    let receipt = VenueReceipt::open(&taken.receipt, &world.desk_public()).unwrap();
    assert_eq!(receipt.kept.len(), 2, "name and kind of document");
    let plan = || {
        let who = ("Lab West".parse().unwrap(), "meeting".parse().unwrap());
        Plan::new(who, vec!["12F".parse().unwrap()], (now(), now().plus_seconds(7_200)), false).unwrap()
    };
    let (id, other) = (VisitId::from_bytes([1; 16]), VisitId::from_bytes([2; 16]));
    let who = || Visiting::Answer { id: taken.id, needs_help: true };
    assert_eq!(desk.visit(id, plan(), who(), &clerk(), now()).await.unwrap(), Invited::New);
    assert_eq!(desk.visit(id, plan(), who(), &clerk(), now()).await.unwrap(), Invited::Already);
    assert_eq!(desk.visit(other, plan(), who(), &clerk(), now()).await.unwrap_err().code(), "answer_used");
    let record = building.see(id, &clerk(), venue::store::Act::See, now()).await.unwrap();
    let visitor = record.visit.visitor().unwrap();
    assert_eq!((visitor.document, visitor.needs_help), (Some(Permit::HomeReturn), true));
    assert_eq!(record.visit.name(), Some("CANARY, SPECIMEN 0001"));
    // An invited one arrives with a pass.
    building.invite(other, plan(), None, &clerk(), now()).await.unwrap();
    let asked = ask(desk, 2, &held).await;
    let taken = desk.take(&world.wallet().answer(&asked.request, now()), &held, now()).await.unwrap();
    let who = || Visiting::Answer { id: taken.id, needs_help: false };
    let badge = BadgeNumber::from_random([0, 0, 0, 9]);
    for _ in 0..2 {
        let visit = desk.arrive(other, who(), badge, &clerk(), now()).await.unwrap();
        assert_eq!(visit.name(), Some("CANARY, SPECIMEN 0002"));
    }
}

#[tokio::test]
async fn nothing_of_an_answer_lies_in_plain_in_the_desks_files() {
    let world = World::new(VenueKind::Hotel).await;
    let held = world.held();
    let asked = ask(&world.desk, 1, &held).await;
    let answer = world.wallet().answer(&asked.request, now());
    world.desk.take(&answer, &held, now()).await.unwrap();
    let mut read = 0;
    for name in ["book.db", "book.db-wal"] {
        let bytes = std::fs::read(world.folder.path().join(name)).unwrap();
        read += bytes.len();
        let receipt = VenueReceipt::open(
            &world.desk.take(&answer, &held, now()).await.unwrap().receipt,
            &world.desk_public(),
        );
        let receipt = receipt.unwrap();
        let needles: [&[u8]; 5] =
            [b"CANARY", b"12340001", b"1990-05-17", receipt.pseudonym.as_bytes(), &receipt.presentation];
        for needle in needles {
            assert!(!bytes.windows(needle.len()).any(|window| window == needle), "{needle:?} in {name}");
        }
    }
    assert!(read > 50_000, "the files were read: {read} bytes");
}
