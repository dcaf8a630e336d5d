//! Verifiers: who may ask this wallet for credentials of other systems, and for which (`docs/openid4vc.md`, Our wallet at others).
//!
//! Lives here: [`Verifiers`]: roots that count without a limit, and verifiers of other systems as trust lists name them. Not here: the request
//! (`openid`), which roots a command takes (`command::wallet`).

use credential::certificate;
use credential::x5c::{CertificateAnchors, VerifiedLeaf, X5cError};
use documents::{AuthorityCode, Timestamp};
use trust::{CredentialType, TrustStore, VerifierBinding};

/// Who may ask.
pub struct Verifiers {
    anchors: CertificateAnchors,
    /// Roots, in DER, below which everything may be asked for.
    unlimited: Vec<Vec<u8>>,
    listed: Vec<(AuthorityCode, VerifierBinding)>,
}

/// Why a verifier whom a trust list names is not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotListed {
    /// What would be shown is of a type for which no list names it.
    #[error(
        "{who} may not ask for credentials of this type: its authority lists it for {listed}, and {kind} would be shown; nothing was sent, \
         tell whoever runs it"
    )]
    Type {
        /// Who asks.
        who: String,
        /// The type.
        kind: CredentialType,
        /// The types that it is listed for.
        listed: String,
    },
    /// Its certificate names another country than its listing.
    #[error(
        "the certificate of {who} names the country {country}, and its authority lists it for {listed}; nothing was sent, tell whoever runs it"
    )]
    Country {
        /// Who asks.
        who: String,
        /// The country in its certificate.
        country: String,
        /// The jurisdictions that it is listed for.
        listed: String,
    },
}

impl Verifiers {
    /// Those below `roots` (DER), which may ask for everything, and those whom lists name at `now`.
    ///
    /// # Errors
    /// [`X5cError::Malformed`]: one of `roots` cannot be read.
    pub fn new(roots: Vec<Vec<u8>>, trust: &TrustStore, now: Timestamp) -> Result<Self, X5cError> {
        let mut listed = Vec::new();
        for code in AuthorityCode::ALL {
            listed.extend(trust.foreign_verifiers(code, now).map(|(_, verifier)| (code, verifier.clone())));
        }
        // One that is no anchor vouches for nobody; it must not stop those that are.
        listed.retain(|(_, verifier)| CertificateAnchors::from_der([verifier.certificate()]).is_ok());
        let below = listed.iter().map(|(_, verifier)| verifier.certificate());
        // Roots come first: whoever stands below one of them and is listed too has no limit.
        let anchors = CertificateAnchors::from_der(roots.iter().map(Vec::as_slice).chain(below))?;
        Ok(Self { anchors, unlimited: roots, listed })
    }

    /// Every root below which somebody may ask.
    pub const fn anchors(&self) -> &CertificateAnchors {
        &self.anchors
    }

    /// Holds what would be shown to what the verifier is listed for: its country where its certificate names one, and each type. Gives the
    /// authorities that list it; none where it stands below a root without a limit.
    ///
    /// # Errors
    /// [`NotListed`]: the first thing that no list allows.
    pub fn check(
        &self,
        (who, signer): (&str, &VerifiedLeaf),
        shown: impl IntoIterator<Item = CredentialType>,
    ) -> Result<Vec<AuthorityCode>, NotListed> {
        if self.unlimited.contains(&signer.anchor) {
            return Ok(Vec::new());
        }
        // By its key: a root whose certificate was made anew may be listed under several.
        let key = certificate::public_key(&signer.anchor);
        let of_signer = self.listed.iter().filter(|(_, listed)| Some(*listed.key()) == key);
        let country = signer.country.as_deref();
        let (fit, elsewhere): (Vec<_>, Vec<_>) = of_signer
            .partition(|(_, listed)| country.is_none_or(|named| named == listed.jurisdiction().as_str()));
        if let (true, Some(country)) = (fit.is_empty(), country) {
            let listed = joined(elsewhere.iter().map(|(_, listed)| listed.jurisdiction()));
            return Err(NotListed::Country { who: who.to_owned(), country: country.to_owned(), listed });
        }
        for kind in shown {
            if !fit.iter().any(|(_, listed)| listed.may_ask_for(&kind)) {
                let listed = joined(fit.iter().flat_map(|(_, listed)| listed.types()));
                return Err(NotListed::Type { who: who.to_owned(), kind, listed });
            }
        }
        let mut by: Vec<_> = fit.iter().map(|(code, _)| *code).collect();
        by.dedup();
        Ok(by)
    }
}

fn joined(words: impl Iterator<Item = impl ToString>) -> String {
    let mut words: Vec<_> = words.map(|word| word.to_string()).collect();
    words.dedup();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use credential::SigningKey;
    use credential::x5c::{LeafUse, verify_x5c};
    use documents::AuthorityCode::{Hkg, Mac};
    use test_support::SignerChain;
    use trust::{Binding, KeyEntry, Role, Root, TrustList};

    use super::*;

    const CARD: &str = "sd-jwt:urn:specimen:card:1";
    const PHOTO_ID: &str = "mdoc:org.iso.23220.photoID.1";

    fn now() -> Timestamp {
        Timestamp::from_unix(1_800_000_000).unwrap()
    }

    fn kind(text: &str) -> CredentialType {
        text.parse().unwrap()
    }

    fn listed(name: &str, jurisdiction: &str, types: &[&str], root: &[u8]) -> KeyEntry {
        let types = types.iter().map(|one| kind(one));
        let bound = VerifierBinding::new(jurisdiction.parse().unwrap(), types, root.to_vec()).unwrap();
        let (from, to) = (now(), now().plus_seconds(60));
        let (kid, key) = (name.as_bytes().to_vec(), bound.key().as_bytes().to_vec());
        let binding = Some(Binding::Verifier(bound));
        KeyEntry { role: Role::ForeignVerifier, kid, key, from, to, compromised: false, binding }
    }

    fn trust(lists: Vec<(AuthorityCode, Vec<KeyEntry>)>) -> TrustStore {
        let supervisor = SigningKey::generate().unwrap();
        let root = Root::of(1, [("root", *supervisor.public())]).unwrap();
        let roots: Vec<_> = lists.iter().map(|(code, _)| (*code, root.clone())).collect();
        let mut store = TrustStore::new(&roots).unwrap();
        for (authority, keys) in lists {
            let (issued, expires, root) = (now(), now().plus_seconds(600), root.clone());
            let list = TrustList { authority, number: 1, issued, expires, root, next: None, keys };
            store.update(&list.sign(b"root", &supervisor).unwrap(), now()).unwrap();
        }
        store
    }

    /// What a wallet says to a request of this chain (its country is HK) for these types.
    fn said(
        verifiers: &Verifiers,
        chain: &SignerChain,
        types: &[&str],
    ) -> Result<Vec<AuthorityCode>, NotListed> {
        let leaf = std::slice::from_ref(&chain.leaf);
        let signer = verify_x5c(leaf, verifiers.anchors(), LeafUse::Reader, now()).unwrap();
        verifiers.check(("ministry.example", &signer), types.iter().map(|one| kind(one)))
    }

    #[test]
    fn a_verifier_may_ask_for_what_any_list_names_it_for_and_nothing_else() {
        let ministry = SignerChain::new("Ministry", &["ministry.example"], None);
        let lists = vec![
            (Hkg, vec![listed("ministry", "HK", &[CARD], &ministry.root)]),
            (Mac, vec![listed("ministry", "HK", &[PHOTO_ID], &ministry.root)]),
        ];
        let alone = Verifiers::new(Vec::new(), &trust(lists[..1].to_vec()), now()).unwrap();
        assert_eq!(said(&alone, &ministry, &[CARD]), Ok(vec![Hkg]));
        for types in [&[PHOTO_ID][..], &[CARD, PHOTO_ID]] {
            let refused = said(&alone, &ministry, types).unwrap_err().to_string();
            let words = "may not ask for credentials of this type: its authority lists it for sd-jwt:urn:specimen:card:1, and mdoc:";
            assert!(refused.contains(words), "{refused}");
        }
        let both = Verifiers::new(Vec::new(), &trust(lists), now()).unwrap();
        assert_eq!(said(&both, &ministry, &[CARD, PHOTO_ID]), Ok(vec![Hkg, Mac]));
    }

    #[test]
    fn a_certificate_that_names_a_country_names_that_of_the_listing() {
        let ministry = SignerChain::new("Ministry", &["ministry.example"], None);
        let abroad = vec![listed("abroad", "CN", &[CARD, PHOTO_ID], &ministry.root)];
        let verifiers = Verifiers::new(Vec::new(), &trust(vec![(Hkg, abroad.clone())]), now()).unwrap();
        let refused = said(&verifiers, &ministry, &[CARD]).unwrap_err().to_string();
        assert!(refused.contains("names the country HK") && refused.contains("lists it for CN"), "{refused}");
        // A listing of its own country beside that one counts, and for its own types alone.
        let keys = [abroad, vec![listed("at-home", "HK", &[CARD], &ministry.root)]].concat();
        let verifiers = Verifiers::new(Vec::new(), &trust(vec![(Hkg, keys)]), now()).unwrap();
        assert_eq!(said(&verifiers, &ministry, &[CARD]), Ok(vec![Hkg]));
        let refused = said(&verifiers, &ministry, &[PHOTO_ID]);
        assert!(matches!(refused, Err(NotListed::Type { .. })), "{refused:?}");
    }

    #[test]
    fn a_root_that_the_holder_brought_has_no_limit_and_one_that_nobody_named_counts_for_nothing() {
        let [ministry, hotel] =
            ["Ministry", "Hotel"].map(|name| SignerChain::new(name, &["v.example"], None));
        let store = trust(vec![(Hkg, vec![listed("ministry", "CN", &[CARD], &ministry.root)])]);
        let brought = Verifiers::new(vec![ministry.root.clone()], &store, now()).unwrap();
        assert_eq!(said(&brought, &ministry, &[PHOTO_ID]), Ok(vec![]));
        let leaf = std::slice::from_ref(&hotel.leaf);
        let unknown = verify_x5c(leaf, brought.anchors(), LeafUse::Reader, now()).map(drop);
        assert_eq!(unknown, Err(X5cError::Unknown));
        let later = Verifiers::new(Vec::new(), &store, now().plus_seconds(60)).unwrap();
        let leaf = std::slice::from_ref(&ministry.leaf);
        let over = verify_x5c(leaf, later.anchors(), LeafUse::Reader, now()).map(drop);
        assert_eq!(over, Err(X5cError::Unknown), "no more listed");
    }
}
