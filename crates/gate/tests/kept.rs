//! What is kept of approvals and status lists, and what a start without a network makes of it.

#![expect(clippy::unwrap_used, reason = "a failing helper fails the test that called it")]
#![allow(dead_code, reason = "the bay serves other tests too")]

mod bay;

use std::path::Path;

use bay::{Bay, Mac, approval, at, index, now, revoke, subject};
use credential::status::Status;
use documents::Timestamp;
use gate::lists::{KeptLists, Lists};
use gate::{Age, Trusted};
use trust::Approval;

/// Lists as they are fetched: approvals at that time, and a status list in which one token is revoked. Gives the approval's bundle.
fn fetched(bay: &mut Bay, heard: Timestamp) -> Vec<u8> {
    let bundle = bay.approved(&approval());
    assert!(bay.lists.set_approvals([(Mac, bundle.as_slice())], heard).is_empty());
    let signed = bay.signed_status(Mac, at(-10), revoke);
    bay.lists.take_status(Mac, 0, &subject(Mac), &signed, now()).unwrap();
    bundle
}

/// A start without a network: the lists, and the files that were not used.
fn started(bay: &Bay, folder: &Path, now: Timestamp) -> (Lists, Vec<String>) {
    let mut lists = Lists::new(bay.lists.trust().clone());
    lists.not_before(&bay.lists.newest());
    let unusable = KeptLists::new(folder.to_owned()).resume(&mut lists, |issuer, _| subject(issuer), now);
    (lists, unusable.into_iter().map(|one| one.file).collect())
}

#[test]
fn a_start_without_a_network_finds_what_was_heard_when_it_was_heard_and_who_was_revoked() {
    let (mut bay, folder) = (Bay::new(), tempfile::tempdir().unwrap());
    fetched(&mut bay, at(-5));
    KeptLists::new(folder.path().join("lists")).keep(&bay.lists).unwrap();
    let (lists, unusable) = started(&bay, &folder.path().join("lists"), now());
    assert_eq!((unusable, lists.approvals_heard()), (vec![], Some(at(-5))));
    assert_eq!(lists.approvals().all(), bay.lists.approvals().all());
    assert_eq!(lists.newest(), bay.lists.newest());
    let answer = lists.status(Mac, index(), now()).unwrap();
    assert_eq!((answer.status, answer.age), (Status::Invalid, Age::Fresh));
    // Two days later the list is too old to go by, and says of whom it calls revoked what it said.
    let later = now().plus_seconds(2 * 86_400);
    let (lists, _) = started(&bay, &folder.path().join("lists"), later);
    let answer = lists.status(Mac, index(), later).unwrap();
    assert_eq!((answer.status, answer.age), (Status::Invalid, Age::TooOld));
    // After a month its file goes: no credential of its time counts any more.
    let (_, _) = started(&bay, &folder.path().join("lists"), now().plus_seconds(31 * 86_400));
    assert!(!folder.path().join("lists/MAC-0.status").exists());
}

#[test]
fn what_is_kept_is_written_when_it_changes_and_the_time_of_hearing_each_minute() {
    let (mut bay, folder) = (Bay::new(), tempfile::tempdir().unwrap());
    let bundle = fetched(&mut bay, at(0));
    let mut kept = KeptLists::new(folder.path().to_owned());
    kept.keep(&bay.lists).unwrap();
    let (approvals, status) = (folder.path().join("approvals.kept"), folder.path().join("MAC-0.status"));
    let written = || (std::fs::read(&approvals).unwrap(), std::fs::read(&status).unwrap());
    let first = written();
    for (seconds, changes) in [(1, false), (59, false), (60, true), (30, true)] {
        bay.lists.set_approvals([(Mac, bundle.as_slice())], at(seconds));
        let before = written();
        kept.keep(&bay.lists).unwrap();
        assert_eq!(written().0 != before.0, changes, "row {seconds}");
    }
    let withdrawn = bay.approved(&Approval { number: 2, withdrawn: true, ..approval() });
    bay.lists.set_approvals([(Mac, withdrawn.as_slice())], at(31));
    kept.keep(&bay.lists).unwrap();
    assert!(started(&bay, folder.path(), now()).0.approvals().all()[0].withdrawn, "at once");
    assert_eq!(written().1, first.1);
    let newer = bay.signed_status(Mac, at(-1), |_| {});
    bay.lists.take_status(Mac, 0, &subject(Mac), &newer, now()).unwrap();
    kept.keep(&bay.lists).unwrap();
    assert_eq!(written().1, newer);
}

#[test]
fn a_kept_file_that_is_damaged_or_would_go_back_is_named_and_nothing_of_it_counts() {
    let (mut bay, folder) = (Bay::new(), tempfile::tempdir().unwrap());
    fetched(&mut bay, at(0));
    KeptLists::new(folder.path().to_owned()).keep(&bay.lists).unwrap();
    let older = bay.signed_status(Mac, at(-60), |_| {});
    for (file, change) in [
        (
            "approvals.kept",
            Box::new(|bytes: &mut Vec<u8>| bytes.truncate(bytes.len() - 1)) as Box<dyn Fn(&mut Vec<u8>)>,
        ),
        // The first byte of the time at which they were heard.
        ("approvals.kept", Box::new(|bytes| bytes[40] ^= 1)),
        ("approvals.kept", Box::new(Vec::clear)),
        ("MAC-0.status", Box::new(|bytes| *bytes.last_mut().unwrap() ^= 1)),
        ("MAC-0.status", Box::new(move |bytes| bytes.clone_from(&older))),
    ] {
        let path = folder.path().join(file);
        let whole = std::fs::read(&path).unwrap();
        let mut bytes = whole.clone();
        change(&mut bytes);
        std::fs::write(&path, bytes).unwrap();
        let (lists, unusable) = started(&bay, folder.path(), now());
        assert_eq!(unusable, [file]);
        match file {
            "approvals.kept" => {
                assert_eq!((lists.approvals_heard(), lists.approvals().all().len()), (None, 0));
            }
            _ => assert!(lists.status(Mac, index(), now()).is_none()),
        }
        std::fs::write(&path, whole).unwrap();
    }
    assert!(started(&bay, folder.path(), now()).1.is_empty());
    let other = Bay::new();
    let mut lists = Lists::new(other.lists.trust().clone());
    let refused =
        KeptLists::new(folder.path().to_owned()).resume(&mut lists, |issuer, _| subject(issuer), now());
    assert_eq!(refused.len(), 4, "signed under other roots: {refused:?}");
}
