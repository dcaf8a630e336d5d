//! Attestation: which class a wallet's device keys have. What a wallet says of itself counts for nothing: without a
//! statement of its phone's maker that verifies, a key is one in software.
//!
//! Lives here: nonces, the class of a batch. Not here: which apps and roots count (`phones`), the makers' forms
//! (`credential::attestation`), how long a token lives ([`KeyClass`]).

use credential::attestation::android::{self, Trusted};
use credential::attestation::{AttestationError, apple, attestation_challenge, client_data_hash};
use credential::{KeyClass, PublicKey, sha256};
use documents::Timestamp;
use subtle::ConstantTimeEq as _;

use super::batch::{DeviceProof, MAX_BATCH};
use crate::phones::AttestationRules;
use crate::service::Service;

/// A nonce counts while it is drawn, and as long again, in seconds.
const NONCE_SECONDS: i64 = 300;
/// Bytes of a nonce.
pub const NONCE_LEN: usize = 16;
/// Most nonces that one challenge is made of: one of each authority.
const MAX_NONCES: usize = 3;

/// What a wallet brings of its phone's maker, for all device keys of a batch.
#[derive(Debug, Clone)]
pub struct Attestation {
    /// The nonces of the authorities that are asked with it, in any order: the challenge is made of them.
    pub nonces: Vec<Vec<u8>>,
    /// What the maker of the phone signed, for one of its nonces.
    pub statement: Statement,
}

/// The statement of a maker.
#[derive(Debug, Clone)]
pub enum Statement {
    /// Android Key Attestation: for each device key, in their order, its certificates, leaf first, in DER.
    AndroidKey(Vec<Vec<Vec<u8>>>),
    /// Apple App Attest: the attestation object of an app whose client data name all device keys.
    AppleAppAttest(Vec<u8>),
}

/// Why device keys are ones in software.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SoftwareReason {
    /// No attestation came along.
    NotAttested,
    /// The nonce is not this authority's for this wallet, or it is over.
    Nonce,
    /// The attestation does not verify.
    Refused(AttestationError),
}

impl SoftwareReason {
    /// The stable code (`docs/formats.md`).
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotAttested => "not_attested",
            Self::Nonce => "attestation_nonce",
            Self::Refused(error) => error.code(),
        }
    }
}

/// The class of the device keys of one batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchClass {
    /// The weakest class of them: all tokens of a batch end together.
    pub class: KeyClass,
    /// Why it is software; `None` where it is not.
    pub reason: Option<SoftwareReason>,
}

impl Service {
    /// Counts attestations of these apps alone.
    #[must_use]
    pub fn with_attestation_rules(mut self, rules: AttestationRules) -> Self {
        self.attestation = rules;
        self
    }

    /// The nonce that this wallet puts into an attestation at this time: nothing of it is kept.
    #[must_use]
    pub fn attestation_nonce(&self, session: &[u8; 32], now: Timestamp) -> [u8; NONCE_LEN] {
        self.nonce_of(session, now.unix().div_euclid(NONCE_SECONDS))
    }

    fn nonce_of(&self, session: &[u8; 32], slot: i64) -> [u8; NONCE_LEN] {
        let made_of = [slot.to_be_bytes().as_slice(), sha256(session).as_slice()].concat();
        let tag = self.store.vault().attestation_key().tag(&made_of);
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(tag.split_at(NONCE_LEN).0);
        nonce
    }

    /// The class of these device keys, by what came along.
    pub(crate) fn class_of(
        &self,
        session: &[u8; 32],
        keys: &[DeviceProof],
        attestation: Option<&Attestation>,
        now: Timestamp,
    ) -> BatchClass {
        let found = match attestation {
            // A batch that is too large is refused afterwards: nothing is verified for it.
            Some(attestation) if keys.len() <= MAX_BATCH => {
                self.attested_class(session, keys, attestation, now)
            }
            Some(_) | None => Err(SoftwareReason::NotAttested),
        };
        match found {
            Ok(class) => BatchClass { class, reason: None },
            Err(reason) => BatchClass { class: KeyClass::Software, reason: Some(reason) },
        }
    }

    fn attested_class(
        &self,
        session: &[u8; 32],
        keys: &[DeviceProof],
        attestation: &Attestation,
        now: Timestamp,
    ) -> Result<KeyClass, SoftwareReason> {
        let slot = now.unix().div_euclid(NONCE_SECONDS);
        let own = [slot, slot - 1].map(|slot| self.nonce_of(session, slot));
        let is_own = |nonce: &Vec<u8>| own.iter().any(|own| bool::from(own.as_slice().ct_eq(nonce)));
        if attestation.nonces.len() > MAX_NONCES || !attestation.nonces.iter().any(is_own) {
            return Err(SoftwareReason::Nonce);
        }
        let rules = &self.attestation;
        match &attestation.statement {
            Statement::AndroidKey(chains) => {
                let challenge = attestation_challenge(&attestation.nonces);
                let trusted = Trusted {
                    roots: &rules.android_roots,
                    revoked: &rules.android_revoked,
                    apps: &rules.android_apps,
                };
                if chains.len() != keys.len() {
                    return Err(SoftwareReason::Refused(AttestationError::Key));
                }
                let class = |(device, chain): (&DeviceProof, &Vec<Vec<u8>>)| {
                    let chain = chain.iter().map(Vec::as_slice);
                    android::verify(chain, &device.key, &challenge, trusted, now)
                };
                let classes: Result<Vec<_>, _> = keys.iter().zip(chains).map(class).collect();
                let weakest = classes.map(|classes| classes.into_iter().min().unwrap_or(KeyClass::Software));
                weakest.map_err(SoftwareReason::Refused)
            }
            Statement::AppleAppAttest(object) => {
                let devices: Vec<PublicKey> = keys.iter().map(|device| device.key).collect();
                let hash = client_data_hash(&attestation.nonces, &devices);
                apple::verify(object, &hash, &rules.apple_roots, &rules.apple_apps, now)
                    .map(|_app_key| KeyClass::SecureElement)
                    .map_err(SoftwareReason::Refused)
            }
        }
    }
}
