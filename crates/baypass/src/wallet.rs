//! The command-line wallet: for scripts, tests and the demo. It holds what a traveller's phone holds: what stands on
//! the traveller's cards, a secret from each authority, device keys with their tokens and parts.
//!
//! Lives here: its file, enrolment, fetching a batch, showing one code. Not here: how it reaches authorities (`authorities`), what it shows
//! at desks (`venue`), which of their requests it takes (`trust::DeskRequest`), what it has of other systems (`openid`). Its keys are
//! software keys, in a file that its owner alone may read; a phone keeps them in hardware.

mod authorities;
pub mod openid;
pub mod proximity;
pub mod venue;
pub mod verifiers;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use authority::{DeviceProof, InvitationCode, possession};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use credential::{Audience, PartHash, SigningKey, Unlock, UnverifiedToken, sign_proof_with};
use documents::{AuthorityCode, DocumentKind, DocumentNumber, LocalDate, Timestamp};
use serde::{Deserialize, Serialize};

use crate::failure::{Failure, of};
use crate::install::{Installation, write_whole};
use authorities::CLASS;
pub use authorities::{Application, AuthorityClient, Granted, NoTokens};
use openid::ForeignCredential;
use venue::VenueWallet;

/// Device keys of one batch.
pub const BATCH: usize = 8;

/// Bytes as text in a wallet's file.
#[derive(Clone, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);
documents::redact_debug!(Bytes);

impl Serialize for Bytes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        URL_SAFE_NO_PAD.decode(text).map(Self).map_err(serde::de::Error::custom)
    }
}

/// A card of the traveller's.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Who issued it.
    pub issuer: AuthorityCode,
    /// The kind of document.
    pub kind: DocumentKind,
    /// Its number, as printed.
    pub number: String,
}
documents::redact_debug!(Card);

impl Card {
    /// The number, parsed.
    pub fn parsed(&self) -> Result<DocumentNumber, Failure> {
        DocumentNumber::parse(self.kind, &self.number).map_err(of)
    }
}

/// One token with its key and parts.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldToken {
    /// The device key (PKCS #8).
    pub device: Bytes,
    /// The signed token (CBOR).
    pub token: Bytes,
    /// The parts, by who opens them.
    pub parts: BTreeMap<AuthorityCode, Bytes>,
    /// The token's end.
    pub expires: Timestamp,
}
documents::redact_debug!(HeldToken);

/// A resident's wallet on the command line, as its file has it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wallet {
    /// The number that `resident add` printed.
    pub resident: u32,
    /// Whose identity card they hold.
    pub home: AuthorityCode,
    /// The name on it.
    pub name: String,
    /// The Chinese name.
    pub name_zh: Option<String>,
    /// The date of birth.
    pub birth: LocalDate,
    /// Cards that are linked.
    pub cards: Vec<Card>,
    /// The key to which every secret is bound (PKCS #8); none before the first enrolment.
    #[serde(default)]
    device: Option<Bytes>,
    /// The secret from each authority.
    sessions: BTreeMap<AuthorityCode, Bytes>,
    #[serde(alias = "tickets")]
    tokens: Vec<HeldToken>,
    /// Device keys for which no tokens came yet: the next request is for the same ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    keys_kept: Vec<Bytes>,
    /// What it has for desks.
    #[serde(default, skip_serializing_if = "VenueWallet::is_empty")]
    venues: VenueWallet,
    /// What issuers of other systems gave it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    foreign: Vec<ForeignCredential>,
}
documents::redact_debug!(Wallet);

/// A wallet's secret at an authority, and the device key to which it is bound.
pub struct Session {
    /// The secret that the authority gave, 32 bytes.
    pub secret: [u8; 32],
    /// The key to which the secret is bound (RFC 9449).
    pub device: SigningKey,
}
documents::redact_debug!(Session);

/// The kept keys, and new ones up to a batch.
fn device_keys(kept: &[Bytes]) -> Result<Vec<SigningKey>, Failure> {
    let again = kept.iter().map(|key| SigningKey::from_pkcs8(&key.0));
    let new = (kept.len()..BATCH).map(|_| SigningKey::generate());
    again.chain(new).collect::<Result<_, _>>().map_err(of)
}

fn kept_keys(devices: &[SigningKey]) -> Result<Vec<Bytes>, Failure> {
    devices.iter().map(|device| Ok(Bytes(device.to_pkcs8().map_err(of)?.to_vec()))).collect()
}

impl Wallet {
    /// A wallet for somebody with these cards; nothing is enrolled yet.
    pub fn new(
        resident: u32,
        home: AuthorityCode,
        name: String,
        name_zh: Option<String>,
        birth: LocalDate,
        cards: Vec<Card>,
    ) -> Self {
        let (device, sessions, tokens) = (None, BTreeMap::new(), Vec::new());
        let (keys_kept, venues, foreign) = (Vec::new(), VenueWallet::default(), Vec::new());
        Self {
            resident,
            home,
            name,
            name_zh,
            birth,
            cards,
            device,
            sessions,
            tokens,
            keys_kept,
            venues,
            foreign,
        }
    }

    /// The authorities that vouch for one of the cards in a pass: the home authority, and the mainland for a Home
    /// Return Permit.
    pub fn vouchers(&self) -> Vec<(AuthorityCode, Card)> {
        let mut found: Vec<(AuthorityCode, Card)> = Vec::new();
        let wanted = |card: &&Card| {
            matches!(
                card.kind,
                DocumentKind::ExitEntryPermit
                    | DocumentKind::OneWayPermit
                    | DocumentKind::HomeReturnPermit
                    | DocumentKind::Hkid
                    | DocumentKind::MacaoBir
            )
        };
        for card in self.cards.iter().filter(wanted) {
            if !found.iter().any(|(issuer, _)| *issuer == card.issuer) {
                found.push((card.issuer, card.clone()));
            }
        }
        found
    }

    /// Enrols at every authority that issued one of the cards, with the one-time codes of their offices; gives at which, and
    /// until when the wallet waits there for the word of an earlier one.
    pub async fn enrol(
        &mut self,
        authorities: &impl AuthorityClient,
        selfie: &[u8],
        invitations: &[String],
        now: Timestamp,
    ) -> Result<Vec<(AuthorityCode, Option<Timestamp>)>, Failure> {
        self.enrol_with(authorities, selfie, (invitations, None), now).await
    }

    /// The same on the phone of a carer, who shows their own pass there; at the authorities at which the carer has one.
    pub async fn enrol_on_phone_of(
        &mut self,
        carer: &Self,
        authorities: &impl AuthorityClient,
        selfie: &[u8],
        invitations: &[String],
        now: Timestamp,
    ) -> Result<Vec<(AuthorityCode, Option<Timestamp>)>, Failure> {
        self.move_to_device_of(carer);
        self.enrol_with(authorities, selfie, (invitations, Some(carer)), now).await
    }

    async fn enrol_with(
        &mut self,
        authorities: &impl AuthorityClient,
        selfie: &[u8],
        (invitations, carer): (&[String], Option<&Self>),
        now: Timestamp,
    ) -> Result<Vec<(AuthorityCode, Option<Timestamp>)>, Failure> {
        let there = |issuer: &AuthorityCode| carer.is_none_or(|carer| carer.sessions.contains_key(issuer));
        if carer.is_some() && !there(&self.home) {
            return Err(Failure::new(format!(
                "the carer has no pass of {}; the carer enrols first",
                self.home
            )));
        }
        let mut vouchers = self.vouchers();
        vouchers.retain(|(issuer, _)| there(issuer));
        if !vouchers.iter().any(|(issuer, _)| *issuer == self.home) {
            return Err(Failure::new(format!(
                "no card of {} that a pass could rest on is registered; add the resident with it",
                self.home
            )));
        }
        let device = self.device_key()?;
        let (mut sessions, mut at) = (BTreeMap::new(), Vec::new());
        for (issuer, card) in vouchers {
            // A code's first letter says whose it is; it goes to nobody else.
            let own = |code: &&String| InvitationCode::parse(code, issuer).is_ok();
            let application = Application {
                card: &card,
                wallet: self,
                invitation: invitations.iter().find(own).map(String::as_str),
                selfie,
                device: &device,
                carer,
            };
            let granted = authorities
                .enrol(issuer, application, now)
                .await
                .map_err(|failure| Failure::new(format!("{issuer}: {failure}")))?;
            sessions.insert(issuer, Bytes(granted.secret.to_vec()));
            at.push((issuer, granted.waits_until));
        }
        self.sessions = sessions;
        self.tokens.clear();
        self.venues.end_pass();
        Ok(at)
    }

    /// The key to which this wallet's secrets are bound; made now where it has none.
    fn device_key(&mut self) -> Result<SigningKey, Failure> {
        if let Some(device) = &self.device {
            return SigningKey::from_pkcs8(&device.0).map_err(of);
        }
        let device = SigningKey::generate().map_err(of)?;
        self.device = Some(Bytes(device.to_pkcs8().map_err(of)?.to_vec()));
        Ok(device)
    }

    /// Moves this wallet to the phone of another one, whose key its next secrets are bound to; those that it has end with its next enrolment.
    pub fn move_to_device_of(&mut self, other: &Self) {
        self.device.clone_from(&other.device);
    }

    /// The secret of this wallet at an authority, with its key.
    pub fn session(&self, authority: AuthorityCode) -> Result<Session, Failure> {
        let secret = self.sessions.get(&authority).and_then(|bytes| bytes.0.as_slice().try_into().ok());
        let none = || {
            Failure::new(format!("this wallet has no pass of {authority}; run `baypass wallet enrol` first"))
        };
        let (secret, device) = secret.zip(self.device.as_ref()).ok_or_else(none)?;
        Ok(Session { secret, device: SigningKey::from_pkcs8(&device.0).map_err(of)? })
    }

    /// What it has for desks.
    pub const fn venues(&self) -> &VenueWallet {
        &self.venues
    }

    /// The authorities at which this wallet enrolled.
    pub fn enrolled_at(&self) -> Vec<AuthorityCode> {
        self.sessions.keys().copied().collect()
    }

    /// Fetches a batch: one token for each device key, with the parts of every authority that makes one.
    pub async fn fetch(&mut self, authorities: &impl AuthorityClient, now: Timestamp) -> Result<(), Failure> {
        let home = self.home;
        // A wallet of the version before has a secret and no key: its first request binds one.
        self.device_key()?;
        let devices = device_keys(&self.keys_kept)?;
        let proofs = |authority: AuthorityCode, session: &[u8; 32]| {
            devices
                .iter()
                .map(|device| {
                    let proof = possession(device, authority, home, session, now).map_err(of)?;
                    Ok(DeviceProof { key: *device.public(), proof })
                })
                .collect::<Result<Vec<_>, Failure>>()
        };
        let session = self.session(home)?;
        let asked = authorities.tokens(home, &session, &proofs(home, &session.secret)?, now).await;
        // Keys are made anew where the authority did not say that it will take the same ones later.
        self.keys_kept.clear();
        let issued = match asked {
            Ok(issued) => issued,
            Err(NoTokens { why, keeps_keys }) => {
                if keeps_keys {
                    self.keys_kept = kept_keys(&devices)?;
                }
                return Err(why);
            }
        };
        // A pass on a carer's phone ends with their relation, and its tokens no later.
        let mut expires = Vec::with_capacity(issued.len());
        for one in &issued {
            expires.push(UnverifiedToken::parse(&one.token).map_err(of)?.claims().expires);
        }
        let ends = expires.first().copied();
        let mut others = BTreeMap::new();
        for authority in self.sessions.keys().copied().filter(|authority| *authority != home) {
            let session = self.session(authority)?;
            let made = authorities
                .parts(authority, &session, (home, ends), &proofs(authority, &session.secret)?, now)
                .await?;
            others.insert(authority, made);
        }
        let mut tokens = Vec::with_capacity(BATCH);
        for (index, ((device, issued), expires)) in devices.iter().zip(issued).zip(expires).enumerate() {
            let mut parts: BTreeMap<_, _> =
                issued.sealed.into_iter().map(|(receiver, part)| (receiver, Bytes(part))).collect();
            parts.insert(home, Bytes(issued.own));
            for (authority, made) in &others {
                if let Some(part) = made.get(index) {
                    parts.insert(*authority, Bytes(part.clone()));
                }
            }
            tokens.push(HeldToken {
                device: Bytes(device.to_pkcs8().map_err(of)?.to_vec()),
                token: Bytes(issued.token),
                parts,
                expires,
            });
        }
        self.tokens = tokens;
        Ok(())
    }

    /// Tokens that are left at `now`.
    pub fn tokens_left(&self, now: Timestamp) -> usize {
        self.tokens.iter().filter(|held| held.good_at(now)).count()
    }

    /// Takes the next token that is good at `at` out of the wallet.
    pub fn take(&mut self, at: Timestamp) -> Result<HeldToken, Failure> {
        let index = self.tokens.iter().position(|held| held.good_at(at));
        let index = index.ok_or_else(|| Failure::new("no token is left; go online and fetch new ones"))?;
        Ok(self.tokens.remove(index))
    }

    /// The wallet's file.
    pub fn path(installation: &Installation, resident: u32) -> PathBuf {
        installation.wallets().join(format!("{resident}.json"))
    }

    /// Reads a wallet.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let bytes = std::fs::read(path)
            .map_err(|error| Failure::new(format!("{} cannot be read ({error})", path.display())))?;
        serde_json::from_slice(&bytes).map_err(|error| {
            Failure::new(format!("{} is damaged ({error}); restore it from a backup", path.display()))
        })
    }

    /// Writes it, whole or not at all.
    pub fn save(&self, installation: &Installation) -> Result<(), Failure> {
        write_whole(&Self::path(installation, self.resident), &serde_json::to_vec_pretty(self).map_err(of)?)
    }

    /// Every wallet of an installation, by number.
    pub fn all(installation: &Installation) -> Result<Vec<Self>, Failure> {
        let folder = installation.wallets();
        let fault =
            |error: std::io::Error| Failure::new(format!("{} cannot be read ({error})", folder.display()));
        let mut found = Vec::new();
        for file in std::fs::read_dir(&folder).map_err(fault)? {
            let path = file.map_err(fault)?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                found.push(Self::read(&path)?);
            }
        }
        found.sort_by_key(|wallet| wallet.resident);
        Ok(found)
    }

    /// The wallet of a resident: by the number that `resident add` printed, or by any of their document numbers.
    pub fn find(installation: &Installation, resident: &str) -> Result<Self, Failure> {
        let wallets = Self::all(installation)?;
        let by_number = resident.parse::<u32>().ok();
        if let Some(found) = wallets.iter().find(|wallet| Some(wallet.resident) == by_number) {
            return Ok(found.clone());
        }
        let is_theirs = |card: &Card| {
            let typed = DocumentNumber::parse(card.kind, resident).ok();
            typed.is_some_and(|typed| card.parsed().is_ok_and(|own| own.match_key() == typed.match_key()))
        };
        wallets.into_iter().find(|wallet| wallet.cards.iter().any(is_theirs)).ok_or_else(|| {
            Failure::new(format!(
                "no resident {resident} is here; give the number that `baypass resident add` printed, or a document number (`baypass resident list`)"
            ))
        })
    }
}

impl HeldToken {
    fn good_at(&self, at: Timestamp) -> bool {
        // Not before its day of issue either: a token of a later batch would claim to live too long.
        let left = self.expires.seconds_since(at);
        left > 0 && left <= CLASS.max_life_seconds()
    }

    /// The device key.
    pub fn key(&self) -> Result<SigningKey, Failure> {
        SigningKey::from_pkcs8(&self.device.0).map_err(of)
    }

    /// The text of a code for `audience`, made at `at`.
    pub fn code(&self, audience: &Audience, at: Timestamp) -> Result<String, Failure> {
        self.code_with(audience, (at, None))
    }

    /// The same, with what the proof says of an own unlock.
    pub fn code_with(
        &self,
        audience: &Audience,
        made: (Timestamp, Option<Unlock>),
    ) -> Result<String, Failure> {
        let device = self.key()?;
        let mut parts: Vec<&[u8]> = Vec::new();
        for side in audience.sides() {
            let receiver = audience.direction().authority(*side);
            let part = self.parts.get(&receiver).ok_or_else(|| {
                Failure::new(format!(
                    "this wallet has no part for {receiver}: no document that opens its border is registered"
                ))
            })?;
            parts.push(&part.0);
        }
        let hashes: Vec<_> = parts.iter().map(|part| PartHash::of(part)).collect();
        let proof = sign_proof_with(&device, audience, &self.token.0, &hashes, made).map_err(of)?;
        let code = code::CrossingCode::Full {
            token: &self.token.0,
            proof: &proof,
            parts: code::Parts::new(&parts).map_err(of)?,
        };
        code.to_text().map_err(of)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use authority::{CredentialsWanted, Issued};

    use super::*;

    /// An authority whose status lists are full, or that refuses for another reason; it notes the keys that were brought.
    struct Refusing {
        full: bool,
        brought: Mutex<Vec<Vec<Vec<u8>>>>,
    }

    impl AuthorityClient for Refusing {
        async fn enrol(
            &self,
            _: AuthorityCode,
            _: Application<'_>,
            _: Timestamp,
        ) -> Result<Granted, Failure> {
            Err(Failure::new("nobody enrols here"))
        }

        async fn tokens(
            &self,
            _: AuthorityCode,
            _: &Session,
            keys: &[DeviceProof],
            _: Timestamp,
        ) -> Result<Vec<Issued>, NoTokens> {
            let keys = keys.iter().map(|device| device.key.as_bytes().to_vec()).collect();
            self.brought.lock().unwrap().push(keys);
            Err(NoTokens { why: Failure::new("come again later"), keeps_keys: self.full })
        }

        async fn parts(
            &self,
            _: AuthorityCode,
            _: &Session,
            _: (AuthorityCode, Option<Timestamp>),
            _: &[DeviceProof],
            _: Timestamp,
        ) -> Result<Vec<Vec<u8>>, Failure> {
            Err(Failure::new("no parts here"))
        }

        async fn venue_credentials(
            &self,
            _: AuthorityCode,
            _: &Session,
            _: CredentialsWanted,
            keys: &[DeviceProof],
            _: Timestamp,
        ) -> Result<Vec<Vec<u8>>, NoTokens> {
            let keys = keys.iter().map(|device| device.key.as_bytes().to_vec()).collect();
            self.brought.lock().unwrap().push(keys);
            Err(NoTokens { why: Failure::new("come again later"), keeps_keys: self.full })
        }
    }

    #[tokio::test]
    async fn a_wallet_asks_again_with_the_same_keys_where_the_status_lists_were_full() {
        let (home, now) = (AuthorityCode::Chn, Timestamp::from_unix(1_800_000_000).unwrap());
        let birth = "1991-05-06".parse().unwrap();
        let mut wallet = Wallet::new(1, home, "SPECIMEN".to_owned(), None, birth, Vec::new());
        wallet.sessions.insert(home, Bytes(vec![7; 32]));
        let mut authority = Refusing { full: true, brought: Mutex::default() };
        for full in [true, true, false, true] {
            authority.full = full;
            assert!(wallet.fetch(&authority, now).await.is_err());
            // As the next command reads it.
            wallet = serde_json::from_slice(&serde_json::to_vec(&wallet).unwrap()).unwrap();
        }
        let brought = authority.brought.into_inner().unwrap();
        let [first, second, third, fourth] = brought.as_slice() else { panic!("{}", brought.len()) };
        assert_eq!((first.len(), first == second, second == third), (BATCH, true, true));
        assert!(fourth.iter().all(|key| !third.contains(key)), "another refusal ends them");
    }
}
