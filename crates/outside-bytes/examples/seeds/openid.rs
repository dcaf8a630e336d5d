//! Seeds of wallets and verifiers of others.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use credential::cbor::Writer;
use credential::jose::{ContentEncryption, DecryptionKey, Jwk, Recipient, encrypt_jwe};
use credential::{hpke, sha256};
use openid4vc::issuance::{CredentialOffer, Endpoints, Grant, issuer_metadata, server_metadata};
use openid4vc::mdoc::{self, NameSpace, SessionTranscript, Validity, Value};
use openid4vc::presentation::{Channel, ClientId, ISO_MDOC, NewRequest, OPENID_SIGNED, OpenRequest};
use openid4vc::proximity::{
    self, DeviceEngagement, Engaged, Handover, NewDocRequest, ReaderSession, ReaderSigner, SessionStatus,
    device_request, write_frame,
};
use openid4vc::sd_jwt::{self, Blueprint, Element, Member, Presentation};
use openid4vc::status::{ListToken, Status, StatusList, StatusReference};
use outside_bytes::{ISSUER, LIST, ORIGIN, authority_key, device_key, now, proximity_keys};
use serde_json::json;

use crate::{cut, put, put_with_misses};

pub fn openid() {
    let status = StatusReference { uri: LIST.to_owned(), index: 7 };
    let chain = [b"certificate".to_vec()];
    sd_jwts(&status, &chain);
    mdocs(&status, &chain);
    proximity(&chain);
    issuers();
    queries();
    requests();
    responses();
    pages();
    lists(&chain);
}

fn sd_jwts(status: &StatusReference, chain: &[Vec<u8>]) {
    let holder = Jwk::of(device_key().public(), None).unwrap();
    let nested = Blueprint::Object(vec![Member::disclosable("locality", "Sha Tin"), Member::Decoy]);
    let array = Blueprint::Array(vec![
        Element::Disclosable(Blueprint::Whole(json!("CHN"))),
        Element::Decoy,
        Element::Shown(Blueprint::Whole(json!("XXA"))),
    ]);
    let credential = sd_jwt::Credential {
        vct: "urn:baypass:identity:1",
        vct_integrity: None,
        holder: Some(&holder),
        issued: Some(now()),
        not_before: None,
        expires: Some(now().plus_seconds(1_000_000_000)),
        status: Some(status),
        claims: &[
            Member::disclosable("family_name", "SPECIMEN"),
            Member::Disclosable("address".to_owned(), nested),
            Member::Shown("nationalities".to_owned(), array),
            Member::Decoy,
        ],
    };
    let mut count = 0_u128;
    let mut salt = || {
        count += 1;
        Ok(count.to_be_bytes())
    };
    let issued = sd_jwt::issue(&credential, authority_key(), chain, &mut salt).unwrap();
    put("openid_sd_jwt", "ok-issued", &issued);
    put("openid_sd_jwt", "no-issued-cut", cut(issued.as_bytes()));
    put("openid_sd_jwt", "no-repeated", format!("{issued}{}~", issued.split('~').nth(1).unwrap()));
    let held = sd_jwt::Held::read(&issued).unwrap();
    put("openid_sd_jwt", "ok-shown", held.present_unbound(&[1]));
    let to = Presentation { audience: "x509_hash:a", nonce: "nonce", made: now() };
    put("openid_sd_jwt", "no-bound", held.present(&[0], to, device_key()).unwrap());
}

fn mdocs(status: &StatusReference, chain: &[Vec<u8>]) {
    let elements = vec![
        ("family_name".to_owned(), Value::text("SPECIMEN")),
        ("birth_date".to_owned(), Value::Tag(1004, Box::new(Value::text("1990-05-20")))),
        ("age_over_18".to_owned(), Value::Bool(true)),
    ];
    let credential = mdoc::Credential {
        doc_type: "org.iso.23220.photoid.1",
        name_spaces: &[NameSpace { name: "org.iso.23220.1".to_owned(), elements }],
        device: device_key().public(),
        validity: Validity { signed: now(), from: now(), until: now().plus_seconds(1_000_000_000) },
        status: Some(status),
    };
    let mut count = 0_u64;
    let mut random = || {
        count += 1;
        Ok(sha256(&count.to_be_bytes()))
    };
    let issued = mdoc::issue(&credential, authority_key(), chain, &mut random).unwrap();
    put_with_misses("openid_mdoc", "issued", &issued);
    let held = mdoc::Held::read(&issued).unwrap();
    let transcript = SessionTranscript::dc_api(ORIGIN, "nonce", None);
    let shown = held.present(|_, element| element != "birth_date", &transcript, device_key()).unwrap();
    put_with_misses("openid_mdoc", "shown", &shown);
}

/// Each message of a session by the keys of `proximity_keys`.
fn proximity(chain: &[Vec<u8>]) {
    let target = "openid_proximity";
    let [holder, reader] = proximity_keys();
    // One way by BLE, as annex D has it.
    let ways = [0x81, 0x83, 2, 1, 0xa2, 0, 0xf4, 1, 0xf5];
    let shown = DeviceEngagement::new(holder.public(), Some(&ways)).unwrap();
    put_with_misses(target, "engagement", shown.as_bytes());
    put(target, "ok-uri", shown.uri());
    put(target, "no-uri", shown.uri().replace("mdoc:", "mdl:"));
    let holder = Engaged::new(holder, None).unwrap();
    let mut reader = ReaderSession::new(holder.engagement(), &Handover::Qr, reader).unwrap();
    let element = |name: &str| proximity::Element {
        name_space: "org.iso.23220.1".to_owned(),
        name: name.to_owned(),
        intent_to_retain: name == "family_name",
    };
    let elements = [element("family_name"), element("portrait")];
    let asked = [NewDocRequest { doc_type: "org.iso.23220.photoid.1", elements: &elements }];
    let signer = ReaderSigner { key: authority_key(), chain };
    let request = device_request(&asked, signer, reader.transcript()).unwrap();
    put_with_misses(target, "request", &request);
    let first = reader.ask(b"request").unwrap();
    put_with_misses(target, "first", &first);
    let (mut holder, _) = holder.establish(&first, &Handover::Qr).unwrap();
    put_with_misses(target, "answer", &holder.answer(b"response", true).unwrap());
    put(target, "ok-end", SessionStatus::Termination.message());
    put(target, "no-fault", SessionStatus::EncryptionError.message());
    let mut frames = Vec::new();
    write_frame(&mut frames, &first).unwrap();
    put(target, "no-frame", frames);
}

/// What an issuer of another system publishes and answers, and links.
fn issuers() {
    let own = Endpoints::of(ISSUER);
    let mut metadata = issuer_metadata(&own, "Specimen");
    let listed = metadata.get_mut("credential_configurations_supported").unwrap().as_object_mut().unwrap();
    listed.retain(|id, _| id.starts_with("photo-id"));
    let metadata = metadata.to_string();
    put("openid_issuer", "ok-metadata", &metadata);
    put(
        "openid_issuer",
        "no-plain",
        metadata.replace("https://issuer.example/openid/credential", "http://issuer.example/c"),
    );
    put(
        "openid_issuer",
        "no-other",
        metadata.replace("\"https://issuer.example\"", "\"https://other.example\""),
    );
    put("openid_issuer", "ok-server", server_metadata(&own).to_string());
    let token = json!({"access_token": "t", "token_type": "DPoP", "authorization_details":
        [{"credential_configuration_id": "a", "credential_identifiers": ["i"]}]});
    put("openid_issuer", "ok-token", token.to_string());
    put("openid_issuer", "ok-bearer", token.to_string().replace("DPoP", "Bearer"));
    put("openid_issuer", "no-kind", token.to_string().replace("DPoP", "MAC"));
    let given = json!({"credentials": [{"credential": "a"}, {"credential": "b"}], "notification_id": "n"});
    put("openid_issuer", "ok-given", given.to_string());
    put("openid_issuer", "no-count", given.to_string().replace("{\"credential\":\"a\"},", ""));
    put("openid_issuer", "ok-later", "{\"transaction_id\":\"t\",\"interval\":2}");
    put("openid_issuer", "ok-nonce", "{\"c_nonce\":\"n\"}");
    put("openid_issuer", "ok-refusal", "{\"error\":\"invalid_grant\",\"error_description\":\"over\"}");
    let grants = Some(Grant::pre_authorized("c".to_owned(), 6));
    let credential_configuration_ids = vec!["a".to_owned()];
    let offer =
        CredentialOffer { credential_issuer: ISSUER.to_owned(), credential_configuration_ids, grants };
    put("openid_issuer", "ok-offer", offer.link().unwrap());
    put(
        "openid_issuer",
        "ok-link",
        "openid4vp://?client_id=a&request_uri=https%3A%2F%2Fa.example%2Fr&request_uri_method=post",
    );
    put("openid_issuer", "no-link", "openid4vp://?client_id=a&request_uri=file%3A%2F%2F%2Fr");
}

fn queries() {
    let both = json!({
        "credentials": [
            {"id": "identity", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:baypass:identity:1"]}, "multiple": true,
             "trusted_authorities": [{"type": "aki", "values": ["AAAA"]}],
             "claims": [{"id": "a", "path": ["nationalities", null], "values": ["CHN", 7, true]}, {"id": "b", "path": ["x", 1]}],
             "claim_sets": [["a", "b"], ["a"]]},
            {"id": "photo", "format": "mso_mdoc", "meta": {"doctype_value": "org.iso.23220.photoid.1"},
             "claims": [{"path": ["org.iso.23220.1", "family_name"], "intent_to_retain": false}]},
        ],
        "credential_sets": [{"options": [["identity"], ["photo"]]}, {"options": [["photo"]], "required": false}],
    });
    put("openid_query", "ok-both", both.to_string());
    put(
        "openid_query",
        "no-twice",
        both.to_string().replace("\"id\":\"photo\"", "\"id\":\"x\",\"id\":\"photo\""),
    );
    put("openid_query", "no-unknown-id", both.to_string().replace("[\"photo\"]", "[\"other\"]"));
    put("openid_query", "no-deep", "[".repeat(100));
}

fn open(channel: Channel) -> OpenRequest {
    let query = json!({"credentials": [{"id": "a", "format": "dc+sd-jwt", "meta": {"vct_values": ["v"]}}]});
    OpenRequest::new(NewRequest {
        client_id: ClientId::of_certificate(b"certificate"),
        channel,
        query: openid4vc::dcql::Query::read(&query).unwrap(),
        nonce: [1; 32],
        state: [2; 32],
        expires: now(),
    })
    .unwrap()
}

fn requests() {
    let page = open(Channel::DcApi { origins: vec![ORIGIN.to_owned()] }).unsigned().unwrap().to_string();
    put("openid_request", "ok-page", &page);
    put("openid_request", "no-plain", page.replace("dc_api.jwt", "dc_api"));
    put("openid_request", "no-key", page.replace("ECDH-ES", "RSA-OAEP"));
    let redirect = open(Channel::Redirect { response_uri: "https://desk.example/r".to_owned() });
    let chain = [b"certificate".to_vec()];
    put("openid_request", "no-signed", redirect.object(authority_key(), &chain, Some("n")).unwrap());
}

fn responses() {
    let key = Jwk::of(DecryptionKey::generate().unwrap().public(), Some("k".to_owned())).unwrap();
    let to = Recipient { key: &key, enc: ContentEncryption::A256Gcm, parties: None };
    let response = encrypt_jwe(b"{\"vp_token\":{}}", to).unwrap();
    put("openid_response", "ok-encrypted", format!("response={response}"));
    put("openid_response", "ok-error", "error=access_denied&state=x");
    put("openid_response", "no-plain", "vp_token=%7B%7D&state=x");
    put("openid_response", "no-twice", format!("response={response}&response={response}"));
}

/// What a wallet gives to a page, and the encrypted response inside of one.
fn pages() {
    let key = hpke::ReceiverKey::generate().unwrap();
    let (enc, cipher_text) = hpke::seal(key.public(), b"transcript", &[], b"response").unwrap();
    let mut sealed = Writer::new();
    sealed.array(2).text("dcapi").map(2).text("enc").bytes(&enc).text("cipherText").bytes(&cipher_text);
    let sealed = sealed.finish();
    put_with_misses("openid_page", "sealed", &sealed);
    let iso =
        json!({"protocol": ISO_MDOC, "data": {"response": URL_SAFE_NO_PAD.encode(&sealed)}}).to_string();
    put("openid_page", "ok-iso", &iso);
    put("openid_page", "no-padded", iso.replace("\"}", "==\"}"));
    let recipient = Jwk::of(DecryptionKey::generate().unwrap().public(), Some("k".to_owned())).unwrap();
    let to = Recipient { key: &recipient, enc: ContentEncryption::A128Gcm, parties: None };
    let response = encrypt_jwe(b"{\"vp_token\":{}}", to).unwrap();
    let signed = json!({"protocol": OPENID_SIGNED, "data": {"response": response}}).to_string();
    put("openid_page", "ok-signed", &signed);
    put("openid_page", "no-unsigned", signed.replace(OPENID_SIGNED, "openid4vp-v1-unsigned"));
    put("openid_page", "no-twice", signed.replace("{\"data\"", "{\"data\":{},\"data\""));
    put(
        "openid_page",
        "ok-error",
        json!({"protocol": OPENID_SIGNED, "data": {"error": "access_denied"}}).to_string(),
    );
    put(
        "openid_page",
        "no-plain",
        json!({"protocol": OPENID_SIGNED, "data": {"vp_token": {"a": ["x"]}}}).to_string(),
    );
}

fn lists(chain: &[Vec<u8>]) {
    let mut list = StatusList::with_entries(64);
    assert!(list.set(7, Status::Invalid));
    let token = ListToken {
        subject: LIST.to_owned(),
        issued: now(),
        expires: Some(now().plus_seconds(1_000_000_000)),
        ttl: Some(900),
        list,
    };
    let jwt = token.sign_jwt(authority_key(), chain).unwrap();
    put("openid_status", "ok-jwt", &jwt);
    put("openid_status", "no-jwt-cut", cut(jwt.as_bytes()));
    put_with_misses("openid_status", "cwt", &token.sign_cwt(authority_key(), chain).unwrap());
}
