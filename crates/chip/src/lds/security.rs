//! Security: what the chip can do (DG14, `SecurityInfos`) and the key with which it proves that it is no copy (DG15)
//! (ICAO Doc 9303-10, 4.7.14 and 4.7.15; 9303-11, 9.2).
//!
//! Lives here: their readers. Not here: the proof ([`crate::active`]).

use credential::x509::{HashKind, X509Key, X509Refusal};

use crate::file::{FileError, FileId, Group, content};
use crate::oid;
use crate::tlv::{Elements, Malformed};

/// Most entries of DG14.
const MAX_INFOS: usize = 64;

/// By which algorithm the chip signs, as DG14 says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActiveAlgorithm {
    /// ECDSA in plain form (BSI TR-03111, 5.2.1) over this hash.
    Ecdsa(HashKind),
    /// ECDSA over SHA-1 or SHA-224.
    Weak,
    /// One that is not known here.
    Unknown,
}

/// What DG14 says, as far as it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SecurityInfos {
    /// `ActiveAuthenticationInfo`.
    pub active: Option<ActiveAlgorithm>,
    /// Whether the chip offers chip authentication: a key for it stands in DG14.
    pub chip_authentication: bool,
}

impl SecurityInfos {
    /// Reads DG14: a SET of `SecurityInfo`; those that are not used here are passed over, each in its form.
    ///
    /// # Errors
    /// [`FileError`]; two entries for active authentication are malformed.
    pub fn read(file: &[u8]) -> Result<Self, FileError> {
        let id = FileId::Group(Group::SECURITY);
        let mut all = content(id, file)?;
        let set = all.expect(0x31).and_then(|set| all.end().map(|()| set));
        set.and_then(Self::read_set).map_err(|Malformed| FileError::Malformed(id))
    }

    fn read_set(set: &[u8]) -> Result<Self, Malformed> {
        let mut read = Self::default();
        for info in Elements::new(set).all(MAX_INFOS)? {
            if info.tag != 0x30 {
                return Err(Malformed);
            }
            let mut info = Elements::new(info.content);
            let protocol = info.expect(0x06)?;
            let required = info.next()?.ok_or(Malformed)?;
            let optional = info.next()?;
            info.end()?;
            if protocol == oid::ACTIVE_AUTHENTICATION {
                // Version 1, and the algorithm.
                let algorithm = optional.filter(|found| found.tag == 0x06).ok_or(Malformed)?;
                if required.whole != [2, 1, 1] || read.active.is_some() {
                    return Err(Malformed);
                }
                read.active = Some(algorithm_of(algorithm.content));
            }
            read.chip_authentication |= protocol.starts_with(oid::CHIP_AUTHENTICATION_KEY);
        }
        Ok(read)
    }
}

fn algorithm_of(named: &[u8]) -> ActiveAlgorithm {
    match named.strip_prefix(oid::ECDSA_PLAIN) {
        Some([1 | 2]) => ActiveAlgorithm::Weak,
        Some([3]) => ActiveAlgorithm::Ecdsa(HashKind::Sha256),
        Some([4]) => ActiveAlgorithm::Ecdsa(HashKind::Sha384),
        Some([5]) => ActiveAlgorithm::Ecdsa(HashKind::Sha512),
        Some([..]) | None => ActiveAlgorithm::Unknown,
    }
}

/// The public key in DG15.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActiveKey {
    /// A key of a curve that is verified here.
    Curve(X509Key),
    /// RSA. Chips sign by ISO/IEC 9796-2 with message recovery, which the crypto library does not have.
    Rsa,
    /// A curve that is not verified here, or its parameters written out.
    OtherCurve,
    /// A key of another kind.
    OtherKind,
}

impl ActiveKey {
    /// Reads DG15.
    ///
    /// # Errors
    /// [`FileError`]; a point that is none of its curve is malformed.
    pub fn read(file: &[u8]) -> Result<Self, FileError> {
        let id = FileId::Group(Group::ACTIVE);
        let malformed = |_: Malformed| FileError::Malformed(id);
        let mut all = content(id, file)?;
        let key = all.expect_whole(0x30).map_err(malformed)?;
        all.end().map_err(malformed)?;
        match X509Key::from_spki(key) {
            Ok(key) if key.coordinate_len().is_some() => Ok(Self::Curve(key)),
            Ok(_) | Err(X509Refusal::KeyLength) => Ok(Self::Rsa),
            Err(X509Refusal::Curve) => Ok(Self::OtherCurve),
            Err(X509Refusal::KeyKind) => Ok(Self::OtherKind),
            Err(
                X509Refusal::Malformed | X509Refusal::WeakHash | X509Refusal::Scheme | X509Refusal::Signature,
            ) => Err(FileError::Malformed(id)),
        }
    }
}
