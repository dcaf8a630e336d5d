//! Credentials for desks: who makes which, for whom, and what becomes of them.

use authority::{CredentialsWanted, DeviceProof, IssueError, possession};
use credential::SigningKey;
use credential::status::{SignedStatusList, Status};
use credential::venue::{ClaimName, CredentialKind, VenueCredential};
use credential::{KeyClass, VerifyingKey};
use documents::AuthorityCode::Chn;
use documents::{DocumentKind, DocumentNumber, Scenario, Timestamp};
use serde_json::json;
use trust::{Approval, Face, Role, Terms};

use crate::bay::{BIRTH, Bay, NAME, NUMBER, RECORD, bay, enrol_as, in_memory, photographs};
use crate::door::{Door, OFFICER, b64, enrolment, un64};
use crate::http::{CHAN, MORNING, device, resident};

/// An approval under which a hotel asks for these claims.
fn hotel(claims: &[ClaimName], now: Timestamp) -> Approval {
    Approval {
        scenario: Scenario::HotelCheckIn,
        ports: Vec::new(),
        claims: claims.iter().map(|claim| claim.as_str().to_owned()).collect(),
        terms: Some(Terms {
            venues: vec!["specimen-hotel".parse().unwrap()],
            purposes: vec!["guest-register".to_owned()],
            face: Face::NotCompared,
        }),
        ..Approval::specimen("2026-hotel", Vec::new(), now.local_date())
    }
}

/// Lets hotels ask for these claims, beside the border's own approval.
pub fn allow(bay: &Bay, claims: &[ClaimName]) {
    let border = Approval::open(&bay.approval, &bay.trust, bay.now).unwrap();
    let refused = bay.chn.set_approvals(vec![hotel(claims, bay.now), border]);
    assert!(refused.is_empty(), "{refused:?}");
}

fn proofs(session: &[u8; 32], keys: &[&SigningKey], now: Timestamp) -> Vec<DeviceProof> {
    let proof = |key: &&SigningKey| {
        let proof = possession(key, Chn, Chn, session, now).unwrap();
        DeviceProof { key: *key.public(), proof }
    };
    keys.iter().map(proof).collect()
}

pub fn issuer_key(bay: &Bay) -> VerifyingKey {
    VerifyingKey::new(*bay.trust.find(Chn, Role::Venue, &[1], bay.now).unwrap().public()).unwrap()
}

async fn ask(
    bay: &Bay,
    session: &[u8; 32],
    kind: CredentialKind,
    document: Option<DocumentKind>,
) -> Result<VenueCredential, IssueError> {
    let key = SigningKey::generate().unwrap();
    let wanted = CredentialsWanted { kind, document };
    let keys = proofs(session, &[&key], bay.now);
    let batch = bay.chn.issue_for_venues(session, wanted, &keys, None, bay.now).await?;
    Ok(VenueCredential::receive(&batch.credentials[0], &issuer_key(bay), key.public()).unwrap())
}

async fn enrolled(bay: &Bay, record: &str, number: &str, (name, birth): (&str, &str)) -> Option<[u8; 32]> {
    let (photo, live, _) = photographs("credentials for desks")?;
    bay.chn.add_resident(record, &photo, bay.now).await.unwrap();
    let number = DocumentNumber::recognise(number).unwrap();
    let who = (&number, name, birth.parse().unwrap());
    Some(enrol_as(&bay.chn, who, &live, bay.now).await.unwrap())
}

#[tokio::test]
async fn an_identity_says_what_the_document_says_and_an_age_says_yes_or_no() {
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    allow(&bay, &[ClaimName::Name, ClaimName::AgeOver18, ClaimName::Region]);
    let Some(session) = enrolled(&bay, RECORD, NUMBER, (NAME, BIRTH)).await else { return };

    let identity = ask(&bay, &session, CredentialKind::Identity, None).await.unwrap();
    let text = |claim| identity.claims().text(claim);
    assert_eq!(text(ClaimName::Name), Some("SPECIMEN LI NA"));
    assert_eq!(text(ClaimName::NameZh), Some("李娜样本"));
    assert_eq!(text(ClaimName::BirthDate), Some(BIRTH));
    assert_eq!(text(ClaimName::Nationality), Some("CHN"));
    assert_eq!(text(ClaimName::DocumentKind), Some("exit_entry_permit"));
    assert_eq!(text(ClaimName::DocumentNumber), Some(NUMBER));
    let frame = identity.frame();
    assert_eq!(frame.issued, bay.now.local_date().start(), "a midnight, the same for everybody of that day");
    assert_eq!(frame.expires, KeyClass::Software.expiry_for(bay.now.local_date()));

    // On 2 March 2026 she is 34.
    let age = ask(&bay, &session, CredentialKind::Age, None).await.unwrap();
    for claim in CredentialKind::Age.claims() {
        assert_eq!(age.claims().flag(claim), Some(claim.years().unwrap() < 60), "{claim}");
    }
    let home = ask(&bay, &session, CredentialKind::Residence, None).await.unwrap();
    assert_eq!(home.claims().text(ClaimName::Region), Some("CHN"));
    assert_eq!(home.claims().text(ClaimName::City), Some("Zhuhai"));
}

#[tokio::test]
async fn a_portrait_is_the_head_of_the_registrys_photograph_and_nothing_beside_its_pixels() {
    let Some((photo, _, _)) = photographs("a portrait for desks") else { return };
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    allow(&bay, &[ClaimName::Portrait]);
    let session = enrolled(&bay, RECORD, NUMBER, (NAME, BIRTH)).await.unwrap();
    let credential = ask(&bay, &session, CredentialKind::Portrait, None).await.unwrap();
    let claims: Vec<_> = credential.claims().iter().map(|(claim, _)| claim).collect();
    assert_eq!(claims, [ClaimName::Portrait]);
    let file = credential.claims().get(ClaimName::Portrait).and_then(|value| value.as_file()).unwrap();
    assert!(file.len() <= credential::venue::MAX_PORTRAIT_LEN, "{} bytes", file.len());
    let (portrait, whole) = (face::Image::decode(file).unwrap(), face::Image::decode(&photo).unwrap());
    assert!(portrait.width().max(portrait.height()) <= 480);
    assert!(portrait.width() <= whole.width() && portrait.height() <= whole.height());
    // EXIF, colour profiles and comments stay at home (ITU-T T.81, B.2.4: APP1 to APP15 and COM).
    assert!(!file.windows(2).any(|pair| matches!(pair, [0xff, 0xe1..=0xef | 0xfe])), "a segment came along");
    // Hong Kong's resident is at home elsewhere: the mainland has a photograph of them, and makes no portrait.
    let chan = enrolled(&bay, CHAN, "H12345678", ("SPECIMEN CHAN", "1985-03-04")).await.unwrap();
    let refused = ask(&bay, &chan, CredentialKind::Portrait, None).await;
    assert!(matches!(refused, Err(IssueError::NothingToVouch(CredentialKind::Portrait))));
}

#[tokio::test]
async fn an_authority_vouches_for_its_own_documents_alone_and_for_what_some_desk_may_ask() {
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    let Some(chan) = enrolled(&bay, CHAN, "H12345678", ("SPECIMEN CHAN", "1985-03-04")).await else { return };
    let refusal = async |kind, document| match ask(&bay, &chan, kind, document).await {
        Ok(_) => "made",
        Err(IssueError::NotApproved(_)) => "not approved",
        Err(IssueError::NothingToVouch(_)) => "nothing to vouch",
        Err(error) => panic!("{error}"),
    };
    assert_eq!(
        refusal(CredentialKind::Identity, None).await,
        "not approved",
        "the border's approval is no desk's"
    );
    allow(&bay, &[ClaimName::DocumentNumber, ClaimName::AgeOver18, ClaimName::Portrait]);
    for (kind, document, told) in [
        (CredentialKind::Identity, None, "made"),
        (CredentialKind::Identity, Some(DocumentKind::HomeReturnPermit), "made"),
        (CredentialKind::Identity, Some(DocumentKind::ExitEntryPermit), "nothing to vouch"),
        (CredentialKind::Identity, Some(DocumentKind::Hkid), "nothing to vouch"),
        (CredentialKind::Age, None, "nothing to vouch"),
        (CredentialKind::Portrait, None, "nothing to vouch"),
        (CredentialKind::Residence, None, "not approved"),
    ] {
        assert_eq!(refusal(kind, document).await, told, "{kind} {document:?}");
    }
    // When the approval is over, no more are made.
    let later = Timestamp::from_unix(bay.now.unix() + 32 * 86_400).unwrap();
    let key = SigningKey::generate().unwrap();
    let wanted = CredentialsWanted { kind: CredentialKind::Identity, document: None };
    let keys = proofs(&chan, &[&key], later);
    let over = bay.chn.issue_for_venues(&chan, wanted, &keys, None, later).await;
    assert!(matches!(over, Err(IssueError::NotApproved(CredentialKind::Identity))));
}

#[tokio::test]
async fn a_credential_has_a_status_place_of_its_own_and_ends_with_the_pass() {
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    allow(&bay, &[ClaimName::Name]);
    let Some(session) = enrolled(&bay, RECORD, NUMBER, (NAME, BIRTH)).await else { return };
    let (one, two) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let wanted = CredentialsWanted { kind: CredentialKind::Identity, document: None };
    let keys = proofs(&session, &[&one, &two], bay.now);
    let batch = bay.chn.issue_for_venues(&session, wanted, &keys, None, bay.now).await.unwrap();
    let again = bay.chn.issue_for_venues(&session, wanted, &keys, None, bay.now).await.unwrap();
    let key = issuer_key(&bay);
    let read = |bytes: &[u8], device: &SigningKey| {
        *VenueCredential::receive(bytes, &key, device.public()).unwrap().frame()
    };
    let frames = [read(&batch.credentials[0], &one), read(&batch.credentials[1], &two)];
    assert_ne!(frames[0].status, frames[1].status);
    assert_eq!(
        frames[0],
        read(&again.credentials[0], &one),
        "a lost answer is given again, for the same place"
    );
    assert_ne!(batch.credentials[0], again.credentials[0], "with other salts");

    // The same key opens no border, and a border's key no desk.
    let border = bay.chn.issue(&session, &keys, None, bay.now).await;
    assert!(matches!(border, Err(IssueError::KeyTaken)), "{:?}", border.err());
    let own = bay.chn.own_record(&session, bay.now).await.unwrap();
    assert_eq!(own.tokens_left, 0, "no credential counts as a crossing that is left");

    let status = async || {
        let list = frames[0].status.list();
        let signed = bay.chn.status_list(list, bay.now).await.unwrap();
        let kid = credential::status::list_kid(&signed).unwrap().unwrap();
        let by = bay.trust.find(Chn, Role::Status, &kid, bay.now).unwrap();
        let subject = format!("urn:baypass:status:CHN:{list}");
        let list = SignedStatusList::open(&signed, by, &subject).unwrap();
        frames.map(|frame| list.list.get(frame.status.index()).unwrap())
    };
    assert_eq!(status().await, [Status::Valid; 2]);
    bay.chn.end_pass(&DocumentNumber::recognise(NUMBER).unwrap(), bay.now).await.unwrap();
    assert_eq!(status().await, [Status::Invalid; 2]);
}

#[tokio::test]
async fn a_wallet_gets_credentials_over_http() {
    let Some((photo, live, _)) = photographs("a_wallet_gets_credentials_over_http") else { return };
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    let chn = Door::open(&bay.chn, &bay).await;
    chn.post("/v1/residents", Some(OFFICER), &resident(RECORD, &photo)).await.is(201);
    let enrolled =
        chn.post("/v1/enrolments", None, &enrolment("exit_entry_permit", NUMBER, NAME, BIRTH, &live)).await;
    let enrolled = enrolled.is(201).json();
    let session: [u8; 32] = un64(&enrolled["secret"]).try_into().unwrap();
    let secret = b64(&session);
    let (key, shown) = device(&session, Chn, &bay);
    let wanted = |kind: &str| json!({ "kind": kind, "key_class": "software", "devices": [shown] });
    let post = async |body| chn.post("/v1/venue-credentials", Some(&secret), &body).await;

    let answer = post(wanted("identity")).await;
    chn.problem(&answer, "venue_credentials", "not_approved");
    allow(&bay, &[ClaimName::Name, ClaimName::Portrait]);
    let mut absent = wanted("identity");
    absent["document"] = json!("hkid");
    let answer = post(absent).await;
    chn.problem(&answer, "venue_credentials", "nothing_issued");
    let answer = post(wanted("ethnicity")).await;
    assert_eq!(chn.problem(&answer, "venue_credentials", "wrong_field")["field"], "kind");
    let mut batch = wanted("identity");
    batch["document"] = json!("exit_entry_permit");
    let given = post(batch).await.is(200).json();
    let bytes = un64(&given["credentials"][0]);
    let credential = VenueCredential::receive(&bytes, &issuer_key(&bay), key.public()).unwrap();
    assert_eq!(credential.claims().text(ClaimName::DocumentNumber), Some(NUMBER));
    assert_eq!(given["expires"], credential.frame().expires.to_string());
    assert_eq!(given["key_class_reason"], "not_attested");
}
