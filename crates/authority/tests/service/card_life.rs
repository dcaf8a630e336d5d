//! Life and death with the card: what ends a card ends its pass at once, in the wallet, at the lane and at the desk; a card that
//! follows it carries the pass on without a new enrolment.

use authority::{CredentialsWanted, DeviceProof, IssueError, possession, status_list_number};
use credential::status::{SignedStatusList, Status};
use credential::venue::{ClaimName, CredentialFrame, CredentialKind, VenueCredential};
use credential::{KeyClass, SigningKey};
use documents::AuthorityCode::Chn;
use documents::{Document, DocumentNumber, DocumentStatus, LocalDate, Side};
use trust::Role;

use crate::bay::{Bay, NUMBER, RECORD, ask, bay, enrol, in_memory, photographs, show, token};
use crate::http::MORNING;
use crate::venues::{allow, issuer_key};

fn number(text: &str) -> DocumentNumber {
    DocumentNumber::recognise(text).unwrap()
}

pub async fn identity(bay: &Bay, session: &[u8; 32]) -> Result<CredentialFrame, IssueError> {
    let key = SigningKey::generate().unwrap();
    let proof = possession(&key, Chn, Chn, session, bay.now).unwrap();
    let keys = [DeviceProof { key: *key.public(), proof }];
    let wanted = CredentialsWanted { kind: CredentialKind::Identity, document: None };
    let batch = bay.chn.issue_for_venues(session, wanted, &keys, None, bay.now).await?;
    let credential = VenueCredential::receive(&batch.credentials[0], &issuer_key(bay), key.public());
    Ok(*credential.unwrap().frame())
}

/// What a desk reads of a credential in the newest status list.
pub async fn at_the_desk(bay: &Bay, frame: &CredentialFrame) -> Status {
    let list = frame.status.list();
    let signed = bay.chn.status_list(list, bay.now.plus_seconds(1)).await.unwrap();
    let kid = credential::status::list_kid(&signed).unwrap().unwrap();
    let by = bay.trust.find(Chn, Role::Status, &kid, bay.now).unwrap();
    let subject = format!("urn:baypass:status:CHN:{list}");
    let list = SignedStatusList::open(&signed, by, &subject).unwrap().list;
    list.get(frame.status.index()).unwrap()
}

/// The permit of the record, with another number or last day.
fn card(text: &str, expires: &str) -> Document {
    let rules = documents::Rules::builtin().unwrap();
    let case = documents::CaseFile::parse(RECORD, &rules).unwrap();
    let own = case.documents.into_iter().find(|document| document.number == number(NUMBER)).unwrap();
    let expires: LocalDate = expires.parse().unwrap();
    Document { number: number(text), expires: Some(expires), status: DocumentStatus::Valid, ..own }
}

#[tokio::test]
async fn what_ends_a_card_ends_its_pass_at_once_in_wallet_lane_and_desk() {
    let Some((photo, live, _)) = photographs("what_ends_a_card_ends_its_pass") else { return };
    for fate in ["lose", "end", "erase", "replace"] {
        let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
        allow(&bay, &[ClaimName::Name]);
        bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
        let session = enrol(&bay, &live).await;
        let (wallet, frame) = (token(&bay, &session).await, identity(&bay, &session).await.unwrap());
        let old = number(NUMBER);
        match fate {
            "lose" => bay.chn.lose_document(&old, bay.now).await.unwrap(),
            "end" => bay.chn.end_pass(&old, bay.now).await.unwrap(),
            "erase" => bay.chn.erase(&old, bay.now).await.unwrap(),
            _ => bay.chn.replace_document(&old, &card("CB7654321", "2036-01-01"), bay.now).await.unwrap(),
        }
        // The lane: the exit knows it itself, the entry by the next status list.
        let shown = show(&bay, &wallet, &live);
        let exit = ask(&bay, &wallet, &shown, Side::Exit).await.2;
        assert_eq!(exit, if fate == "erase" { "not_registered" } else { "pass_ended" }, "{fate}");
        let list = status_list_number(KeyClass::Software.expiry_for(bay.now.local_date()));
        let signed = bay.chn.status_list(list, bay.now.plus_seconds(1)).await.unwrap();
        bay.mac.take_status_list(Chn, list, &signed, bay.now).unwrap();
        assert_eq!(ask(&bay, &wallet, &shown, Side::Entry).await.2, "token_revoked", "{fate}");
        // The desk.
        assert_eq!(at_the_desk(&bay, &frame).await, Status::Invalid, "{fate}");
        // The wallet: no pass any more, or none of the old codes, and it goes on with the new card.
        let record = bay.chn.own_record(&session, bay.now).await;
        if fate != "replace" {
            assert!(record.is_err(), "{fate}");
            continue;
        }
        let record = record.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(record.tokens_left, 0);
        let now_held: Vec<_> = record.documents.iter().map(|one| (one.last4.as_str(), one.lost)).collect();
        assert!(now_held.contains(&("4321", false)), "{now_held:?}");
        let (next, frame) = (token(&bay, &session).await, identity(&bay, &session).await.unwrap());
        let shown = show(&bay, &next, &live);
        assert_eq!(ask(&bay, &next, &shown, Side::Exit).await.2, "admitted");
        assert_eq!(at_the_desk(&bay, &frame).await, Status::Valid);
    }
}

#[tokio::test]
async fn no_desk_takes_a_credential_longer_than_its_card_and_no_lane_lets_out_on_an_expired_one() {
    let Some((photo, live, _)) = photographs("no_desk_takes_a_credential_longer") else { return };
    let mut bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    allow(&bay, &[ClaimName::Name]);
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let session = enrol(&bay, &live).await;
    // The card ends tomorrow; tokens and credentials of today would live for three days.
    let tomorrow = bay.now.local_date().plus_days(1);
    let ending = card(NUMBER, &tomorrow.to_string());
    bay.chn.replace_document(&number(NUMBER), &ending, bay.now).await.unwrap();
    let wallet = token(&bay, &session).await;
    let frame = identity(&bay, &session).await.unwrap();
    assert_eq!(frame.expires, tomorrow.plus_days(1).start(), "the end of the card's last day");
    bay.now = bay.now.plus_seconds(2 * 86_400);
    let refused = identity(&bay, &session).await;
    assert!(matches!(refused, Err(IssueError::NothingToVouch(CredentialKind::Identity))));
    let shown = show(&bay, &wallet, &live);
    assert_eq!(ask(&bay, &wallet, &shown, Side::Exit).await.2, "document_expired");
    // The registry knows the new card: the same enrolment goes on.
    let renewed = card(NUMBER, "2036-01-01");
    bay.chn.replace_document(&number(NUMBER), &renewed, bay.now).await.unwrap();
    let wallet = token(&bay, &session).await;
    let shown = show(&bay, &wallet, &live);
    assert_eq!(ask(&bay, &wallet, &shown, Side::Exit).await.2, "admitted");
    let frame = identity(&bay, &session).await.unwrap();
    assert_eq!(frame.expires, KeyClass::Software.expiry_for(bay.now.local_date()));
}
