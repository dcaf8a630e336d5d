//! Answers that a desk takes, and answers that a wallet does not make.

use credential::status::Status;
use credential::venue::{
    AnswerError, ClaimName, CredentialKind, Exchange, PresentationError, Shown, UnverifiedAnswer, answer,
    presentation_hash,
};
use proptest::prelude::*;

use crate::{World, set, specimen};

use ClaimName::*;

#[test]
fn a_desk_reads_what_the_traveller_agreed_to_and_nothing_else() {
    let world = World::new();
    let (identity, age) = (world.credential(CredentialKind::Identity), world.credential(CredentialKind::Age));
    let request = world.request(&[Name, DocumentNumber, AgeOver18], &[BirthDate, NameZh]);
    let bytes = world.answer(&request, &[Name, DocumentNumber, AgeOver18, NameZh], &[&age, &identity]);
    let verified = world.verify(&request, &bytes).unwrap();
    assert_eq!(verified.claims().text(Name), Some("SPECIMEN, MEI LING"));
    assert_eq!(verified.claims().text(DocumentNumber), Some("H12345678"));
    assert_eq!(verified.claims().flag(AgeOver18), Some(true));
    assert_eq!(verified.claims().names(), set(&[Name, DocumentNumber, AgeOver18, NameZh]));
    assert_eq!(verified.pseudonym(), world.secret.at(&request.venue));
    assert_eq!((verified.made(), *verified.hash()), (world.now, presentation_hash(&bytes)));
    let kinds: Vec<_> = verified.credentials().iter().map(|one| one.frame.kind).collect();
    assert_eq!(kinds, [CredentialKind::Identity, CredentialKind::Age]);
    assert_ne!(verified.credentials()[0].id, verified.credentials()[1].id);
    assert_eq!(UnverifiedAnswer::parse(&bytes).unwrap().cnonce(), Some(request.id().cnonce().as_slice()));
}

#[test]
fn a_portrait_is_shown_like_any_claim() {
    let world = World::new();
    let portrait = world.credential(CredentialKind::Portrait);
    let request = world.request(&[Portrait], &[]);
    let bytes = world.answer(&request, &[Portrait], &[&portrait]);
    let verified = world.verify(&request, &bytes).unwrap();
    assert_eq!(verified.claims().get(Portrait), specimen(CredentialKind::Portrait).get(Portrait));
}

#[test]
fn a_wallet_makes_no_answer_that_the_desk_would_refuse() {
    let world = World::new();
    let (identity, again) =
        (world.credential(CredentialKind::Identity), world.credential(CredentialKind::Identity));
    let age = world.credential(CredentialKind::Age);
    let request = world.request(&[Name], &[AgeOver18]);
    let make = |chosen: &[ClaimName], owned: &[&crate::Owned]| {
        let shown: Vec<_> =
            owned.iter().map(|one| Shown { credential: &one.credential, device: &one.device }).collect();
        answer(&request, &set(chosen), &shown, world.pseudonym(&request), world.now).err()
    };
    assert_eq!(make(&[Name], &[&identity]), None);
    assert_eq!(make(&[Name, AgeOver18], &[&identity, &age]), None);
    for (chosen, owned, expected) in [
        (vec![Name, BirthDate], vec![&identity], AnswerError::NotAsked { claim: BirthDate }),
        (vec![AgeOver18], vec![&age], AnswerError::Required { claim: Name }),
        (vec![], vec![], AnswerError::Required { claim: Name }),
        (vec![Name, AgeOver18], vec![&identity], AnswerError::NoCredential { claim: AgeOver18 }),
        (vec![Name], vec![&identity, &again], AnswerError::TooMany { kind: CredentialKind::Identity }),
        (vec![Name], vec![&identity, &age], AnswerError::TooMany { kind: CredentialKind::Age }),
    ] {
        assert_eq!(make(&chosen, &owned), Some(expected.clone()), "row {expected}");
    }
}

#[test]
fn an_answer_counts_from_ten_seconds_ahead_to_300_behind_and_on_a_sign_60() {
    let world = World::new();
    let identity = world.credential(CredentialKind::Identity);
    let mut request = world.request(&[Name], &[]);
    request.made = world.now.plus_seconds(-100);
    request.ends = world.now.plus_seconds(200);
    let mut sign = request.clone();
    sign.exchange = Exchange::Standing;
    sign.ends = world.now.plus_seconds(86_400);
    for (request, behind) in [(&request, 300), (&sign, 60)] {
        let bytes = world.answer(request, &[Name], &[&identity]);
        for (after, expected) in [
            (-11, Some(PresentationError::FromFuture)),
            (-10, None),
            (behind, None),
            (behind + 1, Some(PresentationError::Stale)),
        ] {
            let now = world.now.plus_seconds(after);
            let verified = world.verify_at(request, &bytes, now, Some(Status::Valid));
            assert_eq!(verified.err(), expected, "row {after}");
        }
    }
    // Made after the sign was taken down.
    sign.ends = world.now;
    let bytes = world.answer(&sign, &[Name], &[&identity]);
    assert_eq!(world.verify(&sign, &bytes).err(), Some(PresentationError::RequestOver));
    sign.made = world.now.plus_seconds(11);
    sign.ends = world.now.plus_seconds(300);
    let bytes = world.answer(&sign, &[Name], &[&identity]);
    assert_eq!(world.verify(&sign, &bytes).err(), Some(PresentationError::RequestOver));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_asked_and_agreed_to_the_desk_sees_exactly_that(
        asked in proptest::sample::subsequence(ClaimName::ALL.to_vec(), 1..15),
        agreed in proptest::collection::vec(any::<bool>(), 15),
    ) {
        let world = World::new();
        let request = world.request(&asked[..1], &asked[1..]);
        let chosen: Vec<ClaimName> = asked.iter().enumerate()
            .filter(|(at, _)| *at == 0 || agreed[*at]).map(|(_, claim)| *claim).collect();
        let owned: Vec<_> = set(&chosen).kinds().into_iter().map(|kind| world.credential(kind)).collect();
        let bytes = world.answer(&request, &chosen, &owned.iter().collect::<Vec<_>>());
        let verified = world.verify(&request, &bytes).unwrap();
        prop_assert_eq!(verified.claims().names(), set(&chosen));
        for (claim, value) in verified.claims().iter() {
            prop_assert!(specimen(claim.kind()).get(claim) == Some(value));
        }
    }
}
