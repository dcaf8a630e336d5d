//! The mobile security object: digests, device key, validity and status, as the issuer signed them.

use std::collections::BTreeMap;

use credential::PublicKey;
use credential::cbor::{CborError, Writer};
use credential::sd_cwt::{Encoding, Items, Key, Value};
use credential::x509::HashKind;
use documents::{LocalDate, Timestamp, redact_debug};

use super::sign1::{members, text};
use super::{ENCODED, MdocError};
use crate::cose;
use crate::status::StatusReference;

const VERSION: &str = "1.0";

/// What the issuer signed.
#[derive(Clone)]
pub struct SecurityObject {
    pub(super) hash: HashKind,
    pub(super) digests: BTreeMap<String, BTreeMap<u64, Vec<u8>>>,
    pub(super) device_key: PublicKey,
    pub(super) authorized: Authorized,
    pub(super) doc_type: String,
    pub(super) signed: Timestamp,
    pub(super) valid_from: Timestamp,
    pub(super) valid_until: Timestamp,
    pub(super) status: Option<StatusReference>,
}
redact_debug!(SecurityObject);

/// What a device may add of its own.
#[derive(Clone, Default)]
pub(super) struct Authorized {
    name_spaces: Vec<String>,
    elements: BTreeMap<String, Vec<String>>,
}

impl Authorized {
    pub fn allows(&self, name_space: &str, element: &str) -> bool {
        self.name_spaces.iter().any(|allowed| allowed == name_space)
            || self.elements.get(name_space).is_some_and(|allowed| allowed.iter().any(|one| one == element))
    }

    fn read(value: &Value) -> Result<Self, MdocError> {
        let texts = |value: &Value| {
            let Value::Array(items) = value else { return None };
            items.iter().map(|item| item.as_text().map(str::to_owned)).collect::<Option<Vec<_>>>()
        };
        let fault = MdocError::Form(CborError::Unexpected);
        let mut read = Self::default();
        if let Some(name_spaces) = value.get("nameSpaces") {
            read.name_spaces = texts(name_spaces).ok_or(fault)?;
        }
        if let Some(elements) = value.get("dataElements") {
            for (key, elements) in elements.as_map().ok_or(fault)? {
                let Key::Text(name_space) = key else { return Err(fault) };
                read.elements.insert(name_space.clone(), texts(elements).ok_or(fault)?);
            }
        }
        Ok(read)
    }
}

impl SecurityObject {
    /// Its type.
    #[must_use]
    pub fn doc_type(&self) -> &str {
        &self.doc_type
    }

    /// The key of the holder's device.
    #[must_use]
    pub const fn device_key(&self) -> &PublicKey {
        &self.device_key
    }

    /// When it was signed.
    #[must_use]
    pub const fn signed(&self) -> Timestamp {
        self.signed
    }

    /// Where its status stands.
    #[must_use]
    pub const fn status(&self) -> Option<&StatusReference> {
        self.status.as_ref()
    }

    /// Reads the payload of the issuer's signature: tag 24 around the object.
    pub(super) fn read(payload: &[u8]) -> Result<Self, MdocError> {
        let mut outer = Items::new(payload, Encoding::Any);
        outer.tag(ENCODED)?;
        let inner = outer.bytes()?;
        outer.finish()?;
        let mut items = Items::new(inner, Encoding::Any);
        let (mut version, mut hash, mut digests, mut device) = (None, None, None, None);
        let (mut doc_type, mut validity, mut status) = (None, None, None);
        members(&mut items, |name, items| {
            match name {
                "version" => version = Some(text(items)?),
                "digestAlgorithm" => hash = Some(hash_named(&text(items)?)?),
                "valueDigests" => digests = Some(value_digests(items)?),
                "deviceKeyInfo" => device = Some(items.value(1)?),
                "docType" => doc_type = Some(text(items)?),
                "validityInfo" => validity = Some(items.value(1)?),
                "status" => {
                    let read = StatusReference::from_value(&items.value(1)?);
                    status = Some(read.map_err(|_| MdocError::Status)?);
                }
                _ => drop(items.value(1)?),
            }
            Ok(())
        })?;
        items.finish()?;
        let missing = MdocError::Form(CborError::Unexpected);
        if version.ok_or(missing)? != VERSION {
            return Err(MdocError::Version);
        }
        let (device, validity) = (device.ok_or(missing)?, validity.ok_or(missing)?);
        let time = |name: &str| validity.get(name).and_then(read_time).ok_or(missing);
        let authorized = device.get("keyAuthorizations").map(Authorized::read).transpose()?;
        Ok(Self {
            hash: hash.ok_or(missing)?,
            digests: digests.ok_or(missing)?,
            device_key: device.get("deviceKey").and_then(cose::read_key).ok_or(MdocError::DeviceKey)?,
            authorized: authorized.unwrap_or_default(),
            doc_type: doc_type.ok_or(missing)?,
            signed: time("signed")?,
            valid_from: time("validFrom")?,
            valid_until: time("validUntil")?,
            status,
        })
    }

    /// Writes that payload.
    pub(super) fn write(&self) -> Result<Vec<u8>, MdocError> {
        let device_key = cose::key_value(&self.device_key)?;
        let digests = self.digests.iter().map(|(name_space, digests)| {
            let digests = digests
                .iter()
                .map(|(id, digest)| Ok((Key::Int(i64::try_from(*id)?), Value::Bytes(digest.clone()))))
                .collect::<Result<_, std::num::TryFromIntError>>();
            Ok((Key::Text(name_space.clone()), Value::Map(digests?)))
        });
        let digests: Result<Vec<_>, std::num::TryFromIntError> = digests.collect();
        let digests = digests.map_err(|_| CborError::Limit)?;
        let time = |time: Timestamp| Value::Tag(0, Box::new(Value::Text(utc(time))));
        let mut object: Vec<(Key, Value)> = vec![
            ("version".into(), Value::text(VERSION)),
            ("digestAlgorithm".into(), Value::text(hash_name(self.hash))),
            ("valueDigests".into(), Value::Map(digests)),
            ("deviceKeyInfo".into(), Value::Map(vec![("deviceKey".into(), device_key)])),
            ("docType".into(), Value::text(&self.doc_type)),
            (
                "validityInfo".into(),
                Value::Map(vec![
                    ("signed".into(), time(self.signed)),
                    ("validFrom".into(), time(self.valid_from)),
                    ("validUntil".into(), time(self.valid_until)),
                ]),
            ),
        ];
        if let Some(status) = &self.status {
            object.push(("status".into(), status.to_value()));
        }
        Ok(Writer::new().tag(ENCODED).bytes(&Value::Map(object).encode()).finish())
    }

    /// The times that contradict each other or do not hold at `now`.
    pub(super) fn hold_times(&self, now: Timestamp) -> Result<(), MdocError> {
        self.hold_order()?;
        if now > self.valid_until {
            return Err(MdocError::Expired);
        }
        if now < self.valid_from {
            return Err(MdocError::NotYetValid);
        }
        Ok(())
    }

    pub(super) fn hold_order(&self) -> Result<(), MdocError> {
        let ordered = self.signed <= self.valid_from && self.valid_from <= self.valid_until;
        if ordered { Ok(()) } else { Err(MdocError::Times) }
    }
}

fn hash_named(name: &str) -> Result<HashKind, MdocError> {
    [HashKind::Sha256, HashKind::Sha384, HashKind::Sha512]
        .into_iter()
        .find(|hash| hash_name(*hash) == name)
        .ok_or(MdocError::DigestAlgorithm)
}

const fn hash_name(hash: HashKind) -> &'static str {
    match hash {
        HashKind::Sha256 => "SHA-256",
        HashKind::Sha384 => "SHA-384",
        HashKind::Sha512 => "SHA-512",
    }
}

fn value_digests(items: &mut Items<'_>) -> Result<BTreeMap<String, BTreeMap<u64, Vec<u8>>>, MdocError> {
    let mut read = BTreeMap::new();
    members(items, |name_space, items| {
        let mut digests = BTreeMap::new();
        for _ in 0..items.map()? {
            let Key::Int(id) = items.key()? else { return Err(CborError::Unexpected.into()) };
            let id = u64::try_from(id).map_err(|_| CborError::Unexpected)?;
            if digests.insert(id, items.bytes()?.to_vec()).is_some() {
                return Err(CborError::Keys.into());
            }
        }
        read.insert(name_space.to_owned(), digests);
        Ok(())
    })?;
    Ok(read)
}

/// A `tdate`: tag 0, RFC 3339 in UTC without fractions of a second.
fn read_time(value: &Value) -> Option<Timestamp> {
    let Value::Tag(0, text) = value else { return None };
    let text = text.as_text()?;
    (text.len() == 20 && text.ends_with('Z')).then(|| text.parse().ok()).flatten()
}

fn utc(time: Timestamp) -> String {
    let (days, seconds) = (time.unix().div_euclid(86_400), time.unix().rem_euclid(86_400));
    let (year, month, day) = LocalDate::from_days_since_epoch(days).map_or((1970, 1, 1), LocalDate::ymd);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}
