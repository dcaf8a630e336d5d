//! Seeds of attestations.

use std::path::Path;

use credential::sha256;
use outside_bytes::{device_key, now};
use test_support::phone::{Maker, Said};

use super::{cut, put};

/// What phones' makers say of a device key, under a root that is made with them.
pub fn attestations() {
    const HASH: [u8; 32] = [9; 32];
    let maker = Maker::new().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/specimen-phones-root.pem");
    std::fs::create_dir_all(root.parent().unwrap()).unwrap();
    std::fs::write(root, maker.root_pem()).unwrap();
    let written = |kind: u8, parts: &[&[u8]]| {
        let mut bytes = [&[kind][..], &now().unix().to_be_bytes(), &HASH].concat();
        for part in parts {
            bytes.extend(u16::try_from(part.len()).unwrap().to_be_bytes());
            bytes.extend_from_slice(part);
        }
        bytes
    };
    let android = |said: &Said| {
        let chain = maker.attest(&device_key().to_pkcs8().unwrap(), said).unwrap();
        let mut parts: Vec<&[u8]> = vec![device_key().public().as_bytes(), &HASH];
        parts.extend(chain.iter().map(Vec::as_slice));
        written(b'g', &parts)
    };
    let honest = Said::honest(&HASH);
    put("attestation", "ok-trusted-environment", android(&honest));
    put("attestation", "ok-strong-box", android(&Said { levels: [2, 2], ..Said::honest(&HASH) }));
    put("attestation", "no-software", android(&Said { levels: [0, 0], ..Said::honest(&HASH) }));
    put("attestation", "no-unlocked", android(&Said { locked: false, ..Said::honest(&HASH) }));
    put("attestation", "no-other-challenge", android(&Said::honest(&[8; 32])));
    put("attestation", "no-chain-cut", cut(&android(&honest)));
    let id = "0123456789.com.example.wallet";
    let object = maker.app_attest(id, b"appattest\0\0\0\0\0\0\0", &HASH, sha256).unwrap();
    put("attestation", "ok-app-attest", written(b'a', &[&object]));
    put("attestation", "no-app-attest-cut", written(b'a', &[&cut(&object)]));
    let object = maker.app_attest(id, b"appattestdevelop", &HASH, sha256).unwrap();
    put("attestation", "no-app-attest-of-development", written(b'a', &[&object]));
}
