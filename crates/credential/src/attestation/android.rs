//! Android Key Attestation: what the hardware-backed key store of an Android phone says of a key
//! (source.android.com, "Key and ID attestation"; developer.android.com, "Verify hardware-backed key pairs").
//!
//! Lives here: the extension `KeyDescription`, and [`verify`]. Not here: how certificates lead to a root (`chain`).

use documents::Timestamp;
use subtle::ConstantTimeEq as _;
use x509_parser::asn1_rs::{Any, Class, FromDer as _, Oid, Tag, oid};
use x509_parser::certificate::X509Certificate;

use super::chain::{self, RevokedSerials, TrustAnchors};
use super::{AttestationError, MAX_CHAIN};
use crate::{KeyClass, PublicKey};

/// The extension of an attested key.
const KEY_DESCRIPTION: Oid<'static> = oid!(1.3.6.1.4.1.11129.2.1.17);
/// Versions of the extension that are read: Keymaster 2 to 4.1, KeyMint 1 to 4.
const VERSIONS: [u32; 8] = [1, 2, 3, 4, 100, 200, 300, 400];

/// Tags of an authorization list.
mod tag {
    pub(super) const PURPOSE: u32 = 1;
    pub(super) const ALGORITHM: u32 = 2;
    pub(super) const KEY_SIZE: u32 = 3;
    pub(super) const EC_CURVE: u32 = 10;
    pub(super) const ALL_APPLICATIONS: u32 = 600;
    pub(super) const ORIGIN: u32 = 702;
    pub(super) const ROOT_OF_TRUST: u32 = 704;
    pub(super) const APPLICATION_ID: u32 = 709;
}

/// Values in an authorization list.
const PURPOSE_SIGN: u32 = 2;
const PURPOSE_VERIFY: u32 = 3;
const ALGORITHM_EC: u32 = 3;
const CURVE_P256: u32 = 1;
const ORIGIN_GENERATED: u32 = 0;
const BOOT_VERIFIED: u32 = 0;

/// An app whose keys count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AndroidApp {
    /// The package's name.
    pub package: String,
    /// SHA-256 of the certificate that signs the app.
    pub signer: [u8; 32],
}

/// What is trusted: pinned roots, what their owner revoked, the apps that count.
#[derive(Debug, Clone, Copy)]
pub struct Trusted<'t> {
    /// Google's roots.
    pub roots: &'t TrustAnchors,
    /// Google's status list.
    pub revoked: &'t RevokedSerials,
    /// Apps whose keys count.
    pub apps: &'t [AndroidApp],
}

/// Verifies the chain of an attested key, leaf first, for this key and this challenge. Gives the class of the key:
/// [`KeyClass::Hardware`] for the trusted environment, [`KeyClass::SecureElement`] for StrongBox.
///
/// # Errors
/// Why it counts for nothing.
pub fn verify<'c>(
    chain: impl IntoIterator<Item = &'c [u8]>,
    key: &PublicKey,
    challenge: &[u8],
    trusted: Trusted<'_>,
    now: Timestamp,
) -> Result<KeyClass, AttestationError> {
    let chain = chain::verify(chain, trusted.roots, trusted.revoked, now)?;
    // The extension nearest to the root is the one that counts; one that is not the leaf's attests another key: whoever
    // holds that key could write any extension into what it signs.
    for above in &chain.above {
        if extension(above)?.is_some() {
            return Err(AttestationError::Key);
        }
    }
    let attested = PublicKey::from_spki(chain.leaf.public_key().raw).map_err(|_| AttestationError::Key)?;
    let said = KeyDescription::read(extension(&chain.leaf)?.ok_or(AttestationError::Malformed)?)?;
    if attested != *key {
        return Err(AttestationError::Key);
    }
    if !bool::from(said.challenge.ct_eq(challenge)) {
        return Err(AttestationError::Challenge);
    }
    said.check(trusted.apps)
}

/// The key description's bytes.
fn extension<'c>(certificate: &X509Certificate<'c>) -> Result<Option<&'c [u8]>, AttestationError> {
    let found = certificate.get_extension_unique(&KEY_DESCRIPTION);
    found.map(|found| found.map(|found| found.value)).map_err(|_| AttestationError::Malformed)
}

/// Where a key is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum SecurityLevel {
    Software,
    TrustedEnvironment,
    StrongBox,
}

/// `KeyDescription`, as far as it counts.
struct KeyDescription<'b> {
    /// The weaker of the two levels: of the attestation, and of the key.
    level: SecurityLevel,
    challenge: &'b [u8],
    software: AuthorizationList<'b>,
    hardware: AuthorizationList<'b>,
}

/// `AuthorizationList`, as far as it counts.
#[derive(Default)]
struct AuthorizationList<'b> {
    purposes: Option<Vec<u32>>,
    algorithm: Option<u32>,
    key_size: Option<u32>,
    curve: Option<u32>,
    all_applications: bool,
    origin: Option<u32>,
    root_of_trust: Option<RootOfTrust>,
    application: Option<&'b [u8]>,
}

#[derive(Debug, Clone, Copy)]
struct RootOfTrust {
    locked: bool,
    state: u32,
}

/// Items of one DER value, one after the other.
struct Items<'b>(&'b [u8]);

impl<'b> Items<'b> {
    /// The items of the one sequence or set in `bytes`.
    fn of(bytes: &'b [u8], tag: Tag) -> Result<Self, AttestationError> {
        let mut outer = Self(bytes);
        let inner = outer.take(tag)?;
        outer.finish()?;
        Ok(Self(inner))
    }

    fn any(&mut self) -> Result<Any<'b>, AttestationError> {
        let (rest, item) = Any::from_der(self.0).map_err(|_| AttestationError::Malformed)?;
        self.0 = rest;
        Ok(item)
    }

    /// The content of the next item, which has this tag of the universal class.
    fn take(&mut self, tag: Tag) -> Result<&'b [u8], AttestationError> {
        let item = self.any()?;
        if item.class() == Class::Universal && item.tag() == tag {
            Ok(item.data)
        } else {
            Err(AttestationError::Malformed)
        }
    }

    fn number(&mut self, tag: Tag) -> Result<u32, AttestationError> {
        match self.take(tag)? {
            // A first bit of 1 is a negative number, of which there are none here; 9 zeros at the front are one too many.
            [first, ..] if first & 0x80 != 0 => Err(AttestationError::Malformed),
            [0, second, ..] if second & 0x80 == 0 => Err(AttestationError::Malformed),
            digits @ [_, ..] if digits.len() <= 4 => {
                Ok(digits.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
            }
            _ => Err(AttestationError::Malformed),
        }
    }

    const fn at_end(&self) -> bool {
        self.0.is_empty()
    }

    const fn finish(&self) -> Result<(), AttestationError> {
        if self.at_end() { Ok(()) } else { Err(AttestationError::Malformed) }
    }
}

/// The one number in an explicit tag.
fn number_in(bytes: &[u8]) -> Result<u32, AttestationError> {
    let mut items = Items(bytes);
    let number = items.number(Tag::Integer)?;
    items.finish()?;
    Ok(number)
}

impl<'b> KeyDescription<'b> {
    fn read(bytes: &'b [u8]) -> Result<Self, AttestationError> {
        let mut items = Items::of(bytes, Tag::Sequence)?;
        let version = items.number(Tag::Integer)?;
        if !VERSIONS.contains(&version) {
            return Err(AttestationError::Malformed);
        }
        let attestation = level(items.number(Tag::Enumerated)?)?;
        let _key_mint_version = items.take(Tag::Integer)?;
        let key = level(items.number(Tag::Enumerated)?)?;
        let challenge = items.take(Tag::OctetString)?;
        let _unique_id = items.take(Tag::OctetString)?;
        let software = AuthorizationList::read(items.take(Tag::Sequence)?)?;
        let hardware = AuthorizationList::read(items.take(Tag::Sequence)?)?;
        items.finish()?;
        Ok(Self { level: attestation.min(key), challenge, software, hardware })
    }

    fn check(&self, apps: &[AndroidApp]) -> Result<KeyClass, AttestationError> {
        let class = match self.level {
            SecurityLevel::Software => return Err(AttestationError::Software),
            SecurityLevel::TrustedEnvironment => KeyClass::Hardware,
            SecurityLevel::StrongBox => KeyClass::SecureElement,
        };
        let hardware = &self.hardware;
        // Only what the hardware itself enforces counts.
        if hardware.origin != Some(ORIGIN_GENERATED) {
            return Err(AttestationError::Software);
        }
        let signs = hardware.purposes.as_ref().is_some_and(|purposes| {
            purposes.contains(&PURPOSE_SIGN)
                && purposes.iter().all(|purpose| [PURPOSE_SIGN, PURPOSE_VERIFY].contains(purpose))
        });
        // Keymaster 3 names no curve; the certificate shows that the key is one on P-256.
        let is_p256 = hardware.algorithm == Some(ALGORITHM_EC)
            && hardware.key_size.is_none_or(|bits| bits == 256)
            && hardware.curve.is_none_or(|curve| curve == CURVE_P256);
        if !signs || !is_p256 {
            return Err(AttestationError::Key);
        }
        match hardware.root_of_trust {
            Some(RootOfTrust { locked: true, state: BOOT_VERIFIED }) => {}
            Some(_) | None => return Err(AttestationError::Device),
        }
        if hardware.all_applications || self.software.all_applications {
            return Err(AttestationError::App);
        }
        let application = self.software.application.ok_or(AttestationError::App)?;
        if is_listed(application, apps)? { Ok(class) } else { Err(AttestationError::App) }
    }
}

const fn level(number: u32) -> Result<SecurityLevel, AttestationError> {
    match number {
        0 => Ok(SecurityLevel::Software),
        1 => Ok(SecurityLevel::TrustedEnvironment),
        2 => Ok(SecurityLevel::StrongBox),
        _ => Err(AttestationError::Malformed),
    }
}

impl<'b> AuthorizationList<'b> {
    fn read(bytes: &'b [u8]) -> Result<Self, AttestationError> {
        let (mut items, mut list, mut seen) = (Items(bytes), Self::default(), Vec::new());
        while !items.at_end() {
            let item = items.any()?;
            if item.class() != Class::ContextSpecific || seen.contains(&item.tag().0) {
                return Err(AttestationError::Malformed);
            }
            seen.push(item.tag().0);
            match item.tag().0 {
                tag::PURPOSE => {
                    let (mut set, mut purposes) = (Items::of(item.data, Tag::Set)?, Vec::new());
                    while !set.at_end() {
                        purposes.push(set.number(Tag::Integer)?);
                    }
                    list.purposes = Some(purposes);
                }
                tag::ALGORITHM => list.algorithm = Some(number_in(item.data)?),
                tag::KEY_SIZE => list.key_size = Some(number_in(item.data)?),
                tag::EC_CURVE => list.curve = Some(number_in(item.data)?),
                tag::ALL_APPLICATIONS => list.all_applications = true,
                tag::ORIGIN => list.origin = Some(number_in(item.data)?),
                tag::ROOT_OF_TRUST => list.root_of_trust = Some(RootOfTrust::read(item.data)?),
                tag::APPLICATION_ID => {
                    let mut inner = Items(item.data);
                    list.application = Some(inner.take(Tag::OctetString)?);
                    inner.finish()?;
                }
                // Whatever else it says is not asked.
                _ => {}
            }
        }
        Ok(list)
    }
}

impl RootOfTrust {
    /// `verifiedBootKey`, `deviceLocked`, `verifiedBootState` and, from version 3 on, `verifiedBootHash`.
    fn read(bytes: &[u8]) -> Result<Self, AttestationError> {
        let mut items = Items::of(bytes, Tag::Sequence)?;
        let _boot_key = items.take(Tag::OctetString)?;
        let locked = match items.take(Tag::Boolean)? {
            [0xff] => true,
            [0] => false,
            _ => return Err(AttestationError::Malformed),
        };
        let state = items.number(Tag::Enumerated)?;
        if !items.at_end() {
            items.take(Tag::OctetString)?;
        }
        items.finish()?;
        Ok(Self { locked, state })
    }
}

/// Whether an `AttestationApplicationId` names one listed app, one signer, and nothing beside them: apps that share a user
/// id share their keys.
fn is_listed(bytes: &[u8], apps: &[AndroidApp]) -> Result<bool, AttestationError> {
    let mut items = Items::of(bytes, Tag::Sequence)?;
    let mut packages = Items(items.take(Tag::Set)?);
    let mut signers = Items(items.take(Tag::Set)?);
    items.finish()?;
    let mut package = Items(packages.take(Tag::Sequence)?);
    let name = package.take(Tag::OctetString)?;
    package.take(Tag::Integer)?;
    package.finish()?;
    let signer = signers.take(Tag::OctetString)?;
    let alone = packages.at_end() && signers.at_end();
    Ok(alone && apps.iter().any(|app| app.package.as_bytes() == name && app.signer == *signer))
}

const _: () = assert!(MAX_CHAIN >= 6, "a chain of remote provisioning has five certificates");
