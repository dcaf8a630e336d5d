//! What a gate must not be given an admit for: requests of another place or moment, and tokens, proofs and parts that
//! no honest wallet or issuer makes.

use authority::{KEY_ID, PartKeys, SenderError, VerdictError, WeeklyKeyError, status_list_number};
use credential::message::{self, Handover, Kind, Request, Verdict};
use credential::part::{
    HolderIdentity, Name, PartContents, PartContext, PartTemplate, part_week, seal_weekly_key,
};
use credential::{
    KeyClass, PartHash, SealedHashes, SecretKey, ShortHash, SigningKey, TokenClaims, UnverifiedToken, hpke,
    sign_token,
};
use documents::AuthorityCode::{Chn, Mac};
use documents::{DocumentKind, DocumentNumber, LocalDate, Measure, Side, Timestamp};

use crate::bay::{
    BIRTH, Bay, NAME, RECORD, Shown, Wallet, ask, bay, enrol, enrol_as, envelope, envelope_with, in_memory,
    photographs, show, strangers, token, wallet,
};

fn morning() -> Timestamp {
    "2026-03-02T10:00:00+08:00".parse().unwrap()
}

/// The answer's code to a request that was changed, at this time.
async fn code_of(
    bay: &Bay,
    wallet: &Wallet,
    shown: &Shown,
    now: Timestamp,
    change: impl FnOnce(&mut Request),
) -> String {
    let (envelope, _) = envelope_with(bay, wallet, shown, Side::Exit, change);
    let signed = bay.chn.verdict(&envelope, now).await.unwrap();
    let verdict = Verdict::decode(message::unverified_payload(&signed).unwrap()).unwrap();
    bay.chn.reason(&verdict.reference).await.unwrap().unwrap().code
}

/// The wallet with a token that its issuer signed otherwise.
fn signed_otherwise(bay: &Bay, wallet: &Wallet, change: impl FnOnce(&mut TokenClaims)) -> Wallet {
    let parsed = UnverifiedToken::parse(&wallet.token).unwrap();
    let mut claims = *parsed.claims();
    change(&mut claims);
    let device = SigningKey::from_pkcs8(&wallet.device.to_pkcs8().unwrap()).unwrap();
    let token = sign_token(&claims, parsed.kid(), &bay.token).unwrap();
    Wallet { device, token, own: wallet.own.clone(), sealed: wallet.sealed.clone() }
}

#[tokio::test]
async fn an_authority_judges_its_own_side_alone_and_only_requests_of_this_minute() {
    let Some((photo, live, _)) = photographs("an_authority_judges_its_own_side") else { return };
    let bay = bay(morning(), in_memory().await).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let wallet = wallet(&bay, &live).await;
    let shown = show(&bay, &wallet, &live);
    let (exit, _) = envelope(&bay, &wallet, &shown, Side::Exit);
    let (entry, _) = envelope(&bay, &wallet, &shown, Side::Entry);
    for (row, envelope, seconds, taken) in [
        ("the other side's", &entry, 0, false),
        ("a minute old", &exit, 60, true),
        ("older", &exit, 61, false),
        ("a minute ahead", &exit, -60, true),
        ("farther ahead", &exit, -61, false),
    ] {
        match bay.chn.verdict(envelope, bay.now.plus_seconds(seconds)).await {
            Ok(_) => assert!(taken, "{row}"),
            Err(VerdictError::Sender(SenderError::NotForUs)) => assert!(!taken, "{row}"),
            Err(error) => panic!("{row}: {error}"),
        }
    }
}

#[tokio::test]
async fn a_joint_lane_names_both_parts_and_a_lane_of_one_authority_only_one() {
    let Some((photo, live, _)) = photographs("a_joint_lane_names_both_parts") else { return };
    let bay = bay(morning(), in_memory().await).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let wallet = wallet(&bay, &live).await;
    let shown = show(&bay, &wallet, &live);
    let without = code_of(&bay, &wallet, &shown, bay.now, |request| request.other_part = None).await;
    assert_eq!(without, "request_mismatch");
    // The gate is listed for a joint lane: as a lane of one authority it is not heard at all.
    let (alone, _) = envelope_with(&bay, &wallet, &shown, Side::Exit, |request| request.joint = false);
    assert!(bay.chn.verdict(&alone, bay.now).await.is_err());
}

#[tokio::test]
async fn a_proof_is_fresh_for_half_a_minute_and_after_measures_for_three() {
    let Some((photo, live, _)) = photographs("a_proof_is_fresh") else { return };
    let bay = bay(morning(), in_memory().await).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let wallet = wallet(&bay, &live).await;
    let officer = || vec![clearance::measure_number(Measure::Officer)];
    for (done, age, expected) in [
        (vec![], 20, "admitted"),
        // Fresh still, and older than a screen changes: risk control asks for more.
        (vec![], 30, "risk_check"),
        (vec![], 31, "proof_stale"),
        (officer(), 180, "admitted"),
        (officer(), 181, "proof_stale"),
    ] {
        let shown = Shown { done, ..show(&bay, &wallet, &live) };
        let now = bay.now.plus_seconds(age);
        let code = code_of(&bay, &wallet, &shown, now, |request| request.at = now).await;
        assert_eq!(code, expected, "{:?} at {age} s", shown.done);
    }
}

#[tokio::test]
async fn a_token_past_its_end_or_with_too_long_a_life_admits_nobody() {
    let Some((photo, live, _)) = photographs("a_token_past_its_end") else { return };
    let bay = bay(morning(), in_memory().await).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let honest = wallet(&bay, &live).await;
    let today = bay.now.local_date();
    for (row, expires, expected) in [
        ("as it was issued", KeyClass::Software.expiry_for(today), "admitted"),
        ("ended this midnight", today.start(), "token_expired"),
        ("a day too long", KeyClass::Software.expiry_for(today).plus_seconds(86_400), "token_expired"),
    ] {
        let forged = signed_otherwise(&bay, &honest, |claims| claims.expires = expires);
        let shown = show(&bay, &forged, &live);
        assert_eq!(ask(&bay, &forged, &shown, Side::Exit).await.2, expected, "{row}");
    }
}

/// Two mainland permits of one person; the part of a token carries the one that expires later.
const TWO_PERMITS: &str = r#"{
  "person": {"name": "SPECIMEN LI NA", "name_zh": "李娜样本", "birth": "1991-05-06", "home": "CHN", "height_cm": 165},
  "documents": [
    {"kind": "exit_entry_permit", "number": "CA1234567", "expires": "2030-01-01",
      "endorsements": [{"kind": "G", "destination": "MAC", "from": "2026-01-10", "to": "2026-04-09", "entries": 1}]},
    {"kind": "exit_entry_permit", "number": "CB7654321", "expires": "2029-01-01", "endorsements": []}
  ]
}"#;

#[tokio::test]
async fn a_lost_permit_opens_nothing_though_its_holder_has_a_pass_on_another() {
    let Some((photo, live, _)) = photographs("a_lost_permit_opens_nothing") else { return };
    let bay = bay(morning(), in_memory().await).await;
    bay.chn.add_resident(TWO_PERMITS, &photo, bay.now).await.unwrap();
    let wallet = token(&bay, &enrol(&bay, &live).await).await;
    let shown = show(&bay, &wallet, &live);
    assert_eq!(ask(&bay, &wallet, &shown, Side::Exit).await.2, "admitted");
    let [lost, other] = ["CA1234567", "CB7654321"].map(|number| DocumentNumber::recognise(number).unwrap());
    bay.chn.lose_document(&lost, bay.now).await.unwrap();
    let birth: LocalDate = BIRTH.parse().unwrap();
    enrol_as(&bay.chn, (&other, NAME, birth), &live, bay.now).await.unwrap();
    let shown = show(&bay, &wallet, &live);
    assert_eq!(ask(&bay, &wallet, &shown, Side::Exit).await.2, "pass_ended");
}

#[tokio::test]
async fn a_status_list_from_a_future_that_was_none_gives_way_to_the_present_one() {
    let bay = strangers(morning(), in_memory().await).await;
    let ahead = bay.now.plus_seconds(3 * 86_400);
    let held = || bay.mac.list_ages(bay.now).iter().find(|age| age.authority == Chn).unwrap().status.clone();
    for (signed_at, by, expected) in [(ahead, ahead, ahead), (bay.now, bay.now, bay.now)] {
        let signed = bay.chn.status_list(3, signed_at).await.unwrap();
        bay.mac.take_status_list(Chn, 3, &signed, by).unwrap();
        assert_eq!(held(), [(3, expected)]);
    }
    let older = bay.chn.status_list(3, bay.now.plus_seconds(-60)).await.unwrap();
    bay.mac.take_status_list(Chn, 3, &older, bay.now).unwrap();
    assert_eq!(held(), [(3, bay.now)], "and none goes back");
}

#[tokio::test]
async fn what_was_sealed_to_the_part_key_before_opens_until_that_key_is_destroyed() {
    let bay = strangers(morning(), in_memory().await).await;
    let copy = |key: &hpke::ReceiverKey| hpke::ReceiverKey::from_bytes(key.public(), key.expose()).unwrap();
    let before = copy(bay.mac.part_keys().newest());
    let next = hpke::ReceiverKey::generate().unwrap();
    let sealed_to = |key: &hpke::ReceiverKey, ahead| {
        let week = bay.now.local_date().iso_week().plus_weeks(ahead);
        let weekly = SecretKey::generate().unwrap();
        let (enc, ciphertext) = seal_weekly_key(&weekly, Chn, Mac, week, key.public()).unwrap();
        let handover = Handover { from: Chn, to: Mac, week, enc, ciphertext };
        message::sign(Kind::Handover, KEY_ID, &bay.handover, &handover.encode()).unwrap()
    };
    let take = async |signed: &[u8]| bay.mac.take_handover(signed, bay.now).await.map(drop);

    assert!(
        matches!(take(&sealed_to(&next, 2)).await, Err(WeeklyKeyError::Part(_))),
        "it has not that key yet"
    );
    bay.mac.use_part_keys(PartKeys::new(copy(&next), vec![copy(&before)]));
    take(&sealed_to(&before, 2)).await.unwrap();
    take(&sealed_to(&next, 3)).await.unwrap();
    bay.mac.use_part_keys(PartKeys::new(copy(&next), Vec::new()));
    assert!(matches!(take(&sealed_to(&before, 4)).await, Err(WeeklyKeyError::Part(_))), "it is destroyed");
    take(&sealed_to(&next, 4)).await.unwrap();
}

#[tokio::test]
async fn a_sealed_part_with_a_document_that_its_maker_does_not_issue_is_refused() {
    let Some((photo, live, _)) = photographs("a_sealed_part_with_a_document") else { return };
    // Macao has the weekly key of a mainland that seals whatever it likes.
    let bay = strangers(morning(), in_memory().await).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let honest = token(&bay, &enrol(&bay, &live).await).await;
    let parsed = UnverifiedToken::parse(&honest.token).unwrap();
    let claims = *parsed.claims();
    let (key, week) = (SecretKey::generate().unwrap(), part_week(claims.expires));
    let to = bay.trust.part_key(Mac, bay.now).unwrap();
    let (enc, ciphertext) = seal_weekly_key(&key, Chn, Mac, week, to).unwrap();
    let handover = Handover { from: Chn, to: Mac, week, enc, ciphertext };
    let signed = message::sign(Kind::Handover, KEY_ID, &bay.handover, &handover.encode()).unwrap();
    bay.mac.take_handover(&signed, bay.now).await.unwrap();
    let list = status_list_number(claims.expires);
    let signed = bay.chn.status_list(list, bay.now).await.unwrap();
    bay.mac.take_status_list(Chn, list, &signed, bay.now).unwrap();

    let thumbprint = parsed.device_key().unwrap().thumbprint();
    let context = PartContext { issuer: Chn, receiver: Mac, thumbprint };
    for (kind, number, expected) in [
        (DocumentKind::ExitEntryPermit, "CA1234567", "template_unknown"),
        (DocumentKind::Hkid, "A1234563", "part_foreign"),
    ] {
        let contents = PartContents {
            kind: kind.code(),
            number: DocumentNumber::parse(kind, number).unwrap().mrz9().unwrap(),
            expiry: Some("2030-01-01".parse().unwrap()),
            snapshot: bay.now.local_date(),
            holder_class: 0,
            identity: HolderIdentity::Sealed {
                latin_name: Name::new(NAME),
                chinese_name: Name::new("李娜样本"),
                birth: BIRTH.parse().unwrap(),
                nationality: *b"CHN",
            },
            endorsements: Vec::new(),
            template_format: 23,
            template: PartTemplate::from_bytes(&[0; credential::part::TEMPLATE_LEN]).unwrap(),
        };
        let sealed = contents.seal(&key, &context).unwrap();
        let mut forged = signed_otherwise(&bay, &honest, |claims| {
            claims.sealed = SealedHashes::Two(ShortHash([0; 16]), PartHash::of(&sealed).short());
        });
        forged.sealed = sealed;
        let shown = show(&bay, &forged, &live);
        assert_eq!(ask(&bay, &forged, &shown, Side::Entry).await.2, expected, "{kind:?}");
    }
}
