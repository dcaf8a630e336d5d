//! Chips at a lane by document: a mainland resident's permit at Macao, which holds no portrait of them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use credential::message::Outcome;
use credential::page::{Page, chip_nonce};
use documents::{DocumentNumber, Side, check_digit};
use test_support::chip::{
    ChipKey, Country, Envelope, Hash, HashList, Scheme, Signer, Specimen, dg1, dg2, dg14, portrait, sod,
};

use crate::bay::{Bay, RECORD, bay, country, in_memory, photographs};
use crate::cards::{Laid, ask, by_officer, drawn, lay, probe, typed};
use crate::http::MORNING;

/// A zone in DG1 with this number.
fn zone(number: &str) -> String {
    let digit = |field: &str| check_digit(field).unwrap();
    let (birth, expiry) = ("910506", "300101");
    let one = format!("CSCHN{number}{}{}", digit(number), "<".repeat(15));
    let two = format!("{birth}{}F{expiry}{}CHN{}", digit(birth), digit(expiry), "<".repeat(11));
    let all = [&one[5..30], &two[..7], &two[8..15], &two[18..29]].concat();
    format!("{one}{two}{}SPECIMEN<<LI<NA<<<<<<<<<<<<<<<", digit(&all))
}

fn groups(photo: &[u8]) -> BTreeMap<u8, Vec<u8>> {
    BTreeMap::from([(1, dg1(&zone(crate::bay::NUMBER))), (2, dg2(&[(0, photo)]))])
}

/// The text that a reader's software hands in.
fn text(sod: &[u8], groups: &BTreeMap<u8, Vec<u8>>, proof: Option<([u8; 8], Vec<u8>)>) -> Vec<u8> {
    let mut fields = serde_json::Map::new();
    fields.insert("sod".to_owned(), STANDARD.encode(sod).into());
    fields.extend(groups.iter().map(|(n, file)| (format!("dg{n}"), STANDARD.encode(file).into())));
    if let Some((nonce, signature)) = proof {
        fields.insert("nonce".to_owned(), STANDARD.encode(nonce).into());
        fields.insert("signature".to_owned(), STANDARD.encode(signature).into());
    }
    serde_json::Value::Object(fields).to_string().into_bytes()
}

fn page(number: &str, files: Vec<u8>) -> Page {
    let day = |text: &str| Some(text.parse().unwrap());
    let number = DocumentNumber::recognise(number).unwrap();
    Page::of_chip(number, day(crate::bay::BIRTH), day("2030-01-01"), files).unwrap()
}

fn signer() -> Signer {
    country().signer(Scheme::P256)
}

/// What Macao answers on its entry: the outcome and its code.
async fn entry(bay: &Bay, laid: &Laid) -> (Outcome, String) {
    let (_, verdict, code) = ask(bay, laid, Side::Entry).await;
    (verdict.outcome, code)
}

/// A day at Hengqin, the holder's photograph, their probe and another's.
async fn day(test: &str) -> Option<(Bay, Vec<u8>, Vec<u8>, Vec<u8>)> {
    let (photo, live, other) = photographs(test)?;
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    // In the size of a chip's portrait.
    let small = |file: &[u8]| {
        let picture = image::load_from_memory(file).unwrap().thumbnail(480, 640).into_rgb8();
        let mut bytes = std::io::Cursor::new(Vec::new());
        picture.write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
        bytes.into_inner()
    };
    Some((bay, small(&photo), probe(&live), probe(&other)))
}

fn laid(files: Vec<u8>, probe: &[u8]) -> Laid {
    lay(typed(crate::bay::NUMBER, crate::bay::BIRTH), page(crate::bay::NUMBER, files), probe.to_vec())
}

#[tokio::test]
async fn a_permit_whose_chip_and_portrait_are_proven_is_admitted_without_an_officer_and_nobody_elses_face_is()
{
    let Some((bay, photo, live, other)) = day("a_permit_whose_chip_and_portrait_are_proven").await else {
        return;
    };
    let groups = groups(&photo);
    let files = text(&Specimen::signed(&groups, &signer()), &groups, None);
    assert_eq!(entry(&bay, &laid(files.clone(), &other)).await, (Outcome::Refer, "face_mismatch".to_owned()));
    let absent = entry(&bay, &laid(files.clone(), &[])).await;
    assert_eq!(absent, (Outcome::Verify(by_officer()), "face_absent".to_owned()), "the equal path");
    let own = laid(files, &live);
    assert_eq!(ask(&bay, &own, Side::Exit).await.2, "admitted", "the mainland by its own registry");
    assert_eq!(entry(&bay, &own).await, (Outcome::Admit, "admitted".to_owned()));
}

#[tokio::test]
async fn what_is_wrong_with_a_chip_refuses_and_what_cannot_be_told_of_it_is_an_officers() {
    let Some((bay, photo, live, _)) = day("what_is_wrong_with_a_chip").await else { return };
    let groups = groups(&photo);
    let honest = Specimen::signed(&groups, &signer());
    let with = |n: u8, file: Vec<u8>| {
        let mut changed = groups.clone();
        changed.insert(n, file);
        changed
    };
    let omitted = {
        let only = BTreeMap::from([(1, groups[&1].clone())]);
        sod(&Envelope::honest().sign(&HashList::of(&only, Hash::Sha256).to_der(), &signer()))
    };
    let expired = {
        let mut shape = country().shape();
        shape.validity = [(2021, 1, 1), (2022, 1, 1)];
        Specimen::signed(&groups, &country().signer_like(Scheme::P256, &shape))
    };
    let stranger = Specimen::signed(&groups, &Country::new("UT", Scheme::P256).signer(Scheme::P256));
    let forged = Specimen::signed(&groups, &Country::new("CN", Scheme::P256).signer(Scheme::P256));
    let faceless = with(2, dg2(&[(0, &portrait(90))]));
    let brainpool = include_bytes!("../../../chip/tests/files/sod-brainpool.bin");
    let refer = Outcome::Refer;
    let officer = Outcome::Verify(by_officer());
    for (code, outcome, files) in [
        ("chip_group_hash", &refer, text(&honest, &with(2, dg2(&[(0, &portrait(90))])), None)),
        ("chip_group_not_listed", &refer, text(&honest, &with(14, dg14(3)), None)),
        ("chip_hash_list_omits", &refer, text(&omitted, &groups, None)),
        ("chip_signer_expired", &refer, text(&expired, &groups, None)),
        ("chip_signer_forged", &refer, text(&forged, &groups, None)),
        ("chip_handed_in_form", &refer, b"{}".to_vec()),
        ("chip_country_signer_unknown", &officer, text(&stranger, &groups, None)),
        ("chip_curve_unsupported", &officer, text(brainpool, &groups, None)),
        ("chip_face_image", &officer, text(&Specimen::signed(&faceless, &signer()), &faceless, None)),
    ] {
        let answer = entry(&bay, &laid(files, &live)).await;
        assert_eq!(answer, (outcome.clone(), code.to_owned()), "row {code}");
    }
    // The files of one document under the number of another.
    let mut lent = laid(text(&honest, &groups, None), &live);
    lent.entry = page("CA7654321", text(&honest, &groups, None));
    assert_eq!(entry(&bay, &lent).await, (Outcome::Refer, "page_mismatch".to_owned()));
}

#[tokio::test]
async fn a_copied_chip_is_looked_at_and_one_that_signs_this_clearances_nonce_is_not() {
    let Some((bay, photo, live, _)) = day("a_copied_chip").await else { return };
    let key = ChipKey::new(Scheme::P256);
    let mut groups = groups(&photo);
    groups.extend([(14, dg14(3)), (15, key.dg15())]);
    let signed = Specimen::signed(&groups, &signer());
    let clearance = drawn();
    let nonce = chip_nonce(&clearance);
    let of_another = chip_nonce(&drawn());
    let officer = (Outcome::Verify(by_officer()), "chip_active_authentication_missing".to_owned());
    for (row, proof, expected) in [
        ("files alone", None, officer.clone()),
        ("a signature of another clearance", Some((of_another, key.sign(&of_another))), officer),
        (
            "another key's signature",
            Some((nonce, ChipKey::new(Scheme::P256).sign(&nonce))),
            (Outcome::Refer, "chip_active_authentication_failed".to_owned()),
        ),
        ("the chip itself", Some((nonce, key.sign(&nonce))), (Outcome::Admit, "admitted".to_owned())),
    ] {
        let laid = Laid { clearance, showing: drawn(), ..laid(text(&signed, &groups, proof), &live) };
        assert_eq!(entry(&bay, &laid).await, expected, "row {row}");
    }
}
