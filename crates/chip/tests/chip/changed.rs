//! Every byte of a chip, changed: in a group it is refused, in EF.SOD nothing of another meaning is ever believed.

use std::collections::BTreeMap;

use chip::{AuthenticChip, authenticate};
use proptest::prelude::*;

use super::{Issued, code, countries, files, now};

#[test]
fn one_changed_byte_in_any_group_is_refused() {
    let issued = Issued::new();
    let countries = countries(&issued.country);
    for (number, file) in &issued.specimen.groups {
        for at in 0..file.len() {
            for bit in [0x01, 0x80] {
                let mut groups = issued.specimen.groups.clone();
                groups.get_mut(number).unwrap()[at] ^= bit;
                let answer = authenticate(&files(&issued.specimen.sod, &groups), &countries, now());
                assert_eq!(code(answer), "chip_group_hash", "DG{number}, byte {at}, {bit:02x}");
            }
        }
    }
}

/// What a reading says, all of it.
fn said(chip: &AuthenticChip) -> (String, Vec<Vec<u8>>, Option<i64>, Vec<bool>) {
    let groups = (1..=16).filter_map(chip::Group::new).map(|group| chip.lists(group)).collect();
    let faces = chip.faces().iter().map(|face| face.bytes().to_vec()).collect();
    let zone = format!("{} {} {}", chip.country(), chip.zone().number(), chip.zone().surname());
    (zone, faces, chip.signed_at().map(documents::Timestamp::unix), groups)
}

#[test]
fn one_changed_byte_in_the_signed_list_is_refused_or_means_the_same() {
    let issued = Issued::new();
    let countries = countries(&issued.country);
    let honest = issued.read().unwrap();
    let (mut believed, mut codes) = (0, BTreeMap::<&str, usize>::new());
    for at in 0..issued.specimen.sod.len() {
        for bit in 0..8 {
            let mut sod = issued.specimen.sod.clone();
            sod[at] ^= 1 << bit;
            match authenticate(&files(&sod, &issued.specimen.groups), &countries, now()) {
                Ok(chip) => {
                    assert_eq!(said(&chip), said(&honest), "byte {at}, bit {bit}");
                    believed += 1;
                }
                Err(error) => *codes.entry(error.code()).or_default() += 1,
            }
        }
    }
    println!("{believed} of {} changes mean the same; refused: {codes:?}", 8 * issued.specimen.sod.len());
    // Unsigned and unused: the version of the envelope, the list of digest algorithms, letters of a name in the other case.
    assert!(believed < 400, "{believed} changes are believed");
    for expected in ["chip_signed_hash", "chip_signature", "chip_signed_malformed", "chip_signer_forged"] {
        assert!(codes.contains_key(expected), "{expected}: {codes:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn cut_joined_and_mixed_files_never_panic_and_never_pass(
        cuts in prop::collection::vec((0_usize..7, any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let issued = ISSUED.with(Clone::clone);
        let mut sod = issued.specimen.sod.clone();
        let mut groups = issued.specimen.groups.clone();
        for (which, at, byte) in cuts {
            let numbers: Vec<u8> = groups.keys().copied().collect();
            let file = numbers.get(which).and_then(|number| groups.get_mut(number)).unwrap_or(&mut sod);
            if file.is_empty() { continue; }
            let at = at.index(file.len());
            match byte % 3 {
                0 => file.truncate(at),
                1 => file.insert(at, byte),
                _ => file[at] = file[at].wrapping_add(byte | 1),
            }
        }
        let changed = groups != issued.specimen.groups;
        let answer = authenticate(&files(&sod, &groups), &countries(&issued.country), now());
        prop_assert!(!(changed && answer.is_ok()));
    }
}

thread_local! {
    static ISSUED: std::rc::Rc<Issued> = std::rc::Rc::new(Issued::new());
}
