//! Keys at rest behind one trait; here as files. A module for hardware keys would be another implementation.

use std::path::{Path, PathBuf};

use authority::Keys;
use credential::{SecretKey, SigningKey, hpke};
use zeroize::Zeroizing;

use super::{make_folder, write_whole};
use crate::failure::Failure;

/// Where the private keys of one party are kept.
pub trait KeyStore {
    /// The bytes under a name.
    fn get(&self, name: &str) -> Result<Zeroizing<Vec<u8>>, Failure>;
    /// Keeps bytes under a name.
    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Failure>;

    /// Whether there is something under a name.
    fn has(&self, name: &str) -> bool;
    /// Destroys what is under a name.
    fn remove(&self, name: &str) -> Result<(), Failure>;

    /// A signing key.
    fn signing(&self, name: &str) -> Result<SigningKey, Failure> {
        SigningKey::from_pkcs8(&self.get(name)?)
            .map_err(|_| Failure::new(format!("the key {name} is damaged; restore it from a backup")))
    }

    /// Keeps a signing key.
    fn put_signing(&self, name: &str, key: &SigningKey) -> Result<(), Failure> {
        self.put(name, &key.to_pkcs8().map_err(|e| Failure::of(&e))?)
    }

    /// A secret of 32 bytes.
    fn secret(&self, name: &str) -> Result<SecretKey, Failure> {
        let bytes = <[u8; 32]>::try_from(self.get(name)?.as_slice());
        bytes
            .map(SecretKey::from_bytes)
            .map_err(|_| Failure::new(format!("the key {name} is damaged; restore it from a backup")))
    }

    /// All keys of an authority's service.
    fn authority(&self) -> Result<Keys, Failure> {
        let part = hpke::ReceiverKey::from_bytes(&self.get("part.public")?, &self.get("part")?)
            .map_err(|e| Failure::of(&e))?;
        Ok(Keys {
            token: (1, self.signing("token")?),
            verdict: self.signing("verdict")?,
            handover: self.signing("handover")?,
            notice: self.signing("notice")?,
            status: self.signing("status")?,
            part,
            numbers: self.secret("numbers")?,
            master: self.secret("master")?,
        })
    }

    /// Keeps all keys of an authority's service.
    fn put_authority(&self, keys: &Keys) -> Result<(), Failure> {
        self.put_signing("token", &keys.token.1)?;
        self.put_signing("verdict", &keys.verdict)?;
        self.put_signing("handover", &keys.handover)?;
        self.put_signing("notice", &keys.notice)?;
        self.put_signing("status", &keys.status)?;
        self.put("part.public", keys.part.public())?;
        self.put("part", keys.part.expose())?;
        self.put("numbers", keys.numbers.expose())?;
        self.put("master", keys.master.expose())
    }

    /// Makes the master key that an installation of the first versions has not yet. Elsewhere one that is missing is lost, and
    /// another one would open nothing.
    fn put_first_master(&self) -> Result<(), Failure> {
        if self.has("master") {
            return Ok(());
        }
        self.put("master", SecretKey::generate().map_err(|e| Failure::of(&e))?.expose())
    }
}

/// Keys as files of one folder, readable by their owner alone.
#[derive(Debug, Clone)]
pub struct KeyFiles(PathBuf);

impl KeyFiles {
    /// The keys of the party whose folder this is.
    pub fn of(party: &Path) -> Self {
        Self(party.join("keys"))
    }
}

impl KeyStore for KeyFiles {
    fn get(&self, name: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let path = self.0.join(format!("{name}.key"));
        std::fs::read(&path).map(Zeroizing::new).map_err(|error| {
            Failure::new(format!(
                "the key {} cannot be read ({error}); restore it from a backup",
                path.display()
            ))
        })
    }

    fn has(&self, name: &str) -> bool {
        self.0.join(format!("{name}.key")).exists()
    }

    fn remove(&self, name: &str) -> Result<(), Failure> {
        let path = self.0.join(format!("{name}.key"));
        std::fs::remove_file(&path).map_err(|error| {
            Failure::new(format!("{} cannot be removed ({error}); remove it", path.display()))
        })
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        make_folder(&self.0)?;
        write_whole(&self.0.join(format!("{name}.key")), bytes)
    }
}
