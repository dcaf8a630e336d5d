//! Issuers of other systems in a trust list: what one counts for, its one form, and when it counts for nothing.

use credential::SigningKey;
use credential::cbor::CborError;
use documents::AuthorityCode::Hkg;
use documents::{DocumentKind, Timestamp};
use test_support::SignerChain;
use trust::{Binding, CredentialType, IssuerBinding, KeyEntry, Role, TrustList, TrustStore};

use super::{Taking, entry, list, now, replaced, word};

fn types() -> [CredentialType; 2] {
    ["sd-jwt:urn:example:identity:1", "mdoc:org.iso.23220.photoID.1"].map(|one| one.parse().unwrap())
}

fn bound(certificate: &[u8]) -> IssuerBinding {
    let documents = [DocumentKind::Hkid, DocumentKind::Passport];
    IssuerBinding::new("HK".parse().unwrap(), types(), documents, certificate.to_vec()).unwrap()
}

fn listed(name: &str, certificate: &[u8]) -> KeyEntry {
    let bound = bound(certificate);
    entry(Role::ForeignIssuer, name, bound.key().as_bytes(), Binding::Issuer(bound.clone()))
}

fn names(store: &TrustStore, at: Timestamp) -> Vec<String> {
    store.foreign_issuers(Hkg, at).map(|(name, _)| String::from_utf8_lossy(name).into_owned()).collect()
}

#[test]
fn an_issuer_counts_while_it_is_listed_and_a_compromised_one_never_again() {
    let mut lists = Taking::new();
    let [first, second] = ["One", "Two"].map(|name| SignerChain::new(name, &["id.example"], None));
    let both = lists.take(1, vec![listed("one", &first.root), listed("two", &second.root)]);
    assert_eq!(names(&both, now()), ["one", "two"]);
    assert_eq!(names(&both, now().plus_seconds(-1)), Vec::<String>::new(), "not yet");
    assert_eq!(names(&both, now().plus_seconds(86_400)), Vec::<String>::new(), "no more");
    let (_, found) = both.foreign_issuers(Hkg, now()).next().unwrap();
    assert_eq!((found.jurisdiction().as_str(), found.certificate()), ("HK", first.root.as_slice()));
    assert!(found.documents().eq([DocumentKind::Hkid, DocumentKind::Passport]));
    let struck = lists.take(2, vec![KeyEntry { compromised: true, ..listed("one", &first.root) }]);
    assert_eq!(names(&struck, now()), Vec::<String>::new());
    let again = lists.take(3, vec![listed("one-anew", &first.root), listed("two", &second.root)]);
    assert_eq!(names(&again, now()), ["two"], "under no other name either");
    assert_eq!(both.foreign_issuers(documents::AuthorityCode::Mac, now()).count(), 0);
}

#[test]
fn a_list_with_an_issuer_has_one_form() {
    let (root, chain) = (SigningKey::generate().unwrap(), SignerChain::new("One", &["id.example"], None));
    let whole = list(&root, 1, vec![listed("one", &chain.root)]);
    let encoded = whole.encode();
    assert_eq!(TrustList::decode(&encoded), Ok(whole));
    let (card, passport) = (word("hkid"), word("passport"));
    for (from, to, why) in [
        (format!("82{card}{passport}"), format!("82{passport}{card}"), CborError::Keys),
        (format!("82{card}{passport}"), format!("82{card}{card}"), CborError::Keys),
        (word("HK"), word("Hk"), CborError::Unexpected),
        (card.clone(), word("hkix"), CborError::Unexpected),
        // An entry whose key is not its certificate's.
        (
            hex::encode(bound(&chain.root).key().as_bytes()),
            hex::encode(root.public().as_bytes()),
            CborError::Unexpected,
        ),
    ] {
        assert_eq!(replaced(&encoded, &from, &to), Err(why), "{from} to {to}");
    }
}

#[test]
fn an_issuer_that_would_count_for_nothing_is_not_made() {
    let chain = SignerChain::new("One", &["id.example"], None);
    let new = |types: Vec<CredentialType>, documents: Vec<DocumentKind>, certificate: Vec<u8>| {
        IssuerBinding::new("HK".parse().unwrap(), types, documents, certificate)
    };
    let hkid = vec![DocumentKind::Hkid];
    let nine = (0..9).map(|n| format!("mdoc:type.{n}").parse().unwrap()).collect();
    assert!(new(types().into(), hkid.clone(), chain.root.clone()).is_some());
    assert!(new(vec![], hkid.clone(), chain.root.clone()).is_none());
    assert!(new(nine, hkid.clone(), chain.root.clone()).is_none());
    assert!(new(types().into(), vec![], chain.root.clone()).is_none());
    assert!(new(types().into(), hkid.clone(), vec![1, 2, 3]).is_none());
    assert!(new(types().into(), hkid, [chain.root.clone(), vec![0; 2_048]].concat()).is_none());
    for wrong in ["urn:example", "mdoc:", "sd-jwt:with blank", "vc:x", ""] {
        assert!(wrong.parse::<CredentialType>().is_err(), "{wrong}");
    }
    for wrong in ["hk", "HKG", "H1", ""] {
        assert!(wrong.parse::<trust::Jurisdiction>().is_err(), "{wrong}");
    }
}
