//! Keys at rest behind one trait: files, and signing keys in a hardware module where one is set.
//!
//! A signing key in a module has a file too, `NAME.p11`: its id in the token and its public half, and nothing secret. Keys that
//! open what is sealed (HPKE), wrap or hash, and those of connections are files: this program wants them in its own memory.

use std::path::{Path, PathBuf};

use authority::store::Vault;
use authority::{Keys, PartKeys, SigningKeys};
use credential::{PublicKey, SecretKey, SigningKey, hpke};
use hsm::KeyId;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::module::ModuleInUse;
use super::{make_folder, write_whole};
use crate::failure::{Failure, of};

/// The master key that follows the one in use: there while the two are exchanged.
pub const NEXT_MASTER: &str = "master+next";

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
    fn signing(&self, name: &str) -> Result<SigningKey, Failure>;

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

    /// Makes a signing key and keeps it.
    fn make_signing(&self, name: &str) -> Result<SigningKey, Failure>;

    /// Destroys a signing key.
    fn remove_signing(&self, name: &str) -> Result<(), Failure>;

    /// All keys of an authority's service, which signs with `signing` and opens with `part`.
    fn authority(&self, signing: SigningKeys, part: PartKeys) -> Result<Keys, Failure> {
        self.hold_one_master()?;
        Ok(Keys { signing, part, numbers: self.secret("numbers")?, master: self.secret("master")? })
    }

    /// A key that opens what is sealed.
    fn part(&self, name: &str) -> Result<hpke::ReceiverKey, Failure> {
        hpke::ReceiverKey::from_bytes(&self.get(&public_of(name))?, &self.get(name)?).map_err(of)
    }

    /// Keeps a key that opens what is sealed: the private half last, so that what is there is whole.
    fn put_part(&self, name: &str, key: &hpke::ReceiverKey) -> Result<(), Failure> {
        self.put(&public_of(name), key.public())?;
        self.put(name, key.expose())
    }

    /// Destroys such a key.
    fn remove_part(&self, name: &str) -> Result<(), Failure> {
        self.remove(name)?;
        self.remove(&public_of(name))
    }

    /// The keys of an authority's database.
    fn vault(&self) -> Result<Vault, Failure> {
        self.hold_one_master()?;
        self.vault_under("master")
    }

    /// The same with the master key of this name.
    fn vault_under(&self, name: &str) -> Result<Vault, Failure> {
        Ok(Vault::new(self.secret(name)?, self.secret("numbers")?))
    }

    /// Fails while it is not sure under which master key the database lies.
    fn hold_one_master(&self) -> Result<(), Failure> {
        if self.has(NEXT_MASTER) {
            return Err(Failure::new(
                "an exchange of the authority's master key was cut short; `baypass authority replace-master` ends it",
            ));
        }
        Ok(())
    }

    /// Keeps the keys of an authority's service that do not sign.
    fn put_authority(&self, keys: &Keys) -> Result<(), Failure> {
        self.put_part("part", keys.part.newest())?;
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

fn public_of(name: &str) -> String {
    format!("{name}.public")
}

/// Keys as files of one folder, readable by their owner alone; signing keys are made in the module, where one is set.
#[derive(Debug, Clone)]
pub struct KeyFiles {
    folder: PathBuf,
    module: ModuleInUse,
}

/// What the file of a key in a module says.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reference {
    /// Its id in the token.
    id: String,
    /// Its public half, the compressed point in hexadecimal.
    public: String,
}

impl KeyFiles {
    /// The keys of the party whose folder this is, all of them files.
    pub fn of(party: &Path) -> Self {
        Self::with(party, ModuleInUse::default())
    }

    /// The keys of the party whose folder this is, with the module in which signing keys may lie.
    pub fn with(party: &Path, module: ModuleInUse) -> Self {
        Self { folder: party.join("keys"), module }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.key"))
    }

    fn reference_file(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.p11"))
    }

    /// The names of all keys in the folder, in order.
    pub fn names(&self) -> Vec<String> {
        let files = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let name = |file: std::fs::DirEntry| {
            let name = file.file_name().into_string().ok()?;
            name.strip_suffix(".key").or_else(|| name.strip_suffix(".p11")).map(str::to_owned)
        };
        let mut names: Vec<String> = files.filter_map(name).collect();
        names.sort_unstable();
        names
    }

    /// When the folder was changed last.
    pub fn changed(&self) -> Option<std::time::SystemTime> {
        std::fs::metadata(&self.folder).and_then(|folder| folder.modified()).ok()
    }

    /// Whether a signing key lies in the module.
    pub fn is_in_module(&self, name: &str) -> bool {
        self.reference_file(name).exists()
    }

    /// Where a signing key lies, and in a module whether it can never leave it.
    pub fn place(&self, name: &str) -> Result<&'static str, Failure> {
        match self.reference(name)? {
            None => Ok("file"),
            Some((id, _)) => match self.module.get()?.state(id).map_err(of)?.is_kept() {
                true => Ok("module, not extractable"),
                false => Ok("module, EXTRACTABLE"),
            },
        }
    }

    fn reference(&self, name: &str) -> Result<Option<(KeyId, PublicKey)>, Failure> {
        let path = self.reference_file(name);
        if !path.exists() {
            return Ok(None);
        }
        let damaged = || Failure::new(format!("{} is damaged; restore it from a backup", path.display()));
        let text = std::fs::read_to_string(&path).map_err(|_| damaged())?;
        let Reference { id, public } = toml::from_str(&text).map_err(|_| damaged())?;
        let public = hex::decode(public).ok().and_then(|bytes| PublicKey::from_bytes(&bytes).ok());
        Ok(Some((id.parse().map_err(|_| damaged())?, public.ok_or_else(damaged)?)))
    }

    /// Destroys every key of this folder that lies in the module: what is not finished leaves nothing there.
    pub fn empty_module(&self) -> Result<(), Failure> {
        self.names()
            .iter()
            .filter(|name| self.is_in_module(name))
            .try_for_each(|name| self.remove_signing(name))
    }

    fn remove_file(path: &Path) -> Result<(), Failure> {
        std::fs::remove_file(path).map_err(|error| {
            Failure::new(format!("{} cannot be removed ({error}); remove it", path.display()))
        })
    }
}

impl KeyStore for KeyFiles {
    fn get(&self, name: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let path = self.file(name);
        std::fs::read(&path).map(Zeroizing::new).map_err(|error| {
            Failure::new(format!(
                "the key {} cannot be read ({error}); restore it from a backup",
                path.display()
            ))
        })
    }

    fn has(&self, name: &str) -> bool {
        self.file(name).exists()
    }

    fn remove(&self, name: &str) -> Result<(), Failure> {
        Self::remove_file(&self.file(name))
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        make_folder(&self.folder)?;
        write_whole(&self.file(name), bytes)
    }

    fn signing(&self, name: &str) -> Result<SigningKey, Failure> {
        if let Some((id, public)) = self.reference(name)? {
            return self.module.get()?.key(id, public).map_err(of);
        }
        SigningKey::from_pkcs8(&self.get(name)?)
            .map_err(|_| Failure::new(format!("the key {name} is damaged; restore it from a backup")))
    }

    fn make_signing(&self, name: &str) -> Result<SigningKey, Failure> {
        if !self.module.is_set() {
            let key = SigningKey::generate().map_err(of)?;
            self.put_signing(name, &key)?;
            return Ok(key);
        }
        let module = self.module.get()?;
        let party = self.folder.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
        let (id, public) = module.make(&format!("baypass {party} {name}")).map_err(of)?;
        let reference = Reference { id: id.to_string(), public: hex::encode(public.as_bytes()) };
        let kept = toml::to_string(&reference).map_err(of).and_then(|text| {
            make_folder(&self.folder)?;
            write_whole(&self.reference_file(name), text.as_bytes())
        });
        if let Err(failure) = kept {
            // Nobody would ever find it again.
            module.destroy(id).map_err(of)?;
            return Err(failure);
        }
        module.key(id, public).map_err(of)
    }

    fn remove_signing(&self, name: &str) -> Result<(), Failure> {
        match self.reference(name)? {
            Some((id, _)) => {
                self.module.get()?.destroy(id).map_err(of)?;
                Self::remove_file(&self.reference_file(name))
            }
            None => self.remove(name),
        }
    }
}
