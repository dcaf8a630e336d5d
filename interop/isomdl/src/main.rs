//! Sessions in proximity with isomdl 0.2.0 (Spruce): our reader reads its holder, its reader reads our holder, by certificates as an authority
//! makes them, and what was changed on its way is refused by both. An element that its holder altered is refused by our reader alone. Prints a line for each, and ends with a fault where
//! one does not hold.

use anyhow::{Context as _, Result, anyhow, ensure};
use credential::agreement::AgreementKey;
use credential::annex_b::{Profile, faults};
use credential::x5c::{CertificateAnchors, first_of_pem};
use credential::{SigningKey, random_array};
use documents::Timestamp;
use isomdl::definitions::device_request::{DataElements, Namespaces};
use isomdl::definitions::helpers::Tag24;
use isomdl::definitions::x509::X5Chain;
use isomdl::definitions::x509::trust_anchor::{PemTrustAnchor, TrustAnchorRegistry, TrustPurpose};
use isomdl::definitions::x509::validation::ValidationRuleset;
use isomdl::definitions::{IssuerSigned, Mso, SessionEstablishment};
use isomdl::issuance::Mdoc;
use isomdl::presentation::authentication::AuthenticationStatus;
use isomdl::presentation::device::{Document, Documents, SessionManager, SessionManagerInit};
use isomdl::presentation::reader;
use openid4vc::mdoc::{self, Credential, Expected, Held, MdocError, NameSpace, Validity, Value};
use openid4vc::proximity::{
    DeviceEngagement, DeviceRequest, Element, Engaged, Handover, HeldMdoc, NewDocRequest, Reader,
    ReaderSession, ReaderSigner, Received, SessionError, SessionStatus, Unproven, device_request,
};
use p256::ecdsa::signature::Signer as _;
use p256::pkcs8::DecodePrivateKey as _;
use transport::{IssuerAddresses, IssuerRoot, SignerUse};

const DOC_TYPE: &str = "org.iso.18013.5.1.mDL";
const ELEMENTS: &str = "org.iso.18013.5.1";

/// A root with one signer, and what it certified in PEM and DER.
struct Certified {
    key: SigningKey,
    chain: Vec<Vec<u8>>,
    root_pem: String,
}

/// Where the issuer and its list of revoked certificates would be found; nobody asks there.
const ISSUER: &str = "https://issuer.example";
const LIST: &str = "https://issuer.example/openid/root.crl";

impl Certified {
    /// As an authority's service makes them: by the profiles of ISO/IEC 18013-5, annex B.
    fn new(name: &str, leaf_use: SignerUse, now: Timestamp) -> Result<Self> {
        let (root_key, key, today) = (SigningKey::generate()?, SigningKey::generate()?, now.local_date());
        let root = IssuerRoot::new(format!("{name} root"), "HK", &root_key)?;
        let root = root.found_at(IssuerAddresses::new(ISSUER, LIST)?);
        let root_pem = root.certificate(today.plus_days(-1), today.plus_days(3_650))?.0;
        let days = (today.plus_days(-1), today.plus_days(400));
        let leaf =
            first_of_pem(&root.certify(name, &["issuer.example".to_owned()], &key, leaf_use, days)?.0)?;
        let root_der = first_of_pem(&root_pem)?;
        let profile = match leaf_use {
            SignerUse::DocumentSigner => Profile::DocumentSigner,
            SignerUse::Reader => Profile::Reader,
        };
        ensure!(faults(&root_der, Profile::Root, None).is_empty());
        ensure!(faults(&leaf, profile, Some(&root_der)).is_empty());
        Ok(Self { key, chain: vec![leaf], root_pem })
    }

    fn anchors(&self) -> Result<CertificateAnchors> {
        Ok(CertificateAnchors::from_pem(&self.root_pem)?)
    }

    fn registry(&self, purpose: TrustPurpose) -> Result<TrustAnchorRegistry> {
        let pem = PemTrustAnchor { certificate_pem: self.root_pem.clone(), purpose };
        TrustAnchorRegistry::from_pem_certificates(vec![pem])
    }
}

struct World {
    issuer: Certified,
    desk: Certified,
    device: SigningKey,
    issued: Vec<u8>,
    now: Timestamp,
}

impl World {
    fn new() -> Result<Self> {
        let seconds = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
        let now = Timestamp::from_unix(i64::try_from(seconds)?).context("a time")?;
        let issuer = Certified::new("Specimen issuer", SignerUse::DocumentSigner, now)?;
        let desk = Certified::new("Specimen desk", SignerUse::Reader, now)?;
        let device = SigningKey::generate()?;
        let text = |name: &str, value: &str| (name.to_owned(), Value::text(value));
        let elements = vec![
            text("family_name", "SPECIMEN"),
            text("issuing_country", "HK"),
            ("age_over_18".to_owned(), Value::Bool(true)),
            ("portrait".to_owned(), Value::Bytes(vec![0xff; 3_000])),
        ];
        let credential = Credential {
            doc_type: DOC_TYPE,
            name_spaces: &[NameSpace { name: ELEMENTS.to_owned(), elements }],
            device: device.public(),
            validity: Validity { signed: now, from: now, until: now.plus_seconds(86_400) },
            status: None,
        };
        let issued = mdoc::issue(&credential, &issuer.key, &issuer.chain, &mut random_array)?;
        Ok(Self { issuer, desk, device, issued, now })
    }

    /// The document as isomdl's holder has it.
    fn documents(&self) -> Result<Documents> {
        let signed: IssuerSigned = isomdl::cbor::from_slice(&self.issued).map_err(|e| anyhow!("{e:?}"))?;
        let payload = signed.issuer_auth.payload.clone().context("a payload")?;
        let mso: Tag24<Mso> = isomdl::cbor::from_slice(&payload).map_err(|e| anyhow!("{e:?}"))?;
        let mdoc = Mdoc {
            doc_type: DOC_TYPE.to_owned(),
            mso: mso.into_inner(),
            namespaces: signed.namespaces.context("name spaces")?,
            issuer_auth: signed.issuer_auth,
        };
        Ok(Documents::new(DOC_TYPE.to_owned(), Document::from(mdoc)))
    }

    fn asked(&self, names: &[&str], session: &ReaderSession) -> Result<Vec<u8>> {
        let element = |name: &&str| Element {
            name_space: ELEMENTS.to_owned(),
            name: (*name).to_owned(),
            intent_to_retain: false,
        };
        let elements: Vec<_> = names.iter().map(element).collect();
        let documents = [NewDocRequest { doc_type: DOC_TYPE, elements: &elements }];
        let signer = ReaderSigner { key: &self.desk.key, chain: &self.desk.chain };
        Ok(device_request(&documents, signer, session.transcript())?)
    }

    /// isomdl's holder signs what it was asked, of the elements `names`.
    fn isomdl_answers(
        &self,
        holder: &mut SessionManager,
        asked: &isomdl::presentation::device::RequestedItems,
        names: &[&str],
    ) -> Result<Vec<u8>> {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let permitted = [(DOC_TYPE.to_owned(), [(ELEMENTS.to_owned(), names)].into())].into();
        holder.prepare_response(asked, permitted);
        let key = p256::ecdsa::SigningKey::from_pkcs8_der(&self.device.to_pkcs8()?)?;
        let payload = holder.get_next_signature_payload().context("something to sign")?.1.to_vec();
        let signature: p256::ecdsa::Signature = key.sign(&payload);
        holder.submit_next_signature(signature.to_vec())?;
        holder.retrieve_response().context("a response")
    }

    /// What isomdl judges of a certificate of ours hangs on the profile: it names what one without addresses lacks.
    fn whole_profile(&self) -> Result<()> {
        let today = self.now.local_date();
        let root = IssuerRoot::new("Without addresses".to_owned(), "HK", &SigningKey::generate()?)?;
        let days = (today.plus_days(-1), today.plus_days(400));
        let leaf = root.certify("Signer", &[], &SigningKey::generate()?, SignerUse::DocumentSigner, days)?.0;
        let certificate_pem = root.certificate(days.0, days.1)?.0;
        let pem = PemTrustAnchor { certificate_pem, purpose: TrustPurpose::Iaca };
        let registry = TrustAnchorRegistry::from_pem_certificates(vec![pem])?;
        let judge = |chain: Vec<u8>, registry: &TrustAnchorRegistry| -> Result<Vec<String>> {
            let chain = X5Chain::builder().with_der_certificate(&chain)?.build()?;
            Ok(ValidationRuleset::Mdl.validate(&chain, registry).errors)
        };
        let bare = judge(first_of_pem(&leaf)?, &registry)?;
        println!("isomdl on a signer and a root without addresses: {bare:?}");
        ensure!(bare.iter().any(|fault| fault.contains("IssuerAlternativeName")), "{bare:?}");
        ensure!(bare.iter().any(|fault| fault.contains("CrlDistributionPoints")), "{bare:?}");
        let leaf = self.issuer.chain.first().context("a signer")?.clone();
        let whole = judge(leaf, &self.issuer.registry(TrustPurpose::Iaca)?)?;
        ensure!(whole.is_empty(), "{whole:?}");
        println!("isomdl finds nothing amiss with an authority's own signer and root");
        Ok(())
    }

    /// Our reader and isomdl's holder.
    fn our_reader(&self) -> Result<()> {
        let (engaged, uri) =
            SessionManagerInit::initialise(self.documents()?, None, None)?.qr_engagement()?;
        let engagement = DeviceEngagement::from_uri(&uri)?;
        let mut session = ReaderSession::new(&engagement, &Handover::Qr, AgreementKey::generate()?)?;
        let request = self.asked(&["family_name", "age_over_18"], &session)?;
        let first = session.ask(&request)?;
        let read: SessionEstablishment = isomdl::cbor::from_slice(&first).map_err(|e| anyhow!("{e:?}"))?;
        let readers = self.desk.registry(TrustPurpose::ReaderCa)?;
        let (mut holder, outcome) = engaged.process_session_establishment(read, readers)?;
        ensure!(outcome.errors.is_empty(), "isomdl on our request: {:?}", outcome.errors);
        ensure!(outcome.common_name.as_deref() == Some("Specimen desk"), "{:?}", outcome.common_name);
        let parsed: isomdl::definitions::device_request::DeviceRequest =
            isomdl::cbor::from_slice(&request).map_err(|e| anyhow!("{e:?}"))?;
        let judged = holder.reader_authentication(parsed.doc_requests.into_inner().swap_remove(0));
        println!(
            "isomdl's holder on our reader's signature: {:?} {:?}",
            outcome.reader_authentication, judged.errors
        );
        ensure!(outcome.reader_authentication == AuthenticationStatus::Valid);
        let message =
            self.isomdl_answers(&mut holder, &outcome.items_request, &["family_name", "age_over_18"])?;
        let Received::Data { plain, .. } = session.receive(&message)? else { return Err(anyhow!("no data")) };
        let anchors = self.issuer.anchors()?;
        let expected = |now| Expected {
            anchors: &anchors,
            transcript: session.transcript(),
            reader: Some(session.key()),
            now,
        };
        let verified = mdoc::verify(&plain, &expected(self.now))?;
        ensure!(verified.element(ELEMENTS, "family_name") == Some(&Value::text("SPECIMEN")));
        ensure!(verified.elements().values().map(std::collections::BTreeMap::len).sum::<usize>() == 2);
        let late = mdoc::verify(&plain, &expected(self.now.plus_seconds(86_401))).map(drop);
        ensure!(late == Err(MdocError::Expired), "{late:?}");
        println!("our reader takes what isomdl's holder shows: two elements, signed by the device");

        // A second question in the same session: counters go on at both ends.
        let again = session.ask(&self.asked(&["portrait"], &session)?)?;
        let outcome = holder.handle_request(&again);
        ensure!(outcome.errors.is_empty(), "isomdl on our second request: {:?}", outcome.errors);
        let mut message = self.isomdl_answers(&mut holder, &outcome.items_request, &["portrait"])?;
        let at = message.len() - 1;
        message[at] ^= 1;
        ensure!(session.receive(&message) == Err(SessionError::Decryption));
        println!("our reader refuses a changed answer of isomdl's holder");
        Ok(())
    }

    /// isomdl's reader and our holder.
    fn our_holder(&self) -> Result<()> {
        let engaged = Engaged::new(AgreementKey::generate()?, None)?;
        let elements = || Namespaces::new(ELEMENTS.into(), DataElements::new("family_name".into(), true));
        let issuers = self.issuer.registry(TrustPurpose::Iaca)?;
        let (mut reader, first, _) =
            reader::SessionManager::establish_session(engaged.engagement().uri(), elements(), issuers)?;
        let (mut session, request) = engaged.establish(&first, &Handover::Qr)?;
        let request = DeviceRequest::parse(&request)?;
        let who = request.reader(session.transcript(), &self.desk.anchors()?, self.now)?;
        ensure!(matches!(who, Reader::Unproven(Unproven::Unsigned)), "isomdl's reader signs nothing");
        let [asked] = request.documents() else { return Err(anyhow!("one document")) };
        ensure!(
            asked.doc_type == DOC_TYPE && asked.elements.len() == 1 && asked.elements[0].intent_to_retain
        );
        let held = Held::receive(&self.issued, &self.issuer.anchors()?, self.device.public(), self.now)?;
        let chosen = request.select(&[&held], |_, _| true);
        let held = [HeldMdoc { credential: &held, device: &self.device }];
        let answer = |session: &openid4vc::proximity::HolderSession| {
            request.respond(&chosen, &held, session.transcript())
        };
        let response = answer(&session)?;
        let message = session.answer(&response, false)?;
        let outcome = reader.handle_response(&message);
        println!(
            "isomdl's reader on our holder: device {:?}, issuer {:?}, errors {:?}",
            outcome.device_authentication, outcome.issuer_authentication, outcome.errors
        );
        ensure!(outcome.device_authentication == AuthenticationStatus::Valid);
        ensure!(outcome.issuer_authentication == AuthenticationStatus::Valid, "{:?}", outcome.errors);
        ensure!(outcome.response.values().any(|space| space.get("family_name") == Some(&"SPECIMEN".into())));

        // A holder who writes another name into an element: its digest is no more the issuer's.
        let again = reader.new_request(elements())?;
        let Received::Data { .. } = session.receive(&again)? else { return Err(anyhow!("no data")) };
        let mut altered = response.clone();
        let at = altered.windows(8).position(|eight| eight == b"SPECIMEN").context("the name")?;
        altered[at..at + 8].copy_from_slice(b"IMPOSTOR");
        let anchors = self.issuer.anchors()?;
        let expected =
            Expected { anchors: &anchors, transcript: session.transcript(), reader: None, now: self.now };
        ensure!(mdoc::verify(&response, &expected).is_ok(), "the answer as it was");
        let ours = mdoc::verify(&altered, &expected).map(drop);
        ensure!(matches!(ours, Err(MdocError::Digest)), "{ours:?}");
        let outcome = reader.handle_response(&session.answer(&altered, false)?);
        println!(
            "an altered element: our reader refuses it (mdoc_digest); isomdl's reader says issuer {:?}, device {:?}, errors {:?}",
            outcome.issuer_authentication, outcome.device_authentication, outcome.errors
        );

        // The second answer in the session, changed on its way.
        let again = reader.new_request(elements())?;
        let Received::Data { .. } = session.receive(&again)? else { return Err(anyhow!("no data")) };
        let mut message = session.answer(&response, true)?;
        let place = message.iter().rposition(|byte| *byte == 20).context("the status")?;
        message[place - 20] ^= 1;
        let outcome = reader.handle_response(&message);
        ensure!(outcome.errors.contains_key("decryption_errors"), "{:?}", outcome.errors);
        println!("isomdl's reader refuses a changed answer of our holder");
        let end: isomdl::definitions::SessionData =
            isomdl::cbor::from_slice(&SessionStatus::Termination.message()).map_err(|e| anyhow!("{e:?}"))?;
        ensure!(end.data.is_none() && end.status.is_some());
        Ok(())
    }
}

fn main() -> Result<()> {
    let world = World::new()?;
    world.whole_profile()?;
    world.our_reader().context("our reader, isomdl's holder")?;
    world.our_holder().context("isomdl's reader, our holder")?;
    println!("both ways pass with isomdl 0.2.0");
    Ok(())
}
