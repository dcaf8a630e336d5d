//! Issuance: which authority makes which part of a border token, for whom, and on which document.
//!
//! Lives here: the one table behind forms of parts, hashes in a token, weekly keys and the documents that an authority
//! vouches for. Not here: bytes of a part (`credential::part`), what a document allows (`judge`).
//!
//! Source: DESIGN.md, sections 3 (step 2) and 4 ("Part"); `docs/formats.md`, sections 3, 4 and 7. The wallet holds a copy
//! (`web/core/issuance.ts`), which `web/core/test/rust.test.ts` compares with this table.

use crate::{AuthorityCode, DocumentKind};

/// The authority that makes the part which `receiver` opens, beside a token of `issuer`.
///
/// Where it is the receiver itself, the part is an *own part*, otherwise a *sealed part*. It follows from this pair
/// alone and is never found by trying. The mainland issued a permit to every traveller, so it makes every part that it
/// opens; a region makes its own for its own residents alone and gets everybody else's from the token's issuer.
#[must_use]
pub const fn part_maker(issuer: AuthorityCode, receiver: AuthorityCode) -> AuthorityCode {
    use AuthorityCode::{Chn, Hkg, Mac};
    match (issuer, receiver) {
        (Chn | Hkg | Mac, Chn) | (Hkg, Hkg) | (Mac, Mac) => receiver,
        (Chn, Hkg | Mac) | (Hkg, Mac) | (Mac, Hkg) => issuer,
    }
}

/// The authorities for which `issuer` seals parts, in order of their codes: the order of the hashes in its tokens.
#[must_use]
pub const fn sealed_receivers(issuer: AuthorityCode) -> &'static [AuthorityCode] {
    match issuer {
        AuthorityCode::Chn => &[AuthorityCode::Hkg, AuthorityCode::Mac],
        AuthorityCode::Hkg => &[AuthorityCode::Mac],
        AuthorityCode::Mac => &[AuthorityCode::Hkg],
    }
}

/// The pairs (maker, receiver) of which the maker sends the receiver a weekly part key: every maker of sealed parts
/// with every receiver of them, in order of their codes. An own part's key never leaves its authority.
pub fn weekly_key_pairs() -> impl Iterator<Item = (AuthorityCode, AuthorityCode)> {
    let of_maker =
        |maker| sealed_receivers(maker).iter().map(move |receiver: &AuthorityCode| (maker, *receiver));
    AuthorityCode::ALL.into_iter().flat_map(of_maker)
}

/// The kinds of document that a part made by `maker` may carry for a resident of `home`; the holder's document of the
/// latest expiry among them is taken. A maker vouches only for documents that it issued itself.
#[must_use]
pub const fn part_documents(maker: AuthorityCode, home: AuthorityCode) -> &'static [DocumentKind] {
    use AuthorityCode::{Chn, Hkg, Mac};
    match (maker, home) {
        (Chn, Chn) => &[DocumentKind::ExitEntryPermit, DocumentKind::OneWayPermit],
        (Chn, Hkg | Mac) => &[DocumentKind::HomeReturnPermit],
        (Hkg, Chn | Hkg | Mac) => &[DocumentKind::Hkid],
        (Mac, Chn | Hkg | Mac) => &[DocumentKind::MacaoBir],
    }
}

/// Whether a part made by `maker` may carry a document of this kind, whoever its holder is. A receiver refuses a part
/// that carries another (`part_foreign`).
#[must_use]
pub fn vouches_for(maker: AuthorityCode, kind: DocumentKind) -> bool {
    AuthorityCode::ALL.into_iter().any(|home| part_documents(maker, home).contains(&kind))
}

/// The authority that issues documents of this kind; `None` for a passport, which its holder's nationality decides.
#[must_use]
pub const fn document_issuer(kind: DocumentKind) -> Option<AuthorityCode> {
    match kind {
        DocumentKind::MainlandId
        | DocumentKind::ResidencePermit
        | DocumentKind::ExitEntryPermit
        | DocumentKind::OneWayPermit
        | DocumentKind::HomeReturnPermit
        | DocumentKind::OneTimePass
        | DocumentKind::InboundPass
        | DocumentKind::OfficialPermit => Some(AuthorityCode::Chn),
        DocumentKind::Hkid
        | DocumentKind::DocumentOfIdentity
        | DocumentKind::ReentryPermit
        | DocumentKind::HksarPassport => Some(AuthorityCode::Hkg),
        DocumentKind::MacaoBir | DocumentKind::VisitPermit => Some(AuthorityCode::Mac),
        DocumentKind::Passport => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AuthorityCode::{Chn, Hkg, Mac};
    use DocumentKind as K;

    /// Every pair of authorities.
    fn pairs() -> impl Iterator<Item = (AuthorityCode, AuthorityCode)> {
        AuthorityCode::ALL.into_iter().flat_map(|a| AuthorityCode::ALL.map(|b| (a, b)))
    }

    #[test]
    fn every_part_has_one_maker_that_follows_from_issuer_and_receiver() {
        let table = [
            ((Chn, Chn), Chn),
            ((Chn, Hkg), Chn),
            ((Chn, Mac), Chn),
            ((Hkg, Chn), Chn),
            ((Hkg, Hkg), Hkg),
            ((Hkg, Mac), Hkg),
            ((Mac, Chn), Chn),
            ((Mac, Hkg), Mac),
            ((Mac, Mac), Mac),
        ];
        assert_eq!(table.map(|(pair, _)| pair).to_vec(), pairs().collect::<Vec<_>>());
        for ((issuer, receiver), maker) in table {
            assert_eq!(part_maker(issuer, receiver), maker, "token of {issuer}, part for {receiver}");
        }
    }

    #[test]
    fn an_issuer_seals_for_exactly_those_who_do_not_make_their_own_part_in_order_of_their_codes() {
        for issuer in AuthorityCode::ALL {
            let others: Vec<_> =
                AuthorityCode::ALL.into_iter().filter(|to| part_maker(issuer, *to) != *to).collect();
            assert_eq!(sealed_receivers(issuer), others, "issuer {issuer}");
        }
    }

    #[test]
    fn the_mainland_seals_two_parts_and_a_region_one() {
        assert_eq!(AuthorityCode::ALL.map(|issuer| sealed_receivers(issuer).len()), [2, 1, 1]);
    }

    #[test]
    fn a_weekly_key_goes_to_everybody_for_whom_somebody_seals_and_to_nobody_else() {
        let pairs_with_keys: Vec<_> = weekly_key_pairs().collect();
        assert_eq!(pairs_with_keys, [(Chn, Hkg), (Chn, Mac), (Hkg, Mac), (Mac, Hkg)]);
        for pair in pairs() {
            let (maker, receiver) = pair;
            let seals = maker != receiver && part_maker(maker, receiver) == maker;
            assert_eq!(pairs_with_keys.contains(&pair), seals, "{maker} for {receiver}");
        }
    }

    #[test]
    fn a_part_carries_the_document_that_its_maker_issued_to_a_resident_of_that_home() {
        for ((maker, home), kinds) in [
            ((Chn, Chn), &[K::ExitEntryPermit, K::OneWayPermit][..]),
            ((Chn, Hkg), &[K::HomeReturnPermit]),
            ((Chn, Mac), &[K::HomeReturnPermit]),
            ((Hkg, Chn), &[K::Hkid]),
            ((Hkg, Hkg), &[K::Hkid]),
            ((Hkg, Mac), &[K::Hkid]),
            ((Mac, Chn), &[K::MacaoBir]),
            ((Mac, Hkg), &[K::MacaoBir]),
            ((Mac, Mac), &[K::MacaoBir]),
        ] {
            assert_eq!(part_documents(maker, home), kinds, "{maker} for a resident of {home}");
        }
    }

    #[test]
    fn a_maker_vouches_for_no_document_of_another_authority() {
        for maker in AuthorityCode::ALL {
            let vouched: Vec<_> = K::ALL.into_iter().filter(|kind| vouches_for(maker, *kind)).collect();
            let expected: &[K] = match maker {
                Chn => &[K::ExitEntryPermit, K::HomeReturnPermit, K::OneWayPermit],
                Hkg => &[K::Hkid],
                Mac => &[K::MacaoBir],
            };
            assert_eq!(vouched, expected, "maker {maker}");
            assert!(vouched.into_iter().all(|kind| document_issuer(kind) == Some(maker)), "maker {maker}");
        }
    }

    #[test]
    fn a_document_that_goes_into_a_part_has_the_nine_character_form_that_a_part_holds() {
        for (kind, number) in [
            (K::ExitEntryPermit, "C12345678"),
            (K::OneWayPermit, "123456789"),
            (K::HomeReturnPermit, "H12345678"),
            (K::Hkid, "A123456(3)"),
            (K::MacaoBir, "5123456(7)"),
        ] {
            let number = crate::DocumentNumber::parse(kind, number).unwrap();
            assert!(number.mrz9().is_some(), "{kind}");
        }
    }
}
