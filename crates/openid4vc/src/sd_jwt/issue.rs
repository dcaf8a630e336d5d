//! Issuing: a tree of claims, some of them disclosable, becomes a signed credential with its disclosures.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use credential::jose::Jwk;
use credential::{CryptoError, SigningKey};
use documents::{Timestamp, redact_debug};
use serde_json::{Map, Value, json};

use super::disclosure::{Content, Disclosure, SALT_LEN, digest};
use super::placing::{DIGESTS, HASH, PLACEHOLDER, place};
use super::{Registered, SdJwtError, TYPE};
use crate::signed::sign_typed;
use crate::status::StatusReference;

/// A value before it is issued.
#[derive(Clone, PartialEq)]
pub enum Blueprint {
    /// A value with nothing disclosable in it.
    Whole(Value),
    /// An array, some elements disclosable.
    Array(Vec<Element>),
    /// An object, some members disclosable.
    Object(Vec<Member>),
}
redact_debug!(Blueprint);

/// An element of an array before it is issued.
#[derive(Clone, PartialEq)]
pub enum Element {
    /// Shown to everybody.
    Shown(Blueprint),
    /// Shown where its holder chooses so.
    Disclosable(Blueprint),
    /// A digest of nothing.
    Decoy,
}
redact_debug!(Element);

/// A member of an object before it is issued.
#[derive(Clone, PartialEq)]
pub enum Member {
    /// Shown to everybody.
    Shown(String, Blueprint),
    /// Shown where its holder chooses so.
    Disclosable(String, Blueprint),
    /// A digest of nothing.
    Decoy,
}
redact_debug!(Member);

impl Member {
    /// A disclosable claim with nothing disclosable in it.
    #[must_use]
    pub fn disclosable(name: &str, value: impl Into<Value>) -> Self {
        Self::Disclosable(name.to_owned(), Blueprint::Whole(value.into()))
    }

    /// A claim that everybody sees.
    #[must_use]
    pub fn shown(name: &str, value: impl Into<Value>) -> Self {
        Self::Shown(name.to_owned(), Blueprint::Whole(value.into()))
    }
}

/// What an issuer says in one credential.
#[derive(Clone, Copy)]
pub struct Credential<'c> {
    /// Its type.
    pub vct: &'c str,
    /// The hash of its type's metadata ([`crate::vct::integrity`]).
    pub vct_integrity: Option<&'c str>,
    /// The holder's key.
    pub holder: Option<&'c Jwk>,
    /// `iat`. One time for a whole batch links its credentials; round it to the day.
    pub issued: Option<Timestamp>,
    /// `nbf`: from when on it is valid.
    pub not_before: Option<Timestamp>,
    /// `exp`: the end of its validity.
    pub expires: Option<Timestamp>,
    /// Where its status stands.
    pub status: Option<&'c StatusReference>,
    /// Its further claims, and decoys beside them.
    pub claims: &'c [Member],
}
redact_debug!(Credential<'_>);

/// Why a credential is not issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// Two salts are the same: a repeated salt lets a verifier compare what it was not shown.
    #[error("two salts are the same; draw each anew")]
    SaltRepeated,
    /// A claim stands twice, or has the name of a registered one.
    #[error("a claim stands twice in the credential")]
    ClaimRepeated,
    /// No certificates of the issuer.
    #[error("the issuer has no certificate; make one before issuing")]
    NoCertificate,
    /// No holder would take the credential.
    #[error("no holder would take this credential: {0}")]
    Refused(#[from] SdJwtError),
    /// No salt could be drawn, or the key does not sign.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

/// Issues a credential, signed with ES256; `x5c` holds the issuer's certificates in DER, leaf first, without the anchor; `salt`
/// draws 16 random bytes each time. The digests of an object stand in ascending order, so that their places tell nothing.
///
/// # Errors
/// [`IssueError`] for claims that no holder would take: they are never signed.
pub fn issue(
    credential: &Credential<'_>,
    signer: &SigningKey,
    x5c: &[Vec<u8>],
    salt: &mut impl FnMut() -> Result<[u8; SALT_LEN], CryptoError>,
) -> Result<String, IssueError> {
    if x5c.is_empty() {
        return Err(IssueError::NoCertificate);
    }
    let mut draft = Draft { salt, salts: Vec::new(), disclosures: Vec::new() };
    let mut payload = draft.object(credential.claims)?;
    let has_digests =
        payload.contains_key(DIGESTS) || !draft.disclosures.is_empty() || !draft.salts.is_empty();
    let time = |time: Option<Timestamp>| time.map(|time| Value::from(time.unix()));
    let holder = credential.holder.map(Jwk::to_json).transpose()?;
    for (name, value) in [
        ("vct", Some(Value::from(credential.vct))),
        ("vct#integrity", credential.vct_integrity.map(Value::from)),
        ("iat", time(credential.issued)),
        ("nbf", time(credential.not_before)),
        ("exp", time(credential.expires)),
        ("status", credential.status.map(StatusReference::to_json)),
        ("cnf", holder.map(|jwk| json!({ "jwk": jwk }))),
        (HASH, has_digests.then(|| Value::from("sha-256"))),
    ] {
        let Some(value) = value else { continue };
        if payload.insert(name.to_owned(), value).is_some() {
            return Err(IssueError::ClaimRepeated);
        }
    }
    // What a holder would refuse is never signed.
    Registered::read(&place(&payload, &draft.disclosures)?)?;
    let mut compact = sign_typed(signer, TYPE, x5c, payload)?;
    compact.push('~');
    for disclosure in &draft.disclosures {
        compact.push_str(&disclosure.text);
        compact.push('~');
    }
    super::SdJwt::read(&compact)?;
    Ok(compact)
}

struct Draft<'s, S> {
    salt: &'s mut S,
    salts: Vec<[u8; SALT_LEN]>,
    disclosures: Vec<Disclosure>,
}

impl<S: FnMut() -> Result<[u8; SALT_LEN], CryptoError>> Draft<'_, S> {
    fn value(&mut self, blueprint: &Blueprint) -> Result<Value, IssueError> {
        match blueprint {
            Blueprint::Whole(value) => Ok(value.clone()),
            Blueprint::Array(elements) => self.array(elements).map(Value::Array),
            Blueprint::Object(members) => self.object(members).map(Value::Object),
        }
    }

    fn object(&mut self, members: &[Member]) -> Result<Map<String, Value>, IssueError> {
        let (mut object, mut digests) = (Map::new(), Vec::new());
        for member in members {
            match member {
                Member::Shown(name, blueprint) => {
                    let value = self.value(blueprint)?;
                    if name == DIGESTS || name == HASH {
                        return Err(SdJwtError::ForbiddenName.into());
                    }
                    if object.insert(name.clone(), value).is_some() {
                        return Err(IssueError::ClaimRepeated);
                    }
                }
                Member::Disclosable(name, blueprint) => {
                    let content = Content::Member(name.clone(), self.value(blueprint)?);
                    digests.push(self.disclosable(content)?);
                }
                Member::Decoy => digests.push(self.decoy()?),
            }
        }
        if !digests.is_empty() {
            digests.sort_unstable();
            object.insert(DIGESTS.to_owned(), digests.into());
        }
        Ok(object)
    }

    fn array(&mut self, elements: &[Element]) -> Result<Vec<Value>, IssueError> {
        let mut items = Vec::with_capacity(elements.len());
        for element in elements {
            let digest = match element {
                Element::Shown(blueprint) => {
                    items.push(self.value(blueprint)?);
                    continue;
                }
                Element::Disclosable(blueprint) => {
                    let content = Content::Element(self.value(blueprint)?);
                    self.disclosable(content)?
                }
                Element::Decoy => self.decoy()?,
            };
            items.push(json!({ PLACEHOLDER: digest }));
        }
        Ok(items)
    }

    fn fresh_salt(&mut self) -> Result<[u8; SALT_LEN], IssueError> {
        let salt = (self.salt)()?;
        if self.salts.contains(&salt) {
            return Err(IssueError::SaltRepeated);
        }
        self.salts.push(salt);
        Ok(salt)
    }

    fn disclosable(&mut self, content: Content) -> Result<String, IssueError> {
        let disclosure = Disclosure::make(&self.fresh_salt()?, content);
        let digest = disclosure.digest.clone();
        self.disclosures.push(disclosure);
        Ok(digest)
    }

    /// A decoy is the hash of random bytes (RFC 9901, 4.2.5); no disclosure has these characters alone.
    fn decoy(&mut self) -> Result<String, IssueError> {
        let salt = self.fresh_salt()?;
        Ok(digest(&STANDARD.encode(salt)))
    }
}
