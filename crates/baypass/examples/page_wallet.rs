//! Page wallet: what answers a page's call of the Digital Credentials API, as JSON lines, for the tests of the counter's page: an identity card
//! in both forms, of an issuer that is not ours.
//!
//! `page_wallet READERS` writes `{"certificate"}` of its issuer, which a desk is to pin. Then it reads a line for each call, `{"protocol",
//! "data", "origin"}` as the browser knows them, and gives what the page gets, `{"protocol", "data"}`, or `{"refused"}` with the reason.
//! READERS is a file of certificates (PEM) of who may ask; it is read for each call.

#![expect(clippy::unwrap_used, reason = "a wallet of tests: what it cannot read ends it, and fails the test")]

use std::io::{self, BufRead as _, Write as _};

use credential::jose::Jwk;
use credential::x5c::{CertificateAnchors, first_of_pem};
use credential::{SigningKey, random_array};
use documents::Timestamp;
use gate::{Clock as _, SystemClock};
use openid4vc::dcql::Candidate;
use openid4vc::issuance::CredentialSort;
use openid4vc::mdoc::{self, NameSpace, Validity, Value as Element};
use openid4vc::presentation::{Asked, Context, HeldCredential, OPENID_SIGNED, SELF_ISSUED};
use openid4vc::sd_jwt::{self, Member};
use serde_json::{Value, json};
use transport::{IssuerRoot, SignerUse};

#[path = "../../openid4vc/tests/openid4vc/iso_holder.rs"]
mod iso_holder;

use iso_holder::Handed;

/// What the card says, by the names of both forms.
const CARD: [(&str, &str); 5] = [
    ("family_name", "SPECIMEN"),
    ("given_name", "PAGE WONG"),
    ("birth_date", "1988-08-08"),
    ("document_kind", "home_return_permit"),
    ("document_number", "H87654321"),
];

struct Wallet {
    device: SigningKey,
    sd_jwt: sd_jwt::Held,
    mdoc: mdoc::Held,
}

fn main() {
    let readers = std::env::args().nth(1).unwrap();
    let (certificate, wallet) = Wallet::new(SystemClock.now());
    let mut out = io::stdout().lock();
    writeln!(out, "{}", json!({ "certificate": certificate })).unwrap();
    for line in io::stdin().lock().lines() {
        let called: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let anchors = CertificateAnchors::from_pem(&std::fs::read_to_string(&readers).unwrap()).unwrap();
        let said = wallet.answer(&called, &anchors, SystemClock.now());
        writeln!(out, "{}", said.unwrap_or_else(|reason| json!({ "refused": reason }))).unwrap();
        out.flush().unwrap();
    }
}

impl Wallet {
    /// A card of an issuer with keys of its own, whose root is the certificate, in PEM.
    fn new(now: Timestamp) -> (String, Self) {
        let (root_key, key, device) = (
            SigningKey::generate().unwrap(),
            SigningKey::generate().unwrap(),
            SigningKey::generate().unwrap(),
        );
        let root = IssuerRoot::new("Specimen cards root".to_owned(), "HK", &root_key).unwrap();
        let days = (now.local_date().plus_days(-1), now.local_date().plus_days(90));
        let certificate = root.certificate(days.0, days.1).unwrap().0;
        let hosts = ["cards.example".to_owned()];
        let leaf = root.certify("Specimen cards", &hosts, &key, SignerUse::DocumentSigner, days).unwrap();
        let chain = [first_of_pem(&leaf.0).unwrap()];
        let anchors = CertificateAnchors::from_pem(&certificate).unwrap();
        let until = now.plus_seconds(86_400);

        let holder = Jwk::of(device.public(), None).unwrap();
        let mut claims: Vec<_> = CARD.iter().map(|(name, text)| Member::disclosable(name, *text)).collect();
        claims.push(Member::disclosable("nationalities", json!(["CHN"])));
        let credential = sd_jwt::Credential {
            vct: CredentialSort::IdentityCard.vct(),
            vct_integrity: None,
            holder: Some(&holder),
            issued: Some(now),
            not_before: None,
            expires: Some(until),
            status: None,
            claims: &claims,
        };
        let compact = sd_jwt::issue(&credential, &key, &chain, &mut random_array).unwrap();
        let sd_jwt = sd_jwt::Held::receive(&compact, &anchors, device.public(), now).unwrap();

        let doc_type = CredentialSort::IdentityCard.doctype();
        let (mut common, mut own) = (Vec::new(), Vec::new());
        for (name, text) in CARD {
            let text = Element::text(text);
            let value = if name == "birth_date" { Element::Tag(1004, Box::new(text)) } else { text };
            if name == "document_kind" { &mut own } else { &mut common }.push((name.to_owned(), value));
        }
        common.push(("nationality".to_owned(), Element::text("CHN")));
        let credential = mdoc::Credential {
            doc_type,
            name_spaces: &[
                NameSpace { name: "org.iso.23220.1".to_owned(), elements: common },
                NameSpace { name: doc_type.to_owned(), elements: own },
            ],
            device: device.public(),
            validity: Validity { signed: now, from: now, until },
            status: None,
        };
        let bytes = mdoc::issue(&credential, &key, &chain, &mut random_array).unwrap();
        let mdoc = mdoc::Held::receive(&bytes, &anchors, device.public(), now).unwrap();
        (certificate, Self { device, sd_jwt, mdoc })
    }

    fn answer(&self, called: &Value, anchors: &CertificateAnchors, now: Timestamp) -> Result<Value, String> {
        let (data, origin) = (&called["data"], called["origin"].as_str().unwrap());
        if called["protocol"] != OPENID_SIGNED {
            let handed = Handed::read(data, origin);
            if !handed.is_signed(anchors, now) {
                return Err(format!("nobody known asks for {:?}", handed.doc_types()));
            }
            return Ok(handed.answer(&self.mdoc, &self.device));
        }
        let context = Context {
            anchors,
            client_id: None,
            wallet_nonce: None,
            origin: Some(origin),
            audiences: &[SELF_ISSUED],
            now,
        };
        let asked = Asked::read(data["request"].as_str().unwrap(), &context).map_err(|e| e.to_string())?;
        let held = [Candidate::SdJwt(&self.sd_jwt), Candidate::Mdoc(&self.mdoc)]
            .map(|credential| HeldCredential { credential, device: &self.device });
        let response = asked.respond(&held, true, now).map_err(|e| e.to_string())?;
        Ok(json!({ "protocol": OPENID_SIGNED, "data": { "response": response } }))
    }
}
