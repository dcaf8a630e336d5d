//! Specimens of others: the German test chip of 2008 and files from tests of a reader.

use std::path::Path;

use chip::{
    ActiveKey, ChipFiles, Comparison, Contents, CountrySigners, DocumentDetails, Group, HolderDetails,
    SecurityInfos, authenticate, compare_unproven, listed_unproven, read_zone,
};

use super::{code, now};

fn hex_file(folder: &Path, name: &str) -> Vec<u8> {
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    hex::decode(text.split_whitespace().collect::<String>()).unwrap()
}

#[test]
fn the_german_specimens_hashes_match_and_its_signature_is_refused_for_its_curve() {
    let test = "the_german_specimens_hashes_match_and_its_signature_is_refused_for_its_curve";
    let Some(folder) = test_support::shared(test, "vectors/travel-documents/bsi2008") else { return };
    let file = |name| hex_file(&folder, name);
    let sod = file("ef_sod.hex");
    let listed: Vec<u8> = listed_unproven(&sod).unwrap().iter().map(|group| group.number()).collect();
    assert_eq!(listed, [1, 2, 3, 14]);
    for (group, name, expected) in [
        (Group::MRZ, "dg1.hex", Comparison::Same),
        (Group::SECURITY, "dg14.hex", Comparison::Same),
        // Its key for active authentication stands in no signed list: nobody may trust it.
        (Group::ACTIVE, "dg15.hex", Comparison::NotListed),
        (Group::MRZ, "dg14.hex", Comparison::Other),
    ] {
        assert_eq!(compare_unproven(&sod, group, &file(name)), Ok(expected), "{name}");
    }
    let files = ChipFiles::new(sod).unwrap().with(Group::MRZ, file("dg1.hex")).unwrap();
    let answer = authenticate(&files, &CountrySigners::default(), now());
    assert_eq!(code(answer), "chip_curve_unsupported");

    let zone = read_zone(&file("dg1.hex"), now().local_date()).unwrap();
    assert_eq!((zone.code(), zone.issuer(), zone.surname()), ("P", "D", "MUSTERMANN"));
    let security = SecurityInfos::read(&file("dg14.hex")).unwrap();
    assert!(security.chip_authentication && security.active.is_none());
    assert!(Contents::read(&file("ef_com.hex")).is_ok());
    assert!(matches!(ActiveKey::read(&file("dg15.hex")), Ok(ActiveKey::Rsa | ActiveKey::OtherCurve)));
}

#[test]
fn published_groups_say_what_their_page_says() {
    let test = "published_groups_say_what_their_page_says";
    let Some(folder) = test_support::shared(test, "vectors/travel-documents") else { return };
    let text = std::fs::read_to_string(folder.join("datagroups.json")).unwrap();
    let all: serde_json::Value = serde_json::from_str(&text).unwrap();
    let file = |name: &str| hex::decode(all[name].as_str().unwrap()).unwrap();
    let holder = HolderDetails::read(&file("dg11")).unwrap();
    assert_eq!(holder.name.as_deref(), Some("Test<<Tester"));
    assert_eq!(holder.birth.unwrap().date().unwrap().to_string(), "1970-12-01");
    assert_eq!(holder.birth_place.as_deref(), Some("Northampton"));
    let document = DocumentDetails::read(&file("dg12")).unwrap();
    assert_eq!(document.authority.as_deref(), Some("TESTER"));
    assert_eq!(document.issued.unwrap().date().unwrap().to_string(), "2018-03-26");
    assert_eq!(ActiveKey::read(&file("dg15_ecdsa_explicit_params")), Ok(ActiveKey::OtherCurve));
    let contents = Contents::read(&file("ef_com")).unwrap();
    assert_eq!((contents.lds_version.as_str(), contents.unicode_version.as_str()), ("0107", "040000"));
    let groups: Vec<u8> = contents.groups.iter().map(|group| group.number()).collect();
    assert_eq!(groups, [1, 2, 3, 7, 11, 12, 14, 15]);
}
