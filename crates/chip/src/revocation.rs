//! Revocation: a country's list of certificates that no longer count (RFC 5280, 5; ICAO Doc 9303-12, 7.1.4).
//!
//! Lives here: [`RevocationList`], its reader. Not here: who signed it ([`crate::CountrySigners`]). Lists that cover a part of a
//! country's certificates, or another issuer's, say so in a critical extension and are refused.

use std::collections::BTreeSet;

use credential::x509::{SignatureScheme, X509Key, X509Refusal};
use documents::Timestamp;
use x509_parser::asn1_rs::FromDer as _;
use x509_parser::time::ASN1Time;
use x509_parser::x509::X509Name;

use crate::certificate::{Name, serial};
use crate::tlv::{Element, Elements, Malformed};

/// Longest list that is read, in bytes.
pub const MAX_REVOCATION_LIST: usize = 4 * 1024 * 1024;
/// Most certificates in a list.
const MAX_REVOKED: usize = 100_000;

/// Why a list is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevocationFault {
    Malformed,
    /// A critical extension, which nobody here understands.
    Extension,
}

impl From<Malformed> for RevocationFault {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// A list as it was read; its signature is verified by [`RevocationList::is_signed_by`].
#[derive(Debug)]
pub struct RevocationList<'a> {
    signed: &'a [u8],
    algorithm: &'a [u8],
    signature: &'a [u8],
    pub issuer: Name,
    pub made: Timestamp,
    /// When the next one is due.
    pub next: Option<Timestamp>,
    pub serials: BTreeSet<Vec<u8>>,
}

impl<'a> RevocationList<'a> {
    /// Reads a `CertificateList` of version 2, to its last byte.
    pub fn read(der: &'a [u8]) -> Result<Self, RevocationFault> {
        if der.len() > MAX_REVOCATION_LIST {
            return Err(RevocationFault::Malformed);
        }
        let mut all = Elements::only(der, 0x30)?;
        let (signed, algorithm) = (all.expect_whole(0x30)?, all.expect_whole(0x30)?);
        let [0, signature @ ..] = all.expect(0x03)? else { return Err(RevocationFault::Malformed) };
        all.end()?;
        let mut list = Elements::only(signed, 0x30)?;
        // RFC 5280, 5.1.2.2: the algorithm inside is the one outside.
        if list.expect(0x02)? != [1] || list.expect_whole(0x30)? != algorithm {
            return Err(RevocationFault::Malformed);
        }
        let Ok(([], issuer)) = X509Name::from_der(list.expect_whole(0x30)?) else {
            return Err(RevocationFault::Malformed);
        };
        let made = time(&list.next()?.ok_or(Malformed)?)?;
        let (mut next, mut serials, mut stage) = (None, BTreeSet::new(), 0);
        while let Some(element) = list.next()? {
            stage = match (element.tag, stage) {
                (0x17 | 0x18, 0) => {
                    next = Some(time(&element)?);
                    1
                }
                (0x30, 0..=1) => {
                    for entry in Elements::new(element.content).all(MAX_REVOKED)? {
                        serials.insert(revoked(&entry)?);
                    }
                    2
                }
                (0xa0, 0..=2) => {
                    no_critical(Elements::only(element.content, 0x30)?)?;
                    3
                }
                _ => return Err(RevocationFault::Malformed),
            };
        }
        Ok(Self { signed, algorithm, signature, issuer: Name::of(&issuer), made, next, serials })
    }

    pub fn is_signed_by(&self, key: &X509Key) -> Result<(), X509Refusal> {
        key.verify(SignatureScheme::from_der(self.algorithm, None)?, self.signed, self.signature)
    }
}

/// The serial number of an entry.
fn revoked(entry: &Element<'_>) -> Result<Vec<u8>, RevocationFault> {
    let mut entry = Elements::only(entry.whole, 0x30)?;
    let number = serial(entry.expect(0x02)?).to_vec();
    time(&entry.next()?.ok_or(Malformed)?)?;
    if let Some(extensions) = entry.optional(0x30)? {
        no_critical(Elements::new(extensions))?;
    }
    entry.end()?;
    Ok(number)
}

/// Nobody here understands an extension of a list: none may be critical.
fn no_critical(mut extensions: Elements<'_>) -> Result<(), RevocationFault> {
    while let Some(extension) = extensions.next()? {
        let mut extension = Elements::only(extension.whole, 0x30)?;
        extension.expect(0x06)?;
        let critical = extension.optional(0x01)?;
        extension.expect(0x04)?;
        extension.end()?;
        match critical {
            None => {}
            Some([0xff]) => return Err(RevocationFault::Extension),
            Some([..]) => return Err(RevocationFault::Malformed),
        }
    }
    Ok(())
}

fn time(element: &Element<'_>) -> Result<Timestamp, Malformed> {
    match ASN1Time::from_der(element.whole) {
        Ok(([], time)) => Timestamp::from_unix(time.timestamp()).ok_or(Malformed),
        Ok(_) | Err(_) => Err(Malformed),
    }
}
