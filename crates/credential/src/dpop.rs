//! DPoP: the proof that whoever sends a wallet's request holds its device key (RFC 9449).
//!
//! Lives here: making a proof, and reading one: form, ES256 signature, the key's thumbprint (RFC 7638). Not here: which key
//! a wallet is bound to, nonces, the memory of proofs that were seen (`authority::http::dpop`). No other algorithm is read.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use documents::{Timestamp, redact_debug};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use crate::crypto::{CryptoError, PublicKey, SigningKey, VerifyingKey, sha256};

/// The longest proof that is read, in characters.
pub const MAX_DPOP_LEN: usize = 2048;
/// The longest `jti` and the longest nonce that are read.
const MAX_ID_LEN: usize = 128;

/// SHA-256 of a key as a JSON Web Key (RFC 7638): what a wallet's session is bound to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DpopThumbprint([u8; 32]);
redact_debug!(DpopThumbprint);

impl DpopThumbprint {
    /// The thumbprint of a key.
    ///
    /// # Errors
    /// [`CryptoError::PublicKey`]: no point on the curve.
    pub fn of(key: &PublicKey) -> Result<Self, CryptoError> {
        let (x, y) = VerifyingKey::new(*key)?.coordinates()?;
        Ok(Self::of_point(&URL_SAFE_NO_PAD.encode(x), &URL_SAFE_NO_PAD.encode(y)))
    }

    /// RFC 7638, 3.2: the required members in their order, without a blank.
    fn of_point(x: &str, y: &str) -> Self {
        Self(sha256(format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#).as_bytes()))
    }

    /// From its bytes, out of a database.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The SHA-256 of the key's JSON form (RFC 7638).
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// As members of JSON have it: `jkt` and `dpop_jkt` (RFC 9449, 6.1 and 10), base64url without padding.
    #[must_use]
    pub fn encoded(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }
}

/// Why a proof is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DpopError {
    /// Longer than is read, or not three parts in base64url without padding.
    #[error("the proof is no compact JSON Web Signature")]
    Form,
    /// Header or claims are no JSON with the members that RFC 9449, 4.2 demands.
    #[error("the proof's header or claims are malformed")]
    Members,
    /// Another type than `dpop+jwt`, another algorithm than ES256, or a critical extension.
    #[error("the proof is of another type or algorithm; sign dpop+jwt with ES256")]
    Algorithm,
    /// The key is no public P-256 key.
    #[error("the proof's key is no public key on P-256")]
    Key,
    /// The signature is not that of the key.
    #[error("the proof's signature is not that of its key")]
    Signature,
}

/// A proof whose signature is that of the key in it.
#[derive(Clone, PartialEq, Eq)]
pub struct DpopProof {
    key: PublicKey,
    thumbprint: DpopThumbprint,
    claims: Claims,
}
redact_debug!(DpopProof);

#[derive(Serialize, Deserialize)]
struct Header<'h> {
    typ: &'h str,
    alg: &'h str,
    jwk: Jwk<'h>,
    #[serde(default, skip_serializing)]
    crit: Option<serde::de::IgnoredAny>,
}

#[derive(Serialize, Deserialize)]
struct Jwk<'h> {
    crv: &'h str,
    kty: &'h str,
    x: &'h str,
    y: &'h str,
    /// The private scalar: RFC 9449, 4.3 demands that it is not there.
    #[serde(default, skip_serializing)]
    d: Option<serde::de::IgnoredAny>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    iat: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ath: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
}

impl DpopProof {
    /// Reads a proof, and verifies its signature by the key in it.
    ///
    /// # Errors
    /// The first thing wrong.
    pub fn verify(compact: &str) -> Result<Self, DpopError> {
        if compact.len() > MAX_DPOP_LEN {
            return Err(DpopError::Form);
        }
        let (signed, signature) = compact.rsplit_once('.').ok_or(DpopError::Form)?;
        let (header, claims) = signed.split_once('.').ok_or(DpopError::Form)?;
        let [header, claims, signature] =
            [header, claims, signature].map(|part| URL_SAFE_NO_PAD.decode(part));
        let header = header.map_err(|_| DpopError::Form)?;
        let (claims, signature) =
            (claims.map_err(|_| DpopError::Form)?, signature.map_err(|_| DpopError::Form)?);
        let header: Header<'_> = serde_json::from_slice(&header).map_err(|_| DpopError::Members)?;
        if header.typ != "dpop+jwt" || header.alg != "ES256" || header.crit.is_some() {
            return Err(DpopError::Algorithm);
        }
        let (key, parsed) = header.jwk.public()?;
        parsed.verify(signed.as_bytes(), &signature).map_err(|_| DpopError::Signature)?;
        let claims: Claims = serde_json::from_slice(&claims).map_err(|_| DpopError::Members)?;
        let sound = |text: &str| (1..=MAX_ID_LEN).contains(&text.len());
        if !sound(&claims.jti) || claims.nonce.as_deref().is_some_and(|nonce| !sound(nonce)) {
            return Err(DpopError::Members);
        }
        let thumbprint = DpopThumbprint::of_point(header.jwk.x, header.jwk.y);
        Ok(Self { key, thumbprint, claims })
    }

    /// The public key in the header.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The thumbprint of that key (RFC 7638).
    #[must_use]
    pub const fn thumbprint(&self) -> DpopThumbprint {
        self.thumbprint
    }

    /// The proof's own name: no two proofs of one key share it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.claims.jti
    }

    /// When it says that it was made, in seconds since 1970; the maker's word.
    #[must_use]
    pub const fn made_at(&self) -> i64 {
        self.claims.iat
    }

    /// The nonce that it was made with.
    #[must_use]
    pub fn nonce(&self) -> Option<&str> {
        self.claims.nonce.as_deref()
    }

    /// Whether it was made for this method, host and path. The scheme does not count: a proxy may have ended the TLS.
    /// Query and fragment are no part of `htu` (RFC 9449, 4.2).
    #[must_use]
    pub fn is_for(&self, method: &str, host: &str, path: &str) -> bool {
        let htu = &self.claims.htu;
        let rest = htu.strip_prefix("https://").or_else(|| htu.strip_prefix("http://"));
        let (named, at) = rest.map_or(("", ""), |rest| rest.split_at(rest.find('/').unwrap_or(rest.len())));
        let at = if at.is_empty() { "/" } else { at };
        self.claims.htm == method && !host.is_empty() && named.eq_ignore_ascii_case(host) && at == path
    }

    /// Whether it was made for this access token.
    #[must_use]
    pub fn is_for_token(&self, token: &str) -> bool {
        let given = self.claims.ath.as_deref().unwrap_or_default();
        bool::from(given.as_bytes().ct_eq(token_hash(token).as_bytes()))
    }
}

impl Jwk<'_> {
    fn public(&self) -> Result<(PublicKey, VerifyingKey), DpopError> {
        if self.kty != "EC" || self.crv != "P-256" || self.d.is_some() {
            return Err(DpopError::Key);
        }
        let coordinate = |text: &str| -> Result<[u8; 32], DpopError> {
            let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| DpopError::Key)?;
            bytes.try_into().map_err(|_| DpopError::Key)
        };
        let (x, y) = (coordinate(self.x)?, coordinate(self.y)?);
        let key = PublicKey::from_x_and_sign(&x, y[31] & 1 == 1);
        let parsed = VerifyingKey::new(key).map_err(|_| DpopError::Key)?;
        // The compressed point has one y of this sign: another one beside it would be a second name for one key.
        if parsed.coordinates().map_err(|_| DpopError::Key)? != (x, y) {
            return Err(DpopError::Key);
        }
        Ok((key, parsed))
    }
}

/// `ath`: SHA-256 of the token's text (RFC 9449, 4.2).
fn token_hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(sha256(token.as_bytes()))
}

/// What a proof is made for.
#[derive(Debug, Clone, Copy)]
pub struct DpopRequest<'r> {
    /// `POST`.
    pub method: &'r str,
    /// Without query and fragment.
    pub url: &'r str,
    /// The access token, where one is sent along.
    pub token: Option<&'r str>,
    /// The nonce that the server gave last.
    pub nonce: Option<&'r str>,
}

/// Makes a proof; `id` is drawn anew for each.
///
/// # Errors
/// [`CryptoError`]: the library failed.
pub fn sign_dpop(
    key: &SigningKey,
    request: DpopRequest<'_>,
    id: [u8; 16],
    now: Timestamp,
) -> Result<String, CryptoError> {
    let (x, y) = VerifyingKey::new(*key.public())?.coordinates()?;
    let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
    let jwk = Jwk { crv: "P-256", kty: "EC", x: &x, y: &y, d: None };
    let header = Header { typ: "dpop+jwt", alg: "ES256", jwk, crit: None };
    let claims = Claims {
        jti: URL_SAFE_NO_PAD.encode(id),
        htm: request.method.to_owned(),
        htu: request.url.to_owned(),
        iat: now.unix(),
        ath: request.token.map(token_hash),
        nonce: request.nonce.map(str::to_owned),
    };
    let written = |json: Result<Vec<u8>, serde_json::Error>| {
        json.map(|bytes| URL_SAFE_NO_PAD.encode(bytes)).map_err(|_| CryptoError::Signature)
    };
    let signed =
        format!("{}.{}", written(serde_json::to_vec(&header))?, written(serde_json::to_vec(&claims))?);
    let signature = key.sign(signed.as_bytes())?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9449, 4.1, figure 2: a request to a token endpoint.
    const PUBLISHED: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";
    /// RFC 9449, 7.1, figure 12: a request to a protected resource, with the hash of its access token.
    const PUBLISHED_RESOURCE: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";
    const PUBLISHED_TOKEN: &str = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
    /// RFC 9449, 6.1: the thumbprint of the key of both.
    const PUBLISHED_THUMBPRINT: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

    fn now() -> Timestamp {
        Timestamp::from_unix(1_800_000_000).unwrap()
    }

    fn proof_by(key: &SigningKey) -> String {
        let url = "https://hkg.example/v1/pass";
        let request = DpopRequest { method: "GET", url, token: Some("secret"), nonce: Some("n-1") };
        sign_dpop(key, request, [9; 16], now()).unwrap()
    }

    /// A proof over other header and claims, with a valid signature.
    fn signed(key: &SigningKey, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = key.sign(signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    #[test]
    fn the_published_proofs_are_read_as_the_page_says() {
        let proof = DpopProof::verify(PUBLISHED).unwrap();
        assert_eq!(proof.thumbprint().encoded(), PUBLISHED_THUMBPRINT);
        assert_eq!((proof.id(), proof.made_at()), ("-BwC3ESc6acc2lTc", 1_562_262_616));
        assert!(proof.is_for("POST", "server.example.com", "/token"));
        assert!(!proof.is_for_token(PUBLISHED_TOKEN), "it names no token");
        let proof = DpopProof::verify(PUBLISHED_RESOURCE).unwrap();
        assert!(proof.is_for("GET", "resource.example.org", "/protectedresource"));
        assert!(proof.is_for_token(PUBLISHED_TOKEN));
        assert!(!proof.is_for_token("another"));
    }

    #[test]
    fn a_proof_counts_for_its_own_key_method_place_token_and_nonce() {
        let key = SigningKey::generate().unwrap();
        let proof = DpopProof::verify(&proof_by(&key)).unwrap();
        assert_eq!(proof.thumbprint(), DpopThumbprint::of(key.public()).unwrap());
        assert_eq!((proof.key(), proof.nonce()), (key.public(), Some("n-1")));
        assert!(proof.is_for("GET", "HKG.example", "/v1/pass"), "a host's case does not count");
        for (method, host, path) in [
            ("POST", "hkg.example", "/v1/pass"),
            ("GET", "chn.example", "/v1/pass"),
            ("GET", "hkg.example", "/v1/passages"),
            ("GET", "", "/v1/pass"),
            ("GET", "hkg.example/v1", "/pass"),
        ] {
            assert!(!proof.is_for(method, host, path), "{method} {host} {path}");
        }
        assert!(proof.is_for_token("secret") && !proof.is_for_token("secreT"));
    }

    #[test]
    fn every_change_of_one_byte_is_refused() {
        let proof = proof_by(&SigningKey::generate().unwrap());
        for place in 0..proof.len() {
            for other in (0x20..0x7f_u8).step_by(5).chain([b'.', b'=', b'A']) {
                let mut changed = proof.clone().into_bytes();
                if changed[place] == other {
                    continue;
                }
                changed[place] = other;
                let changed = String::from_utf8(changed).unwrap();
                assert!(DpopProof::verify(&changed).is_err(), "{place}: {other}");
            }
        }
    }

    #[test]
    fn what_is_no_proof_is_refused_for_the_first_thing_wrong_with_it() {
        use DpopError::*;
        let key = SigningKey::generate().unwrap();
        let (x, y) = VerifyingKey::new(*key.public()).unwrap().coordinates().unwrap();
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        let jwk = format!(r#""jwk":{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}"#);
        let good = format!(r#"{{"typ":"dpop+jwt","alg":"ES256",{jwk}}}"#);
        let claims = r#"{"jti":"a","htm":"GET","htu":"https://a/b","iat":1}"#;
        assert!(DpopProof::verify(&signed(&key, &good, claims)).is_ok());
        let long = format!(r#"{{"jti":"{}","htm":"GET","htu":"https://a/b","iat":1}}"#, "j".repeat(129));
        for (header, claims, expected) in [
            (good.replace("dpop+jwt", "JWT"), claims, Algorithm),
            (good.replace("ES256", "none"), claims, Algorithm),
            (good.replace("ES256", "HS256"), claims, Algorithm),
            (good.replacen('{', r#"{"crit":["b64"],"#, 1), claims, Algorithm),
            (good.replace("P-256", "P-384"), claims, Key),
            (good.replace(r#""kty":"EC""#, r#""kty":"EC","d":"AAAA""#), claims, Key),
            (good.replace(&y, &x), claims, Key),
            (good.replace(&format!(r#","y":"{y}""#), ""), claims, Members),
            (good.replacen('{', r#"{"alg":"ES256","#, 1), claims, Members),
            (good.clone(), r#"{"jti":"a","htm":"GET","htu":"https://a/b"}"#, Members),
            (good.clone(), r#"{"jti":"a","htm":"GET","htu":"https://a/b","iat":1.5}"#, Members),
            (good.clone(), r#"{"jti":"","htm":"GET","htu":"https://a/b","iat":1}"#, Members),
            (good.clone(), r#"{"jti":"a","jti":"b","htm":"GET","htu":"https://a/b","iat":1}"#, Members),
            (good.clone(), &long, Members),
            (good.clone(), "[]", Members),
        ] {
            let refused = DpopProof::verify(&signed(&key, &header, claims)).map(drop);
            assert_eq!(refused, Err(expected), "{header} {claims}");
        }
        let other = SigningKey::generate().unwrap();
        assert_eq!(DpopProof::verify(&signed(&other, &good, claims)).map(drop), Err(Signature));
        for text in ["", ".", "..", "a.b", "a.b.c.d", &"A".repeat(MAX_DPOP_LEN + 1)] {
            assert!(DpopProof::verify(text).is_err(), "{text}");
        }
    }
}
