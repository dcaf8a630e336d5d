//! Pages: what a request and a notice say at a lane by document, where there is no token.
//!
//! Lives here: the hash over the pages that were laid down, and [`DocumentNotice`]. Not here: the pages (`page`).

use documents::{AuthorityCode, Direction, LocalDate, PortId};

use super::{Notice, read_authority, read_direction, read_port};
use crate::cbor::{CborError, Reader, Writer};
use crate::crypto::{TokenId, sha256};
use crate::page::SEALED_NUMBER_LEN;
use crate::token::PartHash;

const LAID_LABEL: &str = "bp1-laid";

/// What stands in a request as `shown` where documents were laid down: SHA-256 of the CBOR array of a label and the hashes of
/// the sealed pages, in order of the sides. No token and proof have such a hash.
#[must_use]
pub fn laid_hash(pages: &[PartHash]) -> [u8; 32] {
    let mut w = Writer::with_capacity(pages.len().saturating_mul(34).saturating_add(12));
    w.array(pages.len().saturating_add(1)).text(LAID_LABEL);
    for page in pages {
        w.bytes(&page.0);
    }
    sha256(&w.finish())
}

/// A notice after an entry between the two regions by document, by which the document's issuer counts the entry that it may
/// have spent. The number is sealed to the issuer; nothing else in it is personal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentNotice {
    /// The entering authority.
    pub from: AuthorityCode,
    /// The showing: the 16 random bytes that the request named in place of a token.
    pub showing: TokenId,
    /// The document's number, sealed ([`crate::page::NumberContext`]).
    pub number: Vec<u8>,
    /// The port that was crossed.
    pub port: PortId,
    /// Origin and destination.
    pub direction: Direction,
    /// The local date of the passage.
    pub date: LocalDate,
}

impl DocumentNotice {
    /// The notice as the payload of a message.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.array(7).text(self.from.code()).bytes(self.showing.as_bytes()).bytes(&self.number);
        w.text(self.port.as_str()).text(self.direction.from().code()).text(self.direction.to().code());
        w.text(&self.date.to_string());
        w.finish()
    }

    /// Reads the payload of a message.
    ///
    /// # Errors
    /// [`CborError`] for the first malformed item.
    pub fn decode(payload: &[u8]) -> Result<Self, CborError> {
        let mut r = Reader::new(payload);
        r.array_exact(7)?;
        let notice = Self {
            from: read_authority(&mut r)?,
            showing: TokenId::from_bytes(*r.bytes_exact()?),
            number: r.bytes_exact::<SEALED_NUMBER_LEN>()?.to_vec(),
            port: read_port(&mut r)?,
            direction: read_direction(&mut r)?,
            date: r.text(10)?.parse().map_err(|_| CborError::Unexpected)?,
        };
        r.finish()?;
        Ok(notice)
    }

    /// What a receiver counts once: the showing of this authority, however often its number is sealed and signed.
    #[must_use]
    pub fn counted_as(&self) -> [u8; 32] {
        let mut w = Writer::new();
        w.array(3).text(super::Kind::DocumentNotice.label()).text(self.from.code());
        w.bytes(self.showing.as_bytes());
        sha256(&w.finish())
    }
}

/// A notice of either form, told apart by its number of items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EitherNotice {
    /// Of a token.
    Token(Notice),
    /// Of a document.
    Document(DocumentNotice),
}

impl EitherNotice {
    /// Who says that it is theirs.
    #[must_use]
    pub const fn from(&self) -> AuthorityCode {
        match self {
            Self::Token(notice) => notice.from,
            Self::Document(notice) => notice.from,
        }
    }

    /// Reads the payload of a message.
    ///
    /// # Errors
    /// [`CborError`] where it is neither.
    pub fn decode(payload: &[u8]) -> Result<Self, CborError> {
        match Reader::new(payload).array(7)? {
            7 => DocumentNotice::decode(payload).map(Self::Document),
            _ => Notice::decode(payload).map(Self::Token),
        }
    }
}
