//! What a face needs beside its score: by age, where somebody else looks alike, and by how many recognisers.

use credential::message::Outcome;
use documents::{DocumentNumber, LocalDate, Measure, Side};

use crate::bay::{
    BIRTH, Bay, NAME, NUMBER, RECORD, Shown, Wallet, ask, bay, enrol_as, in_memory, photographs, show, token,
};
use crate::carers::enrol_child;

const SIDES: [Side; 2] = [Side::Exit, Side::Entry];

/// A resident born on this day, with an enrolled wallet and one token.
async fn resident(bay: &Bay, photo: &[u8], live: &[u8], birth: &str) -> Wallet {
    bay.chn.add_resident(&RECORD.replace(BIRTH, birth), photo, bay.now).await.unwrap();
    let day: LocalDate = birth.parse().unwrap();
    // A child has a pass on a carer's phone alone.
    let session = if day.age_on(bay.now.local_date()) < 14 {
        enrol_child(bay, (NUMBER, NAME, birth), (photo, live)).await
    } else {
        enrol_as(&bay.chn, (&number(), NAME, day), live, bay.now).await.unwrap()
    };
    token(bay, &session).await
}

fn number() -> DocumentNumber {
    DocumentNumber::recognise(NUMBER).unwrap()
}

fn wanted(measure: Measure) -> Outcome {
    Outcome::Verify(vec![clearance::measure_number(measure)])
}

#[tokio::test]
async fn no_child_under_fourteen_passes_by_face_alone_and_a_guardian_or_an_officer_lets_them_through() {
    let Some((photo, live, _)) = photographs("no_child_under_fourteen_passes_by_face_alone") else { return };
    let bay = bay("2026-03-02T10:00:00+08:00".parse().unwrap(), in_memory().await).await;
    // The day before the fourteenth birthday.
    let wallet = resident(&bay, &photo, &live, "2012-03-03").await;
    let shown = show(&bay, &wallet, &live);
    for side in SIDES {
        let (_, verdict, code) = ask(&bay, &wallet, &shown, side).await;
        assert_eq!((verdict.outcome, code.as_str()), (wanted(Measure::Guardian), "face_minor"), "{side:?}");
        for stands_by in [Measure::Guardian, Measure::Officer] {
            let done = vec![clearance::measure_number(stands_by)];
            let shown = Shown { done, ..show(&bay, &wallet, &live) };
            let (_, verdict, _) =
                ask(&bay, &wallet, &Shown { clearance: shown.clearance, ..shown }, side).await;
            assert!(matches!(verdict.outcome, Outcome::Admit | Outcome::Busy), "{side:?} {stands_by:?}");
        }
    }
    // Somebody else's face stays somebody else's, whoever stands by.
    let Some((_, _, stranger)) = photographs("no_child_under_fourteen_passes_by_face_alone") else { return };
    let done = vec![clearance::measure_number(Measure::Officer)];
    let (_, verdict, code) =
        ask(&bay, &wallet, &Shown { done, ..show(&bay, &wallet, &stranger) }, Side::Exit).await;
    assert_eq!((verdict.outcome, code.as_str()), (Outcome::Refer, "face_mismatch"));
}

#[tokio::test]
async fn on_the_fourteenth_birthday_a_face_that_is_near_enough_admits_again() {
    let Some((photo, live, _)) = photographs("on_the_fourteenth_birthday") else { return };
    let bay = bay("2026-03-02T10:00:00+08:00".parse().unwrap(), in_memory().await).await;
    let wallet = resident(&bay, &photo, &live, "2012-03-02").await;
    for side in SIDES {
        let (_, verdict, code) = ask(&bay, &wallet, &show(&bay, &wallet, &live), side).await;
        assert_eq!((verdict.outcome, code.as_str()), (Outcome::Admit, "admitted"), "{side:?}");
    }
}

#[tokio::test]
async fn somebody_whom_another_person_resembles_is_seen_by_an_officer_until_an_officer_says_otherwise() {
    let Some((photo, live, _)) = photographs("somebody_whom_another_person_resembles") else { return };
    let bay = bay("2026-03-02T10:00:00+08:00".parse().unwrap(), in_memory().await).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let session =
        enrol_as(&bay.chn, (&number(), NAME, BIRTH.parse().unwrap()), &live, bay.now).await.unwrap();
    let wallet = token(&bay, &session).await;
    // By the holder's own word.
    bay.chn.mark_own_look_alike(&session, bay.now).await.unwrap();
    let (_, verdict, code) = ask(&bay, &wallet, &show(&bay, &wallet, &live), Side::Exit).await;
    assert_eq!((verdict.outcome, code.as_str()), (wanted(Measure::Officer), "face_look_alike"));
    // The other authority knows nothing of it.
    let (_, verdict, _) = ask(&bay, &wallet, &show(&bay, &wallet, &live), Side::Entry).await;
    assert_eq!(verdict.outcome, Outcome::Admit);
    let done = vec![clearance::measure_number(Measure::Officer)];
    let (_, verdict, _) = ask(&bay, &wallet, &Shown { done, ..show(&bay, &wallet, &live) }, Side::Exit).await;
    assert_eq!(verdict.outcome, Outcome::Admit);
    let detail = bay.chn.reason(&verdict.reference).await.unwrap().unwrap().detail;
    assert!(detail.starts_with("face_look_alike"), "{detail}");
    bay.chn.mark_look_alike(&number(), false, bay.now).await.unwrap();
    let wallet = token(&bay, &session).await;
    let (_, verdict, code) = ask(&bay, &wallet, &show(&bay, &wallet, &live), Side::Exit).await;
    assert!(code == "admitted" || code == "busy", "{code} {verdict:?}");
    assert_ne!(code, "face_look_alike");
    // By an officer's word, of a number that is registered.
    bay.chn.mark_look_alike(&number(), true, bay.now).await.unwrap();
    let (_, _, code) = ask(&bay, &wallet, &show(&bay, &wallet, &live), Side::Exit).await;
    assert_eq!(code, "face_look_alike");
    let nobody = DocumentNumber::recognise("CA7654321").unwrap();
    assert!(bay.chn.mark_look_alike(&nobody, true, bay.now).await.is_err());
}

#[tokio::test]
async fn an_authority_keeps_templates_of_both_recognisers_and_a_part_carries_the_first_ones_alone() {
    let Some((photo, live, _)) = photographs("an_authority_keeps_templates_of_both_recognisers") else {
        return;
    };
    let bay = bay("2026-03-02T10:00:00+08:00".parse().unwrap(), in_memory().await).await;
    let wallet = resident(&bay, &photo, &live, BIRTH).await;
    assert_eq!((wallet.own.len(), wallet.sealed.len()), (131, 202), "the one length of each form");
    assert_eq!(bay.chn.templates_to_renew().await.unwrap(), 0);
    let kept = sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM template");
    let mut rows: Vec<i64> = Vec::new();
    for kind in [3, 2] {
        let found = sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM template WHERE kind = $1").bind(kind);
        rows.push(found.fetch_one(bay.chn.store().pool()).await.unwrap());
    }
    assert_eq!((kept.fetch_one(bay.chn.store().pool()).await.unwrap(), rows), (2, vec![1, 1]));
    // Where the kept templates are gone the part's own is enough; described anew, both are there again.
    sqlx::query("DELETE FROM template").execute(bay.chn.store().pool()).await.unwrap();
    let (_, verdict, code) = ask(&bay, &wallet, &show(&bay, &wallet, &live), Side::Exit).await;
    assert_eq!((verdict.outcome, code.as_str()), (Outcome::Admit, "admitted"));
    assert_eq!(bay.chn.templates_to_renew().await.unwrap(), 1);
    assert!(bay.chn.renew_template(&[]).await.unwrap().unwrap().described);
    assert_eq!(bay.chn.templates_to_renew().await.unwrap(), 0);
    assert!(bay.chn.renew_template(&[]).await.unwrap().is_none());
}
