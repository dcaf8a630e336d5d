//! A world for presentations: one authority, an issuer of both formats, a wallet with one credential of each, a verifier.

use credential::SigningKey;
use openid4vc::dcql::{Candidate, Query};
use openid4vc::mdoc::{self, Validity};
use openid4vc::presentation::{
    Answer, Asked, Channel, Checks, ClientId, Context, HeldCredential, NewRequest, OpenRequest, Posted,
    Refusal, RequestError, SELF_ISSUED,
};
use openid4vc::sd_jwt::{self, Member};
use openid4vc::status::StatusReference;
use serde_json::{Value, json};

use crate::mdoc::{DOC_TYPE, ELEMENTS, name_spaces, randoms};
use crate::party::{Authority, DOCUMENT_SIGNER, READER, Signer, at, jwk, now, salts};

pub const VCT: &str = "urn:baypass:identity:1";
pub const RESPONSE_URI: &str = "https://desk.example/openid/response/7";
pub const ORIGIN: &str = "https://desk.example";

/// The two formats, by which most tests go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    SdJwt,
    Mdoc,
}

pub const FORMATS: [Format; 2] = [Format::SdJwt, Format::Mdoc];

pub struct World {
    pub authority: Authority,
    pub issuer: Signer,
    pub signer: Signer,
    pub verifier: Signer,
    pub device: SigningKey,
    pub identity: sd_jwt::Held,
    pub photo_id: mdoc::Held,
}

impl World {
    pub fn new() -> Self {
        let authority = Authority::new("Root");
        let (issuer, signer) = (authority.signer("Issuer", &[]), authority.signer("Signer", DOCUMENT_SIGNER));
        let verifier = authority.signer("Desk", READER);
        let device = SigningKey::generate().unwrap();
        let identity = identity(&issuer, &device);
        let photo_id = photo_id(&signer, &device);
        Self { authority, issuer, signer, verifier, device, identity, photo_id }
    }

    pub fn open(&self, query: Value) -> OpenRequest {
        self.open_by(query, Channel::Redirect { response_uri: RESPONSE_URI.to_owned() })
    }

    pub fn open_by(&self, query: Value, channel: Channel) -> OpenRequest {
        OpenRequest::new(NewRequest {
            client_id: ClientId::of_certificate(&self.verifier.x5c[0]),
            channel,
            query: Query::read(&query).unwrap(),
            nonce: credential::sha256(b"nonce"),
            state: credential::sha256(b"state"),
            expires: at(300),
        })
        .unwrap()
    }

    pub fn object(&self, open: &OpenRequest) -> String {
        open.object(&self.verifier.key, &self.verifier.x5c, None).unwrap()
    }

    pub fn asked(&self, open: &OpenRequest) -> Asked {
        self.read(&self.object(open), |_| {}).unwrap()
    }

    pub fn read(&self, object: &str, change: impl FnOnce(&mut Context<'_>)) -> Result<Asked, RequestError> {
        let anchors = self.authority.anchors();
        let client_id = ClientId::of_certificate(&self.verifier.x5c[0]).to_string();
        let mut context = Context {
            anchors: &anchors,
            client_id: Some(&client_id),
            wallet_nonce: None,
            origin: None,
            audiences: &[SELF_ISSUED],
            now: now(),
        };
        change(&mut context);
        Asked::read(object, &context)
    }

    pub fn wallet(&self) -> [HeldCredential<'_>; 2] {
        [Candidate::SdJwt(&self.identity), Candidate::Mdoc(&self.photo_id)]
            .map(|credential| HeldCredential { credential, device: &self.device })
    }

    pub fn take(&self, open: &OpenRequest, response: &str) -> Result<Answer, Refusal> {
        self.take_at(open, response, 0, None)
    }

    pub fn take_at(
        &self,
        open: &OpenRequest,
        response: &str,
        seconds: i64,
        origin: Option<&str>,
    ) -> Result<Answer, Refusal> {
        let anchors = self.authority.anchors();
        let checks = Checks {
            sd_jwt_anchors: &anchors,
            mdoc_anchors: &anchors,
            metadata: &[],
            origin,
            now: at(seconds),
        };
        open.take(&Posted::Encrypted(response.to_owned()), &checks)
    }

    /// The code with which any `vp_token` is refused.
    pub fn code(&self, open: &OpenRequest, token: &Value) -> Result<(), &'static str> {
        let response = self.asked(open).encrypt(token).unwrap();
        self.take(open, &response).map(drop).map_err(|refusal| refusal.code())
    }
}

pub fn identity(issuer: &Signer, device: &SigningKey) -> sd_jwt::Held {
    let holder = jwk(device);
    let credential = sd_jwt::Credential {
        vct: VCT,
        vct_integrity: None,
        holder: Some(&holder),
        issued: None,
        not_before: None,
        expires: Some(at(86_400)),
        status: None,
        claims: &[
            Member::disclosable("family_name", "CHAN"),
            Member::disclosable("given_name", "TAI MAN"),
            Member::disclosable("age", 36),
            Member::disclosable("nationalities", json!(["CHN", "GBR"])),
            Member::disclosable("address", json!({"locality": "Sha Tin", "country": "HK"})),
        ],
    };
    let text = sd_jwt::issue(&credential, &issuer.key, &issuer.x5c, &mut salts()).unwrap();
    sd_jwt::Held::read(&text).unwrap()
}

pub fn photo_id(signer: &Signer, device: &SigningKey) -> mdoc::Held {
    let credential = mdoc::Credential {
        doc_type: DOC_TYPE,
        name_spaces: &name_spaces(),
        device: device.public(),
        validity: Validity { signed: at(-100), from: at(-100), until: at(86_400) },
        status: Some(&StatusReference { uri: "https://hkg.example/status/7".to_owned(), index: 5 }),
    };
    let bytes = mdoc::issue(&credential, &signer.key, &signer.x5c, &mut randoms()).unwrap();
    mdoc::Held::read(&bytes).unwrap()
}

/// A query for one credential, and its claims by name.
pub fn one(format: Format, claims: &[&str]) -> Value {
    json!({ "credentials": [query("id", format, claims)] })
}

pub fn query(id: &str, format: Format, claims: &[&str]) -> Value {
    let claims = claims.iter().map(|claim| match format {
        Format::SdJwt => json!({ "path": [claim] }),
        Format::Mdoc => json!({ "path": [ELEMENTS, claim] }),
    });
    let claims: Vec<Value> = claims.collect();
    let mut query = match format {
        Format::SdJwt => json!({ "id": id, "format": "dc+sd-jwt", "meta": { "vct_values": [VCT] } }),
        Format::Mdoc => json!({ "id": id, "format": "mso_mdoc", "meta": { "doctype_value": DOC_TYPE } }),
    };
    if !claims.is_empty() {
        query["claims"] = claims.into();
    }
    query
}
