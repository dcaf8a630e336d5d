//! Copies: a chip proves that it is none, or its document says why not; how files come out of a reader and out of a JSON text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chip::{
    ChipReading, CopyCheck, FileId, Group, HandedIn, MAX_HANDED_IN, Nonce, SimulatedChip, authenticate,
    read_chip,
};
use test_support::chip::{ChipKey, Scheme, Specimen, com, dg14};

use test_support::der::{der, oid};

use super::{Issued, countries, files, now};

const NONCE: Nonce = Nonce::new([0xa5; 8]);

/// The document in a simulated reader, its chip with this key.
fn laid_down(specimen: &Specimen, key: Option<ChipKey>) -> SimulatedChip {
    let mut chip = SimulatedChip::default().with(FileId::Sod, specimen.sod.clone()).with(FileId::Com, com());
    for (number, file) in &specimen.groups {
        chip = chip.with(FileId::Group(Group::new(*number).unwrap()), file.clone());
    }
    match key {
        Some(key) => chip.signing(move |nonce| key.sign(nonce)),
        None => chip,
    }
}

fn judged(issued: &Issued, reading: &ChipReading) -> &'static str {
    let chip = authenticate(&reading.files, &countries(&issued.country), now()).unwrap();
    match chip.prove_original(&NONCE, reading.signature.as_deref()) {
        Ok(original) => match original.check() {
            CopyCheck::Original => "original",
            CopyCheck::NotOffered => "not offered",
        },
        Err(error) => error.code(),
    }
}

#[test]
fn a_chip_in_a_reader_proves_that_it_is_no_copy_and_a_copy_does_not() {
    let issued = Issued::new();
    let read = |mut chip: SimulatedChip| judged(&issued, &read_chip(&mut chip, &NONCE).unwrap());
    let specimen = &issued.specimen;
    let key = || ChipKey::new(Scheme::P256);
    // Every file copied, the key left where it is.
    assert_eq!(read(laid_down(specimen, None)), "chip_active_authentication_missing");
    assert_eq!(read(laid_down(specimen, Some(key()))), "chip_active_authentication_failed");
    // The copy leaves out the file that gives it away: the signed list still names it.
    let mut without = files(&specimen.sod, &specimen.groups);
    without = without
        .groups()
        .filter(|(group, _)| *group != Group::ACTIVE)
        .fold(chip::ChipFiles::new(specimen.sod.clone()).unwrap(), |files, (group, file)| {
            files.with(group, file.to_vec()).unwrap()
        });
    let reading = ChipReading { files: without, signature: Some(specimen.key.sign(NONCE.as_bytes())) };
    assert_eq!(judged(&issued, &reading), "chip_active_authentication_missing");
}

#[test]
fn what_the_chip_signed_counts_for_this_nonce_alone() {
    let issued = Issued::new();
    let files = issued.files();
    let signed = |signature: Vec<u8>| {
        judged(&issued, &ChipReading { files: files.clone(), signature: Some(signature) })
    };
    let honest = issued.specimen.key.sign(NONCE.as_bytes());
    assert_eq!(signed(honest.clone()), "original");
    assert_eq!(signed(issued.specimen.key.sign(&[0; 8])), "chip_active_authentication_failed");
    assert_eq!(signed(honest[..63].to_vec()), "chip_active_authentication_failed");
    assert_eq!(signed([honest.as_slice(), &[0]].concat()), "chip_active_authentication_failed");
    assert_eq!(signed(vec![0; 64]), "chip_active_authentication_failed");
    assert_eq!(signed(Vec::new()), "chip_active_authentication_failed");
    for at in 0..honest.len() {
        let mut changed = honest.clone();
        changed[at] ^= 1;
        assert_eq!(signed(changed), "chip_active_authentication_failed", "byte {at}");
    }
}

#[test]
fn a_key_or_an_algorithm_that_is_not_verified_here_says_so() {
    let issued = Issued::new();
    let rsa = ChipKey::new(Scheme::Rsa).dg15();
    for (number, file, expected) in [
        (15, rsa, "chip_active_authentication_unsupported"),
        (15, explicit_curve(), "chip_active_authentication_unsupported"),
        (14, dg14(1), "chip_active_authentication_algorithm"),
        (14, dg14(9), "chip_active_authentication_algorithm"),
        // A hash longer than the key.
        (14, dg14(5), "chip_active_authentication_algorithm"),
        (14, vec![0x6e, 2, 0x31, 0], "chip_active_authentication_algorithm"),
    ] {
        let mut groups = issued.specimen.groups.clone();
        groups.insert(number, file);
        let sod = Specimen::signed(&groups, &issued.signer);
        let signature = Some(issued.specimen.key.sign(NONCE.as_bytes()));
        let reading = ChipReading { files: files(&sod, &groups), signature };
        assert_eq!(judged(&issued, &reading), expected, "DG{number}");
    }
    let mut groups = issued.specimen.groups.clone();
    groups.remove(&15);
    let sod = Specimen::signed(&groups, &issued.signer);
    let reading = ChipReading { files: files(&sod, &groups), signature: None };
    assert_eq!(judged(&issued, &reading), "not offered");
}

/// DG15 with the parameters of its curve written out, where a named curve stands.
fn explicit_curve() -> Vec<u8> {
    let algorithm = [oid(&[1, 2, 840, 10045, 2, 1]), der(&[0x30], &der(&[0x02], &[1]))].concat();
    let key = [der(&[0x30], &algorithm), der(&[0x03], &[0, 4])].concat();
    der(&[0x6f], &der(&[0x30], &key))
}

#[test]
fn a_reader_that_fails_has_its_code_and_no_more_is_read_than_a_file_has() {
    let issued = Issued::new();
    let whole: usize =
        issued.specimen.groups.values().map(Vec::len).sum::<usize>() + issued.specimen.sod.len();
    let read = |mut chip: SimulatedChip| match read_chip(&mut chip, &NONCE) {
        Ok(reading) => judged(&issued, &reading),
        Err(error) => error.code(),
    };
    for left in [0, 1, 100, 1000, whole - 1] {
        assert_eq!(read(laid_down(&issued.specimen, None).gone_after(left)), "chip_gone", "{left}");
    }
    assert_eq!(
        read(laid_down(&issued.specimen, None).gone_after(whole + 2 * 223)),
        "chip_active_authentication_missing"
    );
    assert_eq!(read(SimulatedChip::default()), "chip_not_there");
    let broken = |sod: &[u8]| read(SimulatedChip::default().with(FileId::Sod, sod.to_vec()));
    assert_eq!(broken(&[]), "chip_answer");
    assert_eq!(broken(&[0x77, 0x82, 0x10, 0]), "chip_answer");
    assert_eq!(broken(&[0x77, 0x83, 0x10, 0, 0]), "chip_file_too_long");
    assert_eq!(broken(&[0xff; 300]), "chip_file_malformed");
    assert_eq!(broken(&[0x77, 1, 0]), "chip_file_malformed");
    // Bytes after a file, which some chips give: they are none of it.
    let longer = [issued.specimen.groups[&1].as_slice(), &[0; 40]].concat();
    let chip = laid_down(&issued.specimen, None).with(FileId::Group(Group::MRZ), longer);
    assert_eq!(read(chip), "chip_active_authentication_missing");
}

fn text(issued: &Issued, more: &[(&str, String)]) -> String {
    let mut fields = vec![("sod".to_owned(), STANDARD.encode(&issued.specimen.sod))];
    for (number, file) in &issued.specimen.groups {
        fields.push((format!("dg{number}"), STANDARD.encode(file)));
    }
    fields.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("\"{name}\":\"{value}\"")).collect();
    format!("{{{}}}", fields.join(","))
}

#[test]
fn files_that_a_readers_software_hands_in_are_the_same_files() {
    let issued = Issued::new();
    let proof = [
        ("nonce", STANDARD.encode(NONCE.as_bytes())),
        ("signature", STANDARD.encode(issued.specimen.key.sign(NONCE.as_bytes()))),
        ("com", STANDARD.encode(com())),
    ];
    let handed = HandedIn::read(text(&issued, &proof).as_bytes()).unwrap();
    assert_eq!(handed.files().com(), Some(com().as_slice()));
    assert_eq!(judged(&issued, &handed.clone().for_nonce(&NONCE).unwrap()), "original");
    // A signature of another day.
    let error = handed.for_nonce(&Nonce::new([0; 8])).unwrap_err();
    assert_eq!(error.code(), "chip_handed_in_nonce");
    let bare = HandedIn::read(text(&issued, &[]).as_bytes()).unwrap().for_nonce(&NONCE).unwrap();
    assert_eq!(judged(&issued, &bare), "chip_active_authentication_missing");
}

#[test]
fn a_reading_that_is_written_is_the_same_reading_elsewhere() {
    let issued = Issued::new();
    let key = ChipKey::new(Scheme::P256);
    for chip in [laid_down(&issued.specimen, Some(key)), laid_down(&issued.specimen, None)] {
        let mut chip = chip;
        let reading = read_chip(&mut chip, &NONCE).unwrap();
        let text = HandedIn::write(&reading, &NONCE).unwrap();
        assert!(text.len() <= MAX_HANDED_IN);
        let again = HandedIn::read(text.as_bytes()).unwrap().for_nonce(&NONCE).unwrap();
        assert!(again == reading);
    }
    let sod = chip::ChipFiles::new(issued.specimen.sod.clone()).unwrap();
    assert!(HandedIn::write(&ChipReading { files: sod, signature: None }, &NONCE).is_none());
}

#[test]
fn a_text_that_is_not_in_the_form_is_refused_with_its_code() {
    let issued = Issued::new();
    let text = |more: &[(&str, String)]| text(&issued, more);
    let honest = text(&[]);
    let long = STANDARD.encode(vec![0; 600 * 1024]);
    for (name, text, expected) in [
        ("empty", String::new(), "chip_handed_in_form"),
        ("no object", "[]".to_owned(), "chip_handed_in_form"),
        ("nothing in it", "{}".to_owned(), "chip_handed_in_form"),
        ("bytes after it", format!("{honest} 1"), "chip_handed_in_form"),
        ("a field nobody knows", text(&[("dg3", "AA==".to_owned())]), "chip_handed_in_form"),
        ("a field twice", text(&[("dg1", "AA==".to_owned())]), "chip_handed_in_form"),
        ("no DG2", honest.replace("\"dg2\"", "\"dg3\""), "chip_handed_in_form"),
        ("no Base64", text(&[("com", "A===".to_owned())]), "chip_handed_in_base64"),
        ("Base64 without padding", text(&[("com", "AA".to_owned())]), "chip_handed_in_base64"),
        ("Base64 with a bit too many", text(&[("com", "AB==".to_owned())]), "chip_handed_in_base64"),
        ("a nonce alone", text(&[("nonce", STANDARD.encode([0; 8]))]), "chip_handed_in_proof"),
        ("a signature alone", text(&[("signature", STANDARD.encode([0; 8]))]), "chip_handed_in_proof"),
        (
            "a short nonce",
            text(&[("nonce", STANDARD.encode([0; 7])), ("signature", STANDARD.encode([0; 64]))]),
            "chip_handed_in_proof",
        ),
        ("a long file", text(&[("com", long)]), "chip_file_too_long"),
        ("a long text", format!("{honest}{}", " ".repeat(MAX_HANDED_IN)), "chip_handed_in_too_long"),
    ] {
        let error = HandedIn::read(text.as_bytes()).unwrap_err();
        assert_eq!(error.code(), expected, "{name}");
        assert!(error.to_string().len() > 20);
    }
}
