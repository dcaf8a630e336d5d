//! Issuing: a tree of claims, some of them to be redacted, becomes a signed token with its disclosures.
//!
//! Lives here: [`Blueprint`], [`issue`]. Not here: which claims a credential has.

use documents::redact_debug;

use super::TAG_REDACTED;
use super::disclosure::{Content, Disclosure, SALT_LEN};
use super::held::{HolderError, whole};
use super::placing::has_redaction;
use super::signed::{SdCwt, sign1, token_header};
use super::value::{Encoding, Key, Value};
use crate::cose::sig_structure;
use crate::crypto::{CryptoError, SigningKey};

/// A value before it is issued.
#[derive(Clone, PartialEq)]
pub enum Blueprint {
    /// A value with nothing redacted in it.
    Whole(Value),
    /// An array, some elements redacted.
    Array(Vec<Element>),
    /// A map, some entries redacted.
    Map(Vec<Entry>),
}
redact_debug!(Blueprint);

/// An element of an array before it is issued. It keeps its place, redacted or not.
#[derive(Clone, PartialEq)]
pub enum Element {
    /// Shown to everybody.
    Shown(Blueprint),
    /// Redacted, disclosed by the holder.
    Redacted(Blueprint),
    /// A hash of nothing.
    Decoy,
}
redact_debug!(Element);

/// An entry of a map before it is issued.
#[derive(Clone, PartialEq)]
pub enum Entry {
    /// Shown to everybody.
    Shown(Key, Blueprint),
    /// Redacted, disclosed by the holder.
    Redacted(Key, Blueprint),
    /// A hash of nothing.
    Decoy,
}
redact_debug!(Entry);

/// Why a token is not issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// A whole value has something redacted in it.
    #[error("a value that is to be whole has redacted claims in it")]
    NotWhole,
    /// Two salts are the same: a repeated salt lets a verifier compare what it was not shown.
    #[error("two salts are the same; draw each anew")]
    SaltRepeated,
    /// No holder would take the token.
    #[error("no holder would take this token: {0}")]
    Refused(#[from] HolderError),
    /// No salt could be drawn, or the crypto library cannot sign.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

/// Issues a token over these claims, signed with ESP256 (-9); `salt` draws 16 random bytes each time.
///
/// The hashes of a map stand in ascending order, so that their places tell nothing of the claims.
///
/// # Errors
/// [`IssueError`] for claims that no holder would take: they are never signed.
pub fn issue(
    claims: &[Entry],
    kid: &[u8],
    key: &SigningKey,
    salt: &mut impl FnMut() -> Result<[u8; SALT_LEN], CryptoError>,
) -> Result<Vec<u8>, IssueError> {
    let mut draft = Draft { salt, salts: Vec::new(), disclosures: Vec::new() };
    let payload = Value::Map(draft.map(claims)?).encode();
    let disclosures: Vec<&Disclosure> = draft.disclosures.iter().collect();
    let protected = token_header(kid);
    // The reader defines the form. What a holder would refuse is never signed.
    let unsigned = sign1(&protected, &disclosures, &payload, &[]);
    whole(&SdCwt::parse(&unsigned, Encoding::Any).map_err(HolderError::from)?)?;
    let signature = key.sign(&sig_structure(&protected, &[], &payload))?;
    Ok(sign1(&protected, &disclosures, &payload, &signature))
}

struct Draft<'s, S> {
    salt: &'s mut S,
    salts: Vec<[u8; SALT_LEN]>,
    disclosures: Vec<Disclosure>,
}

impl<S: FnMut() -> Result<[u8; SALT_LEN], CryptoError>> Draft<'_, S> {
    fn value(&mut self, blueprint: &Blueprint) -> Result<Value, IssueError> {
        match blueprint {
            Blueprint::Whole(value) if has_redaction(value) => Err(IssueError::NotWhole),
            Blueprint::Whole(value) => Ok(value.clone()),
            Blueprint::Array(elements) => self.array(elements).map(Value::Array),
            Blueprint::Map(entries) => self.map(entries).map(Value::Map),
        }
    }

    fn map(&mut self, entries: &[Entry]) -> Result<Vec<(Key, Value)>, IssueError> {
        let (mut pairs, mut hashes) = (Vec::new(), Vec::new());
        for entry in entries {
            match entry {
                Entry::Shown(Key::Redacted, _) | Entry::Redacted(Key::Redacted, _) => {
                    return Err(IssueError::NotWhole);
                }
                Entry::Shown(key, blueprint) => pairs.push((key.clone(), self.value(blueprint)?)),
                Entry::Redacted(key, blueprint) => {
                    let value = self.value(blueprint)?;
                    hashes.push(self.redact(Content::Entry(key.clone(), value))?);
                }
                Entry::Decoy => hashes.push(self.redact(Content::Decoy)?),
            }
        }
        if !hashes.is_empty() {
            hashes.sort_unstable();
            let hashes = hashes.into_iter().map(|hash| Value::Bytes(hash.to_vec())).collect();
            pairs.push((Key::Redacted, Value::Array(hashes)));
        }
        Ok(pairs)
    }

    fn array(&mut self, elements: &[Element]) -> Result<Vec<Value>, IssueError> {
        let mut items = Vec::with_capacity(elements.len());
        for element in elements {
            let content = match element {
                Element::Shown(blueprint) => {
                    items.push(self.value(blueprint)?);
                    continue;
                }
                Element::Redacted(blueprint) => Content::Element(self.value(blueprint)?),
                Element::Decoy => Content::Decoy,
            };
            let hash = self.redact(content)?;
            items.push(Value::Tag(TAG_REDACTED, Box::new(Value::Bytes(hash.to_vec()))));
        }
        Ok(items)
    }

    fn redact(&mut self, content: Content) -> Result<[u8; 32], IssueError> {
        let salt = (self.salt)()?;
        if self.salts.contains(&salt) {
            return Err(IssueError::SaltRepeated);
        }
        self.salts.push(salt);
        let disclosure = Disclosure::make(&salt, content);
        let hash = *disclosure.hash();
        self.disclosures.push(disclosure);
        Ok(hash)
    }
}
