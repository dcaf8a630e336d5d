//! The grammar of requests, receipts and answers of a venue's desk holds for what this crate writes.

use credential::cbor::well_formed;
use credential::venue::{
    ClaimName, ClaimValue, Claims, CredentialFrame, CredentialKind, Exchange, Pseudonym, RequestId, Shown,
    VenueCredential, VenueReceipt, VenueRequest, answer, issue_credential,
};
use credential::{KeyClass, SigningKey, StatusRef, VerifyingKey};
use documents::{AuthorityCode, Scenario};

use crate::page::conforms;
use crate::values::at;

fn request() -> VenueRequest {
    VenueRequest {
        venue: "harbour-hotel".parse().unwrap(),
        scenario: Scenario::HotelCheckIn,
        approval: "hotel-zhuhai-1".to_owned(),
        purpose: "guest-register".to_owned(),
        required: [ClaimName::Region, ClaimName::City].into_iter().collect(),
        optional: [ClaimName::Name].into_iter().collect(),
        retention_days: 30,
        face: false,
        exchange: Exchange::Once([7; 16]),
        reply: None,
        made: at("2026-03-02T10:00:00+08:00"),
        ends: at("2026-03-02T10:05:00+08:00"),
    }
}

#[test]
fn a_desks_requests_and_receipts_are_what_the_grammar_says() {
    let desk = SigningKey::generate().unwrap();
    let sign = VenueRequest {
        scenario: Scenario::LibraryAccount,
        exchange: Exchange::Standing,
        reply: Some("https://desk.example:8443/answers?x=1".to_owned()),
        optional: [].into_iter().collect(),
        face: true,
        ..request()
    };
    for request in [request(), sign] {
        conforms("venue-request-payload", &request.encode()).unwrap();
        conforms("venue-request", &request.sign(b"desk-1", &desk).unwrap()).unwrap();
    }
    let receipt = VenueReceipt {
        request: RequestId::from_bytes([1; 32]),
        presentation: [2; 32],
        pseudonym: Pseudonym::from_bytes([3; 16]),
        kept: ClaimName::ALL.into_iter().collect(),
        until: at("2026-04-02T10:00:00+08:00"),
        at: at("2026-03-02T10:00:00+08:00"),
    };
    conforms("venue-receipt-payload", &receipt.encode()).unwrap();
    conforms("venue-receipt", &receipt.sign(b"desk-1", &desk).unwrap()).unwrap();
    let crossing = VenueRequest { scenario: Scenario::BorderCrossing, ..request() };
    let nothing = VenueRequest { required: [].into_iter().collect(), ..request() };
    let reply = |address: &str| VenueRequest { reply: Some(address.to_owned()), ..request() };
    for loopback in ["http://127.0.0.1:7161/v1/answers", "http://localhost", "http://localhost?x"].map(reply)
    {
        conforms("venue-request-payload", &loopback.encode()).unwrap();
        VenueRequest::decode(&loopback.encode()).unwrap();
    }
    let (plain, near) = (reply("http://desk.example"), reply("http://localhost.desk.example/"));
    for refused in [crossing, nothing, plain, near] {
        assert!(conforms("venue-request-payload", &refused.encode()).is_err());
        assert!(VenueRequest::decode(&refused.encode()).is_err());
    }
}

#[test]
fn an_answer_to_a_desk_is_what_the_grammar_says() {
    let (authority, device) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let mut claims = Claims::default();
    claims.insert(ClaimName::Region, ClaimValue::Text("HKG".to_owned())).unwrap();
    claims.insert(ClaimName::City, ClaimValue::Text("Hong Kong".to_owned())).unwrap();
    let day = request().made.local_date();
    let frame = CredentialFrame {
        issuer: AuthorityCode::Hkg,
        kind: CredentialKind::Residence,
        issued: day.start(),
        expires: KeyClass::Software.expiry_for(day),
        device_key: *device.public(),
        status: StatusRef::new(3, 70_000).unwrap(),
    };
    let mut salts = || {
        let mut salt = [0; 16];
        credential::random(&mut salt)?;
        Ok(salt)
    };
    let bytes = issue_credential(&frame, &claims, 7, &authority, &mut salts).unwrap();
    let key = VerifyingKey::new(*authority.public()).unwrap();
    let credential = VenueCredential::receive(&bytes, &key, device.public()).unwrap();
    let shown = [Shown { credential: &credential, device: &device }];
    let pseudonym = Pseudonym::from_bytes([1; 16]);
    let answer = answer(&request(), &request().required, &shown, pseudonym, request().made).unwrap();
    conforms("venue-answer", &answer).unwrap();
    well_formed(&answer).unwrap();
    assert!(conforms("venue-credential", &bytes).is_err(), "with sub and decoys it is no desk's");
}
