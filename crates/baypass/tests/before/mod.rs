//! Installations as versions before had them: made out of today's, by the forms that those wrote.

use std::path::Path;

use credential::SigningKey;
use credential::cbor::{Reader, Writer};
use credential::cose::{self, CoSigned, Headers, Tagging};
use credential::message::MAX_PAYLOAD;
use serde_json::json;

use crate::bay::Folder;

/// Takes everything of venues and paper passes away but for what the lists say: keys, folders, approvals.
pub fn remove_venues(dir: &Path) {
    std::fs::remove_dir_all(dir.join("venues")).unwrap();
    for code in ["CHN", "HKG", "MAC"] {
        for key in ["venue", "counter"] {
            std::fs::remove_file(dir.join(format!("authorities/{code}/keys/{key}.key"))).unwrap();
        }
    }
    for approval in std::fs::read_dir(dir.join("public/approvals")).unwrap() {
        let path = approval.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("SPECIMEN-HOTEL") || name.starts_with("SPECIMEN-BUILDING") {
            std::fs::remove_file(path).unwrap();
        }
    }
}

/// Makes the installation one of the version that knew nothing of venues: neither keys nor folders, nor lists that name them.
pub fn without_venues(folder: &Folder) {
    remove_venues(&folder.dir());
    for code in ["CHN", "HKG", "MAC"] {
        let public = folder.dir().join(format!("public/trust/{code}.cbor"));
        let bytes = std::fs::read(&public).unwrap();
        let (newest, _) = trust::links(&bytes).unwrap();
        let payload = CoSigned::parse(newest, MAX_PAYLOAD).unwrap().unverified_payload().to_vec();
        let mut list = trust::TrustList::decode(&payload).unwrap();
        list.number += 1;
        list.keys
            .retain(|key| !matches!(key.role, trust::Role::Venue | trust::Role::Desk | trust::Role::Counter));
        let supervisor = folder.dir().join("supervisors").join(code);
        let keys: Vec<_> = (1..=3)
            .map(|n| {
                let key = std::fs::read(supervisor.join(format!("{n}/keys/root.key"))).unwrap();
                (format!("{code}-{n}"), SigningKey::from_pkcs8(&key).unwrap())
            })
            .collect();
        let signers: Vec<_> = keys.iter().map(|(kid, key)| (kid.as_bytes(), key)).collect();
        let signed = list.signed_by(&signers).unwrap();
        std::fs::write(&public, &signed).unwrap();
        std::fs::write(supervisor.join("published.cbor"), signed).unwrap();
    }
}

/// Makes the installation one of the version before: a list key, pinned alone, and lists signed by it.
pub fn one_list_key(folder: &Folder) -> Vec<SigningKey> {
    remove_venues(&folder.dir());
    let mut keys = Vec::new();
    let mut pins = serde_json::Map::new();
    for code in ["CHN", "HKG", "MAC"] {
        let path = folder.dir().join(format!("public/trust/{code}.cbor"));
        let bytes = std::fs::read(&path).unwrap();
        let (newest, _) = trust::links(&bytes).unwrap();
        let payload = CoSigned::parse(newest, MAX_PAYLOAD).unwrap().unverified_payload().to_vec();
        let mut r = Reader::new(&payload);
        r.array_exact(7).unwrap();
        let head: Vec<_> = (0..4).map(|_| r.skip().unwrap()).collect();
        r.skip().unwrap();
        r.skip().unwrap();
        let mut w = Writer::new();
        w.array(5);
        for item in head {
            w.raw(item);
        }
        let count = r.array(2_000).unwrap();
        let entries = (0..count).map(|_| {
            let fields = r.array(7).unwrap();
            (0..fields).map(|_| r.skip().unwrap()).collect::<Vec<_>>()
        });
        // That version knew neither bindings nor the roles venue (9), desk (10) and counter (11).
        let listed: Vec<_> = entries.filter(|key| !matches!(key.first(), Some([9..=11]))).collect();
        w.array(listed.len());
        for key in listed {
            w.array(6);
            for item in key.iter().take(6) {
                w.raw(item);
            }
        }
        let old = w.finish();
        let key = SigningKey::generate().unwrap();
        let external = Writer::new().array(1).text("bp1-trust-list").finish();
        let headers = Headers { kid: Some(b"1"), content_type: None };
        let signed = cose::sign(&key, Tagging::Untagged, headers, &external, &old).unwrap();
        std::fs::write(&path, signed).unwrap();
        let supervisor = folder.dir().join("supervisors").join(code);
        for n in 1..=3 {
            std::fs::remove_dir_all(supervisor.join(n.to_string())).unwrap();
        }
        std::fs::remove_file(supervisor.join("published.cbor")).unwrap();
        std::fs::write(supervisor.join("keys/list.key"), key.to_pkcs8().unwrap()).unwrap();
        pins.insert(code.to_owned(), json!(hex::encode(key.public().as_bytes())));
        keys.push(key);
    }
    std::fs::write(folder.dir().join("public/roots.json"), serde_json::to_vec(&pins).unwrap()).unwrap();
    keys
}

/// Removes the keys and certificates of connections, and the installation's own certification authority.
pub fn remove_connections(dir: &Path) {
    std::fs::remove_file(dir.join("public/ca.pem")).unwrap();
    std::fs::remove_dir_all(dir.join("ca")).unwrap();
    for parties in ["authorities", "gates"] {
        for party in std::fs::read_dir(dir.join(parties)).unwrap() {
            let party = party.unwrap().path();
            std::fs::remove_dir_all(party.join("tls")).unwrap();
            for key in std::fs::read_dir(party.join("keys")).unwrap() {
                let key = key.unwrap().path();
                let name = key.file_name().unwrap().to_string_lossy().into_owned();
                if name.starts_with("tls-") || name.starts_with("web-") {
                    std::fs::remove_file(key).unwrap();
                }
            }
        }
    }
}
