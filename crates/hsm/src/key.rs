//! One key in a token: made there, found by its id, signing there.
//!
//! Lives here: what a [`Module`] does with keys. Not here: sessions (`session`), ids (`id`).

use credential::{PublicKey, SIGNATURE_LEN, Signer, SignerFault, SigningKey};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};

use crate::error::ModuleError;
use crate::id::KeyId;
use crate::session::{Module, Open};

/// DER of the object identifier of P-256, 1.2.840.10045.3.1.7 (RFC 5480, 2.1.1.1).
const P256: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

/// What a token says of a private key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyState {
    /// Whether its value is never shown in plain (`CKA_SENSITIVE`).
    pub sensitive: bool,
    /// Whether it may leave the token wrapped (`CKA_EXTRACTABLE`).
    pub extractable: bool,
    /// Whether it was made in the token (`CKA_LOCAL`).
    pub local: bool,
}

impl KeyState {
    /// Whether it was made there and can never leave.
    #[must_use]
    pub const fn is_kept(&self) -> bool {
        self.sensitive && !self.extractable && self.local
    }
}

impl Module {
    /// Makes a key in the token, which signs there and never leaves; gives its id and public half.
    ///
    /// # Errors
    /// [`ModuleError`]; a key that the token did not make as asked is removed again.
    pub fn make(&self, label: &str) -> Result<(KeyId, PublicKey), ModuleError> {
        let not = |what| ModuleError::NotAsAsked { label: self.label().to_owned(), what };
        let id = KeyId::draw().map_err(|_| not("no randomness for its id"))?;
        let common = || [Attribute::Token(true), id.attribute(), Attribute::Label(label.as_bytes().to_vec())];
        let mut public = common().to_vec();
        public.extend([
            Attribute::Private(false),
            Attribute::Verify(true),
            Attribute::KeyType(KeyType::EC),
            Attribute::EcParams(P256.to_vec()),
        ]);
        let mut private = common().to_vec();
        private.extend([
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
        ]);
        self.with_session(|open| {
            let session = &open.session;
            let (point, secret) = session.generate_key_pair(&Mechanism::EccKeyPairGen, &public, &private)?;
            let made = || {
                let key =
                    point_of(open, point)?.ok_or_else(|| not("its public half is no point of P-256"))?;
                if state_of(open, secret)?.is_kept() { Ok(key) } else { Err(not("it could leave the token")) }
            };
            made().map(|key| (id, key)).inspect_err(|_| {
                for half in [point, secret] {
                    if let Err(error) = session.destroy_object(half) {
                        tracing::error!(%error, %id, "a key that is not as asked stays in the token");
                    }
                }
            })
        })
    }

    /// The key with this id, which signs in the token; checks that it is there.
    ///
    /// # Errors
    /// [`ModuleError::NoKey`] and what the module says.
    pub fn key(&self, id: KeyId, public: PublicKey) -> Result<SigningKey, ModuleError> {
        let found = self.with_session(|open| {
            let _ = self.find(open, id)?;
            let points =
                open.session.find_objects(&[Attribute::Class(ObjectClass::PUBLIC_KEY), id.attribute()])?;
            match points.first() {
                // A token need not keep public halves. Every signature is verified before it leaves.
                None => Ok(public),
                Some(point) => Ok(point_of(open, *point)?.unwrap_or(public)),
            }
        })?;
        let no_key = || ModuleError::NoKey { label: self.label().to_owned(), id: id.to_string() };
        if found != public {
            return Err(no_key());
        }
        let signer = Kept { module: self.clone(), id };
        SigningKey::kept_by(Box::new(signer), public).map_err(|_| no_key())
    }

    /// What the token says of a private key.
    ///
    /// # Errors
    /// [`ModuleError::NoKey`] and what the module says.
    pub fn state(&self, id: KeyId) -> Result<KeyState, ModuleError> {
        self.with_session(|open| {
            let secret = self.find(open, id)?;
            state_of(open, secret)
        })
    }

    /// Destroys a key in the token, for ever; one that is not there is passed over.
    ///
    /// # Errors
    /// What the module says.
    pub fn destroy(&self, id: KeyId) -> Result<(), ModuleError> {
        self.with_session(|open| {
            open.handles.remove(&id);
            for class in [ObjectClass::PRIVATE_KEY, ObjectClass::PUBLIC_KEY] {
                for half in open.session.find_objects(&[Attribute::Class(class), id.attribute()])? {
                    open.session.destroy_object(half)?;
                }
            }
            Ok(())
        })
    }

    fn find(&self, open: &mut Open, id: KeyId) -> Result<ObjectHandle, ModuleError> {
        if let Some(handle) = open.handles.get(&id) {
            return Ok(*handle);
        }
        let found =
            open.session.find_objects(&[Attribute::Class(ObjectClass::PRIVATE_KEY), id.attribute()])?;
        let handle = found.first().copied();
        let handle = handle
            .ok_or_else(|| ModuleError::NoKey { label: self.label().to_owned(), id: id.to_string() })?;
        open.handles.insert(id, handle);
        Ok(handle)
    }
}

/// A key whose private half the token keeps.
struct Kept {
    module: Module,
    id: KeyId,
}

impl Signer for Kept {
    fn sign_digest(&self, digest: &[u8; 32]) -> Result<[u8; SIGNATURE_LEN], SignerFault> {
        let signed = self.module.with_session(|open| {
            let key = self.module.find(open, self.id)?;
            Ok(open.session.sign(&Mechanism::Ecdsa, key, digest)?)
        });
        let signature = signed.map_err(|error| {
            tracing::error!(%error, id = %self.id, "a key in the token did not sign");
            error.fault()
        })?;
        signature.try_into().map_err(|_| SignerFault::Refused)
    }
}

/// The point of a public key (`CKA_EC_POINT`): an OCTET STRING in DER around it, or, as some modules have it, itself.
fn point_of(open: &Open, public: ObjectHandle) -> Result<Option<PublicKey>, ModuleError> {
    let attributes = open.session.get_attributes(public, &[AttributeType::EcPoint])?;
    let point = attributes.iter().find_map(|attribute| {
        if let Attribute::EcPoint(bytes) = attribute { parse_point(bytes) } else { None }
    });
    Ok(point)
}

fn parse_point(bytes: &[u8]) -> Option<PublicKey> {
    let point = bytes.strip_prefix(&[0x04, 65]).filter(|inner| inner.len() == 65).unwrap_or(bytes);
    let (x, y) = point.strip_prefix(&[0x04])?.split_first_chunk::<32>()?;
    PublicKey::from_coordinates(x, y.try_into().ok()?).ok()
}

fn state_of(open: &Open, secret: ObjectHandle) -> Result<KeyState, ModuleError> {
    let asked = [AttributeType::Sensitive, AttributeType::Extractable, AttributeType::Local];
    let mut state = KeyState { sensitive: false, extractable: true, local: false };
    for attribute in open.session.get_attributes(secret, &asked)? {
        if let Attribute::Sensitive(is) = attribute {
            state.sensitive = is;
        } else if let Attribute::Extractable(is) = attribute {
            state.extractable = is;
        } else if let Attribute::Local(is) = attribute {
            state.local = is;
        }
    }
    Ok(state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_read_with_and_without_its_wrapping_and_in_no_other_form() {
        // SEC 2, 2.4.2: the generator of P-256.
        let x = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
        let y = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
        let bare = hex::decode(format!("04{x}{y}")).unwrap();
        let wrapped = [vec![0x04, 65], bare.clone()].concat();
        let key = parse_point(&bare).unwrap();
        assert_eq!(hex::encode(key.as_bytes()), format!("03{x}"));
        assert_eq!(parse_point(&wrapped), Some(key));
        let mut off = bare.clone();
        off[64] ^= 1;
        for wrong in [off, bare[..64].to_vec(), [bare, vec![0]].concat(), [wrapped, vec![0]].concat(), vec![]]
        {
            assert_eq!(parse_point(&wrong), None, "{}", hex::encode(wrong));
        }
    }
}
