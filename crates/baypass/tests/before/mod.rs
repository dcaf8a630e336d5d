//! Installations as versions before had them: made out of today's, by the forms that those wrote.

use std::path::Path;

use credential::SigningKey;
use credential::cbor::{Reader, Writer};
use credential::cose::{self, CoSigned, Headers, Tagging};
use credential::message::MAX_PAYLOAD;
use serde_json::json;

use crate::bay::Folder;

/// Makes the installation one of the version before: a list key, pinned alone, and lists signed by it.
pub fn one_list_key(folder: &Folder) -> Vec<SigningKey> {
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
        w.array(count);
        for _ in 0..count {
            let fields = r.array(7).unwrap();
            w.array(6);
            for field in 0..fields {
                let item = r.skip().unwrap();
                if field < 6 {
                    w.raw(item);
                }
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
