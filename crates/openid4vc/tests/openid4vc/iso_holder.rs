//! A holder by `org-iso-mdoc` (ISO/IEC TS 18013-7, annex C) that reads and answers by itself: transcript, reader's signature and encrypted
//! response are written here once more, so that the two sides agree on the standard and not on one function.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test's helper: what it cannot read fails the test"
)]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use credential::cbor::Writer;
use credential::sd_cwt::{Encoding, Value as Cbor};
use credential::x5c::{CertificateAnchors, LeafUse, verify_x5c};
use credential::{SigningKey, hpke, sha256};
use documents::Timestamp;
use openid4vc::mdoc::{Held, SessionTranscript};
use serde_json::{Value, json};

/// What a page handed over, as the browser told the wallet.
pub struct Handed {
    /// What is asked of one document each: the tagged request, and the request itself.
    documents: Vec<(Cbor, Cbor)>,
    readers: Vec<Cbor>,
    recipient: Vec<u8>,
    pub transcript: Vec<u8>,
}

fn decoded(bytes: &[u8]) -> Cbor {
    Cbor::decode(bytes, Encoding::Any, 1).unwrap()
}

fn array(value: &Cbor) -> &[Cbor] {
    let Cbor::Array(items) = value else { panic!("no array") };
    items
}

impl Handed {
    /// Reads `data` of a request on the page of this origin.
    pub fn read(data: &Value, origin: &str) -> Self {
        let part = |name: &str| URL_SAFE_NO_PAD.decode(data[name].as_str().unwrap()).unwrap();
        let request = decoded(&part("deviceRequest"));
        assert_eq!(request.get("version").and_then(Cbor::as_text), Some("1.0"));
        let (mut documents, mut readers) = (Vec::new(), Vec::new());
        for one in array(request.get("docRequests").unwrap()) {
            let tagged = one.get("itemsRequest").unwrap().clone();
            let Cbor::Tag(24, bytes) = &tagged else { panic!("no encoded request") };
            let inner = decoded(bytes.as_bytes().unwrap());
            documents.push((tagged, inner));
            readers.push(one.get("readerAuth").unwrap().clone());
        }
        let info = decoded(&part("encryptionInfo"));
        let [kind, parameters] = array(&info) else { panic!("two items") };
        assert_eq!(kind.as_text(), Some("dcapi"));
        assert!(parameters.get("nonce").unwrap().as_bytes().unwrap().len() >= 16);
        let key = parameters.get("recipientPublicKey").unwrap();
        assert_eq!((key.get(1).unwrap().as_int(), key.get(-1).unwrap().as_int()), (Some(2), Some(1)));
        let [x, y] = [-2, -3].map(|label| key.get(label).unwrap().as_bytes().unwrap().to_vec());
        let recipient = [vec![4], x, y].concat();
        let info =
            Writer::new().array(2).text(data["encryptionInfo"].as_str().unwrap()).text(origin).finish();
        let mut transcript = Writer::new();
        transcript.array(3).null().null().array(2).text("dcapi").bytes(&sha256(&info));
        Self { documents, readers, recipient, transcript: transcript.finish() }
    }

    /// Types of documents that are asked for.
    pub fn doc_types(&self) -> Vec<&str> {
        self.documents.iter().map(|(_, asked)| asked.get("docType").unwrap().as_text().unwrap()).collect()
    }

    /// Whether an element of the first document is asked for: true inside where the reader means to keep it.
    pub fn asks(&self, name_space: &str, element: &str) -> Option<bool> {
        let (_, asked) = &self.documents[0];
        let kept = asked.get("nameSpaces")?.get(name_space)?.get(element)?;
        let Cbor::Bool(kept) = kept else { panic!("no intent to retain") };
        Some(*kept)
    }

    /// Whether each part is signed by a reader of these authorities, on this page.
    pub fn is_signed(&self, anchors: &CertificateAnchors, now: Timestamp) -> bool {
        self.documents.iter().zip(&self.readers).all(|((tagged, _), signature)| {
            let [protected, unprotected, payload, signature] = array(signature) else { panic!("COSE_Sign1") };
            assert!(*payload == Cbor::Null, "detached");
            let leaf = unprotected.get(33).unwrap().as_bytes().unwrap().to_vec();
            let leaf = verify_x5c(&[leaf], anchors, LeafUse::Reader, now).unwrap();
            let mut inner = Writer::new();
            inner.array(3).text("ReaderAuthentication").raw(&self.transcript).raw(&tagged.encode());
            let signed = Writer::new().tag(24).bytes(&inner.finish()).finish();
            let mut whole = Writer::new();
            whole.array(4).text("Signature1").bytes(protected.as_bytes().unwrap()).bytes(&[]).bytes(&signed);
            let signature = signature.as_bytes().unwrap();
            leaf.key.verify(&whole.finish(), signature).is_ok()
        })
    }

    /// A device's response that shows what is asked, signed for this page.
    pub fn response(&self, held: &Held, device: &SigningKey) -> Vec<u8> {
        let transcript = SessionTranscript::from_bytes(&self.transcript).unwrap();
        held.present(|space, element| self.asks(space, element).is_some(), &transcript, device).unwrap()
    }

    /// Encrypts any response to the page's key, bound to this transcript.
    pub fn seal(&self, response: &[u8]) -> Vec<u8> {
        let (enc, cipher_text) = hpke::seal(&self.recipient, &self.transcript, &[], response).unwrap();
        let mut out = Writer::new();
        out.array(2).text("dcapi").map(2).text("enc").bytes(&enc).text("cipherText").bytes(&cipher_text);
        out.finish()
    }

    /// What the page gets.
    pub fn answer(&self, held: &Held, device: &SigningKey) -> Value {
        answer_of(&self.seal(&self.response(held, device)))
    }
}

/// What a page gets by `org-iso-mdoc` for these bytes.
pub fn answer_of(encrypted: &[u8]) -> Value {
    json!({ "protocol": "org-iso-mdoc", "data": { "response": URL_SAFE_NO_PAD.encode(encrypted) } })
}
