//! Vault: the keys under which records lie, and the keyed hashes by which they are found.
//!
//! Lives here: [`Vault`], contexts of sealed columns. Not here: the cipher (`credential::RecordKey`). Each person has a
//! key of their own, wrapped under the master key, which lies apart from the database. Without the person's key their
//! rows are noise.

use credential::{RecordKey, SecretKey, Thumbprint, TokenId};
use documents::DocumentNumber;
use zeroize::Zeroizing;

use super::{Result, StoreError, Tx, column, define_statements, optional, run};

define_statements! {
    FIND_SETTING = "SELECT value FROM setting WHERE name = $1";
    SET_SETTING = "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    DROP_SETTING = "DELETE FROM setting WHERE name = $1";
}

/// An authority's own key of a person: 16 random bytes, never a document number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonKey([u8; 16]);

impl PersonKey {
    /// The key with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes, which name the person in every table.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    pub(crate) fn to_vec(self) -> Vec<u8> {
        self.0.to_vec()
    }
}

/// The keyed hash of a number, an identity, a token's id or a device key: HMAC-SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag([u8; 32]);

impl Tag {
    pub(crate) const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes, a keyed hash of a number or an id.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn to_vec(self) -> Vec<u8> {
        self.0.to_vec()
    }
}

/// The setting that proves the master key, and what its sealing is bound to.
const MASTER: &str = "master";

/// The two secrets of an authority's database.
#[derive(Debug)]
pub struct Vault {
    master: SecretKey,
    tags: SecretKey,
}

impl Vault {
    /// A vault of the master key and of the key for keyed hashes.
    #[must_use]
    pub const fn new(master: SecretKey, tags: SecretKey) -> Self {
        Self { master, tags }
    }

    /// The tag of a document number, by kind and by the characters that identify it.
    #[must_use]
    pub fn number_tag(&self, number: &DocumentNumber) -> Tag {
        let mut bytes = vec![number.kind().code()];
        bytes.extend_from_slice(number.match_key().as_bytes());
        Tag(self.tags.tag(&bytes))
    }

    /// The tag under which an officer's wish to see the holder of a number is kept: beside the list, and not to be told from it.
    pub(crate) fn interest_tag(&self, number: &DocumentNumber) -> Tag {
        Tag(self.tags.tag(&[b"interest".as_slice(), self.number_tag(number).as_bytes()].concat()))
    }

    /// The tag of who somebody is: names, birth date, nationality.
    pub(crate) fn identity_tag(&self, fields: [&str; 3], nationality: &[u8]) -> Tag {
        let mut bytes = b"who".to_vec();
        for field in fields {
            bytes.extend_from_slice(field.as_bytes());
            bytes.push(0);
        }
        bytes.extend_from_slice(nationality);
        Tag(self.tags.tag(&bytes))
    }

    /// The tag under which a token is known here.
    #[must_use]
    pub fn token_tag(&self, token: TokenId) -> Tag {
        Tag(self.tags.tag(&[b"token".as_slice(), token.as_bytes()].concat()))
    }

    /// The tag of a showing at a lane by document. No token has it, so no showing ends one.
    #[must_use]
    pub fn showing_tag(&self, showing: TokenId) -> Tag {
        Tag(self.tags.tag(&[b"showing".as_slice(), showing.as_bytes()].concat()))
    }

    /// The tag of an invitation code.
    pub(crate) fn invitation_tag(&self, code: &[u8]) -> Tag {
        Tag(self.tags.tag(&[b"invitation".as_slice(), code].concat()))
    }

    /// The tag under which the relations of a carer are found.
    pub(super) fn carer_tag(&self, carer: PersonKey) -> Tag {
        Tag(self.tags.tag(&[b"carer".as_slice(), carer.as_bytes()].concat()))
    }

    /// The tag of a secret that was handed to a wallet of others.
    pub(crate) fn grant_tag(&self, secret: &[u8; 32]) -> Tag {
        Tag(self.tags.tag(&[b"grant".as_slice(), secret].concat()))
    }

    /// The key of the nonces for proofs of such wallets' keys.
    pub(crate) fn openid_nonce_key(&self) -> SecretKey {
        SecretKey::from_bytes(self.tags.tag(b"key of openid nonces"))
    }

    /// The key of the salts that strangers work on: it outlives a restart, and opens nothing.
    pub(crate) fn work_key(&self) -> SecretKey {
        SecretKey::from_bytes(self.tags.tag(b"key of work"))
    }

    /// The key of the nonces of wallets' proofs.
    pub(crate) fn nonce_key(&self) -> SecretKey {
        SecretKey::from_bytes(self.tags.tag(b"key of nonces"))
    }

    /// The key of the nonces of attestations.
    pub(crate) fn attestation_key(&self) -> SecretKey {
        SecretKey::from_bytes(self.tags.tag(b"key of attestation nonces"))
    }

    /// The tag under which a device key is known here.
    pub(crate) fn device_tag(&self, thumbprint: Thumbprint) -> Tag {
        self.device_tag_of(thumbprint.as_bytes())
    }

    /// The tag under which a wallet is known here, by the thumbprint of the key to which it is bound.
    pub(super) fn wallet_tag(&self, thumbprint: &[u8]) -> Tag {
        Tag(self.tags.tag(&[b"wallet".as_slice(), thumbprint].concat()))
    }

    /// The tag of a code with its proof, by the hash of what was shown: the same bytes again have it, a new proof has another.
    pub(crate) fn code_tag(&self, shown: &[u8; 32]) -> Tag {
        Tag(self.tags.tag(&[b"code".as_slice(), shown].concat()))
    }

    /// The key of lots: which crossings are checked at random, which lanes try new rules.
    pub(crate) fn lot_key(&self) -> SecretKey {
        SecretKey::from_bytes(self.tags.tag(b"key of lots"))
    }

    /// Seals a column of a row that belongs to nobody who is registered.
    pub(super) fn seal_own(&self, table: &str, row: &[u8], record: &[u8]) -> Result<Vec<u8>> {
        seal(&self.own_key(), table, row, record)
    }

    /// Opens such a column.
    pub(super) fn open_own(
        &self,
        table: &'static str,
        row: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>> {
        open(&self.own_key(), table, row, sealed)
    }

    pub(super) fn device_tag_of(&self, thumbprint: &[u8]) -> Tag {
        Tag(self.tags.tag(&[b"device".as_slice(), thumbprint].concat()))
    }

    /// A new key for a person, and the same wrapped.
    pub(super) fn new_person_key(&self, person: PersonKey) -> Result<(RecordKey, Vec<u8>)> {
        let key = RecordKey::generate().map_err(StoreError::Seal)?;
        let wrapped = self.wrap_person_key(person, &key)?;
        Ok((key, wrapped))
    }

    /// A person's key for its row.
    pub(super) fn wrap_person_key(&self, person: PersonKey, key: &RecordKey) -> Result<Vec<u8>> {
        key.wrap(&self.master, &context("person", person.as_bytes())).map_err(StoreError::Seal)
    }

    /// A person's key from its row.
    pub(super) fn person_key(&self, person: PersonKey, wrapped: &[u8]) -> Result<RecordKey> {
        RecordKey::unwrap(&self.master, &context("person", person.as_bytes()), wrapped)
            .map_err(|_| StoreError::Row { table: "person", column: "wrapped_key" })
    }

    pub(super) fn wrap_weekly_key(&self, name: &str, key: &SecretKey) -> Result<Vec<u8>> {
        self.own_key().seal(&context("weekly_key", name.as_bytes()), key.expose()).map_err(StoreError::Seal)
    }

    pub(super) fn weekly_key(&self, name: &str, wrapped: &[u8]) -> Result<SecretKey> {
        let damaged = || StoreError::Row { table: "weekly_key", column: "wrapped" };
        let bytes = self.own_key().open(&context("weekly_key", name.as_bytes()), wrapped);
        let bytes = bytes.map_err(|_| damaged())?;
        <[u8; 32]>::try_from(bytes.as_slice()).map(SecretKey::from_bytes).map_err(|_| damaged())
    }

    /// The master key as the key of records that belong to no person.
    fn own_key(&self) -> RecordKey {
        RecordKey::from_secret(&self.master)
    }
}

/// What a sealed column is bound to: its table and its row. Moved anywhere else, it does not open.
fn context(table: &str, row: &[u8]) -> Vec<u8> {
    [b"bp-store-1/", table.as_bytes(), b"/", row].concat()
}

/// Seals a column of a person's row.
pub(super) fn seal(key: &RecordKey, table: &str, row: &[u8], record: &[u8]) -> Result<Vec<u8>> {
    key.seal(&context(table, row), record).map_err(StoreError::Seal)
}

/// Opens a column of a person's row.
pub(super) fn open(
    key: &RecordKey,
    table: &'static str,
    row: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>> {
    key.open(&context(table, row), sealed).map_err(|_| StoreError::Row { table, column: "sealed" })
}

/// The value of a setting.
pub(super) async fn find_setting(tx: &mut Tx, name: &str) -> Result<Option<Vec<u8>>> {
    optional!(tx, FIND_SETTING, name.to_owned())?.map(|row| column(&row, "setting", "value")).transpose()
}

/// Writes a setting.
pub(super) async fn set_setting(tx: &mut Tx, name: &str, value: &[u8]) -> Result<()> {
    run!(tx, SET_SETTING, name.to_owned(), value.to_vec()).map(drop)
}

/// Removes a setting.
pub(super) async fn drop_setting(tx: &mut Tx, name: &str) -> Result<()> {
    run!(tx, DROP_SETTING, name.to_owned()).map(drop)
}

/// Writes a proof of the master key into a new database; checks it in one that has one.
pub(super) async fn check_master_key(tx: &mut Tx, vault: &Vault) -> Result<()> {
    match find_setting(tx, MASTER).await? {
        Some(proof) => {
            let opened = vault.own_key().open(&context("setting", MASTER.as_bytes()), &proof);
            opened.map(drop).map_err(|_| StoreError::MasterKey)
        }
        None => prove_master_key(tx, vault).await,
    }
}

/// Writes a proof of the master key.
pub(super) async fn prove_master_key(tx: &mut Tx, vault: &Vault) -> Result<()> {
    let proof = vault.own_key().seal(&context("setting", MASTER.as_bytes()), b"master");
    set_setting(tx, MASTER, &proof.map_err(StoreError::Seal)?).await
}
