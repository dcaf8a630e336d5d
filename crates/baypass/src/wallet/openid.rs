//! The wallet as a client of issuers and verifiers that others built (`docs/openid4vc.md`, Our wallet at others').
//!
//! Lives here: a credential of another system as the wallet's file has it, the way to one (OpenID4VCI 1.0, pre-authorized code), the answer to
//! a verifier (OpenID4VP 1.0). Not here: formats and checks (`openid4vc`), which roots count and what the traveller reads (`command::wallet`).

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use credential::dpop::{DpopRequest, sign_dpop};
use credential::x5c::{CertificateAnchors, LeafUse, verify_x5c};
use credential::{SigningKey, random_array};
use documents::{AuthorityCode, Timestamp};
use openid4vc::dcql::{Candidate, Shown};
use openid4vc::issuance::{
    Access, CredentialForm, CredentialOffer, Delivered, IssuerFault, IssuerMetadata, MAX_ISSUER_LEN, Maker,
    ServerMetadata, Tokens, read_nonce, read_refusal, sign_key_proof, token_form, well_known,
};
use openid4vc::presentation::{Asked, Channel, Context, HeldCredential, RequestLink, SELF_ISSUED};
use openid4vc::proximity::HeldMdoc;
use openid4vc::{mdoc, sd_jwt};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trust::CredentialType;

use super::verifiers::Verifiers;
use super::{Bytes, Wallet};
use crate::failure::{Failure, of};

/// Copies of one credential, each bound to a key of its own: each verifier sees another one.
pub const COPIES: usize = 4;
/// How often a credential that is not ready is asked for again.
const TRIES: usize = 10;
/// Longest wait between two tries, in seconds.
const LONGEST_WAIT: u64 = 10;

/// A credential of another system.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForeignCredential {
    /// The issuer's identifier.
    pub issuer: String,
    /// Which of its configurations.
    pub configuration: String,
    /// `dc+sd-jwt` or `mso_mdoc`.
    form: String,
    /// As it came: compact, or base64url.
    credential: String,
    /// Its device key (PKCS #8).
    device: Bytes,
    /// The certificate of the root under which it was taken (DER).
    root: Bytes,
    /// When it came.
    pub received: Timestamp,
    /// To how many verifiers it was shown.
    #[serde(default)]
    pub shown: u32,
}
documents::redact_debug!(ForeignCredential);

enum Form {
    SdJwt(sd_jwt::Held),
    Mdoc(mdoc::Held),
}

/// A credential that counts, with its key.
pub struct HeldForeign {
    form: Form,
    device: SigningKey,
}
documents::redact_debug!(HeldForeign);

/// Why a credential does not count.
#[derive(Debug, thiserror::Error)]
enum NotHeld {
    #[error("it is no mdoc")]
    Form,
    #[error(transparent)]
    SdJwt(#[from] sd_jwt::SdJwtError),
    #[error(transparent)]
    Mdoc(#[from] mdoc::MdocError),
}

impl NotHeld {
    /// Whether its issuer alone is in doubt: a root may be missing.
    const fn is_of_unknown_root(&self) -> bool {
        use credential::x5c::X5cError::Unknown;
        matches!(
            self,
            Self::SdJwt(sd_jwt::SdJwtError::Certificate(Unknown))
                | Self::Mdoc(mdoc::MdocError::Certificate(Unknown))
        )
    }
}

impl HeldForeign {
    fn receive(
        form: &str,
        credential: &str,
        device: SigningKey,
        roots: &CertificateAnchors,
        now: Timestamp,
    ) -> Result<Self, NotHeld> {
        let form = if form == CredentialForm::Mdoc.format() {
            let bytes = URL_SAFE_NO_PAD.decode(credential).map_err(|_| NotHeld::Form)?;
            Form::Mdoc(mdoc::Held::receive(&bytes, roots, device.public(), now)?)
        } else {
            Form::SdJwt(sd_jwt::Held::receive(credential, roots, device.public(), now)?)
        };
        Ok(Self { form, device })
    }

    fn as_held(&self) -> HeldCredential<'_> {
        let credential = match &self.form {
            Form::SdJwt(held) => Candidate::SdJwt(held),
            Form::Mdoc(held) => Candidate::Mdoc(held),
        };
        HeldCredential { credential, device: &self.device }
    }

    /// As an mdoc, where it is one.
    pub(super) fn as_mdoc(&self) -> Option<HeldMdoc<'_>> {
        match &self.form {
            Form::Mdoc(credential) => Some(HeldMdoc { credential, device: &self.device }),
            Form::SdJwt(_) => None,
        }
    }

    /// The type: `vct` or `doctype`.
    pub fn kind(&self) -> &str {
        match &self.form {
            Form::SdJwt(held) => held.claims().get("vct").and_then(Value::as_str).unwrap_or_default(),
            Form::Mdoc(held) => held.security_object().doc_type(),
        }
    }

    fn credential_type(&self) -> CredentialType {
        let kind = self.kind().to_owned();
        match &self.form {
            Form::SdJwt(_) => CredentialType::SdJwt(kind),
            Form::Mdoc(_) => CredentialType::Mdoc(kind),
        }
    }

    fn certificates(&self) -> &[Vec<u8>] {
        match &self.form {
            Form::SdJwt(held) => held.certificates(),
            Form::Mdoc(held) => held.certificates(),
        }
    }

    fn names(&self, shown: &Shown) -> Vec<String> {
        match (&self.form, shown) {
            (Form::SdJwt(held), Shown::Disclosures(chosen)) => held.names(chosen),
            (_, Shown::Elements(elements)) => elements.iter().map(|(_, name)| name.clone()).collect(),
            (Form::Mdoc(_), Shown::Disclosures(_)) => Vec::new(),
        }
    }
}

impl ForeignCredential {
    /// Reads it, under the root under which it was taken.
    ///
    /// # Errors
    /// Why it counts no more: most often it is over.
    pub fn held(&self, now: Timestamp) -> Result<HeldForeign, Failure> {
        let root = CertificateAnchors::from_der([self.root.0.as_slice()]).map_err(of)?;
        let device = SigningKey::from_pkcs8(&self.device.0).map_err(of)?;
        HeldForeign::receive(&self.form, &self.credential, device, &root, now).map_err(of)
    }
}

/// Who vouches for this wallet, where an issuer wants to know.
pub struct WalletMaker {
    /// Its key.
    pub key: SigningKey,
    /// Its certificates in DER, leaf first.
    pub chain: Vec<Vec<u8>>,
}

/// The name that wallets of this kind share.
const CLIENT_ID: &str = "baypass-wallet";

/// How an issuer is reached.
pub struct IssuerClient<'c> {
    /// The client.
    pub http: &'c reqwest::Client,
    /// The roots of issuers that count.
    pub roots: &'c CertificateAnchors,
    /// Who vouches for this wallet.
    pub maker: Option<&'c WalletMaker>,
    /// Which tokens are taken.
    pub tokens: Tokens,
    /// The moment.
    pub now: Timestamp,
}

/// An answer that came whole.
struct Answer {
    status: reqwest::StatusCode,
    text: String,
    nonce: Option<String>,
}

impl Answer {
    /// The text of an answer that grants.
    fn granted(self, who: &str) -> Result<String, Failure> {
        if self.status.is_success() {
            return Ok(self.text);
        }
        Err(Failure::new(match read_refusal(&self.text) {
            Some((code, why)) => format!("{who} refuses: {code}: {why}"),
            None => {
                format!("{who} answers {}; look whether this is an issuer by OpenID4VCI 1.0", self.status)
            }
        }))
    }
}

async fn sent(request: reqwest::RequestBuilder) -> Result<Answer, Failure> {
    let response = request.send().await.map_err(|error| of(error.without_url()))?;
    let status = response.status();
    let nonce = response.headers().get("dpop-nonce").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = transport::bounded_body(response, MAX_ISSUER_LEN).await.map_err(of)?;
    let text = String::from_utf8(body).map_err(of)?;
    Ok(Answer { status, text, nonce })
}

/// A body and its type.
#[derive(Clone, Copy)]
enum Body<'b> {
    Form(&'b str),
    Json(&'b Value),
    Empty,
}

/// Reads the offer of a link, or the one at the address that the link names.
pub async fn read_offer(http: &reqwest::Client, link: &str) -> Result<CredentialOffer, Failure> {
    match CredentialOffer::reference(link) {
        Some(uri) => {
            let answer = sent(http.get(uri).header(ACCEPT, "application/json")).await?;
            CredentialOffer::read(&answer.granted("the issuer")?).map_err(of)
        }
        None => CredentialOffer::read_link(link).map_err(of),
    }
}

impl IssuerClient<'_> {
    async fn document(&self, of_whom: &str, name: &str) -> Result<String, Failure> {
        let request = self.http.get(well_known(of_whom, name)).header(ACCEPT, "application/json");
        sent(request).await?.granted(of_whom)
    }

    /// Posts with a proof of this key, once more with the server's nonce where it wants one (RFC 9449, 8); a bearer token goes without. An
    /// authorization server is told by attestation who asks, where it wants to know.
    async fn post(
        &self,
        (url, key): (&str, &SigningKey),
        access: Option<&Access>,
        server: Option<&ServerMetadata>,
        body: Body<'_>,
    ) -> Result<Answer, Failure> {
        let mut nonce: Option<String> = None;
        loop {
            let mut request = self.http.post(url);
            if access.is_none_or(|access| access.bound) {
                let token = access.map(|access| access.token.as_str());
                let asked = DpopRequest { method: "POST", url, token, nonce: nonce.as_deref() };
                let proof = sign_dpop(key, asked, random_array().map_err(of)?, self.now).map_err(of)?;
                request = request.header("DPoP", proof);
            }
            if let Some(access) = access {
                request = request.header(AUTHORIZATION, access.authorization());
            }
            if let Some(server) = server.filter(|server| server.attested) {
                let maker = self.maker.ok_or_else(|| {
                    Failure::new(format!(
                        "{} wants a maker's word for this wallet; give --maker FOLDER (`baypass wallet maker` makes one)",
                        server.server
                    ))
                })?;
                let maker = Maker { key: &maker.key, chain: &maker.chain, client_id: CLIENT_ID };
                let id = random_array().map_err(of)?;
                for (name, value) in maker.vouch(key, &server.server, id, self.now).map_err(of)? {
                    request = request.header(name, value);
                }
            }
            let request = match body {
                Body::Form(form) => {
                    request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.to_owned())
                }
                Body::Json(body) => request.json(body),
                Body::Empty => request,
            };
            let answer = sent(request).await?;
            let wants = read_refusal(&answer.text).is_some_and(|(code, _)| code == "use_dpop_nonce");
            match &answer.nonce {
                Some(given) if wants && nonce.is_none() => nonce = Some(given.clone()),
                Some(_) | None => return Ok(answer),
            }
        }
    }

    /// Takes what an offer names: for each configuration up to `copies` copies, each bound to a key of its own. `told`: the number that the
    /// issuer's counter told the holder. Nothing is taken that does not chain to a root that counts, or is of another type than was offered.
    ///
    /// # Errors
    /// Whatever an issuer refuses, in its own words; a credential that does not count.
    pub async fn receive(
        &self,
        offer: &CredentialOffer,
        told: Option<&str>,
        copies: usize,
    ) -> Result<Vec<ForeignCredential>, Failure> {
        let code = offer.grants.as_ref().and_then(|grants| grants.pre_authorized.as_ref());
        let code = code.ok_or_else(|| {
            Failure::new(
                "this offer asks the holder to sign in with a browser, which the command line does not do; ask for one with a number",
            )
        })?;
        if code.tx_code.is_some() && told.is_none() {
            return Err(Failure::new(
                "the issuer told the holder a number beside this offer; give it with --tx-code",
            ));
        }
        let issuer = &offer.credential_issuer;
        let metadata =
            IssuerMetadata::read(&self.document(issuer, "openid-credential-issuer").await?, issuer);
        let metadata = metadata.map_err(of)?;
        let server = self.document(&metadata.server, "oauth-authorization-server").await?;
        let server = ServerMetadata::read(&server, &metadata.server).map_err(of)?;
        for configuration in &offer.credential_configuration_ids {
            metadata.offered(configuration).map_err(of)?;
        }
        let key = SigningKey::generate().map_err(of)?;
        let form = token_form(&code.code, told, server.attested.then_some(CLIENT_ID));
        let answer = self.post((&server.token, &key), None, Some(&server), Body::Form(&form)).await?;
        let access = Access::read(&answer.granted(&server.server)?, self.tokens).map_err(|fault| {
            let next =
                "; ask for an issuer whose tokens are bound, or take this one all the same with --bearer";
            Failure::new(format!("{fault}{}", if fault == IssuerFault::Unbound { next } else { "" }))
        })?;
        let mut taken = Vec::new();
        for configuration in &offer.credential_configuration_ids {
            taken.extend(self.one(&metadata, &key, &access, configuration, copies).await?);
        }
        Ok(taken)
    }

    async fn one(
        &self,
        metadata: &IssuerMetadata,
        dpop: &SigningKey,
        access: &Access,
        configuration: &str,
        copies: usize,
    ) -> Result<Vec<ForeignCredential>, Failure> {
        let keys: Result<Vec<_>, _> =
            (0..copies.clamp(1, metadata.batch)).map(|_| SigningKey::generate()).collect();
        let keys = keys.map_err(of)?;
        let nonce = match &metadata.nonce {
            Some(url) => {
                let answer = self.post((url, dpop), None, None, Body::Empty).await?;
                Some(read_nonce(&answer.granted(&metadata.issuer)?).map_err(of)?)
            }
            None => None,
        };
        let proofs: Result<Vec<_>, _> = keys
            .iter()
            .map(|key| sign_key_proof(key, &metadata.issuer, nonce.as_deref(), self.now))
            .collect();
        let mut body = access.request(configuration, &proofs.map_err(of)?);
        let mut url = &metadata.credential;
        for _ in 0..TRIES {
            let answer = self.post((url, dpop), Some(access), None, Body::Json(&body)).await?;
            match Delivered::read(&answer.granted(&metadata.issuer)?, keys.len()).map_err(of)? {
                Delivered::Later { transaction, seconds } => {
                    url = metadata.deferred.as_ref().ok_or_else(|| {
                        Failure::new(format!(
                            "{} has them later, and names no place for that",
                            metadata.issuer
                        ))
                    })?;
                    body = json!({ "transaction_id": transaction });
                    tokio::time::sleep(Duration::from_secs(seconds.clamp(1, LONGEST_WAIT))).await;
                }
                Delivered::Credentials { credentials, notification } => {
                    let taken: Result<Vec<_>, Failure> = credentials
                        .into_iter()
                        .zip(keys)
                        .map(|(credential, key)| self.keep(metadata, configuration, credential, key))
                        .collect();
                    let event = if taken.is_ok() { "credential_accepted" } else { "credential_failure" };
                    if let (Some(url), Some(id)) = (&metadata.notification, notification) {
                        let said = json!({ "notification_id": id, "event": event });
                        // The issuer's wish; what came counts without it.
                        drop(self.post((url, dpop), Some(access), None, Body::Json(&said)).await);
                    }
                    return taken;
                }
            }
        }
        Err(Failure::new(format!("{} is not ready yet; ask for another offer later", metadata.issuer)))
    }

    fn keep(
        &self,
        metadata: &IssuerMetadata,
        configuration: &str,
        credential: String,
        key: SigningKey,
    ) -> Result<ForeignCredential, Failure> {
        let (issuer, offered) = (&metadata.issuer, metadata.offered(configuration).map_err(of)?);
        let (form, pkcs8) = (offered.form.format(), key.to_pkcs8().map_err(of)?);
        let held = HeldForeign::receive(form, &credential, key, self.roots, self.now).map_err(|error| {
            let next = if error.is_of_unknown_root() {
                "name its root with --root, brought by somebody whom you trust"
            } else {
                "tell the issuer"
            };
            Failure::new(format!("the credential of {issuer} does not count: {error}; {next}"))
        })?;
        if held.kind() != offered.kind {
            return Err(Failure::new(format!("{issuer} gave a credential of another type than it offered")));
        }
        let leaf = verify_x5c(held.certificates(), self.roots, LeafUse::Any, self.now).map_err(of)?;
        Ok(ForeignCredential {
            issuer: issuer.clone(),
            configuration: configuration.to_owned(),
            form: form.to_owned(),
            credential,
            device: Bytes(pkcs8.to_vec()),
            root: Bytes(leaf.anchor),
            received: self.now,
            shown: 0,
        })
    }
}

/// What a verifier asks, and what of this wallet would answer.
pub struct Wanted {
    asked: Asked,
    response_uri: String,
    /// Who asks: the names in its certificate, else its client id.
    pub who: String,
    /// The authorities that list who asks; none where it stands below one of their own roots, or one that the holder brought.
    pub listed_by: Vec<AuthorityCode>,
    /// What would be shown: place in the wallet, issuer, type, names of claims.
    pub shows: Vec<(usize, String, String, Vec<String>)>,
    held: Vec<(usize, HeldForeign)>,
    optional: bool,
}

impl Wallet {
    /// Credentials of other systems.
    pub fn foreign(&self) -> &[ForeignCredential] {
        &self.foreign
    }

    /// Puts credentials of other systems into the wallet, in place of those of the same issuer and configuration.
    pub fn put_foreign(&mut self, fresh: Vec<ForeignCredential>) {
        let same = |a: &ForeignCredential, b: &ForeignCredential| {
            (&a.issuer, &a.configuration) == (&b.issuer, &b.configuration)
        };
        self.foreign.retain(|old| !fresh.iter().any(|one| same(one, old)));
        self.foreign.extend(fresh);
    }

    /// Of each credential the copy that was shown least: verifiers that compare what they saw find different ones.
    pub(super) fn freshest(&self, now: Timestamp) -> Vec<(usize, HeldForeign)> {
        let mut best: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for (place, one) in self.foreign.iter().enumerate() {
            let best = best.entry((&one.issuer, &one.configuration)).or_insert(place);
            if self.foreign.get(*best).is_some_and(|before| one.shown < before.shown) {
                *best = place;
            }
        }
        let counts = |place: usize| Some((place, self.foreign.get(place)?.held(now).ok()?));
        best.into_values().filter_map(counts).collect()
    }

    /// Counts that one more verifier may have seen the copies at these places.
    pub fn count_shown(&mut self, places: impl IntoIterator<Item = usize>) {
        for place in places {
            if let Some(shown) = self.foreign.get_mut(place) {
                shown.shown = shown.shown.saturating_add(1);
            }
        }
    }

    /// Fetches what a link asks for, checks who asks, chooses what would answer, and holds it to what `verifiers` may ask for; nothing is sent.
    ///
    /// # Errors
    /// A request that counts for nothing; nothing here answers it; it asks for more than it may.
    pub async fn wanted(
        &self,
        http: &reqwest::Client,
        link: &str,
        verifiers: &Verifiers,
        optional: bool,
        now: Timestamp,
    ) -> Result<Wanted, Failure> {
        let RequestLink { client_id, request_uri, by_post } = RequestLink::read(link).map_err(of)?;
        let wallet_nonce = hex::encode(random_array::<16>().map_err(of)?);
        let request = if by_post {
            let form = format!("wallet_nonce={wallet_nonce}");
            http.post(&request_uri).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form)
        } else {
            http.get(&request_uri)
        };
        let object = sent(request).await?.granted("the verifier")?;
        let context = Context {
            anchors: verifiers.anchors(),
            client_id: Some(&client_id),
            wallet_nonce: by_post.then_some(wallet_nonce.as_str()),
            origin: None,
            audiences: &[SELF_ISSUED, &request_uri],
            now,
        };
        let asked = Asked::read(&object, &context).map_err(of)?;
        let Channel::Redirect { response_uri } = &asked.request().channel else {
            return Err(Failure::new("the verifier wants its answer from a browser page"));
        };
        let response_uri = response_uri.clone();
        let signer = asked.verifier().ok_or_else(|| Failure::new("nobody signed this request"))?;
        let hosts = signer.dns_names.join(", ");
        let who = if hosts.is_empty() { client_id } else { hosts };
        let held = self.freshest(now);
        let candidates: Vec<Candidate<'_>> = held.iter().map(|(_, held)| held.as_held().credential).collect();
        let chosen = asked.request().query.select(&candidates, optional).map_err(|_| {
            Failure::new(format!(
                "nothing in this wallet answers what {who} asks for; `baypass wallet credentials` lists what is here"
            ))
        })?;
        let found = || chosen.iter().flat_map(|(_, matches)| matches);
        let types = found().filter_map(|found| Some(held.get(found.candidate)?.1.credential_type()));
        let listed_by = verifiers.check((&who, signer), types).map_err(of)?;
        let shows = found().filter_map(|found| {
            let (place, held) = held.get(found.candidate)?;
            let issuer = self.foreign.get(*place)?.issuer.clone();
            Some((*place, issuer, held.kind().to_owned(), held.names(&found.shown)))
        });
        let shows = shows.collect();
        Ok(Wanted { asked, response_uri, who, listed_by, shows, held, optional })
    }

    /// Sends the answer, and counts whose copies were shown. Gives where the holder's browser goes on, where the verifier says so.
    ///
    /// # Errors
    /// The verifier's refusal, in its own words.
    pub async fn present_to(
        &mut self,
        http: &reqwest::Client,
        wanted: &Wanted,
        now: Timestamp,
    ) -> Result<Option<String>, Failure> {
        let held: Vec<HeldCredential<'_>> = wanted.held.iter().map(|(_, held)| held.as_held()).collect();
        let response = wanted.asked.respond(&held, wanted.optional, now).map_err(of)?;
        // From here on the verifier may have seen them.
        self.count_shown(wanted.shows.iter().map(|(place, ..)| *place));
        let form = http.post(&wanted.response_uri).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = sent(form.body(format!("response={response}"))).await?.granted(&wanted.who)?;
        let body: Value = serde_json::from_str(&answer).unwrap_or_default();
        Ok(body.get("redirect_uri").and_then(Value::as_str).map(str::to_owned))
    }
}
