//! The check of one code: every refusal of DESIGN 6 that a gate can find by itself, each with its own reason.

mod bay;

use bay::{Bay, Chn, Hkg, Mac, Wallet, at, audience, direction, elsewhere, hengqin, lane_id, now, text};
use credential::ProofWindow;
use credential::status::Status;
use credential::{KeyClass, SigningKey, StatusRef, TokenId};
use documents::{Side, Timestamp};
use gate::check::Checker;
use gate::lists::{ListMemory, MemoryError};
use gate::{GateReason, KeyFault, ReplayCache, Trusted};
use proptest::prelude::*;
use trust::Approval;

fn checker() -> Checker {
    Checker::new(lane_id("one"), hengqin(), ProofWindow::default(), elsewhere())
}

fn check_at(bay: &Bay, code: &str, when: Timestamp) -> Result<TokenId, GateReason> {
    let (checker, mut scratch) = (checker(), Vec::new());
    let mut replay = checker.replay_cache(when);
    checker.check(code, &mut scratch, &bay.lists, &mut replay, when).map(|checked| checked.id())
}

fn check(bay: &Bay, code: &str) -> Result<TokenId, GateReason> {
    check_at(bay, code, now())
}

#[test]
fn a_sound_code_of_every_issuer_passes_at_every_kind_of_lane() {
    let bay = Bay::new();
    for issuer in [Chn, Hkg, Mac] {
        let wallet = Wallet::new(&bay, issuer);
        for (way, side) in [
            (direction(Mac, Chn), None),
            (direction(Chn, Mac), None),
            (direction(Mac, Chn), Some(Side::Exit)),
            (direction(Hkg, Mac), Some(Side::Entry)),
        ] {
            let audience = audience("hengqin", way, side);
            let checker = Checker::new(lane_id("one"), audience.clone(), ProofWindow::default(), elsewhere());
            let mut replay = checker.replay_cache(now());
            let code = wallet.show(&audience, now());
            let mut scratch = Vec::new();
            let checked = checker.check(&code, &mut scratch, &bay.lists, &mut replay, now()).unwrap();
            assert_eq!(checked.id(), wallet.id(), "{issuer} {}", audience.as_str());
            assert_eq!(checked.parts().count(), audience.sides().len());
            assert_eq!(checked.token(), wallet.token);
        }
    }
}

#[test]
fn the_window_is_ten_seconds_ahead_and_thirty_behind() {
    let bay = Bay::new();
    let wallet = Wallet::new(&bay, Mac);
    let code = wallet.show(&hengqin(), now());
    for (seconds, expected) in [
        (-11, Err(GateReason::ProofFromFuture)),
        (-10, Ok(wallet.id())),
        (30, Ok(wallet.id())),
        (31, Err(GateReason::ProofStale)),
        (3600, Err(GateReason::ProofStale)),
    ] {
        assert_eq!(check_at(&bay, &code, at(seconds)), expected, "scanned {seconds} s after it was made");
    }
}

#[test]
fn text_that_is_no_code_is_refused_for_what_it_is() {
    let bay = Bay::new();
    let good = Wallet::new(&bay, Mac).show(&hengqin(), now());
    let half = &good[..good.len() / 2];
    let long = format!("{good}{good}");
    for (row, code, expected) in [
        ("empty", "", GateReason::CodeUnreadable),
        ("health certificate", "HC1:6BFOXN", GateReason::CodeOtherSystem),
        ("anything", "hello", GateReason::CodeUnknown),
        ("half", half, GateReason::CodeCut),
        ("twice", &long, GateReason::CodeTooLong),
        ("lower case", &good.replace('A', "a"), GateReason::CodeDamaged),
    ] {
        assert_eq!(check(&bay, code), Err(expected), "row {row}");
    }
}

#[test]
fn a_code_for_another_port_direction_or_side_is_told_from_a_forged_one() {
    let bay = Bay::new();
    let wallet = Wallet::new(&bay, Mac);
    for elsewhere in elsewhere() {
        let code = wallet.show(&elsewhere, now());
        assert_eq!(check(&bay, &code), Err(GateReason::CodeForElsewhere), "{}", elsewhere.as_str());
    }
    // A lane that this gate knows nothing of: not for here, and no more can be said.
    let unknown = audience("qingmao", direction(Mac, Chn), None);
    assert_eq!(check(&bay, &wallet.show(&unknown, now())), Err(GateReason::ProofSignature));
    let unknown = audience("luohu", direction(Mac, Chn), Some(Side::Exit));
    assert_eq!(check(&bay, &wallet.show(&unknown, now())), Err(GateReason::WrongParts));
}

#[test]
fn forged_and_misused_keys_are_refused() {
    let bay = Bay::new();
    let forged = SigningKey::generate().unwrap();
    let expired = |claims: &mut credential::TokenClaims| {
        claims.expires = now().local_date().start();
    };
    let far = |claims: &mut credential::TokenClaims| claims.expires = now().local_date().plus_days(9).start();
    let soft = |claims: &mut credential::TokenClaims| claims.key_class = KeyClass::Software;
    let beyond = |claims: &mut credential::TokenClaims| {
        claims.status = StatusRef::new(0, 4_000_000).unwrap();
    };
    let no_list = |claims: &mut credential::TokenClaims| claims.status = StatusRef::new(3, 70_000).unwrap();
    let key = &bay.keys[&Mac].token;
    let keep = |_: &mut credential::TokenClaims| {};
    for (row, wallet, expected) in [
        ("forged signature", Wallet::with(&bay, Mac, keep, 1, &forged), GateReason::TokenSignature),
        (
            "another issuer's key",
            Wallet::with(&bay, Mac, keep, 1, &bay.keys[&Chn].token),
            GateReason::TokenSignature,
        ),
        ("unknown key", Wallet::with(&bay, Mac, keep, 77, key), GateReason::IssuerUnknown),
        ("verdict key", Wallet::with(&bay, Mac, keep, 9, &bay.keys[&Mac].verdict), GateReason::WrongKeyRole),
        ("expired", Wallet::with(&bay, Mac, expired, 1, key), GateReason::TokenExpired),
        ("too long", Wallet::with(&bay, Mac, far, 1, key), GateReason::TokenTooLong),
        ("too long for software", Wallet::with(&bay, Mac, soft, 1, key), GateReason::TokenTooLong),
        ("beyond the list", Wallet::with(&bay, Mac, beyond, 1, key), GateReason::StatusUnknown),
        ("no such list", Wallet::with(&bay, Mac, no_list, 1, key), GateReason::StatusUnknown),
    ] {
        assert_eq!(check(&bay, &wallet.show(&hengqin(), now())), Err(expected), "row {row}");
    }
}

#[test]
fn a_token_dies_at_its_very_end() {
    let bay = Bay::new();
    let wallet = Wallet::new(&bay, Mac);
    let end = wallet.claims.expires;
    let mut bay = bay;
    // Lists that still count by then.
    for authority in [Chn, Mac] {
        let mut list = bay.list(authority, 2, bay.keys[&authority].entries());
        list.expires = end.plus_seconds(86_400);
        bay.trust(&list);
    }
    let signed = bay.signed_status(Mac, end.plus_seconds(-60), |_| {});
    bay.lists.take_status(Mac, 0, &bay::subject(Mac), &signed, end.plus_seconds(-60)).unwrap();
    let before = end.plus_seconds(-1);
    assert_eq!(check_at(&bay, &wallet.show(&hengqin(), before), before), Ok(wallet.id()));
    assert_eq!(check_at(&bay, &wallet.show(&hengqin(), end), end), Err(GateReason::TokenExpired));
}

#[test]
fn a_part_moved_between_tokens_or_changed_is_refused() {
    let bay = Bay::new();
    let (one, two) = (Wallet::new(&bay, Hkg), Wallet::new(&bay, Hkg));
    // Hong Kong issues: the part for Macao is sealed and named in the token, the one for the mainland is its own.
    let (exit, entry) = (one.parts[&Mac].clone(), one.parts[&Chn].clone());
    let moved_sealed = one.show_parts(&hengqin(), &[two.parts[&Mac].clone(), entry.clone()], now());
    assert_eq!(check(&bay, &moved_sealed), Err(GateReason::PartMismatch));
    let swapped = one.show_parts(&hengqin(), &[entry.clone(), exit.clone()], now());
    assert_eq!(check(&bay, &swapped), Err(GateReason::PartMismatch));
    let own_by_traveller = one.show_parts(&hengqin(), &[exit.clone(), vec![1; 60]], now());
    assert_eq!(check(&bay, &own_by_traveller), Err(GateReason::PartMismatch));
    // Changed after the proof was made: the proof no longer fits.
    let hashes = [&exit, &entry].map(|p| credential::PartHash::of(p));
    let proof = credential::sign_proof(&one.device, &hengqin(), &one.token, &hashes, now()).unwrap();
    let other = text(&one.token, &proof, &[exit, two.parts[&Chn].clone()]);
    assert_eq!(check(&bay, &other), Err(GateReason::ProofSignature));
}

#[test]
fn a_device_key_without_its_proof_is_refused() {
    let bay = Bay::new();
    let (filmed, thief) = (Wallet::new(&bay, Mac), Wallet::new(&bay, Mac));
    let parts = filmed.parts_for(&hengqin());
    let hashes: Vec<_> = parts.iter().map(|p| credential::PartHash::of(p)).collect();
    let proof = credential::sign_proof(&thief.device, &hengqin(), &filmed.token, &hashes, now()).unwrap();
    assert_eq!(check(&bay, &text(&filmed.token, &proof, &parts)), Err(GateReason::ProofSignature));
}

#[test]
fn the_same_showing_is_refused_at_another_lane_and_read_again_at_its_own() {
    let bay = Bay::new();
    let wallet = Wallet::new(&bay, Mac);
    let code = wallet.show(&hengqin(), now());
    let one = checker();
    let two = Checker::new(lane_id("two"), hengqin(), ProofWindow::default(), elsewhere());
    let mut replay: ReplayCache = one.replay_cache(now());
    let mut run = |checker: &Checker, code: &str, when| {
        checker.check(code, &mut Vec::new(), &bay.lists, &mut replay, when).map(|c| c.id())
    };
    assert_eq!(run(&one, &code, now()), Ok(wallet.id()));
    assert_eq!(run(&two, &code, at(2)), Err(GateReason::ReplayedElsewhere));
    assert_eq!(run(&one, &code, at(30)), Ok(wallet.id()));
    assert_eq!(run(&two, &code, at(30)), Err(GateReason::ReplayedElsewhere));
    assert_eq!(run(&two, &wallet.show(&hengqin(), at(30)), at(30)), Ok(wallet.id()));
}

#[test]
fn a_forged_showing_does_not_block_the_real_one_at_another_lane() {
    let bay = Bay::new();
    let (wallet, thief) = (Wallet::new(&bay, Mac), SigningKey::generate().unwrap());
    let parts = wallet.parts_for(&hengqin());
    let hashes: Vec<_> = parts.iter().map(|p| credential::PartHash::of(p)).collect();
    let forged = credential::sign_proof(&thief, &hengqin(), &wallet.token, &hashes, now()).unwrap();
    let one = checker();
    let two = Checker::new(lane_id("two"), hengqin(), ProofWindow::default(), elsewhere());
    let mut replay = one.replay_cache(now());
    let forged = text(&wallet.token, &forged, &parts);
    assert!(one.check(&forged, &mut Vec::new(), &bay.lists, &mut replay, now()).is_err());
    let real = wallet.show(&hengqin(), now());
    assert!(two.check(&real, &mut Vec::new(), &bay.lists, &mut replay, now()).is_ok());
}

#[test]
fn revoked_and_suspended_tokens_are_refused_and_nothing_is_said_of_it() {
    for (status, expected) in [
        (Status::Invalid, GateReason::TokenRevoked),
        (Status::Suspended, GateReason::TokenSuspended),
        (Status::Other(3), GateReason::TokenRevoked),
    ] {
        let mut bay = Bay::new();
        let code = Wallet::new(&bay, Mac).show(&hengqin(), now());
        bay.status(Mac, |list| assert!(list.set(bay::index().index(), status)));
        assert_eq!(check(&bay, &code), Err(expected));
        assert_eq!(expected.sentence(), "see_officer");
    }
}

#[test]
fn old_lists_serve_for_a_day_and_no_longer() {
    let mut bay = Bay::new();
    let wallet = Wallet::new(&bay, Mac);
    // The trust list ends a day from now; the status list was signed now, and serves for a day.
    let ends = at(86_400);
    for (when, expected) in [
        (at(80_000), Ok(wallet.id())),
        (at(86_400 + 30), Err(GateReason::StatusTooOld)),
        (ends.plus_seconds(86_401), Err(GateReason::TrustListTooOld)),
    ] {
        assert_eq!(check_at(&bay, &wallet.show(&hengqin(), when), when), expected, "{when}");
    }
    // A gate whose clock went back knows it by its own lists.
    let past = at(-86_400);
    assert_eq!(check_at(&bay, &wallet.show(&hengqin(), past), past), Err(GateReason::ClockUnsure));
    // A fresh status list mends it.
    let later = ends.plus_seconds(86_400 - 30);
    let signed = bay.signed_status(Mac, later, |_| {});
    bay.lists.take_status(Mac, 0, &bay::subject(Mac), &signed, later).unwrap();
    assert_eq!(check_at(&bay, &wallet.show(&hengqin(), later), later), Ok(wallet.id()));
}

#[test]
fn a_paper_pass_counts_for_its_whole_day_and_not_a_second_longer() {
    let mut bay = Bay::new();
    let today = now().local_date();
    let paper = Wallet::paper(&bay, Mac, today);
    let code = paper.print((&bay.keys[&Mac].counter, 1), &hengqin(), today);
    let midnight = today.start();
    for authority in [Chn, Mac] {
        let mut list = bay.list(authority, 2, bay.keys[&authority].entries());
        (list.issued, list.expires) = (midnight.plus_seconds(-7200), midnight.plus_seconds(2 * 86_400));
        bay.trust(&list);
    }
    for (seconds, expected) in [
        (-1, Err(GateReason::PaperNotToday)),
        (0, Ok(paper.id())),
        (36_000, Ok(paper.id())),
        (86_399, Ok(paper.id())),
        (86_400, Err(GateReason::PaperNotToday)),
    ] {
        let when = midnight.plus_seconds(seconds);
        // The newest status list of that moment.
        let mut lists = bay.pinned();
        for authority in [Chn, Hkg, Mac] {
            lists.take_trust(bay.lists.trust().bytes(authority).unwrap(), now()).unwrap();
        }
        lists.take_approval(&bay.approved(&bay::approval()), now()).unwrap();
        let signed = bay.signed_status(Mac, when.plus_seconds(-60), |_| {});
        lists.take_status(Mac, 0, &bay::subject(Mac), &signed, when).unwrap();
        let (checker, mut scratch) = (checker(), Vec::new());
        let mut replay = checker.replay_cache(when);
        let found = checker.check(&code, &mut scratch, &lists, &mut replay, when).map(|checked| {
            assert!(checked.is_paper());
            assert_eq!(checked.made_at(), midnight);
            checked.id()
        });
        assert_eq!(found, expected, "{seconds} s after midnight");
    }
}

#[test]
fn two_copies_of_a_paper_pass_do_not_pass_two_lanes_at_once() {
    let bay = Bay::new();
    let today = now().local_date();
    let code = Wallet::paper(&bay, Mac, today).print((&bay.keys[&Mac].counter, 1), &hengqin(), today);
    let one = checker();
    let two = Checker::new(lane_id("two"), hengqin(), ProofWindow::default(), elsewhere());
    let mut replay: ReplayCache = one.replay_cache(now());
    let mut run = |checker: &Checker, when| {
        checker.check(&code, &mut Vec::new(), &bay.lists, &mut replay, when).map(|_| ())
    };
    assert_eq!(run(&one, now()), Ok(()));
    assert_eq!(run(&two, at(2)), Err(GateReason::PaperAtOtherLane));
    assert_eq!(run(&one, at(20)), Ok(()));
    // Whoever was turned away may try another lane once the window is over.
    assert_eq!(run(&two, at(300)), Ok(()));
}

#[test]
fn a_revoked_paper_pass_is_refused_and_nothing_is_said_of_it() {
    let mut bay = Bay::new();
    let today = now().local_date();
    let code = Wallet::paper(&bay, Mac, today).print((&bay.keys[&Mac].counter, 1), &hengqin(), today);
    bay.status(Mac, |list| assert!(list.set(bay::index().index(), Status::Invalid)));
    assert_eq!(check(&bay, &code), Err(GateReason::TokenRevoked));
}

#[test]
fn a_compromised_key_dies_at_once_with_its_tokens() {
    let mut bay = Bay::new();
    let code = Wallet::new(&bay, Mac).show(&hengqin(), now());
    let mut entries = bay.keys[&Mac].entries();
    entries[0].compromised = true;
    bay.trust(&bay.list(Mac, 2, entries.clone()));
    assert_eq!(check(&bay, &code), Err(GateReason::IssuerKeyCompromised));
    entries[0].compromised = false;
    bay.trust(&bay.list(Mac, 3, entries));
    assert_eq!(
        check(&bay, &code),
        Err(GateReason::IssuerKeyCompromised),
        "no later list makes it sound again"
    );
    let mut started = bay.pinned();
    started.not_before(&bay.lists.newest());
    started.take_trust(bay.lists.trust().bytes(Mac).unwrap(), now()).unwrap();
    let key = started.token_key(Mac, 1, now()).map(|_| ());
    assert_eq!(key, Err(KeyFault::Compromised), "nor a restart");

    let mut bay = Bay::new();
    let code = Wallet::new(&bay, Mac).show(&hengqin(), now());
    let mut entries = bay.keys[&Mac].entries();
    entries[0].to = now();
    bay.trust(&bay.list(Mac, 2, entries));
    assert_eq!(check(&bay, &code), Err(GateReason::IssuerKeyNotValid));
}

#[test]
fn what_no_approval_covers_is_refused() {
    let bay = Bay::new();
    let wallet = Wallet::new(&bay, Mac);
    let qingmao = audience("qingmao", direction(Mac, Chn), None);
    let checker = Checker::new(lane_id("one"), qingmao.clone(), ProofWindow::default(), elsewhere());
    let mut replay = checker.replay_cache(now());
    let code = wallet.show(&qingmao, now());
    let refused = checker.check(&code, &mut Vec::new(), &bay.lists, &mut replay, now()).map(|_| ());
    assert_eq!(refused, Err(GateReason::NotApproved));
}

#[test]
fn what_was_learnt_under_a_clock_three_days_ahead_is_not_kept() {
    let mut bay = Bay::new();
    let wallet = Wallet::new(&bay, Mac);
    let ahead = now().plus_seconds(3 * 86_400);
    let future = bay.signed_status(Mac, ahead, |_| {});
    bay.lists.take_status(Mac, 0, &bay::subject(Mac), &future, ahead).unwrap();
    let folder = tempfile::tempdir().unwrap();
    ListMemory::open(folder.path()).unwrap().remember(&bay.lists.newest()).unwrap();
    let mut memory = ListMemory::open(folder.path()).unwrap();
    // The clock is right again, at the gate that runs and at one that is started.
    let mut started = bay.lists.clone();
    started.not_before(memory.newest());
    let fresh = bay.signed_status(Mac, at(-1), |_| {});
    let old = bay.signed_status(Mac, at(-2), |_| {});
    for lists in [&mut bay.lists, &mut started] {
        lists.take_status(Mac, 0, &bay::subject(Mac), &fresh, now()).unwrap();
        let back = lists.take_status(Mac, 0, &bay::subject(Mac), &old, now()).unwrap_err();
        assert_eq!(back.reason(), Some(GateReason::StatusListRolledBack), "and none goes back from there");
        assert_eq!(lists.newest().status[&(Mac, 0)], at(-1));
    }
    assert_eq!(check(&bay, &wallet.show(&hengqin(), now())), Ok(wallet.id()));
    memory.forget_after(now().plus_seconds(300));
    memory.remember(&bay.lists.newest()).unwrap();
    assert_eq!(ListMemory::open(folder.path()).unwrap().newest().status[&(Mac, 0)], at(-1));
}

#[test]
fn no_list_goes_back_to_an_older_one() {
    let mut bay = Bay::new();
    let old = bay.signed_status(Mac, at(-120), |_| {});
    let error = bay.lists.take_status(Mac, 0, &bay::subject(Mac), &old, now()).unwrap_err();
    assert_eq!(error.reason(), Some(GateReason::StatusListRolledBack));
    let future = bay.signed_status(Mac, at(3600), |_| {});
    let error = bay.lists.take_status(Mac, 0, &bay::subject(Mac), &future, now()).unwrap_err();
    assert_eq!(error.reason(), Some(GateReason::ClockUnsure));
    bay.trust(&bay.list(Mac, 5, bay.keys[&Mac].entries()));
    let rolled = bay.list(Mac, 4, bay.keys[&Mac].entries()).sign(b"l1", &bay.keys[&Mac].list).unwrap();
    assert_eq!(
        bay.lists.take_trust(&rolled, now()).unwrap_err().reason(),
        Some(GateReason::TrustListRolledBack)
    );
    let mut wider = bay::approval();
    wider.ports.push("qingmao".parse().unwrap());
    let bundle = bay.approved(&wider);
    let error = bay.lists.take_approval(&bundle, now()).unwrap_err();
    assert_eq!(error.reason(), Some(GateReason::ApprovalRolledBack));
}

#[test]
fn an_approval_that_was_taken_back_covers_nothing_and_does_not_come_back() {
    let mut bay = Bay::new();
    let (wallet, hengqin) = (Wallet::new(&bay, Mac), audience("hengqin", direction(Mac, Chn), None));
    let checker = Checker::new(lane_id("one"), hengqin.clone(), ProofWindow::default(), elsewhere());
    let checked = |bay: &Bay| {
        let (code, mut replay) = (wallet.show(&hengqin, now()), checker.replay_cache(now()));
        checker.check(&code, &mut Vec::new(), &bay.lists, &mut replay, now()).map(|_| ())
    };
    let old = bay.approved(&bay::approval());
    let taken_back = Approval { number: 2, withdrawn: true, ..bay::approval() };
    let taken_back = bay.approved(&taken_back);
    assert_eq!(checked(&bay), Ok(()));
    // One authority is behind, the other is not: the newer text stands, and the older is named.
    let both = [(Mac, taken_back.as_slice()), (Chn, old.as_slice())];
    assert_eq!(bay.lists.set_approvals(both, now()).len(), 0, "seen for the first time, in one round");
    assert_eq!(checked(&bay), Err(GateReason::NotApproved));
    for _ in 0..2 {
        let faults = bay.lists.set_approvals([(Mac, old.as_slice())], now());
        let reasons: Vec<_> = faults.iter().map(|(from, error)| (*from, error.reason())).collect();
        assert_eq!(reasons, [(Mac, Some(GateReason::ApprovalRolledBack))]);
        assert_eq!(checked(&bay), Err(GateReason::NotApproved));
    }
    let again = bay.approved(&Approval { number: 3, ..bay::approval() });
    assert_eq!(bay.lists.set_approvals([(Mac, again.as_slice())], now()).len(), 0);
    assert_eq!(checked(&bay), Ok(()));
}

#[test]
fn a_gate_that_is_started_again_goes_back_no_more_than_one_that_runs() {
    let mut bay = Bay::new();
    let old = bay.signed_status(Mac, at(-30), |_| {});
    let new = bay.signed_status(Mac, at(-10), |_| {});
    let list = |bay: &Bay, number| {
        bay.list(Mac, number, bay.keys[&Mac].entries()).sign(b"l1", &bay.keys[&Mac].list).unwrap()
    };
    let (fourth, fifth, at_first) = (list(&bay, 4), list(&bay, 5), bay.lists.trust().clone());
    let second = bay.approved(&Approval { number: 2, ..bay::approval() });
    bay.lists.take_trust(&fifth, now()).unwrap();
    bay.lists.take_status(Mac, 0, &bay::subject(Mac), &new, now()).unwrap();
    bay.lists.take_approval(&second, now()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    ListMemory::open(folder.path()).unwrap().remember(&bay.lists.newest()).unwrap();

    let mut lists = bay.pinned();
    let mut memory = ListMemory::open(folder.path()).unwrap();
    lists.not_before(memory.newest());
    let older = memory.accept_trust(&at_first);
    assert!(matches!(older, Err(MemoryError::Older { authority: Mac, have: 5, got: 1 })), "{older:?}");
    // Under other roots than those by which it was learnt, it binds nobody.
    let repinned = Bay::new();
    let folder = tempfile::tempdir().unwrap();
    let mut elsewhere = ListMemory::open(folder.path()).unwrap();
    elsewhere.remember(&bay.lists.newest()).unwrap();
    elsewhere.accept_trust(repinned.lists.trust()).unwrap();
    assert_eq!(ListMemory::open(folder.path()).unwrap().newest().trust, repinned.lists.newest().trust);
    assert_eq!(lists.newest(), bay.lists.newest(), "a note survives until newer lists have come");
    let reason = |taken: Result<(), gate::ListsError>| taken.unwrap_err().reason();
    assert_eq!(reason(lists.take_trust(&fourth, now()).map(|_| ())), Some(GateReason::TrustListRolledBack));
    for authority in [Chn, Hkg, Mac] {
        lists.take_trust(bay.lists.trust().bytes(authority).unwrap(), now()).unwrap();
    }
    let status = lists.take_status(Mac, 0, &bay::subject(Mac), &old, now());
    assert_eq!(reason(status.map(|_| ())), Some(GateReason::StatusListRolledBack));
    lists.take_status(Mac, 0, &bay::subject(Mac), &new, now()).unwrap();
    let first = bay.approved(&bay::approval());
    assert_eq!(reason(lists.take_approval(&first, now())), Some(GateReason::ApprovalRolledBack));
    lists.take_approval(&second, now()).unwrap();
}

/// Short codes are for tokens that were handed in ahead; this gate has no box for them.
#[test]
fn a_short_code_without_a_token_handed_in_is_refused() {
    let bay = Bay::new();
    let wallet = Wallet::new(&bay, Mac);
    let proof = credential::sign_proof(&wallet.device, &hengqin(), &wallet.token, &[], now()).unwrap();
    let id = wallet.id();
    let code = code::CrossingCode::Short { token_id: id.as_bytes(), proof: &proof }.to_text().unwrap();
    assert_eq!(check(&bay, &code), Err(GateReason::NotHandedIn));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_changed_byte_is_refused_or_leaves_the_same_token(position in 0.0..1.0_f64, flip in 1..=255_u8) {
        thread_local!(static BAY: (Bay, Wallet) = { let bay = Bay::new(); let w = Wallet::new(&bay, Mac); (bay, w) });
        BAY.with(|(bay, wallet)| {
            let parts = wallet.parts_for(&hengqin());
            let hashes: Vec<_> = parts.iter().map(|p| credential::PartHash::of(p)).collect();
            let proof = credential::sign_proof(&wallet.device, &hengqin(), &wallet.token, &hashes, now()).unwrap();
            let slices: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            let code = code::CrossingCode::Full {
                token: &wallet.token, proof: &proof, parts: code::Parts::new(&slices).unwrap(),
            };
            let mut cbor = code.to_cbor();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss,
                reason = "a place inside a short code")]
            let at = (position * cbor.len() as f64) as usize;
            cbor[at] ^= flip;
            let mut changed = String::from("BP1:");
            code::base45::encode_into(&cbor, &mut changed);
            let result = check(bay, &changed);
            prop_assert!(result.is_err() || result == Ok(wallet.id()), "byte {at}");
            prop_assert!(result.is_err(), "byte {at} of {} was changed and the code still passed", cbor.len());
            Ok(())
        })?;
    }

    #[test]
    fn no_text_makes_a_check_panic(text in "(BP1:)?[0-9A-Z $%*+./:-]{0,1100}") {
        thread_local!(static BAY: Bay = Bay::new());
        BAY.with(|bay| {
            prop_assert!(check(bay, &text).is_err());
            Ok(())
        })?;
    }
}
