//! Verifiers of other systems in a trust list: what one may ask for, its one form, and when it counts for nothing.

use credential::SigningKey;
use credential::cbor::CborError;
use documents::AuthorityCode::{Hkg, Mac};
use documents::{DocumentKind, Timestamp};
use proptest::prelude::{any, prop, prop_assert_eq, proptest};
use test_support::SignerChain;
use trust::{Binding, CredentialType, IssuerBinding, KeyEntry, Role, TrustList, TrustStore, VerifierBinding};

use super::{Taking, entry, list, now, replaced, word};

fn kind(text: &str) -> CredentialType {
    text.parse().unwrap()
}

const CARD: &str = "sd-jwt:urn:example:identity:1";
const PHOTO_ID: &str = "mdoc:org.iso.23220.photoID.1";

fn bound(certificate: &[u8]) -> VerifierBinding {
    VerifierBinding::new("HK".parse().unwrap(), [CARD, PHOTO_ID].map(kind), certificate.to_vec()).unwrap()
}

fn bound_entry(name: &str, bound: &VerifierBinding) -> KeyEntry {
    entry(Role::ForeignVerifier, name, bound.key().as_bytes(), Binding::Verifier(bound.clone()))
}

fn listed(name: &str, certificate: &[u8]) -> KeyEntry {
    bound_entry(name, &bound(certificate))
}

fn names(store: &TrustStore, at: Timestamp) -> Vec<String> {
    store.foreign_verifiers(Hkg, at).map(|(name, _)| String::from_utf8_lossy(name).into_owned()).collect()
}

#[test]
fn a_verifier_counts_while_it_is_listed_and_a_compromised_one_never_again() {
    let mut lists = Taking::new();
    let [first, second] = ["One", "Two"].map(|name| SignerChain::new(name, &["v.example"], None));
    let both = lists.take(1, vec![listed("one", &first.root), listed("two", &second.root)]);
    assert_eq!(names(&both, now()), ["one", "two"]);
    assert_eq!(names(&both, now().plus_seconds(-1)), Vec::<String>::new(), "not yet");
    assert_eq!(names(&both, now().plus_seconds(86_400)), Vec::<String>::new(), "no more");
    let (_, found) = both.foreign_verifiers(Hkg, now()).next().unwrap();
    assert_eq!((found.jurisdiction().as_str(), found.certificate()), ("HK", first.root.as_slice()));
    assert!(found.may_ask_for(&kind(CARD)) && found.may_ask_for(&kind(PHOTO_ID)));
    for other in
        ["mdoc:urn:example:identity:1", "sd-jwt:urn:example:identity:2", "sd-jwt:urn:example:identity"]
    {
        assert!(!found.may_ask_for(&kind(other)), "{other}");
    }
    assert_eq!(both.foreign_issuers(Hkg, now()).count(), 0, "who asks vouches for nobody");
    assert_eq!(both.foreign_verifiers(Mac, now()).count(), 0);
    let struck = lists.take(2, vec![KeyEntry { compromised: true, ..listed("one", &first.root) }]);
    assert_eq!(names(&struck, now()), Vec::<String>::new());
    let again = lists.take(3, vec![listed("one-anew", &first.root), listed("two", &second.root)]);
    assert_eq!(names(&again, now()), ["two"], "under no other name either");
}

#[test]
fn an_issuer_asks_nobody_and_its_name_may_be_a_verifiers_too() {
    let mut lists = Taking::new();
    let chain = SignerChain::new("One", &["v.example"], None);
    let issuer =
        IssuerBinding::new("HK".parse().unwrap(), [kind(CARD)], [DocumentKind::Hkid], chain.root.clone());
    let verifier = listed("one", &chain.root);
    let issuer =
        KeyEntry { role: Role::ForeignIssuer, binding: issuer.map(Binding::Issuer), ..verifier.clone() };
    let mut take = |number, keys| {
        let store = lists.take(number, keys);
        (store.foreign_issuers(Hkg, now()).count(), store.foreign_verifiers(Hkg, now()).count())
    };
    assert_eq!(take(1, vec![issuer.clone()]), (1, 0));
    assert_eq!(take(2, vec![issuer.clone(), verifier.clone()]), (1, 1));
    assert_eq!(
        take(3, vec![issuer, KeyEntry { compromised: true, ..verifier }]),
        (0, 0),
        "the key, in any role"
    );
}

#[test]
fn a_list_with_a_verifier_has_one_form() {
    let (root, chain) = (SigningKey::generate().unwrap(), SignerChain::new("One", &["v.example"], None));
    let whole = list(&root, 1, vec![listed("one", &chain.root)]);
    let encoded = whole.encode();
    assert_eq!(TrustList::decode(&encoded), Ok(whole));
    let card = format!("8200{}", word("urn:example:identity:1"));
    let photo = format!("8201{}", word("org.iso.23220.photoID.1"));
    let certificate = format!("59{:04x}{}", chain.root.len(), hex::encode(&chain.root));
    for (from, to, why) in [
        (format!("82{card}{photo}"), format!("82{photo}{card}"), CborError::Keys),
        (format!("82{card}{photo}"), format!("82{card}{card}"), CborError::Keys),
        (format!("82{card}{photo}"), "80".to_owned(), CborError::Unexpected),
        (format!("{card}{photo}"), format!("{card}8202{}", word("org.iso")), CborError::Unexpected),
        (format!("{card}{photo}"), format!("{card}8201{}", word("")), CborError::Unexpected),
        (word("HK"), word("Hk"), CborError::Unexpected),
        (word("HK"), word("HKG"), CborError::Limit),
        (certificate.clone(), "4101".to_owned(), CborError::Unexpected),
        (certificate, format!("590801{}", "00".repeat(2_049)), CborError::Limit),
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
fn a_verifier_that_might_ask_for_nothing_is_not_made() {
    let chain = SignerChain::new("One", &["v.example"], None);
    let new = |types: Vec<CredentialType>, certificate: Vec<u8>| {
        VerifierBinding::new("HK".parse().unwrap(), types, certificate)
    };
    let of = |count: usize| (0..count).map(|n| kind(&format!("mdoc:type.{n}"))).collect::<Vec<_>>();
    assert!(new(of(8), chain.root.clone()).is_some());
    assert!(new(of(0), chain.root.clone()).is_none());
    assert!(new(of(9), chain.root.clone()).is_none());
    assert!(new(of(1), vec![1, 2, 3]).is_none());
    assert!(new(of(1), [chain.root, vec![0; 2_048]].concat()).is_none());
}

proptest! {
    #[test]
    fn a_listed_verifier_reads_as_it_was_written(
        forms in prop::collection::vec((any::<bool>(), "[!-~]{1,40}"), 1..=8),
        country in "[A-Z]{2}",
    ) {
        static ROOT: std::sync::LazyLock<Vec<u8>> =
            std::sync::LazyLock::new(|| SignerChain::new("One", &["v.example"], None).root);
        let types = forms.iter().map(|(mdoc, name)| kind(&format!("{}:{name}", if *mdoc { "mdoc" } else { "sd-jwt" })));
        let bound = VerifierBinding::new(country.parse().unwrap(), types, ROOT.clone()).unwrap();
        for one in bound.types() {
            prop_assert_eq!(&kind(&one.to_string()), one);
        }
        let root = SigningKey::generate().unwrap();
        let whole = list(&root, 1, vec![bound_entry("one", &bound)]);
        prop_assert_eq!(TrustList::decode(&whole.encode()), Ok(whole));
    }
}
