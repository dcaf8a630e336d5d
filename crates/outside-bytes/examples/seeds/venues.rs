//! Seeds of desks and wallets: requests, answers, receipts, codes, SD-CWTs.

use code::{VenueCode, VenueCodeKind};
use credential::sd_cwt::{Blueprint, Encoding, Entry, Held, Key, KeyBinding, Value, issue, label};
use credential::venue::{
    ClaimName, ClaimValue, Claims, CredentialFrame, CredentialKind, Exchange, Pseudonym, PseudonymSecret,
    Shown, VenueCredential, VenueReceipt, VenueRequest, answer, issue_credential, presentation_hash,
};
use credential::{CryptoError, KeyClass, StatusRef, VerifyingKey};
use documents::{AuthorityCode, Timestamp};
use outside_bytes::{authority_key, desk_request, device_key, now};

use crate::{cut, other, put, put_with_misses};

/// Salts that count: seeds need no secrecy.
fn salts() -> impl FnMut() -> Result<[u8; 16], CryptoError> {
    let mut next = 0_u128;
    move || {
        next += 1;
        Ok(next.to_be_bytes())
    }
}

pub fn venues() {
    requests();
    let answer = answers();
    codes(&answer);
    tokens();
}

fn requests() {
    let good = desk_request();
    put_with_misses("venue_request", "check-in", &good.encode());
    let sign = VenueRequest {
        exchange: Exchange::Standing,
        reply: Some("https://desk.example/answers".to_owned()),
        ends: good.made.plus_seconds(86_400),
        ..good.clone()
    };
    put("venue_request", "ok-sign", sign.encode());
    let long = VenueRequest { ends: good.made.plus_seconds(301), ..good.clone() };
    put("venue_request", "no-long", long.encode());
    let nothing = VenueRequest { required: [].into_iter().collect(), ..good.clone() };
    put("venue_request", "no-claims", nothing.encode());
    let plain = VenueRequest { reply: Some("http://desk.example".to_owned()), ..good.clone() };
    put("venue_request", "no-plain-http", plain.encode());
    let receipt = VenueReceipt {
        request: good.id(),
        presentation: presentation_hash(b"answer"),
        pseudonym: Pseudonym::from_bytes([3; 16]),
        kept: good.required.clone(),
        until: now().plus_seconds(30 * 86_400),
        at: now(),
    };
    put_with_misses("venue_receipt", "kept", &receipt.encode());
}

fn credential() -> VenueCredential {
    let mut claims = Claims::default();
    for (claim, text) in [
        (ClaimName::Name, "SPECIMEN, MEI"),
        (ClaimName::NameZh, "样本"),
        (ClaimName::BirthDate, "1990-05-20"),
        (ClaimName::Nationality, "CHN"),
        (ClaimName::DocumentKind, "home_return_permit"),
        (ClaimName::DocumentNumber, "H12345678"),
    ] {
        claims.insert(claim, ClaimValue::Text(text.to_owned())).unwrap();
    }
    let day = now().local_date();
    let frame = CredentialFrame {
        issuer: AuthorityCode::Chn,
        kind: CredentialKind::Identity,
        issued: day.start(),
        expires: KeyClass::Hardware.expiry_for(day),
        device_key: *device_key().public(),
        status: StatusRef::new(3, 70_000).unwrap(),
    };
    let bytes = issue_credential(&frame, &claims, 7, authority_key(), &mut salts()).unwrap();
    let key = VerifyingKey::new(*authority_key().public()).unwrap();
    VenueCredential::receive(&bytes, &key, device_key().public()).unwrap()
}

fn answers() -> Vec<u8> {
    let credential = credential();
    let request = desk_request();
    let made = |request: &VenueRequest, at: Timestamp| {
        let shown = [Shown { credential: &credential, device: device_key() }];
        let pseudonym = PseudonymSecret::from_bytes([1; 32]).at(&request.venue);
        answer(request, &request.required, &shown, pseudonym, at).unwrap()
    };
    let good = made(request, now());
    put_with_misses("venue_answer", "identity", &good);
    put("venue_answer", "no-changed", other(&good, good.len() / 2, 0));
    put("venue_answer", "no-stale", made(request, now().plus_seconds(-301)));
    put(
        "venue_answer",
        "no-other-request",
        made(&VenueRequest { retention_days: 31, ..request.clone() }, now()),
    );
    put("venue_answer", "no-empty", [0x80]);
    good
}

fn codes(answer: &[u8]) {
    let request = desk_request().sign(b"desk-1", authority_key()).unwrap();
    for (name, kind, bytes) in
        [("request", VenueCodeKind::Request, request.as_slice()), ("answer", VenueCodeKind::Answer, answer)]
    {
        let text = VenueCode::new(kind, bytes).to_text().unwrap();
        put("venue_code", &format!("ok-{name}"), &text);
        put("venue_code", &format!("no-{name}-cut"), text.get(..text.len() - 2).unwrap());
        put("venue_code", &format!("no-{name}-longer"), format!("{text}0"));
    }
    put("venue_code", "no-crossing", "BP1:BB8");
    put("venue_code", "no-body", "BV1:");
}

fn tokens() {
    let (x, odd) = device_key().public().x_and_sign();
    let key = Value::Map(vec![
        (1.into(), Value::Int(2)),
        (Key::Int(-1), Value::Int(1)),
        (Key::Int(-2), Value::Bytes(x.to_vec())),
        (Key::Int(-3), Value::Bool(odd)),
    ]);
    let whole = |key: i64, value| Entry::Shown(key.into(), Blueprint::Whole(value));
    let nested = Blueprint::Map(vec![Entry::Redacted("region".into(), Blueprint::Whole(Value::text("ca")))]);
    let claims = [
        whole(label::ISS, Value::text("https://issuer.example")),
        whole(label::SUB, Value::text("subject")),
        whole(label::EXP, Value::Int((now().unix() + 86_400).into())),
        whole(label::IAT, Value::Int(now().unix().into())),
        whole(label::CNF, Value::Map(vec![(1.into(), key)])),
        Entry::Redacted(500.into(), nested),
        Entry::Decoy,
    ];
    let token = issue(&claims, b"k", authority_key(), &mut salts()).unwrap();
    put_with_misses("sd_cwt", "issued", &token);
    let issuer = VerifyingKey::new(*authority_key().public()).unwrap();
    let held = Held::receive(&token, Encoding::Deterministic, &issuer, device_key().public(), None).unwrap();
    let binding = KeyBinding {
        audience: "https://verifier.example/app",
        made: now(),
        cnonce: Some(b"n"),
        further: &[],
    };
    let shown = held.present(&[0, 1], &binding, device_key()).unwrap();
    put_with_misses("sd_cwt", "shown", &shown);
    put("sd_cwt", "no-tag", shown.get(1..).unwrap());
    put("sd_cwt", "no-half", cut(&token));
}
