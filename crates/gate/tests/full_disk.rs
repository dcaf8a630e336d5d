//! The gate's store on a disk that fills up, and the rights of its files. A full disk is a small one of our own: a
//! tmpfs, which a test may mount as root; elsewhere the test says loudly that it was skipped.

#![expect(clippy::unwrap_used, reason = "a test's helpers, outside of the test functions themselves")]

mod bay;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use bay::{Bay, at, lane_config, now};
use clearance::{AskingRecord, ClearanceId, Digest, Passage, PassageRecord, Request, Round, Sides, Subject};
use credential::TokenId;
use gate::outbox::{Store, StoreError};
use test_support::SmallDisk;

fn subject(id: u8) -> Subject {
    Subject {
        clearance: ClearanceId::from_bytes([id; 16]),
        place: lane_config("one").place,
        token: TokenId::from_bytes([id; 16]),
        shown_at: now(),
        probe: Digest::from_bytes([id; 32]),
    }
}

fn asking(id: u8) -> AskingRecord {
    let request = |n| Request { part: Digest::from_bytes([n; 32]), hash: Digest::from_bytes([n; 32]) };
    let requests = Sides::Both { exit: request(1), entry: request(2) };
    AskingRecord { round: Round::new(subject(id), requests).unwrap(), asked_at: now() }
}

fn passage(id: u8) -> PassageRecord {
    PassageRecord {
        subject: subject(id),
        passage: Passage::NotPassed,
        asked_at: now(),
        ended_at: at(5),
        verdicts: None,
    }
}

/// The first bytes of the clearances that a store in `folder` would know after a power cut at this instant.
async fn known_after_a_power_cut(folder: &Path, bay: &Bay) -> Vec<u8> {
    let copy = tempfile::tempdir().unwrap();
    for name in ["gate.db", "gate.db-wal"] {
        if folder.join(name).exists() {
            std::fs::copy(folder.join(name), copy.path().join(name)).unwrap();
        }
    }
    known(&Store::open(&copy.path().join("gate.db"), bay.gate_key()).await.unwrap()).await
}

async fn known(store: &Store) -> Vec<u8> {
    let trails = store.trails().await.unwrap();
    let mut known: Vec<u8> = trails
        .iter()
        .map(|trail| match trail {
            clearance::Trail::Asked { subject, .. } | clearance::Trail::Opening { subject, .. } => subject,
            clearance::Trail::Passage(record) => &record.subject,
        })
        .map(|subject| subject.clearance.as_bytes()[0])
        .collect();
    known.sort_unstable();
    known
}

#[tokio::test]
async fn what_is_written_after_a_full_disk_was_freed_is_there_after_a_restart() {
    let Some(disk) = SmallDisk::mount("what is written after a full disk", 1) else { return };
    let bay = Bay::new();
    let file = disk.path().join("gate.db");
    let store = Store::open(&file, bay.gate_key()).await.unwrap();
    for id in [1, 2] {
        store.record_asking(&asking(id)).await.unwrap();
    }
    store.record_passage(&passage(1)).await.unwrap();

    disk.fill().unwrap();
    let lane = lane_config("one").place.lane;
    let mut refused = 0;
    for n in 10..14 {
        let noted = store.note_showing(TokenId::from_bytes([n; 16]), now(), &lane, at(-60)).await;
        assert!(matches!(noted, Err(StoreError::Full)), "try {n}: {noted:?}");
        let ended = store.record_passage(&passage(2)).await;
        assert!(matches!(ended, Err(StoreError::Full)), "try {n}: {ended:?}");
        refused += 2;
    }
    assert_eq!(refused, 8);
    disk.free().unwrap();

    // A repeat that changes nothing is rolled back, as is a record that is not expected.
    store.record_passage(&passage(1)).await.unwrap();
    for id in 3..6 {
        store.record_asking(&asking(id)).await.unwrap();
        store.record_passage(&passage(id)).await.unwrap();
        store.record_passage(&passage(id)).await.unwrap();
    }
    assert!(store.note_showing(TokenId::from_bytes([20; 16]), now(), &lane, at(-60)).await.unwrap());
    assert!(store.release(at(60)).await.unwrap() > 0);

    assert_eq!(
        known_after_a_power_cut(disk.path(), &bay).await,
        [1, 2, 3, 4, 5],
        "acknowledged and not durable"
    );
    drop(store);
    let store = Store::open(&file, bay.gate_key()).await.unwrap();
    assert_eq!(known(&store).await, [1, 2, 3, 4, 5], "acknowledged and gone after a restart");
    assert_eq!(store.showings().await.unwrap().len(), 1);
    assert_eq!(store.journalled().await.unwrap().len(), 4);
    let numbered = store.next(documents::AuthorityCode::Chn).await.unwrap().unwrap();
    assert_eq!(numbered.number, 1);
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn the_stores_files_and_folder_are_their_owners_alone_even_where_they_were_open_before() {
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("gates").join("hengqin");
    files::make_private_folder(&folder).unwrap();
    assert_eq!(mode(&folder), 0o700);
    let bay = Bay::new();
    // As a version before left them, and as a umask of 0 would make them.
    for name in ["gate.db", "gate.db-wal", "gate.db-shm"] {
        std::fs::write(folder.join(name), "").unwrap();
        std::fs::set_permissions(folder.join(name), std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    for file in ["gate.db", "new.db"] {
        let store = Store::open(&folder.join(file), bay.gate_key()).await.unwrap();
        store.record_asking(&asking(1)).await.unwrap();
        store.record_passage(&passage(1)).await.unwrap();
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(mode(&path), 0o600, "{}", path.display());
        }
        assert!(folder.join(format!("{file}-wal")).exists(), "the log of {file} was not looked at");
    }
}
