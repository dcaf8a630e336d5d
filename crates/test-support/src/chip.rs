//! Chip: an issuer of travel documents of its own: a country, its signers, their documents, and everything that can be wrong with them.
//!
//! Lives here: what no published specimen has. Keys are new with each run. Not here: published specimens (`chip`'s tests).

#![expect(clippy::unwrap_used, reason = "of tests alone: what goes wrong here fails the test")]

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PSS_SHA256, RsaKeyPair};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CustomExtension, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    PKCS_ECDSA_P384_SHA384, PKCS_ECDSA_P521_SHA512, PKCS_RSA_SHA256, PublicKeyData as _, RevokedCertParams,
    SerialNumber, SigningKey as _, date_time_ymd,
};

use crate::der::{der, oid};

/// Kinds of keys and signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// ECDSA on P-256 over SHA-256.
    P256,
    /// ECDSA on P-384 over SHA-384.
    P384,
    /// ECDSA on P-521 over SHA-512.
    P521,
    /// RSASSA-PKCS1-v1_5 with 2048 bits over SHA-256.
    Rsa,
    /// The same, named `rsaEncryption` with the hash beside it.
    RsaEncryption,
    /// RSASSA-PSS with 2048 bits over SHA-256 (certificates by [`Scheme::Rsa`]).
    RsaPss,
}

/// SHA-1, SHA-256, SHA-384, SHA-512 as they are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// Too weak.
    Sha1,
    /// 32 bytes.
    Sha256,
    /// 48 bytes.
    Sha384,
    /// 64 bytes.
    Sha512,
}

impl Hash {
    /// The hash of `bytes`.
    #[must_use]
    pub fn of(self, bytes: &[u8]) -> Vec<u8> {
        let kind = match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        };
        digest::digest(kind, bytes).as_ref().to_vec()
    }

    /// Its `AlgorithmIdentifier`.
    #[must_use]
    pub fn identifier(self) -> Vec<u8> {
        let named = match self {
            Self::Sha1 => oid(&[1, 3, 14, 3, 2, 26]),
            Self::Sha256 => oid(&[2, 16, 840, 1, 101, 3, 4, 2, 1]),
            Self::Sha384 => oid(&[2, 16, 840, 1, 101, 3, 4, 2, 2]),
            Self::Sha512 => oid(&[2, 16, 840, 1, 101, 3, 4, 2, 3]),
        };
        der(&[0x30], &named)
    }
}

impl Scheme {
    fn key(self) -> KeyPair {
        let kind = match self {
            Self::P256 => &PKCS_ECDSA_P256_SHA256,
            Self::P384 => &PKCS_ECDSA_P384_SHA384,
            Self::P521 => &PKCS_ECDSA_P521_SHA512,
            Self::Rsa | Self::RsaEncryption | Self::RsaPss => &PKCS_RSA_SHA256,
        };
        KeyPair::generate_for(kind).unwrap()
    }

    /// The hash that it signs.
    #[must_use]
    pub const fn hash(self) -> Hash {
        match self {
            Self::P384 => Hash::Sha384,
            Self::P521 => Hash::Sha512,
            Self::P256 | Self::Rsa | Self::RsaEncryption | Self::RsaPss => Hash::Sha256,
        }
    }

    fn identifier(self) -> Vec<u8> {
        let named = |parts: &[u32]| der(&[0x30], &oid(parts));
        match self {
            Self::P256 => named(&[1, 2, 840, 10045, 4, 3, 2]),
            Self::P384 => named(&[1, 2, 840, 10045, 4, 3, 3]),
            Self::P521 => named(&[1, 2, 840, 10045, 4, 3, 4]),
            Self::Rsa => der(&[0x30], &[oid(&[1, 2, 840, 113_549, 1, 1, 11]), vec![5, 0]].concat()),
            Self::RsaEncryption => der(&[0x30], &[oid(&[1, 2, 840, 113_549, 1, 1, 1]), vec![5, 0]].concat()),
            Self::RsaPss => {
                let hash = Hash::Sha256.identifier();
                let mask = der(&[0x30], &[oid(&[1, 2, 840, 113_549, 1, 1, 8]), hash.clone()].concat());
                let parts = [der(&[0xa0], &hash), der(&[0xa1], &mask), der(&[0xa2], &[2, 1, 32])];
                der(&[0x30], &[oid(&[1, 2, 840, 113_549, 1, 1, 10]), der(&[0x30], &parts.concat())].concat())
            }
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a test's issuer: its salt is nobody's secret")]
    fn sign(self, key: &KeyPair, message: &[u8]) -> Vec<u8> {
        if self != Self::RsaPss {
            return key.sign(message).unwrap();
        }
        let key = RsaKeyPair::from_der(key.serialized_der())
            .or_else(|_| RsaKeyPair::from_pkcs8(key.serialized_der()))
            .unwrap();
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PSS_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
        signature
    }
}

/// A state that signs the signers of documents.
pub struct Country {
    issuer: Issuer<'static, KeyPair>,
    code: String,
    der: Vec<u8>,
}

/// What a document's signer is like; [`Country::signer`] makes the honest one.
#[derive(Debug, Clone)]
pub struct SignerShape {
    /// Country in its name.
    pub country: String,
    /// First and last day of validity: year, month, day.
    pub validity: [(i32, u8, u8); 2],
    /// Serial number.
    pub serial: u8,
    /// What the key may do.
    pub usages: Vec<KeyUsagePurpose>,
    /// Whether it may sign master lists.
    pub signs_lists: bool,
    /// Whether it is an authority.
    pub is_authority: bool,
    /// Whether it has a critical extension that nobody knows.
    pub strange: bool,
}

/// Somebody whose certificate a country signed.
pub struct Signer {
    scheme: Scheme,
    key: KeyPair,
    der: Vec<u8>,
}

impl Signer {
    /// The certificate.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.der
    }
}

fn params(country: &str, name: &str, validity: [(i32, u8, u8); 2]) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CountryName, country);
    params.distinguished_name.push(DnType::CommonName, name);
    let [from, to] = validity.map(|(year, month, day)| date_time_ymd(year, month, day));
    (params.not_before, params.not_after) = (from, to);
    params
}

impl Country {
    /// A country (two letters) with a key of its own, valid from 2020 to 2040.
    #[must_use]
    pub fn new(code: &str, scheme: Scheme) -> Self {
        Self::valid(code, scheme, [(2020, 1, 1), (2040, 1, 1)])
    }

    /// The same, valid between these days.
    #[must_use]
    pub fn valid(code: &str, scheme: Scheme, validity: [(i32, u8, u8); 2]) -> Self {
        let mut params = params(code, "Specimen country signer", validity);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.serial_number = Some(SerialNumber::from_slice(&[1]));
        let key = scheme.key();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        Self { issuer: Issuer::new(params, key), code: code.to_owned(), der }
    }

    /// Its certificate.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.der
    }

    /// An honest signer of documents.
    #[must_use]
    pub fn shape(&self) -> SignerShape {
        SignerShape {
            country: self.code.clone(),
            validity: [(2025, 1, 1), (2037, 1, 1)],
            serial: 7,
            usages: vec![KeyUsagePurpose::DigitalSignature],
            signs_lists: false,
            is_authority: false,
            strange: false,
        }
    }

    /// An honest signer of documents, with a key of its own.
    #[must_use]
    pub fn signer(&self, scheme: Scheme) -> Signer {
        self.signer_like(scheme, &self.shape())
    }

    /// A signer like this.
    #[must_use]
    pub fn signer_like(&self, scheme: Scheme, shape: &SignerShape) -> Signer {
        let mut params = params(&shape.country, "Specimen document signer", shape.validity);
        params.use_authority_key_identifier_extension = true;
        // Names the key (RFC 5280, 4.2.1.2), which `rcgen` does with a statement on authority alone.
        params.is_ca =
            if shape.is_authority { IsCa::Ca(BasicConstraints::Unconstrained) } else { IsCa::ExplicitNoCa };
        params.key_usages = shape.usages.clone();
        params.serial_number = Some(SerialNumber::from_slice(&[shape.serial]));
        if shape.signs_lists {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Other(vec![2, 23, 136, 1, 1, 3])];
        }
        if shape.strange {
            let mut strange = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999, 1], vec![5, 0]);
            strange.set_criticality(true);
            params.custom_extensions = vec![strange];
        }
        let key = scheme.key();
        let der = params.signed_by(&key, &self.issuer).unwrap().der().to_vec();
        Signer { scheme, key, der }
    }

    /// A list of revoked serial numbers, made on 1 October 2026 and renewed by `next`.
    #[must_use]
    pub fn revokes(&self, serials: &[u8], next: (i32, u8, u8)) -> Vec<u8> {
        let revoked = |serial: &u8| RevokedCertParams {
            serial_number: SerialNumber::from_slice(&[*serial]),
            revocation_time: date_time_ymd(2026, 9, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let (year, month, day) = next;
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2026, 10, 1),
            next_update: date_time_ymd(year, month, day),
            crl_number: SerialNumber::from_slice(&[1]),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.issuer).unwrap().der().to_vec()
    }
}

/// `2.23.136.1.1.1`, in DER.
#[must_use]
pub fn security_object_oid() -> Vec<u8> {
    oid(&[2, 23, 136, 1, 1, 1])
}

/// How something is signed; [`Envelope::honest`], changed.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// The kind of content, in DER.
    pub content_type: Vec<u8>,
    /// The kind that the signed attributes name, in DER.
    pub attribute_type: Vec<u8>,
    /// The signing time as `YYMMDDhhmmssZ`; none where it is left out.
    pub signing_time: Option<&'static str>,
    /// Whether attributes are signed, or the content itself.
    pub attributes: bool,
    /// Whether the signer is named by the identifier of their key.
    pub by_key_identifier: bool,
    /// How many signers there are.
    pub signers: usize,
    /// Whether the signer's certificate stands beside the signature.
    pub with_certificate: bool,
    /// The hash that is named; the scheme's own where none is.
    pub hash: Option<Hash>,
    /// The attributes in another order than DER has them.
    pub disordered: bool,
}

impl Envelope {
    /// A list of hashes as it should be signed.
    #[must_use]
    pub fn honest() -> Self {
        Self {
            content_type: security_object_oid(),
            attribute_type: security_object_oid(),
            signing_time: Some("260301120000Z"),
            attributes: true,
            by_key_identifier: false,
            signers: 1,
            with_certificate: true,
            hash: None,
            disordered: false,
        }
    }

    /// Signs `content` (RFC 5652, 5).
    #[must_use]
    pub fn sign(&self, content: &[u8], signer: &Signer) -> Vec<u8> {
        let hash = self.hash.unwrap_or(signer.scheme.hash());
        let attribute =
            |kind: &[u32], value: Vec<u8>| der(&[0x30], &[oid(kind), der(&[0x31], &value)].concat());
        let mut attributes = vec![
            attribute(&[1, 2, 840, 113_549, 1, 9, 3], self.attribute_type.clone()),
            attribute(&[1, 2, 840, 113_549, 1, 9, 4], der(&[0x04], &hash.of(content))),
        ];
        if let Some(time) = self.signing_time {
            attributes.push(attribute(&[1, 2, 840, 113_549, 1, 9, 5], der(&[0x17], time.as_bytes())));
        }
        attributes.sort();
        let set = der(&[0x31], &attributes.concat());
        if self.disordered {
            attributes.reverse();
        }
        let (signed, attributes) = if self.attributes {
            (set, der(&[0xa0], &attributes.concat()))
        } else {
            (content.to_vec(), Vec::new())
        };
        let (version, sid) = self.signer_name(signer);
        let info = [
            vec![2, 1, version],
            sid,
            hash.identifier(),
            attributes,
            signer.scheme.identifier(),
            der(&[0x04], &signer.scheme.sign(&signer.key, &signed)),
        ];
        let info = der(&[0x30], &info.concat());
        let certificates = if self.with_certificate { der(&[0xa0], &signer.der) } else { Vec::new() };
        let encapsulated = [self.content_type.clone(), der(&[0xa0], &der(&[0x04], content))].concat();
        let data = [
            vec![2, 1, 3],
            der(&[0x31], &hash.identifier()),
            der(&[0x30], &encapsulated),
            certificates,
            der(&[0x31], &info.repeat(self.signers)),
        ];
        let data = der(&[0xa0], &der(&[0x30], &data.concat()));
        der(&[0x30], &[oid(&[1, 2, 840, 113_549, 1, 7, 2]), data].concat())
    }

    fn signer_name(&self, signer: &Signer) -> (u8, Vec<u8>) {
        let (_, read) = values(&signer.der).remove(0);
        let (_, signed) = values(&read).remove(0);
        let parts = values(&signed);
        if self.by_key_identifier {
            let identifier = extension(&parts, &[0x55, 0x1d, 0x0e]);
            let (_, identifier) = values(&identifier).remove(0);
            return (3, der(&[0x80], &identifier));
        }
        // Version, serial number, algorithm, issuer.
        let [_, (_, serial), _, (_, issuer), ..] = parts.as_slice() else { return (1, Vec::new()) };
        (1, der(&[0x30], &[der(&[0x30], issuer), der(&[0x02], serial)].concat()))
    }
}

/// The values of a level: first byte of the tag, content. Of what this module wrote: nothing is checked.
fn values(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut found = Vec::new();
    while let [tag, length, rest @ ..] = bytes {
        let more = usize::from(length & 0x7f);
        let (length, rest) = if length & 0x80 == 0 {
            (more, rest)
        } else {
            let (digits, rest) = rest.split_at(more);
            (digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)), rest)
        };
        let (content, rest) = rest.split_at(length);
        found.push((*tag, content.to_vec()));
        bytes = rest;
    }
    found
}

/// The value of an extension in the fields of a certificate.
fn extension(fields: &[(u8, Vec<u8>)], id: &[u8]) -> Vec<u8> {
    let (_, list) = fields.iter().find(|(tag, _)| *tag == 0xa3).unwrap();
    let (_, list) = values(list).remove(0);
    let all = values(&list).into_iter().map(|(_, each)| values(&each));
    let mut found = all.filter(|each| each.first().is_some_and(|(_, named)| named == id));
    found.next().and_then(|mut each| each.pop()).map(|(_, value)| value).unwrap()
}

/// The zone of the specimen: a passport of Utopia.
pub const ZONE: &str =
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<10";

/// DG1.
#[must_use]
pub fn dg1(zone: &str) -> Vec<u8> {
    der(&[0x61], &der(&[0x5f, 0x1f], zone.as_bytes()))
}

/// DG2 with these pictures; `kind` is 0 for JPEG, 1 for JPEG 2000.
#[must_use]
pub fn dg2(pictures: &[(u8, &[u8])]) -> Vec<u8> {
    let number = |count: usize| u8::try_from(count).unwrap();
    let template = |(kind, picture): &(u8, &[u8])| {
        let image = [&[1, *kind, 0, 32, 0, 40, 1, 0, 0, 0, 0, 0], *picture].concat();
        let face = [&[0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], image.as_slice()].concat();
        let face = [&u32::try_from(face.len() + 4).unwrap().to_be_bytes(), face.as_slice()].concat();
        let length = u32::try_from(face.len() + 14).unwrap().to_be_bytes();
        let record = [b"FAC\x00010\0", length.as_slice(), &[0, 1], &face].concat();
        let header =
            [der(&[0x80], &[1, 1]), der(&[0x81], &[2]), der(&[0x87], &[1, 1]), der(&[0x88], &[0, 8])];
        der(&[0x7f, 0x60], &[der(&[0xa1], &header.concat()), der(&[0x5f, 0x2e], &record)].concat())
    };
    let templates: Vec<u8> = pictures.iter().flat_map(template).collect();
    let count = der(&[0x02], &[number(pictures.len())]);
    der(&[0x75], &der(&[0x7f, 0x61], &[count, templates].concat()))
}

/// DG11: a name, a birth date, a place.
#[must_use]
pub fn dg11() -> Vec<u8> {
    let fields = [
        der(&[0x5c], &[0x5f, 0x0e, 0x5f, 0x2b, 0x5f, 0x11]),
        der(&[0x5f, 0x0e], b"ERIKSSON<<ANNA<MARIA"),
        der(&[0x5f, 0x2b], b"19740812"),
        der(&[0x5f, 0x11], b"ZENITH"),
    ];
    der(&[0x6b], &fields.concat())
}

/// DG12: an authority, a date.
#[must_use]
pub fn dg12() -> Vec<u8> {
    let fields = [
        der(&[0x5c], &[0x5f, 0x19, 0x5f, 0x26]),
        der(&[0x5f, 0x19], b"UTOPIA"),
        der(&[0x5f, 0x26], b"20260301"),
    ];
    der(&[0x6c], &fields.concat())
}

/// DG14 whose `ActiveAuthenticationInfo` names a hash by its number in BSI TR-03111 (1 SHA-1, 3 SHA-256, 4 SHA-384, 5 SHA-512).
#[must_use]
pub fn dg14(hash: u32) -> Vec<u8> {
    let info = [oid(&[2, 23, 136, 1, 1, 5]), vec![2, 1, 1], oid(&[0, 4, 0, 127, 0, 7, 1, 1, 4, 1, hash])];
    der(&[0x6e], &der(&[0x31], &der(&[0x30], &info.concat())))
}

/// A key that never leaves its chip.
pub struct ChipKey(KeyPair);

impl ChipKey {
    /// A new key; active authentication signs with P-256 alone.
    #[must_use]
    pub fn new(scheme: Scheme) -> Self {
        Self(scheme.key())
    }

    /// DG15.
    #[must_use]
    pub fn dg15(&self) -> Vec<u8> {
        der(&[0x6f], &self.0.subject_public_key_info())
    }

    /// The chip's signature in plain form.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "a test's chip")]
    pub fn sign(&self, nonce: &[u8]) -> Vec<u8> {
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, self.0.serialized_der()).unwrap();
        pair.sign(&SystemRandom::new(), nonce).unwrap().as_ref().to_vec()
    }
}

/// What a list of hashes says; [`HashList::of`] is the honest one.
#[derive(Debug, Clone)]
pub struct HashList {
    /// Version 0, or 1 with the versions of structure and Unicode.
    pub version: u8,
    /// The hash.
    pub hash: Hash,
    /// Groups by number, with their hashes.
    pub hashes: Vec<(u8, Vec<u8>)>,
}

impl HashList {
    /// Of these groups.
    #[must_use]
    pub fn of(groups: &BTreeMap<u8, Vec<u8>>, hash: Hash) -> Self {
        let hashes = groups.iter().map(|(number, file)| (*number, hash.of(file))).collect();
        Self { version: 0, hash, hashes }
    }

    /// The `LDSSecurityObject`.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        let entry = |(number, hash): &(u8, Vec<u8>)| {
            der(&[0x30], &[der(&[0x02], &[*number]), der(&[0x04], hash)].concat())
        };
        let entries: Vec<u8> = self.hashes.iter().flat_map(entry).collect();
        let versions = [der(&[0x13], b"0108"), der(&[0x13], b"040000")].concat();
        let versions = if self.version == 0 { Vec::new() } else { der(&[0x30], &versions) };
        let list = [der(&[0x02], &[self.version]), self.hash.identifier(), der(&[0x30], &entries), versions];
        der(&[0x30], &list.concat())
    }
}

/// EF.SOD around something signed.
#[must_use]
pub fn sod(signed: &[u8]) -> Vec<u8> {
    der(&[0x77], signed)
}

/// EF.COM that names DG1, DG2, DG11, DG14 and DG15.
#[must_use]
pub fn com() -> Vec<u8> {
    let fields = [
        der(&[0x5f, 0x01], b"0107"),
        der(&[0x5f, 0x36], b"040000"),
        der(&[0x5c], &[0x61, 0x75, 0x6b, 0x6e, 0x6f]),
    ];
    der(&[0x60], &fields.concat())
}

/// A master list with these certificates.
#[must_use]
pub fn master_list(certificates: &[&[u8]], signer: &Signer) -> Vec<u8> {
    master_list_in(
        certificates,
        signer,
        &Envelope {
            content_type: oid(&[2, 23, 136, 1, 1, 2]),
            attribute_type: oid(&[2, 23, 136, 1, 1, 2]),
            ..Envelope::honest()
        },
    )
}

/// The same in another envelope.
#[must_use]
pub fn master_list_in(certificates: &[&[u8]], signer: &Signer, envelope: &Envelope) -> Vec<u8> {
    let mut certificates = certificates.to_vec();
    certificates.sort_unstable();
    let list = [vec![2, 1, 0], der(&[0x31], &certificates.concat())];
    envelope.sign(&der(&[0x30], &list.concat()), signer)
}

/// A document as its state made it: files by number, and the chip's key.
pub struct Specimen {
    /// Groups by number.
    pub groups: BTreeMap<u8, Vec<u8>>,
    /// EF.SOD.
    pub sod: Vec<u8>,
    /// The chip's key.
    pub key: ChipKey,
}

impl Specimen {
    /// A passport of Utopia with a portrait in JPEG, DG1, DG2, DG11, DG12, DG14 and DG15.
    #[must_use]
    pub fn new(signer: &Signer, portrait: &[u8]) -> Self {
        let key = ChipKey::new(Scheme::P256);
        let groups = BTreeMap::from([
            (1, dg1(ZONE)),
            (2, dg2(&[(0, portrait)])),
            (11, dg11()),
            (12, dg12()),
            (14, dg14(3)),
            (15, key.dg15()),
        ]);
        let sod = Self::signed(&groups, signer);
        Self { groups, sod, key }
    }

    /// EF.SOD over these groups.
    #[must_use]
    pub fn signed(groups: &BTreeMap<u8, Vec<u8>>, signer: &Signer) -> Vec<u8> {
        let list = HashList::of(groups, signer.scheme.hash());
        sod(&Envelope::honest().sign(&list.to_der(), signer))
    }
}

/// A portrait of a few grey pixels, in JPEG.
#[must_use]
pub fn portrait(shade: u8) -> Vec<u8> {
    let picture = image::GrayImage::from_pixel(32, 40, image::Luma([shade]));
    let mut file = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut file, image::ImageFormat::Jpeg).unwrap();
    file.into_inner()
}
