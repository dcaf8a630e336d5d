//! Attestations: a device key is one in hardware by the word of its phone's maker alone. The phones here are those of a test
//! authority (`test_support::phone`); published attestations are verified in `credential`'s tests.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use authority::{AttestationRules, possession};
use credential::attestation::{attestation_challenge, client_data_hash};
use credential::{KeyClass, SigningKey, UnverifiedToken, sha256};
use documents::AuthorityCode::Chn;
use serde_json::{Value, json};
use test_support::phone::{Maker, Said, WALLET_PACKAGE, WALLET_SIGNER};

use crate::bay::{Bay, RECORD, enrol, in_memory, photographs, strangers};
use crate::door::{Door, b64, un64};
use crate::http::MORNING;

const APP: &str = "0123456789.com.example.wallet";

fn rules(maker: &Maker, status: Option<&[u8]>) -> AttestationRules {
    let signer: String = WALLET_SIGNER.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = format!(
        "android_roots = '''{root}'''\napple_roots = '''{root}'''\n\
         [[android]]\npackage = \"{WALLET_PACKAGE}\"\nsigner = \"{signer}\"\n\
         [[apple]]\napp = \"{APP}\"\n",
        root = maker.root_pem()
    );
    AttestationRules::from_toml(&text, status).unwrap()
}

/// A wallet before its authority, with a phone.
struct Phone {
    bay: Bay,
    chn: Door,
    session: [u8; 32],
    maker: Maker,
}

impl Phone {
    async fn of(test: &str, rules: impl Fn(&Maker) -> AttestationRules) -> Option<Self> {
        let (photo, live, _) = photographs(test)?;
        let mut bay = strangers(MORNING.parse().unwrap(), in_memory().await).await;
        let maker = Maker::new().unwrap();
        let service = Arc::into_inner(bay.chn).unwrap().with_attestation_rules(rules(&maker));
        bay.chn = Arc::new(service);
        bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
        let chn = Door::open(&bay.chn, &bay).await;
        let session = enrol(&bay, &live).await;
        Some(Self { bay, chn, session, maker })
    }

    async fn nonce(&self) -> Vec<u8> {
        let answer = self.chn.get("/v1/attestation-nonce", Some(&b64(&self.session))).await.is(200).json();
        un64(&answer["nonce"])
    }

    /// Asks for tokens; gives class, reason, and the class and end in the tokens themselves.
    async fn ask(&self, keys: &[&SigningKey], class: &str, attestation: Option<Value>) -> (Value, Value) {
        let device = |key: &&SigningKey| {
            let proof = possession(key, Chn, Chn, &self.session, self.bay.now).unwrap();
            json!({ "key": b64(key.public().as_bytes()), "proof": b64(&proof) })
        };
        let devices: Vec<_> = keys.iter().map(device).collect();
        let mut body = json!({ "key_class": class, "devices": devices });
        if let Some(attestation) = attestation {
            body["attestation"] = attestation;
        }
        let answer = self.chn.post("/v1/tokens", Some(&b64(&self.session)), &body).await.is(200).json();
        let class = match answer["key_class"].as_str().unwrap() {
            "software" => KeyClass::Software,
            "hardware" => KeyClass::Hardware,
            "secure_element" => KeyClass::SecureElement,
            other => panic!("{other}"),
        };
        let expires = class.expiry_for(self.bay.now.local_date());
        assert_eq!(answer["expires"], expires.to_string());
        for token in answer["tokens"].as_array().unwrap() {
            let token = un64(&token["token"]);
            let token = UnverifiedToken::parse(&token).unwrap();
            let claims = token.claims();
            assert_eq!(
                (claims.key_class, claims.expires),
                (class, expires),
                "what is signed is what is said"
            );
        }
        (answer["key_class"].clone(), answer["key_class_reason"].clone())
    }

    fn chain(&self, key: &SigningKey, said: &Said) -> Value {
        let chain = self.maker.attest(&key.to_pkcs8().unwrap(), said).unwrap();
        chain.iter().map(|certificate| b64(certificate)).collect()
    }
}

fn software(reason: &str) -> (Value, Value) {
    (json!("software"), json!(reason))
}

#[tokio::test]
async fn a_device_key_is_one_in_hardware_by_its_makers_word_and_never_by_its_wallets() {
    let rules = |maker: &Maker| rules(maker, None);
    let Some(phone) = Phone::of("a_device_key_is_one_in_hardware", rules).await else { return };
    let key = || SigningKey::generate().unwrap();
    assert_eq!(phone.ask(&[&key()], "hardware", None).await, software("not_attested"));
    assert_eq!(phone.ask(&[&key()], "software", None).await, software("not_attested"));

    let nonce = phone.nonce().await;
    let challenge = attestation_challenge(std::slice::from_ref(&nonce));
    let attested = |keys: &[(&SigningKey, Said)], nonces: &[Vec<u8>]| {
        let chains: Vec<_> = keys.iter().map(|(key, said)| phone.chain(key, said)).collect();
        let nonces: Vec<_> = nonces.iter().map(|nonce| b64(nonce)).collect();
        Some(json!({ "nonces": nonces, "android_key": chains }))
    };
    let own = [nonce.clone()];
    let (honest, strong) = (Said::honest(&challenge), Said { levels: [2, 2], ..Said::honest(&challenge) });
    let (a, b) = (key(), key());
    let both = attested(&[(&a, strong.clone()), (&b, strong.clone())], &own);
    assert_eq!(phone.ask(&[&a, &b], "hardware", both).await, (json!("secure_element"), Value::Null));
    let (a, b) = (key(), key());
    let mixed = attested(&[(&a, strong), (&b, honest.clone())], &own);
    assert_eq!(
        phone.ask(&[&a, &b], "hardware", mixed).await,
        (json!("hardware"), Value::Null),
        "the weakest"
    );

    let (a, b) = (key(), key());
    let one = attested(&[(&a, honest.clone())], &own);
    assert_eq!(phone.ask(&[&a, &b], "hardware", one.clone()).await, software("attestation_key"));
    assert_eq!(
        phone.ask(&[&b], "hardware", one.clone()).await,
        software("attestation_key"),
        "of another key"
    );
    let c = key();
    let said = attested(&[(&c, honest.clone())], &own);
    assert_eq!(phone.ask(&[&c], "software", said).await, software("not_attested"), "as the wallet wishes");
    let said = attested(&[(&c, Said { levels: [1, 0], ..honest.clone() })], &own);
    assert_eq!(phone.ask(&[&c], "hardware", said).await, software("attestation_software"));
    let said = attested(&[(&c, Said { locked: false, ..honest.clone() })], &own);
    assert_eq!(phone.ask(&[&c], "hardware", said).await, software("attestation_device"));
    let said = attested(&[(&c, Said { packages: vec!["com.example.other"], ..honest.clone() })], &own);
    assert_eq!(phone.ask(&[&c], "hardware", said).await, software("attestation_app"));
    let other = attested(&[(&c, Said::honest(&[1; 32]))], &own);
    assert_eq!(phone.ask(&[&c], "hardware", other).await, software("attestation_challenge"));
    // A challenge made of another's nonce too is as good; one without this authority's is not.
    let foreign = [vec![5; 16]];
    let without = attested(&[(&c, Said::honest(&attestation_challenge(&foreign)))], &foreign);
    assert_eq!(phone.ask(&[&c], "hardware", without).await, software("attestation_nonce"));
    let (d, two) = (key(), [vec![5; 16], nonce]);
    let said = attested(&[(&d, Said::honest(&attestation_challenge(&two)))], &two);
    assert_eq!(phone.ask(&[&d], "hardware", said).await, (json!("hardware"), Value::Null));
}

#[tokio::test]
async fn an_iphones_app_vouches_for_the_keys_of_its_batch_alone() {
    let rules = |maker: &Maker| rules(maker, None);
    let Some(phone) = Phone::of("an_iphones_app_vouches", rules).await else { return };
    let nonces = [phone.nonce().await];
    let (a, b, c) =
        (SigningKey::generate().unwrap(), SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let hash = client_data_hash(&nonces, &[*a.public(), *b.public()]);
    let object = |app| phone.maker.app_attest(app, b"appattest\0\0\0\0\0\0\0", &hash, sha256).unwrap();
    let said = |object: &[u8]| Some(json!({ "nonces": [b64(&nonces[0])], "apple_app_attest": b64(object) }));
    let own = said(&object(APP));
    assert_eq!(phone.ask(&[&a, &b], "hardware", own.clone()).await, (json!("secure_element"), Value::Null));
    assert_eq!(phone.ask(&[&c], "hardware", own).await, software("attestation_challenge"));
    let other = said(&object("0123456789.com.example.other"));
    let (d, e) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let hash = client_data_hash(&nonces, &[*d.public(), *e.public()]);
    let develop = phone.maker.app_attest(APP, b"appattestdevelop", &hash, sha256).unwrap();
    assert_eq!(phone.ask(&[&d, &e], "hardware", said(&develop)).await, software("attestation_app"));
    assert_eq!(phone.ask(&[&d, &e], "hardware", other).await, software("attestation_challenge"));
}

#[tokio::test]
async fn a_nonce_is_one_wallets_and_ends() {
    let rules = |maker: &Maker| rules(maker, None);
    let Some(phone) = Phone::of("a_nonce_is_one_wallets", rules).await else { return };
    let nonce = phone.nonce().await;
    let now = phone.bay.now;
    assert_eq!(phone.bay.chn.attestation_nonce(&phone.session, now).as_slice(), nonce);
    assert_ne!(phone.bay.chn.attestation_nonce(&[7; 32], now).as_slice(), nonce, "another wallet's");
    let key = SigningKey::generate().unwrap();
    let chain = phone.chain(&key, &Said::honest(&attestation_challenge(std::slice::from_ref(&nonce))));
    let said = json!({ "nonces": [b64(&nonce)], "android_key": [chain] });
    phone.chn.clock.fetch_add(601, Ordering::SeqCst);
    let later = now.plus_seconds(601);
    let proof = possession(&key, Chn, Chn, &phone.session, later).unwrap();
    let device = json!({ "key": b64(key.public().as_bytes()), "proof": b64(&proof) });
    let body = json!({ "key_class": "hardware", "devices": [device], "attestation": said });
    let answer = phone.chn.post("/v1/tokens", Some(&b64(&phone.session)), &body).await.is(200).json();
    assert_eq!(
        (&answer["key_class"], &answer["key_class_reason"]),
        (&json!("software"), &json!("attestation_nonce"))
    );
}

#[tokio::test]
async fn an_authority_that_lists_no_app_has_no_key_in_hardware() {
    let none = |_: &Maker| AttestationRules::default();
    let Some(phone) = Phone::of("an_authority_that_lists_no_app", none).await else { return };
    let nonce = phone.nonce().await;
    let key = SigningKey::generate().unwrap();
    let chain = phone.chain(&key, &Said::honest(&attestation_challenge(std::slice::from_ref(&nonce))));
    let said = json!({ "nonces": [b64(&nonce)], "android_key": [chain] });
    assert_eq!(phone.ask(&[&key], "hardware", Some(said)).await, software("attestation_chain"));
    let both = json!({ "nonces": [], "android_key": [], "apple_app_attest": "" });
    let body = json!({ "key_class": "hardware", "devices": [], "attestation": both });
    let answer = phone.chn.post("/v1/tokens", Some(&b64(&phone.session)), &body).await;
    assert_eq!(phone.chn.problem(&answer, "tokens", "wrong_field")["field"], "attestation");
}

#[test]
fn an_operators_file_is_read_as_documented_or_named_as_wrong() {
    let signer = "07".repeat(32);
    let good = format!(
        "[[android]]\npackage = \"a\"\nsigner = \"{signer}\"\n[[apple]]\napp = \"b\"\ndevelopment = true\n"
    );
    let status = br#"{"entries": {"2c8cdddfd5e03bfc": {"status": "REVOKED", "reason": "KEY_COMPROMISE"}}}"#;
    assert!(AttestationRules::from_toml(&good, Some(status)).is_ok());
    assert!(AttestationRules::from_toml("", None).is_ok());
    for (text, status, says) in [
        ("app = 1", None, "not a file of attestation rules"),
        ("[[android]]\npackage = \"a\"\nsigner = \"07\"", None, "the signer of a"),
        (
            "apple_roots = '''-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'''",
            None,
            "no certificates",
        ),
        ("", Some(b"{}".as_slice()), "not a status list"),
        ("", Some(br#"{"entries": {"no number": {}}}"#.as_slice()), "not a status list"),
    ] {
        let error = AttestationRules::from_toml(text, status).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}
