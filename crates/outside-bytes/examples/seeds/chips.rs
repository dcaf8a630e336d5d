//! Seeds of chips: documents of a country that is made up with them.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use outside_bytes::CHIP_NONCE;
use test_support::chip::{
    Country, Envelope, Hash, HashList, Scheme, SignerShape, Specimen, dg2, master_list, portrait, sod,
};

use super::{cut, longer, put, put_with_misses};

/// Writes them, and the country's certificate.
pub fn chips() {
    let country = Country::new("UT", Scheme::P256);
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/specimen-country.der");
    std::fs::write(data, country.certificate()).unwrap();
    let signer = country.signer(Scheme::P256);
    let specimen = Specimen::new(&signer, &portrait(120));

    put_with_misses("chip_sod", "honest", &specimen.sod);
    let list = HashList::of(&specimen.groups, Hash::Sha512);
    let envelope = Envelope { attributes: false, by_key_identifier: true, ..Envelope::honest() };
    put(
        "chip_sod",
        "ok-no-attributes",
        sod(&envelope.sign(&HashList { version: 1, ..list }.to_der(), &signer)),
    );
    let rsa = country.signer(Scheme::RsaPss);
    put("chip_sod", "ok-rsa-pss", Specimen::signed(&specimen.groups, &rsa));
    let twice = Envelope { signers: 2, ..Envelope::honest() };
    put("chip_sod", "no-two-signers", sod(&twice.sign(&[0x30, 0], &signer)));
    let other = Country::new("UT", Scheme::P256).signer(Scheme::P256);
    put("chip_sod", "no-other-country", Specimen::signed(&specimen.groups, &other));

    put_with_misses("chip_face", "jpeg", &dg2(&[(0, &portrait(1))]));
    let files = test_support::root().join("crates/code/tests/files");
    let file = |name: &str| std::fs::read(files.join(name)).unwrap();
    let (container, stream) = (file("rgb-lossless.jp2"), file("grey-layers.j2k"));
    put("chip_face", "ok-jpeg-2000", dg2(&[(1, &container), (1, &stream)]));
    put("chip_face", "no-other-format", dg2(&[(0, &container)]));
    for name in ["rgb-lossless.jp2", "rgb-lossy.jp2", "rgb-tiles.j2k", "grey-layers.j2k"] {
        put("chip_portrait", &format!("ok-{name}"), file(name));
    }
    put("chip_portrait", "ok-jpeg", portrait(7));
    put("chip_portrait", "no-cut", cut(&container));
    put("chip_portrait", "no-format", b"GIF89a");

    let signs_lists =
        country.signer_like(Scheme::P256, &SignerShape { signs_lists: true, ..country.shape() });
    let list = master_list(&[country.certificate(), signer.certificate()], &signs_lists);
    put_with_misses("chip_master_list", "honest", &list);
    put("chip_master_list", "no-signer", master_list(&[country.certificate()], &signer));
    put_with_misses("chip_revocations", "honest", &country.revokes(&[7, 9], (2027, 1, 1)));
    put("chip_revocations", "ok-none", country.revokes(&[], (2027, 1, 1)));

    // Small enough for a seed: the three groups that count.
    let groups: BTreeMap<u8, Vec<u8>> = specimen
        .groups
        .iter()
        .filter(|(number, _)| ![11, 12].contains(*number))
        .map(|(n, f)| (*n, f.clone()))
        .collect();
    let text = |sod: &[u8], signature: &[u8]| {
        let field = |name: &str, bytes: &[u8]| format!("\"{name}\":\"{}\"", STANDARD.encode(bytes));
        let mut fields = vec![field("sod", sod), field("nonce", &CHIP_NONCE), field("signature", signature)];
        fields.extend(groups.iter().map(|(number, file)| field(&format!("dg{number}"), file)));
        format!("{{{}}}", fields.join(","))
    };
    let signed = Specimen::signed(&groups, &signer);
    let honest = text(&signed, &specimen.key.sign(&CHIP_NONCE));
    put("chip_handed_in", "ok-honest", &honest);
    put("chip_handed_in", "no-honest-cut", cut(honest.as_bytes()));
    put("chip_handed_in", "no-honest-longer", longer(honest.as_bytes()));
    put("chip_handed_in", "no-other-nonce-signed", text(&signed, &specimen.key.sign(&[0; 8])));
    put("chip_handed_in", "no-other-list", text(&specimen.sod, &[]));
}
