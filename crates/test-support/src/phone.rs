//! Phone: attestations of device keys in the makers' forms, under a root of its own.
//!
//! Lives here: what no published sample has: any device key, challenge, app and fault. Not here: published samples
//! (`credential`'s tests).

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, Error, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};

use crate::der::der;

/// What an Android phone says of a key.
#[derive(Debug, Clone)]
pub struct Said {
    /// `attestationSecurityLevel` and `keyMintSecurityLevel`: 0 software, 1 trusted environment, 2 StrongBox.
    pub levels: [u8; 2],
    /// `attestationVersion`.
    pub version: u16,
    /// The nonce that the statement answers.
    pub challenge: Vec<u8>,
    /// Purposes: 2 to sign, 3 to verify.
    pub purposes: Vec<u8>,
    /// Origin: 0 generated, 2 imported.
    pub origin: u8,
    /// Whether the boot loader is locked.
    pub locked: bool,
    /// The state of the boot: 0 verified, 1 self-signed, 2 unverified.
    pub boot: u8,
    /// Whether every app may use it.
    pub all_applications: bool,
    /// Packages of the app.
    pub packages: Vec<&'static str>,
    /// SHA-256 of the app's signer.
    pub signer: [u8; 32],
    /// The same tag once more in the list that the hardware enforces.
    pub twice: bool,
}

impl Said {
    /// A key that was made in the trusted environment of a locked phone, to sign, for `com.example.wallet`.
    #[must_use]
    pub fn honest(challenge: &[u8]) -> Self {
        Self {
            levels: [1, 1],
            version: 300,
            challenge: challenge.to_vec(),
            purposes: vec![2],
            origin: 0,
            locked: true,
            boot: 0,
            all_applications: false,
            packages: vec![WALLET_PACKAGE],
            signer: WALLET_SIGNER,
            twice: false,
        }
    }

    /// `KeyDescription` in DER.
    fn to_der(&self) -> Vec<u8> {
        // Positive, and without a zero too many at the front.
        let number = |tag: u8, value: u16| match value.to_be_bytes() {
            [0, low] if low < 0x80 => der(&[tag], &[low]),
            [high, low] if high < 0x80 => der(&[tag], &[high, low]),
            [high, low] => der(&[tag], &[0, high, low]),
        };
        let integer = |value: u8| number(0x02, u16::from(value));
        let packages = self
            .packages
            .iter()
            .flat_map(|package| der(&[0x30], &[der(&[0x04], package.as_bytes()), integer(1)].concat()));
        let packages = der(&[0x31], &packages.collect::<Vec<_>>());
        let application = der(&[0x30], &[packages, der(&[0x31], &der(&[0x04], &self.signer))].concat());
        let software = tagged(709, &der(&[0x04], &application));
        let boot = [
            der(&[0x04], &[0; 32]),
            der(&[0x01], &[if self.locked { 0xff } else { 0 }]),
            der(&[0x0a], &[self.boot]),
            der(&[0x04], &[1; 32]),
        ];
        let purposes: Vec<u8> = self.purposes.iter().flat_map(|purpose| integer(*purpose)).collect();
        let mut hardware = vec![
            tagged(1, &der(&[0x31], &purposes)),
            tagged(2, &integer(3)),
            tagged(3, &number(0x02, 256)),
            tagged(10, &integer(1)),
            tagged(702, &integer(self.origin)),
            tagged(704, &der(&[0x30], &boot.concat())),
        ];
        if self.all_applications {
            hardware.push(tagged(600, &der(&[0x05], &[])));
        }
        if self.twice {
            hardware.push(tagged(702, &integer(0)));
        }
        let [attestation, key] = self.levels;
        let items = [
            number(0x02, self.version),
            der(&[0x0a], &[attestation]),
            number(0x02, 300),
            der(&[0x0a], &[key]),
            der(&[0x04], &self.challenge),
            der(&[0x04], &[]),
            der(&[0x30], &software),
            der(&[0x30], &hardware.concat()),
        ];
        der(&[0x30], &items.concat())
    }
}

/// The package of the app that [`Said::honest`] names.
pub const WALLET_PACKAGE: &str = "com.example.wallet";
/// The hash of the certificate that signs the test app.
pub const WALLET_SIGNER: [u8; 32] = [7; 32];

/// An explicit tag of the context, below 16,384.
fn tagged(tag: u16, content: &[u8]) -> Vec<u8> {
    let [low, high] = [tag & 0x7f, tag >> 7].map(|bits| u8::try_from(bits).unwrap_or_default());
    let head = match tag {
        0..31 => vec![0xa0 | low],
        31..128 => vec![0xbf, low],
        _ => vec![0xbf, 0x80 | high, low],
    };
    der(&head, content)
}

/// A maker of phones: a root, and a certificate below it that signs attestations.
pub struct Maker {
    root: Issuer<'static, KeyPair>,
    root_der: Vec<u8>,
    root_pem: String,
    below: CertificateParams,
}

/// A certificate's parameters, valid from 2020 to 2040.
fn params(name: &str, is_ca: bool) -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, name);
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2040, 1, 1));
    if is_ca {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    }
    Ok(params)
}

impl Maker {
    /// A maker with keys of its own.
    ///
    /// # Errors
    /// What the certificates' maker refuses.
    pub fn new() -> Result<Self, Error> {
        let (root, key) = (params("Specimen root of phones", true)?, KeyPair::generate()?);
        let made = root.self_signed(&key)?;
        Ok(Self {
            root_der: made.der().to_vec(),
            root_pem: made.pem(),
            root: Issuer::new(root, key),
            below: params("Specimen phones", true)?,
        })
    }

    /// With another certificate below the root.
    #[must_use]
    pub fn with_below(mut self, change: impl FnOnce(&mut CertificateParams)) -> Self {
        change(&mut self.below);
        self
    }

    /// The root's certificate, in DER.
    #[must_use]
    pub fn root(&self) -> &[u8] {
        &self.root_der
    }

    /// The same, in PEM.
    #[must_use]
    pub fn root_pem(&self) -> &str {
        &self.root_pem
    }

    /// The certificates of a device key (PKCS #8), leaf first, root last.
    ///
    /// # Errors
    /// As [`Maker::new`].
    pub fn attest(&self, device: &[u8], said: &Said) -> Result<Vec<Vec<u8>>, Error> {
        let description = CustomExtension::from_oid_content(KEY_DESCRIPTION, said.to_der());
        let (leaf, below) = self.certify(&KeyPair::try_from(device)?, description)?;
        Ok(vec![leaf, below, self.root_der.clone()])
    }

    fn certify(&self, device: &KeyPair, extension: CustomExtension) -> Result<(Vec<u8>, Vec<u8>), Error> {
        let key = KeyPair::generate()?;
        let below = self.below.signed_by(&key, &self.root)?;
        let mut leaf = params("Android Keystore Key", false)?;
        leaf.custom_extensions = vec![extension];
        let leaf = leaf.signed_by(device, &Issuer::from_params(&self.below, &key))?;
        Ok((leaf.der().to_vec(), below.der().to_vec()))
    }

    /// The attestation object of an app on an iPhone (`app`: its App ID; `aaguid`: its environment) for a hash of client
    /// data, with a key of its own.
    ///
    /// # Errors
    /// As [`Maker::new`].
    pub fn app_attest(
        &self,
        app: &str,
        aaguid: &[u8; 16],
        client_data_hash: &[u8; 32],
        sha256: fn(&[u8]) -> [u8; 32],
    ) -> Result<Vec<u8>, Error> {
        let key = KeyPair::generate()?;
        let point = key.public_key_raw();
        let (x, y) = point.split_at(33);
        let id = sha256(point);
        let data = [
            sha256(app.as_bytes()).as_slice(),
            &[0x40, 0, 0, 0, 0],
            aaguid,
            &[0, 32],
            &id,
            &[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20],
            x.strip_prefix(&[4]).unwrap_or_default(),
            &[0x22, 0x58, 0x20],
            y,
        ]
        .concat();
        let nonce = sha256(&[data.as_slice(), client_data_hash].concat());
        let nonce = der(&[0x30], &der(&[0xa1], &der(&[0x04], &nonce)));
        let (leaf, below) = self.certify(&key, CustomExtension::from_oid_content(APPLE_NONCE, nonce))?;
        let bytes = |content: &[u8]| {
            let [high, low] = u16::try_from(content.len()).unwrap_or(u16::MAX).to_be_bytes();
            let head = if high == 0 { vec![0x58, low] } else { vec![0x59, high, low] };
            [head.as_slice(), content].concat()
        };
        Ok([
            b"\xa3\x63fmt\x6fapple-appattest\x67attStmt\xa2\x63x5c\x82".as_slice(),
            &bytes(&leaf),
            &bytes(&below),
            b"\x67receipt\x40\x68authData",
            &bytes(&data),
        ]
        .concat())
    }
}

/// The extension of an attested key on an Android phone.
pub const KEY_DESCRIPTION: &[u64] = &[1, 3, 6, 1, 4, 1, 11129, 2, 1, 17];
/// The extension with the nonce of App Attest.
const APPLE_NONCE: &[u64] = &[1, 2, 840, 113_635, 100, 8, 2];
