//! `baypass bench presentation`: a presentation of a wallet of others, in both forms, verified beside the raw signature verifications that
//! it cannot do without, in one run.
//!
//! Lives here: an issuer, a holder and what they show, the measurements. Not here: what is measured (`openid4vc`). Only the ratio has a
//! bar; times are those of this machine.

use std::hint::black_box;

use clap::Args;
use credential::jose::Jwk;
use credential::sd_cwt::Value as Element;
use credential::x5c::{CertificateAnchors, first_of_pem};
use credential::{SigningKey, random_array};
use documents::Timestamp;
use openid4vc::mdoc::{self, NameSpace, SessionTranscript, Validity};
use openid4vc::sd_jwt::{self, Member};
use serde::Serialize;
use transport::{IssuerRoot, SignerUse};

use super::{Setup, Signed, rounded};
use crate::Ended;
use crate::command::Output;
use crate::failure::{self, Failure};

/// A presentation may take so much longer than its three verifications: of certificate, issuer and holder.
const RATIO_BAR: f64 = 1.3;
/// Calls that warm caches and clock rate and are not counted.
const WARM_UP: usize = 200;
const ROUNDS: usize = 3_000;
const VCT: &str = "urn:bench:identity:1";
const DOCTYPE: &str = "org.iso.23220.photoID.1";
const NAME_SPACE: &str = "org.iso.23220.1";
const AUDIENCE: &str = "x509_hash:bench";
const NONCE: &str = "bench-nonce-of-some-length";
/// What is shown: names and texts, as an identity card has them.
const CLAIMS: [(&str, &str); 6] = [
    ("family_name", "SPECIMEN"),
    ("given_name", "TAI MAN"),
    ("birth_date", "1990-05-06"),
    ("document_number", "A1234563"),
    ("document_kind", "hkid"),
    ("issuing_country", "HK"),
];

#[derive(Serialize)]
struct PresentationReport {
    forms: Vec<FormFigure>,
    bar: f64,
    rounds: usize,
    holds: bool,
}

#[derive(Serialize)]
struct FormFigure {
    form: &'static str,
    bytes: usize,
    claims: usize,
    raw_us: f64,
    verify_us: f64,
    ratio: f64,
    holds: bool,
}

/// What `bench presentation` takes.
#[derive(Args)]
pub struct PresentationArgs {
    #[command(flatten)]
    output: Output,
}

/// Runs `bench presentation`.
pub fn run(args: &PresentationArgs) -> Result<Ended, Failure> {
    let report = report().map_err(|error| Failure::of(&*error))?;
    if args.output.json {
        failure::print_json(&report)?;
    } else {
        let line = |one: &FormFigure| {
            format!(
                "{:<10} {} claims, {} bytes: {} us beside {} us of three raw verifications, ratio {} (bar {RATIO_BAR}){}\n",
                one.form,
                one.claims,
                one.bytes,
                one.verify_us,
                one.raw_us,
                one.ratio,
                if one.holds { "" } else { " MISSED" }
            )
        };
        failure::print(&report.forms.iter().map(line).collect::<String>())?;
    }
    Ok(if report.holds { Ended::Done } else { Ended::BarMissed })
}

fn report() -> Setup<PresentationReport> {
    let now: Timestamp = "2026-03-02T10:00:00+08:00".parse()?;
    let [root_key, signer, device] =
        [SigningKey::generate()?, SigningKey::generate()?, SigningKey::generate()?];
    let root = IssuerRoot::new("Bench root".to_owned(), "HK", &root_key)?;
    let days = (now.local_date().plus_days(-1), now.local_date().plus_days(30));
    let anchor = first_of_pem(&root.certificate(days.0, days.1)?.0)?;
    let hosts = ["issuer.example".to_owned()];
    let leaf = first_of_pem(&root.certify("Bench", &hosts, &signer, SignerUse::DocumentSigner, days)?.0)?;
    let anchors = CertificateAnchors::from_der([anchor.as_slice()])?;
    let expires = now.plus_seconds(86_400);

    let holder = Jwk::of(device.public(), None)?;
    let members = CLAIMS.map(|(name, text)| Member::disclosable(name, text));
    let credential = sd_jwt::Credential {
        vct: VCT,
        vct_integrity: None,
        holder: Some(&holder),
        issued: Some(now),
        not_before: None,
        expires: Some(expires),
        status: None,
        claims: &members,
    };
    let compact = sd_jwt::issue(&credential, &signer, std::slice::from_ref(&leaf), &mut random_array)?;
    let held = sd_jwt::Held::receive(&compact, &anchors, device.public(), now)?;
    let to = sd_jwt::Presentation { audience: AUDIENCE, nonce: NONCE, made: now };
    let all: Vec<usize> = (0..CLAIMS.len()).collect();
    let shown = held.present(&all, to, &device)?;
    let expected = sd_jwt::Expected {
        anchors: &anchors,
        audience: AUDIENCE,
        nonce: NONCE,
        binding_required: true,
        now,
        metadata: &[],
    };
    let keys = [&root_key, &signer, &device];
    // The issuer signs what it issued, without disclosures; the holder signs a hash of what is shown.
    let signed = compact.split('~').next().unwrap_or_default().len();
    let sd_jwt = beside("SD-JWT VC", shown.len(), (keys, [leaf.len(), signed, 256]), || {
        black_box(sd_jwt::verify(black_box(&shown), &expected)?);
        Ok(())
    })?;

    let elements =
        CLAIMS.map(|(name, text)| (name.to_owned(), Element::Text(text.to_owned()))).into_iter().collect();
    let name_spaces = [NameSpace { name: NAME_SPACE.to_owned(), elements }];
    let credential = mdoc::Credential {
        doc_type: DOCTYPE,
        name_spaces: &name_spaces,
        device: device.public(),
        validity: Validity { signed: now, from: now, until: expires },
        status: None,
    };
    let issued = mdoc::issue(&credential, &signer, std::slice::from_ref(&leaf), &mut random_array)?;
    let held = mdoc::Held::receive(&issued, &anchors, device.public(), now)?;
    let transcript = SessionTranscript::redirect(AUDIENCE, NONCE, Some(&[7; 32]), "https://verifier.example");
    let shown = held.present(|_, _| true, &transcript, &device)?;
    let expected = mdoc::Expected { anchors: &anchors, transcript: &transcript, reader: None, now };
    let mdoc = beside("mdoc", shown.len(), (keys, [leaf.len(), 768, 256]), || {
        black_box(mdoc::verify(black_box(&shown), &expected)?);
        Ok(())
    })?;
    let holds = sd_jwt.holds && mdoc.holds;
    Ok(PresentationReport { forms: vec![sd_jwt, mdoc], bar: RATIO_BAR, rounds: ROUNDS, holds })
}

/// A whole verification and its three raw ones, in turn; `signed`: how much each key signs, in bytes.
fn beside(
    form: &'static str,
    bytes: usize,
    (keys, signed): ([&SigningKey; 3], [usize; 3]),
    whole: impl FnMut() -> Setup<()>,
) -> Setup<FormFigure> {
    let signed = keys.into_iter().zip(signed).map(|(key, bytes)| Signed::new(key, bytes));
    let signed = signed.collect::<Setup<Vec<_>>>()?;
    let (raw_us, verify_us) = super::beside(&signed, (WARM_UP, ROUNDS), whole)?;
    let ratio = verify_us / raw_us;
    Ok(FormFigure {
        form,
        bytes,
        claims: CLAIMS.len(),
        raw_us: rounded(raw_us),
        verify_us: rounded(verify_us),
        ratio: rounded(ratio),
        holds: ratio <= RATIO_BAR,
    })
}
