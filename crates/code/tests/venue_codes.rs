//! What people see at a desk: how large the symbols of requests and answers are.
#![expect(clippy::unwrap_used, reason = "helpers of tests: a failure here fails the test")]

use code::{MAX_VENUE_CHARS, QrSymbol, VenueCode, VenueCodeError, VenueCodeKind};
use credential::venue::{
    ClaimName, ClaimValue, Claims, CredentialFrame, CredentialKind, Exchange, MAX_NAME_LEN, MAX_PURPOSE_LEN,
    MAX_REPLY_LEN, PseudonymSecret, Shown, UnverifiedAnswer, VenueCredential, VenueRequest, answer,
    issue_credential,
};
use credential::{KeyClass, SigningKey, StatusRef, VerifyingKey};
use documents::{AuthorityCode, Scenario, Timestamp};

fn now() -> Timestamp {
    "2026-03-02T10:00:00+08:00".parse().unwrap()
}

fn request(venue: &str, required: &[ClaimName]) -> VenueRequest {
    VenueRequest {
        venue: venue.parse().unwrap(),
        scenario: Scenario::HotelCheckIn,
        approval: "hotel-zhuhai-1".to_owned(),
        purpose: "guest-register".to_owned(),
        required: required.iter().copied().collect(),
        optional: [].into_iter().collect(),
        retention_days: 365,
        face: false,
        exchange: Exchange::Once([7; 16]),
        reply: None,
        made: now(),
        ends: now().plus_seconds(300),
    }
}

/// The answer of somebody with these claims, as bytes.
fn shown(request: &VenueRequest, name: &str, number: &str) -> Vec<u8> {
    let (authority, device) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let mut claims = Claims::default();
    for (claim, value) in [
        (ClaimName::Name, name),
        (ClaimName::NameZh, "樣本"),
        (ClaimName::BirthDate, "1990-06-15"),
        (ClaimName::Nationality, "CHN"),
        (ClaimName::DocumentKind, "home_return_permit"),
        (ClaimName::DocumentNumber, number),
    ] {
        claims.insert(claim, ClaimValue::Text(value.to_owned())).unwrap();
    }
    let day = now().local_date();
    let frame = CredentialFrame {
        issuer: AuthorityCode::Chn,
        kind: CredentialKind::Identity,
        issued: day.start(),
        expires: KeyClass::Hardware.expiry_for(day),
        device_key: *device.public(),
        // The longest name of a list.
        status: StatusRef::new(23, 70_000).unwrap(),
    };
    let mut salts = || {
        let mut salt = [0; 16];
        credential::random(&mut salt)?;
        Ok(salt)
    };
    let bytes = issue_credential(&frame, &claims, 200, &authority, &mut salts).unwrap();
    let key = VerifyingKey::new(*authority.public()).unwrap();
    let credential = VenueCredential::receive(&bytes, &key, device.public()).unwrap();
    let pseudonym = PseudonymSecret::from_bytes([1; 32]).at(&request.venue);
    let one = Shown { credential: &credential, device: &device };
    let answer = answer(request, &request.required, &[one], pseudonym, now()).unwrap();
    assert!(UnverifiedAnswer::parse(&answer).is_ok());
    answer
}

#[test]
fn name_number_and_nationality_with_the_longest_names_fit_version_20() {
    let claims = [ClaimName::Name, ClaimName::DocumentNumber, ClaimName::Nationality];
    let (short, long) = ("harbour-hotel", "the-harbour-hotel-of-zhuhai-gongbei-no-7");
    for (row, venue, name, number, version) in [
        ("a common name", short, "SPECIMEN, MEI LING", "H12345678", 19),
        ("39 characters, as in a machine-readable zone", short, &"N".repeat(39), "H12345678", 20),
        ("the longest of everything", long, &"N".repeat(MAX_NAME_LEN), "110101199003074516", 20),
    ] {
        let answer = shown(&request(venue, &claims), name, number);
        let code = VenueCode::new(VenueCodeKind::Answer, &answer);
        let text = code.to_text().unwrap();
        println!("{row}: {} bytes, {} characters, version {:?}", answer.len(), text.len(), code.version());
        assert!(text.len() <= MAX_VENUE_CHARS, "row {row}");
        assert_eq!(
            (code.version(), QrSymbol::draw(&text).unwrap().version()),
            (Some(version), version),
            "{row}"
        );
        let mut scratch = Vec::new();
        assert_eq!(VenueCode::parse(VenueCodeKind::Answer, &text, &mut scratch), Ok(code), "row {row}");
    }
}

#[test]
fn two_credentials_are_too_long_for_a_code_and_say_so() {
    let request = request("harbour-hotel", &[ClaimName::Name]);
    let answer = shown(&request, "SPECIMEN, MEI", "H12345678");
    let two = [answer.as_slice(), &answer].concat();
    let refused = VenueCode::new(VenueCodeKind::Answer, &two).to_text();
    assert!(matches!(refused, Err(VenueCodeError::TooLong { .. })));
}

#[test]
fn the_longest_request_fits_version_20() {
    let desk = SigningKey::generate().unwrap();
    let mut longest = request("the-harbour-hotel-of-zhuhai-gongbei-no-7", &ClaimName::ALL);
    longest.approval = "a".repeat(64);
    longest.purpose = "p".repeat(MAX_PURPOSE_LEN);
    longest.reply = Some(format!("https://{}", "d".repeat(MAX_REPLY_LEN - 8)));
    longest.retention_days = u16::MAX;
    for (row, request, version) in [
        ("a common one", request("harbour-hotel", &[ClaimName::Name, ClaimName::DocumentNumber]), 10),
        ("the longest of everything", longest, 18),
    ] {
        let bytes = request.sign(&[b'k'; 64], &desk).unwrap();
        let code = VenueCode::new(VenueCodeKind::Request, &bytes);
        println!("{row}: {} bytes, version {:?}", bytes.len(), code.version());
        assert!(code.to_text().unwrap().len() <= MAX_VENUE_CHARS, "row {row}");
        assert_eq!(code.version(), Some(version), "row {row}");
    }
}
