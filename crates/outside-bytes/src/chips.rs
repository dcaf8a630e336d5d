//! Chips of travel documents: what lies in them, what states sign, and what a reader's software hands in.

use std::sync::LazyLock;

use chip::{
    ChipFiles, CopyCheck, CountrySigners, Group, HandedIn, MAX_FACES, Nonce, PassiveError, authenticate,
    read_faces,
};
use code::picture::decode_portrait;
use documents::Timestamp;

/// The certificate of a country that is made up (`test_support::chip`); the example `seeds` writes it with its seeds.
const COUNTRY: &[u8] = include_bytes!("../data/specimen-country.der");
static COUNTRIES: LazyLock<CountrySigners> =
    LazyLock::new(|| CountrySigners::from_certificates([COUNTRY]).unwrap());

/// The nonce of every reading.
pub const CHIP_NONCE: [u8; 8] = [0xa5; 8];

/// The day after the specimens were signed.
fn read_at() -> Timestamp {
    "2026-03-02T10:00:00+08:00".parse().unwrap()
}

/// EF.SOD alone: taken when everything but the groups is believed.
pub fn chip_sod(bytes: &[u8]) -> bool {
    let Ok(files) = ChipFiles::new(bytes.to_vec()) else { return false };
    let listed = chip::listed_unproven(bytes);
    let answer = authenticate(&files, &COUNTRIES, read_at());
    assert!(answer.is_err(), "a chip without groups was believed");
    let Err(PassiveError::GroupMissing(group)) = answer else { return false };
    assert!(listed.is_ok_and(|listed| listed.contains(&group)), "a group that nobody listed is missed");
    true
}

/// DG2: what is taken has one to eight pictures, whose decoder keeps its bounds.
pub fn chip_face(bytes: &[u8]) -> bool {
    let Ok(faces) = read_faces(bytes) else { return false };
    assert!((1..=MAX_FACES).contains(&faces.len()), "{} pictures", faces.len());
    let whole: usize = faces.iter().map(|face| face.bytes().len()).sum();
    assert!(whole < bytes.len(), "pictures that are longer than their file");
    for face in &faces {
        let _ = chip_portrait(face.bytes());
    }
    true
}

/// A chip's portrait.
pub fn chip_portrait(bytes: &[u8]) -> bool {
    let Ok(picture) = decode_portrait(bytes) else { return false };
    assert!(picture.as_bytes().len() as u64 <= code::picture::MAX_DECODE_BYTES, "a picture keeps its memory");
    let grey = bytes.starts_with(&[0xff, 0xd8]) || picture.width() * picture.height() <= 4_000_000;
    assert!(grey, "a portrait keeps its bounds");
    true
}

/// A master list of a country that is pinned.
pub fn chip_master_list(bytes: &[u8]) -> bool {
    let Ok(list) = CountrySigners::from_master_list(bytes, &[COUNTRY], read_at()) else { return false };
    assert!(list.signers.unusable() <= list.signers.len());
    true
}

/// A country's list of revoked certificates.
pub fn chip_revocations(bytes: &[u8]) -> bool {
    let later = "2026-11-24T12:00:00+08:00".parse().unwrap();
    COUNTRIES.clone().with_revocations(bytes, later).is_ok()
}

/// Files that a reader's software hands in, up to the proof that the chip is no copy.
pub fn chip_handed_in(bytes: &[u8]) -> bool {
    let Ok(handed) = HandedIn::read(bytes) else { return false };
    let nonce = Nonce::new(CHIP_NONCE);
    let Ok(reading) = handed.for_nonce(&nonce) else { return false };
    let again = HandedIn::write(&reading, &nonce).unwrap();
    let again = HandedIn::read(again.as_bytes()).unwrap().for_nonce(&nonce).unwrap();
    assert!(again == reading, "another reading when written again");
    let Ok(chip) = authenticate(&reading.files, &COUNTRIES, read_at()) else { return false };
    assert!(chip.lists(Group::MRZ) && chip.lists(Group::FACE), "a list without zone or face was believed");
    assert!(!format!("{chip:?}").contains(chip.zone().number()), "a number in a debug line");
    let offers = chip.lists(Group::ACTIVE);
    let Ok(original) = chip.prove_original(&nonce, reading.signature.as_deref()) else { return false };
    assert_eq!(offers, original.check() == CopyCheck::Original, "a copy passed");
    true
}
