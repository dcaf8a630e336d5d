//! What wallets and verifiers of others send: SD-JWT VCs, mdocs, queries, requests, answers, status lists.

use std::sync::LazyLock;

use credential::agreement::AgreementKey;
use credential::sha256;
use credential::x5c::CertificateAnchors;
use openid4vc::claim_path::{ClaimPath, Segment};
use openid4vc::dcql::Query;
use openid4vc::issuance::{
    Access, CredentialOffer, Delivered, IssuerMetadata, ServerMetadata, Tokens, read_nonce, read_refusal,
};
use openid4vc::mdoc::{self, DeviceResponse, EncryptedResponse, IssuerSigned, SessionTranscript};
use openid4vc::presentation::{
    Answer, Asked, Channel, Checks, ClientId, Context, NewPageRequest, NewRequest, OpenRequest, PageAnswer,
    PageRequest, Posted, RequestLink,
};
use openid4vc::proximity::{
    DeviceEngagement, DeviceRequest, Engaged, Handover, Reader, ReaderSession, Received, read_frame,
};
use openid4vc::sd_jwt::{self, SdJwt};
use openid4vc::status::ListToken;
use openid4vc::{dcql, json};
use serde_json::{Value, json};

use crate::keys::{authority_key, authority_public, device_key, now};

/// The page that asks in [`openid_request`].
pub const ORIGIN: &str = "https://desk.example";
/// The issuer in [`openid_issuer`].
pub const ISSUER: &str = "https://issuer.example";
/// The list in [`openid_status`].
pub const LIST: &str = "https://hkg.example/status/7";

/// An SD-JWT VC, or a presentation of one: no digest is left in what it discloses, and what its holder shows whole is read as the same.
pub fn openid_sd_jwt(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    if let Ok(opened) = SdJwt::read(text).and_then(|read| read.open(authority_public())) {
        assert!(opened.values().all(is_open), "a digest is left");
    }
    let Ok(held) = sd_jwt::Held::read(text) else { return false };
    assert!(held.claims().values().all(is_open), "a digest is left");
    let names = held.claims().keys().filter_map(|name| ClaimPath::of_names(&[name]).ok());
    let every: Vec<ClaimPath> = names.collect();
    let again = held.present_unbound(&held.select(&every));
    assert_eq!(sd_jwt::Held::read(&again).unwrap().claims(), held.claims(), "other claims when shown whole");
    let bare = sd_jwt::Held::read(&held.present_unbound(&[])).unwrap();
    assert!(bare.claims().len() <= held.claims().len());
    true
}

fn is_open(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.iter().all(|(name, value)| name != "_sd" && name != "..." && is_open(value))
        }
        Value::Array(items) => items.iter().all(is_open),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

/// An mdoc from its issuer, or a device's response: what its holder shows whole is read as the same.
pub fn openid_mdoc(bytes: &[u8]) -> bool {
    let response = DeviceResponse::parse(bytes);
    let issued = IssuerSigned::parse(bytes);
    assert!(response.is_err() || issued.is_err(), "bytes are one of the two");
    let transcript = SessionTranscript::dc_api(ORIGIN, "nonce", None);
    if let Ok(response) = response {
        if let Ok(document) = response.only()
            && let Ok(object) = document.open(authority_public())
        {
            assert_eq!(object.doc_type(), document.doc_type(), "another type than was signed");
        }
        return true;
    }
    let Ok(held) = mdoc::Held::read(bytes) else { return false };
    let Ok(shown) = held.present(|_, _| true, &transcript, device_key()) else { return true };
    let response = DeviceResponse::parse(&shown).unwrap();
    let document = response.only().unwrap();
    let (mut shown, mut own): (Vec<_>, Vec<_>) =
        (document.issuer_signed.elements().collect(), held.elements().collect());
    for elements in [&mut shown, &mut own] {
        elements.sort_by_key(|(name_space, element, _)| (*name_space, *element));
    }
    assert!(shown == own, "other elements when shown whole");
    document.hold_device(held.security_object(), &transcript, None).unwrap();
    true
}

/// The holder's key of the session in [`openid_proximity`], and the reader's.
#[must_use]
pub fn proximity_keys() -> [AgreementKey; 2] {
    [b"holder".as_slice(), b"reader"].map(|name| AgreementKey::from_scalar(&sha256(name)).unwrap())
}

/// What holder and reader say to each other in proximity: an engagement is shown and read as the same, a request is of nobody who is known, a
/// message counts in the session of [`proximity_keys`] alone.
pub fn openid_proximity(bytes: &[u8]) -> bool {
    static NOBODY: LazyLock<CertificateAnchors> = LazyLock::new(CertificateAnchors::default);
    let uri = std::str::from_utf8(bytes).ok().and_then(|text| DeviceEngagement::from_uri(text).ok());
    if let Some(engagement) = DeviceEngagement::parse(bytes).ok().or(uri) {
        assert_eq!(DeviceEngagement::from_uri(&engagement.uri()).as_ref(), Ok(&engagement));
        if let Ok(again) = DeviceEngagement::new(engagement.device_key(), engagement.retrieval()) {
            assert_eq!(again.device_key(), engagement.device_key(), "another key when shown again");
            assert_eq!(again.retrieval(), engagement.retrieval(), "other ways when shown again");
        }
        return true;
    }
    if let Ok(request) = DeviceRequest::parse(bytes) {
        assert!(request.documents().iter().all(|asked| !asked.elements.is_empty()));
        assert!(request.select(&[], |_, _| true).is_empty(), "an empty wallet answers nothing");
        let transcript = SessionTranscript::dc_api(ORIGIN, "nonce", None);
        let reader = request.reader(&transcript, &NOBODY, now());
        assert!(matches!(reader, Ok(Reader::Unproven(_))), "nobody is trusted");
        return true;
    }
    let [holder, reader] = proximity_keys();
    let holder = Engaged::new(holder, None).unwrap();
    let mut reader = ReaderSession::new(holder.engagement(), &Handover::Qr, reader).unwrap();
    if let Ok((mut session, request)) = holder.establish(bytes, &Handover::Qr) {
        assert!(request.len() < bytes.len());
        session.answer(b"response", true).unwrap();
        assert!(session.end().is_none(), "a session does not end twice");
        return true;
    }
    reader.ask(b"request").unwrap();
    let read = reader.receive(bytes);
    match &read {
        Ok(Received::Data { plain, .. }) => assert!(plain.len() < bytes.len()),
        Ok(Received::Terminated) => assert!(reader.end().is_none(), "a session does not end twice"),
        Err(_) => assert!(reader.receive(bytes).is_err(), "a fault ends the session"),
    }
    let mut from = bytes;
    while let Ok(Some(frame)) = read_frame(&mut from) {
        assert!(frame.len() < bytes.len());
    }
    read.is_ok()
}

/// A query for credentials: read, written and read again it is the same.
pub fn openid_query(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Ok(value) = json::strict(text) else { return false };
    let Ok(query) = Query::read(&value) else { return false };
    assert_eq!(Query::read(query.to_json()).unwrap(), query);
    for asked in query.credentials() {
        let mdoc = matches!(asked.kind, dcql::Kind::Mdoc { .. });
        for claim in &asked.claims {
            let names = claim.path.segments().iter().filter(|part| matches!(part, Segment::Name(_)));
            assert!(!mdoc || names.count() == 2, "an element has a name space and a name");
        }
    }
    assert!(query.select(&[], true).is_err() || !query.sets().is_empty(), "an empty wallet answers nothing");
    true
}

/// A request of a page, without a signature.
pub fn openid_request(bytes: &[u8]) -> bool {
    static NOBODY: LazyLock<CertificateAnchors> = LazyLock::new(CertificateAnchors::default);
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let context = Context {
        anchors: &NOBODY,
        client_id: None,
        wallet_nonce: None,
        origin: Some(ORIGIN),
        audiences: &["https://self-issued.me/v2"],
        now: now(),
    };
    assert!(Asked::read(text, &context).is_err(), "nobody is trusted");
    let Ok(parameters) = json::strict_object(text) else { return false };
    assert!(Asked::read_multisigned(&parameters, &context).is_err(), "nobody is trusted");
    let Ok(asked) = Asked::read_unsigned(&parameters, &context) else { return false };
    assert!(asked.verifier().is_none() && !asked.request().enc.is_empty());
    asked.encrypt(&json!({})).unwrap();
    true
}

/// The request that [`openid_response`] is an answer to; its key is another in each process.
#[must_use]
pub fn openid_open_request() -> &'static OpenRequest {
    static OPEN: LazyLock<OpenRequest> = LazyLock::new(|| {
        let query =
            json!({"credentials": [{"id": "a", "format": "dc+sd-jwt", "meta": {"vct_values": ["v"]}}]});
        OpenRequest::new(NewRequest {
            client_id: ClientId::of_certificate(b"certificate"),
            channel: Channel::Redirect { response_uri: "https://desk.example/response".to_owned() },
            query: Query::read(&query).unwrap(),
            nonce: [1; 32],
            state: [2; 32],
            expires: now(),
        })
        .unwrap()
    });
    &OPEN
}

/// What is posted to a verifier: nothing is presented to a key that nobody was told.
pub fn openid_response(bytes: &[u8]) -> bool {
    static NOBODY: LazyLock<CertificateAnchors> = LazyLock::new(CertificateAnchors::default);
    let Ok(posted) = Posted::read(bytes) else { return false };
    let checks =
        Checks { sd_jwt_anchors: &NOBODY, mdoc_anchors: &NOBODY, metadata: &[], origin: None, now: now() };
    let answer = openid_open_request().take(&posted, &checks);
    assert!(!matches!(answer, Ok(Answer::Presented(_))), "something was presented");
    true
}

/// The request that [`openid_page`] is an answer to; its keys are others in each process.
#[must_use]
pub fn openid_page_request() -> &'static PageRequest {
    static OPEN: LazyLock<PageRequest> = LazyLock::new(|| {
        let query =
            json!({"credentials": [{"id": "a", "format": "mso_mdoc", "meta": {"doctype_value": "d"}}]});
        PageRequest::new(NewPageRequest {
            client_id: ClientId::of_certificate(b"certificate"),
            origin: ORIGIN.to_owned(),
            query: Query::read(&query).unwrap(),
            nonce: [1; 32],
            expires: now(),
        })
        .unwrap()
    });
    &OPEN
}

/// What a wallet gives to a verifier's page, by either protocol: nothing is presented to a key that nobody was told.
pub fn openid_page(bytes: &[u8]) -> bool {
    static NOBODY: LazyLock<CertificateAnchors> = LazyLock::new(CertificateAnchors::default);
    let sealed = EncryptedResponse::parse(bytes);
    if let Ok(sealed) = &sealed {
        assert!(sealed.cipher_text.len() >= 16, "a cipher text has a tag");
    }
    let Ok(answer) = PageAnswer::read(bytes) else { return sealed.is_ok() };
    assert!(sealed.is_err(), "JSON is no CBOR of this form");
    let checks =
        Checks { sd_jwt_anchors: &NOBODY, mdoc_anchors: &NOBODY, metadata: &[], origin: None, now: now() };
    let taken = openid_page_request().take(&answer, &checks);
    assert!(!matches!(taken, Ok(Answer::Presented(_))), "something was presented");
    true
}

/// A status list of another, in JSON or CBOR: signed anew it is read as the same.
pub fn openid_status(bytes: &[u8]) -> bool {
    let jwt = std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| ListToken::open_jwt(text, LIST, authority_public(), now()).ok());
    let cwt = ListToken::open_cwt(bytes, LIST, authority_public(), now()).ok();
    assert!(jwt.is_none() || cwt.is_none(), "bytes are one of the two");
    let Some(list) = jwt.or(cwt) else { return false };
    let chain = [b"certificate".to_vec()];
    let again = list.sign_jwt(authority_key(), &chain).unwrap();
    assert_eq!(ListToken::open_jwt(&again, LIST, authority_public(), now()), Ok(list.clone()));
    let again = list.sign_cwt(authority_key(), &chain).unwrap();
    assert_eq!(ListToken::open_cwt(&again, LIST, authority_public(), now()), Ok(list));
    true
}

/// What an issuer of another system publishes and answers, and the links of offers and of verifiers: every address is reached over TLS or within
/// this machine, and what is counted is bounded.
pub fn openid_issuer(bytes: &[u8]) -> bool {
    const KEYS: usize = 2;
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let safe = |uri: &str| uri.starts_with("https://") || uri.starts_with("http://");
    let mut accepted = read_nonce(text).is_ok() || read_refusal(text).is_some();
    if let Ok(read) = IssuerMetadata::read(text, ISSUER) {
        let others = [&read.nonce, &read.deferred, &read.notification];
        let others = others.into_iter().flatten();
        assert!(
            others.chain([&read.credential, &read.server]).all(|uri| safe(uri)),
            "an address without TLS"
        );
        assert!((1..=64).contains(&read.batch), "a batch without bound");
        accepted = true;
    }
    if let Ok(read) = ServerMetadata::read(text, ISSUER) {
        assert!(safe(&read.token), "an address without TLS");
        accepted = true;
    }
    if let Ok(read) = Access::read(text, Tokens::Any) {
        let asked = read.request("a", &["p".to_owned()]);
        assert_eq!(asked.as_object().map(serde_json::Map::len), Some(2), "a name and proofs are asked with");
        accepted = true;
    }
    match Delivered::read(text, KEYS) {
        Ok(Delivered::Credentials { credentials, .. }) => assert_eq!(credentials.len(), KEYS),
        Ok(Delivered::Later { transaction, .. }) => assert!(!transaction.is_empty()),
        Err(_) => return openid_link(text) || accepted,
    }
    true
}

fn openid_link(text: &str) -> bool {
    if let Some(uri) = CredentialOffer::reference(text) {
        assert!(uri.starts_with("http"), "an address of another kind");
    }
    let offer = CredentialOffer::read_link(text);
    if let Ok(offer) = &offer {
        assert_eq!(
            CredentialOffer::read_link(&offer.link().unwrap()).as_ref(),
            Ok(offer),
            "another offer when sent on"
        );
    }
    let link = RequestLink::read(text);
    if let Ok(link) = &link {
        assert!(link.request_uri.starts_with("http"), "an address of another kind");
    }
    offer.is_ok() || link.is_ok()
}
