//! A service's whole life, over whatever database: what two authorities answer to what a lane shows.

use crate::bay::Place;
use authority::{DeviceProof, EnrolError, IssueError, RegistryError, possession, status_list_number};
use credential::message::{Event, Outcome, Passage, ReceiptResult};
use credential::{KeyClass, SigningKey};
use documents::AuthorityCode::Chn;
use documents::{CaseFile, Document, DocumentNumber, LocalDate, Rules, Side};
use sqlx::Row;

use crate::bay::{
    LANE_2, RECORD, Shown, Wallet, ask, bare_event, bay, enrol, enrol_as, event, hash_of, pass, photographs,
    receipt_of, show, sign_event, token, wallet,
};

const MORNING: &str = "2026-03-02T10:00:00+08:00";

pub async fn one_scan_gets_two_verdicts_and_a_passage_is_counted_once_on_each_side(stores: [Place; 2]) {
    let Some((photo, live, stranger)) = photographs("one_scan_gets_two_verdicts") else { return };
    let bay = bay(MORNING.parse().unwrap(), stores).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let twice = bay.chn.add_resident(RECORD, &photo, bay.now).await;
    assert!(matches!(twice, Err(RegistryError::NumberTaken(_))), "two residents with one number");

    let number = DocumentNumber::recognise("CA1234567").unwrap();
    let birth: LocalDate = "1991-05-06".parse().unwrap();
    let refused = enrol_as(&bay.chn, (&number, "Specimen Li Na", birth), &stranger, bay.now).await;
    assert!(matches!(refused, Err(EnrolError::Unknown)));
    let refused = enrol_as(&bay.chn, (&number, "Somebody Else", birth), &live, bay.now).await;
    assert!(matches!(refused, Err(EnrolError::Unknown)));

    let wallet = wallet(&bay, &live).await;
    let shown = show(&bay, &wallet, &live);

    // Somebody else's face under the same code: both sides refer, each by its own comparison.
    let borrowed = show(&bay, &wallet, &stranger);
    for role in [Side::Exit, Side::Entry] {
        let (_, verdict, code) = ask(&bay, &wallet, &borrowed, role).await;
        assert_eq!((verdict.outcome, code.as_str()), (Outcome::Refer, "face_mismatch"), "{role}");
    }

    let (exit, verdict, code) = ask(&bay, &wallet, &shown, Side::Exit).await;
    assert_eq!((verdict.outcome, code.as_str()), (Outcome::Admit, "admitted"));
    let (entry, verdict, code) = ask(&bay, &wallet, &shown, Side::Entry).await;
    assert_eq!((verdict.outcome, code.as_str()), (Outcome::Admit, "admitted"));

    let event = pass(&bay, &shown, 1, [0; 32], &[&exit, &entry]).await;
    for service in [&bay.chn, &bay.mac] {
        assert_eq!(service.ledger().await.unwrap().len(), 1, "{}", service.code());
    }

    // The entry is used up: the mainland says so, and Macao has seen him go in.
    let again = show(&bay, &wallet, &live);
    let (_, verdict, code) = ask(&bay, &wallet, &again, Side::Exit).await;
    assert_eq!(verdict.outcome, Outcome::Refer);
    assert_ne!(code, "admitted");

    // A gap in a gate's events is refused, and so is a second event with a used number.
    let later = Event { clearance: [9; 16], ..bare_event(&bay, 3, hash_of(&event)) };
    let fork = sign_event(&bay, &Event { number: 1, ..later.clone() });
    for (sent, result) in
        [(sign_event(&bay, &later), ReceiptResult::Expected(2)), (fork, ReceiptResult::Forked)]
    {
        let receipt = bay.chn.hear_event(&sent, bay.now).await.unwrap();
        assert_eq!(receipt_of(&bay, bay.chn.code(), &receipt, &sent), result);
    }
}

pub async fn a_part_that_was_moved_changed_or_made_by_the_traveller_never_opens(stores: [Place; 2]) {
    let Some((photo, live, _)) = photographs("a_part_that_was_moved") else { return };
    let bay = bay(MORNING.parse().unwrap(), stores).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let good = wallet(&bay, &live).await;
    let moved = wallet(&bay, &live).await;
    let mut changed = good.sealed.clone();
    changed[20] ^= 1;
    for (part, role, expected) in [
        (&moved.own, Side::Exit, "part_unreadable"),
        (&moved.sealed, Side::Entry, "part_mismatch"),
        (&changed, Side::Entry, "part_mismatch"),
        (&good.own, Side::Entry, "part_mismatch"),
    ] {
        let (own, sealed) = match role {
            Side::Exit => (part.clone(), good.sealed.clone()),
            Side::Entry => (good.own.clone(), part.clone()),
        };
        let device = SigningKey::from_pkcs8(&good.device.to_pkcs8().unwrap()).unwrap();
        let forged = Wallet { device, token: good.token.clone(), own, sealed };
        let shown = show(&bay, &forged, &live);
        let (_, verdict, code) = ask(&bay, &forged, &shown, role).await;
        assert_eq!((verdict.outcome, code.as_str()), (Outcome::Refer, expected));
    }
}

pub async fn an_ended_pass_and_a_lost_permit_open_nothing_and_a_port_without_approval_stays_shut(
    stores: [Place; 2],
) {
    let Some((photo, live, _)) = photographs("an_ended_pass") else { return };
    let mut bay = bay(MORNING.parse().unwrap(), stores).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let wallet = wallet(&bay, &live).await;
    let number = DocumentNumber::recognise("CA1234567").unwrap();
    bay.chn.lose_document(&number, bay.now).await.unwrap();
    let shown = show(&bay, &wallet, &live);
    assert_eq!(ask(&bay, &wallet, &shown, Side::Exit).await.2, "pass_ended");
    let list = status_list_number(KeyClass::Software.expiry_for(bay.now.local_date()));
    let signed = bay.chn.status_list(list, bay.now.plus_seconds(1)).await.unwrap();
    bay.mac.take_status_list(Chn, list, &signed, bay.now).unwrap();
    assert_eq!(ask(&bay, &wallet, &shown, Side::Entry).await.2, "token_revoked");
    bay.now = "2026-04-01T00:00:00+08:00".parse().unwrap();
    let shown = show(&bay, &wallet, &live);
    assert_eq!(ask(&bay, &wallet, &shown, Side::Exit).await.2, "not_approved");
}

/// The card is renewed: what was made on the old one is void at once, and the same enrolment goes on with the new one.
pub async fn a_replaced_permit_ends_its_codes_and_the_pass_goes_on_with_the_new_one(stores: [Place; 2]) {
    let Some((photo, live, _)) = photographs("a_replaced_permit") else { return };
    let bay = bay(MORNING.parse().unwrap(), stores).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let session = enrol(&bay, &live).await;
    let before = token(&bay, &session).await;
    let old = DocumentNumber::recognise("CA1234567").unwrap();
    let case = CaseFile::parse(RECORD, &Rules::builtin().unwrap()).unwrap();
    let own = case.documents.into_iter().find(|document| document.number == old).unwrap();
    let new = Document { number: DocumentNumber::recognise("CB7654321").unwrap(), ..own.clone() };
    bay.chn.replace_document(&old, &new, bay.now).await.unwrap();
    let shown = show(&bay, &before, &live);
    assert_eq!(ask(&bay, &before, &shown, Side::Exit).await.2, "pass_ended", "on the old card");
    let after = token(&bay, &session).await;
    let shown = show(&bay, &after, &live);
    for side in [Side::Exit, Side::Entry] {
        assert_eq!(ask(&bay, &after, &shown, side).await.2, "admitted", "{side:?} on the new card");
    }
    // A card that keeps its number is renewed in its place.
    let renewed = Document { expires: own.expires.map(|day| day.plus_days(3650)), ..new.clone() };
    bay.chn.replace_document(&new.number, &renewed, bay.now).await.unwrap();
    let last = token(&bay, &session).await;
    let shown = show(&bay, &last, &live);
    assert_eq!(ask(&bay, &last, &shown, Side::Exit).await.2, "admitted", "on the renewed card");
    let other = Document { number: DocumentNumber::recognise("11010519491231002X").unwrap(), ..own };
    let refused = bay.chn.replace_document(&new.number, &other, bay.now).await;
    assert!(matches!(refused, Err(RegistryError::OtherKind(_))));
}

/// Two lanes ask about one person in the same moment: with one token, then with two. One of them reserves.
pub async fn two_lanes_at_once_reserve_one_person_once(stores: [Place; 2]) {
    let Some((photo, live, _)) = photographs("two_lanes_at_once") else { return };
    let bay = bay(MORNING.parse().unwrap(), stores).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let session = enrol(&bay, &live).await;
    let wallets = [token(&bay, &session).await, token(&bay, &session).await];
    let mut chains = [(1, [0; 32]), (1, [0; 32])];
    for round in 0..6 {
        // In the first round Macao sees somebody whom it has never seen, twice at once.
        let (first, second) = (&wallets[0], &wallets[usize::from(round % 2 == 0)]);
        let shown = [show(&bay, first, &live), Shown { gate: LANE_2, ..show(&bay, second, &live) }];
        for role in [Side::Entry, Side::Exit] {
            let (a, b) = tokio::join!(ask(&bay, first, &shown[0], role), ask(&bay, second, &shown[1], role));
            let mut codes = [a.2.as_str(), b.2.as_str()];
            codes.sort_unstable();
            assert_eq!(codes, ["admitted", "busy"], "round {round}, {role}");
            for (_, verdict, code) in [&a, &b] {
                assert_eq!(verdict.reservation.is_some(), code == "admitted");
            }
        }
        // Nobody went through: both lanes say so, and the next round begins.
        for (shown, (number, previous)) in shown.iter().zip(&mut chains) {
            let told = event(&bay, shown, Passage::NotPassed, (*number, *previous), &[]);
            for service in [&bay.chn, &bay.mac] {
                service.hear_event(&told, bay.now).await.unwrap();
            }
            (*number, *previous) = (*number + 1, hash_of(&told));
        }
    }
    assert_eq!(bay.mac.ledger().await.unwrap().len(), 0);
}

/// A pass ends while tokens are being issued for it: not one of them stays valid.
pub async fn a_pass_that_ends_while_tokens_are_issued_leaves_none_in_force(stores: [Place; 2]) {
    let Some((photo, live, _)) = photographs("a_pass_that_ends_while_tokens") else { return };
    let pool = stores[0].store.pool().clone();
    let bay = bay(MORNING.parse().unwrap(), stores).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    for _ in 0..5 {
        let session = enrol(&bay, &live).await;
        let batch = async || {
            let device = SigningKey::generate().unwrap();
            let proof = possession(&device, Chn, Chn, &session, bay.now).unwrap();
            let keys = [DeviceProof { key: *device.public(), proof }];
            bay.chn.issue(&session, &keys, None, bay.now).await
        };
        let (a, b, ended, c, d) =
            tokio::join!(batch(), batch(), bay.chn.end_own_pass(&session, bay.now), batch(), batch());
        ended.unwrap();
        for issued in [a, b, c, d] {
            assert!(matches!(issued, Ok(_) | Err(IssueError::NoPass)), "{issued:?}");
        }
        let valid =
            sqlx::query("SELECT COUNT(*) FROM token WHERE status = 0").fetch_one(&pool).await.unwrap();
        assert_eq!(valid.get::<i64, _>(0), 0);
    }
}
