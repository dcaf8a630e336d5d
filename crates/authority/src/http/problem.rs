//! Problem: what is answered where something cannot be done (RFC 9457), with a stable code.
//!
//! Lives here: every code, its status, title and what to do next; one exhaustive `match` from each operation's error to them.
//! Not here: any value that was sent: a problem never repeats a number, a name or a date.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::applications::WorkDemand;
use crate::issuance::batch::MAX_BATCH;

macro_rules! problems {
    ($($name:ident = $code:literal, $status:ident, $title:literal, $next:literal;)+) => {
        /// The stable code of a problem. A code is public: it is never used again for something else.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum ProblemCode {
            $(#[doc = $title] $name,)+
        }

        impl ProblemCode {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The stable code, such as `no_pass`.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }

            /// The HTTP status.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status),+ }
            }

            /// What happened.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title),+ }
            }

            /// What to do next, where nothing more exact is known.
            #[must_use]
            pub const fn next(self) -> &'static str {
                match self { $(Self::$name => $next),+ }
            }
        }
    };
}

problems! {
    NotFound = "not_found", NOT_FOUND, "There is nothing at this address",
        "compare the address with /openapi.json";
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "This address does not take this method",
        "use one of the methods in the Allow header";
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "The body is of another media type",
        "send application/json, or application/cbor where /openapi.json says so";
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE, "The body is larger than is read here",
        "send a smaller picture, or less in one request";
    BodyInterrupted = "body_interrupted", BAD_REQUEST, "The body did not arrive whole",
        "send the request again";
    BodyTooSlow = "body_too_slow", REQUEST_TIMEOUT, "The body did not arrive in time",
        "send the request again over a better line";
    MalformedJson = "malformed_json", BAD_REQUEST, "The body is no JSON",
        "send one JSON object as /openapi.json describes it";
    WrongField = "wrong_field", UNPROCESSABLE_ENTITY, "A field is missing, unknown or malformed",
        "compare the field with /openapi.json";
    NumberInvalid = "number_invalid", UNPROCESSABLE_ENTITY, "The document number cannot be one",
        "compare it with the card";
    Unauthorized = "unauthorized", UNAUTHORIZED, "No valid secret came with the request",
        "send it in the header Authorization: a wallet's after DPoP, an officer's after Bearer; an officer signs in again";
    RoleMissing = "role_missing", FORBIDDEN, "No role of this account does this",
        "ask a supervisor for the role";
    PasskeyNeeded = "passkey_needed", FORBIDDEN, "A one-time code alone opens nothing",
        "register a passkey first";
    CodeRefused = "code_refused", FORBIDDEN, "The one-time code does not count (any more)",
        "ask a supervisor for a new one";
    PasskeyRefused = "passkey_refused", FORBIDDEN, "The passkey does not count here",
        "try again, or sign in with a one-time code and register it";
    PasskeyCopied = "passkey_copied", FORBIDDEN, "The passkey's counter went back: it may have been copied",
        "a supervisor must look at the account";
    PasskeyTaken = "passkey_taken", CONFLICT, "The passkey cannot be registered",
        "sign in with it, or lock an account that needs none";
    ChallengeExpired = "challenge_expired", CONFLICT, "The challenge is too old, or was used",
        "try again";
    AccountLocked = "account_locked", FORBIDDEN, "The account is locked",
        "a supervisor unlocks it";
    UnknownAccount = "unknown_account", NOT_FOUND, "There is no such account",
        "look at the list of accounts";
    AccountRefused = "account_refused", CONFLICT, "The account cannot be changed so",
        "read the detail";
    LastSupervisor = "last_supervisor", CONFLICT, "This is the last supervisor",
        "make another supervisor first";
    AccountsUnusable = "accounts_unusable", SERVICE_UNAVAILABLE, "Accounts or the record of acts cannot be used",
        "the operator checks the disk; nothing is done that cannot be written down";
    NoPass = "no_pass", UNAUTHORIZED, "No pass is in force for this wallet",
        "enrol again";
    PassSuspended = "pass_suspended", FORBIDDEN, "The pass is suspended",
        "go to an office with the card, or appeal by the reference of the crossing";
    CarerNeeded = "carer_needed", FORBIDDEN, "No relation of holder and carer stands here",
        "go to a counter with the holder, who has a pass on a carer's phone alone, and with proof of guardianship";
    CarerAway = "carer_away", FORBIDDEN, "The carer's own pass is not in force on this phone",
        "the carer enrols on this phone first";
    CarerOfAge = "carer_of_age", FORBIDDEN, "The holder is of age: the pass on a carer's phone is over",
        "enrol on the holder's own phone; or say at a counter who may carry the pass";
    CarerDateOver = "carer_date_over", FORBIDDEN, "The last day of the pass on a carer's phone is over",
        "say at a counter who may carry the pass, and until when; or enrol on the holder's own phone";
    CarerWithdrawn = "carer_withdrawn", FORBIDDEN, "Holder or carer ended the pass on the carer's phone",
        "enrol on the holder's own phone; or say at a counter who may carry the pass";
    CarerEnded = "carer_ended", FORBIDDEN, "A counter ended the pass on a carer's phone",
        "go to a counter with the holder";
    CarerRefused = "carer_refused", UNPROCESSABLE_ENTITY, "Nobody may carry this pass so",
        "read the detail";
    UnknownCarer = "unknown_carer", NOT_FOUND, "No such relation of holder and carer stands",
        "look at the relations again; it ended already, or there was none";
    UnknownPerson = "unknown_person", NOT_FOUND, "No such person is registered here",
        "check number, name and birth date and try again";
    WorkRequired = "work_required", PRECONDITION_REQUIRED, "This try takes work first",
        "wait as long as Retry-After says, find a number that solves `work`, and send the same again with it";
    WorkInvalid = "work_invalid", UNPROCESSABLE_ENTITY, "The work that was sent along does not count",
        "send the request without it, and solve what is asked for then";
    NothingHeld = "nothing_held", UNPROCESSABLE_ENTITY, "Nothing that the holder has came with the enrolment",
        "type the one-time code of an office, or scan a passport that is registered there";
    InvitationInvalid = "invitation_invalid", UNPROCESSABLE_ENTITY, "The invitation code cannot be one",
        "compare it with the paper";
    IdentityNotTaken = "identity_not_taken", CONFLICT, "Identity credentials of other systems are not taken here",
        "type number, name and birth date";
    IdentityRequestUnknown = "identity_request_unknown", NOT_FOUND, "No such request to another wallet is known",
        "begin again; it is over after some minutes, and belongs to the device key that began it";
    IdentityWaits = "identity_waits", CONFLICT, "The other wallet has not answered",
        "scan the code with it, or open the link";
    IdentityNumber = "identity_number", FORBIDDEN, "That is not the number that the other wallet shows",
        "compare it; after three wrong ones begin again";
    EnrolmentNotUnderWay = "enrolment_not_under_way", NOT_FOUND, "No such enrolment is under way",
        "begin again; it is over after three minutes, and belongs to the device key that began it";
    UnknownRequest = "unknown_request", NOT_FOUND, "The wallet's request is not there any more",
        "go back to the wallet and begin again";
    EnrolmentBusy = "enrolment_busy", CONFLICT, "Pictures of this enrolment are being looked at",
        "send one request at a time";
    FramesRefused = "frames_refused", UNPROCESSABLE_ENTITY, "The pictures are too many, too large or too late",
        "send 1 to 8 frames at once, as soon as they are taken";
    LivenessFailed = "liveness_failed", UNPROCESSABLE_ENTITY, "The pictures do not show what was asked for",
        "begin again; look into the camera yourself and follow each request";
    FaceMasked = "face_masked", UNPROCESSABLE_ENTITY, "A mask covers mouth and nose",
        "take it off, and begin again";
    FaceShaded = "face_shaded", UNPROCESSABLE_ENTITY, "Dark glasses cover the eyes",
        "take them off, and begin again";
    FaceCovered = "face_covered", UNPROCESSABLE_ENTITY, "Something covers a part of the face",
        "show eyes, nose and mouth, without hair or a hand before them, and begin again";
    EnrolmentWaits = "enrolment_waits", FORBIDDEN, "This wallet waits until the earlier one had its time to object",
        "wait, agree on the earlier wallet, or go to an office";
    NothingPending = "nothing_pending", NOT_FOUND, "No second enrolment waits",
        "it was decided already, or its time is over";
    HandOverUnknown = "hand_over_unknown", NOT_FOUND, "No such code waits for a pass to be handed over",
        "show a new one on the other device; it counts once, and for ten minutes";
    InvalidDpopProof = "invalid_dpop_proof", UNAUTHORIZED, "The proof of the wallet's device key does not count",
        "sign a new one for this request with the key that enrolled (RFC 9449)";
    UseDpopNonce = "use_dpop_nonce", UNAUTHORIZED, "The proof of the wallet's device key needs a nonce",
        "make it again with the nonce in the header DPoP-Nonce";
    TooManyRequests = "too_many_requests", TOO_MANY_REQUESTS, "Too many requests of this device key",
        "wait as long as the header Retry-After says, then try again";
    MrzUnreadable = "mrz_unreadable", UNPROCESSABLE_ENTITY, "The machine-readable zone cannot be read",
        "scan it again, or leave it out";
    MrzMismatch = "mrz_mismatch", UNPROCESSABLE_ENTITY, "The machine-readable zone is of another card",
        "compare what was typed with the card";
    PictureUnreadable = "picture_unreadable", UNPROCESSABLE_ENTITY, "The picture cannot be read",
        "send a JPEG, PNG or WebP picture";
    FaceUnusable = "face_unusable", UNPROCESSABLE_ENTITY, "The picture shows no single face that can be measured",
        "look straight into the camera, alone, with light on the face";
    BatchSize = "batch_size", UNPROCESSABLE_ENTITY, "A batch has 1 to 64 device keys",
        "ask for fewer at once";
    DeviceKeyInvalid = "device_key_invalid", UNPROCESSABLE_ENTITY, "A device key is no point on P-256",
        "send the compressed point, 33 bytes";
    PossessionInvalid = "possession_invalid", FORBIDDEN, "A device key came without a valid proof of possession",
        "sign a fresh proof with the device key, for this authority, issuer and wallet";
    TooManyKeys = "too_many_keys", TOO_MANY_REQUESTS, "This wallet asked for as many codes today as it may",
        "wait until tomorrow; the codes that it has stay good";
    StatusPlacesTaken = "status_places_taken", SERVICE_UNAVAILABLE, "No place is free in the status lists at this moment",
        "keep the keys and come again with the same ones when the time in Retry-After is over; the codes that it has stay good";
    DeviceKeyTaken = "device_key_taken", CONFLICT, "A device key is in use already",
        "make a new key";
    NothingIssued = "nothing_issued", UNPROCESSABLE_ENTITY, "This authority issued none of these documents",
        "ask the authority that did";
    PaperRefused = "paper_refused", UNPROCESSABLE_ENTITY, "No such paper pass is made",
        "choose a lane for codes, today or one of the two days after it, and bring the parts that it takes";
    NotApproved = "not_approved", UNPROCESSABLE_ENTITY, "No approval in force lets a desk ask for this",
        "leave this kind of credential out; try again when an approval begins";
    NoPermit = "no_permit", CONFLICT, "No valid document is registered that a pass could rest on",
        "renew the document at its office";
    RecordInvalid = "record_invalid", UNPROCESSABLE_ENTITY, "The resident's record cannot be read",
        "write it as docs/cases.md describes";
    NumberTaken = "number_taken", CONFLICT, "A resident with this number is registered already",
        "look the resident up instead";
    UnknownReference = "unknown_reference", NOT_FOUND, "No verdict has this reference",
        "compare the 32 hexadecimal digits";
    NobodyAtLane = "nobody_at_lane", NOT_FOUND, "Nobody whom this authority knows stands at that lane under this reference",
        "look at the traveller's own document; whom a verdict is about is shown for ten minutes, at its lane alone";
    PortraitNotApproved = "portrait_not_approved", FORBIDDEN, "No approval in force lets officers see portrait and name here",
        "compare the traveller with their document; an approval of the border would name officer_portrait";
    NothingWaits = "nothing_waits", NOT_FOUND, "Nothing with this id waits for an officer",
        "compare it with /v1/unresolved and /v1/conflicts";
    AlreadyCounted = "already_counted", CONFLICT, "The passage stands in the ledger already",
        "settle it as passed, or as noted";
    NoReservation = "no_reservation", CONFLICT, "No reservation stands behind this event",
        "settle it as noted, and write the passage in by hand";
    MessageMalformed = "message_malformed", BAD_REQUEST, "Malformed message",
        "compare it with docs/formats.md";
    SignatureInvalid = "signature_invalid", FORBIDDEN, "The signature on the message is not valid",
        "sign it with the key that the trust list names for this role";
    KeyNotTrusted = "key_not_trusted", FORBIDDEN, "The key of the message does not count here",
        "fetch the newest trust lists; the key must stand in them, for this role and time";
    SealedUnreadable = "sealed_unreadable", UNPROCESSABLE_ENTITY, "What is sealed in the message does not open here",
        "seal it to the part key in the newest trust list of this authority";
    NotForUs = "not_for_us", FORBIDDEN, "The message is not for this authority",
        "send it to the authority that it names, and at its time";
    EnvelopeMismatch = "envelope_mismatch", BAD_REQUEST, "The envelope holds something else than its request names",
        "send token, proof, part and probe as they were when the request was signed";
    GateOutsideBinding = "gate_outside_binding", FORBIDDEN, "The gate's key is not listed for this place",
        "an officer must look at the gate; the trust list names its port, lanes and directions";
    NotTheSender = "not_the_sender", FORBIDDEN, "The connection is not that of the party whose message this is",
        "send it over the sender's own connection, with a key that the newest trust lists name for the role tls";
    WeeklyKeyMissing = "weekly_key_missing", SERVICE_UNAVAILABLE, "The weekly key is not here yet",
        "try again when it was handed over";
    Busy = "busy", SERVICE_UNAVAILABLE, "Too many faces are being compared at this moment",
        "try again after the seconds in Retry-After";
    DatabaseFailed = "database_failed", SERVICE_UNAVAILABLE, "The database cannot be used",
        "try again; the operator checks the disk and the database";
    RowDamaged = "row_damaged", INTERNAL_SERVER_ERROR, "A stored row is damaged",
        "the operator restores it from a backup";
    ApprovalRefused = "approval_refused", FORBIDDEN, "The approval does not count",
        "the operator asks the supervisory authorities for a valid one";
    TemplateUnknown = "template_unknown", INTERNAL_SERVER_ERROR, "The registry's face template is of another model",
        "the operator enrols the photo again";
    PartFailed = "part_failed", INTERNAL_SERVER_ERROR, "A part could not be made",
        "the operator looks at the record";
    TokenFailed = "token_failed", INTERNAL_SERVER_ERROR, "A token could not be made",
        "the operator looks at the keys";
    StatusFailed = "status_failed", INTERNAL_SERVER_ERROR, "A status list could not be made or read",
        "the operator looks at the lists";
    CryptoFailed = "crypto_failed", INTERNAL_SERVER_ERROR, "The crypto library failed",
        "try again; the operator looks at the machine";
    FaceModelsFailed = "face_models_failed", INTERNAL_SERVER_ERROR, "The face models failed",
        "the operator runs `baypass doctor`";
    Internal = "internal", INTERNAL_SERVER_ERROR, "The service failed",
        "try again; the operator looks at the log";
}

/// Work: a number such that SHA-256 of the salt, a full stop and the number in decimal begins with so many zero bits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
struct Work {
    salt: String,
    bits: u8,
}

/// A problem, RFC 9457. It repeats nothing of what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// `urn:baypass:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:baypass:problem:not_for_us")]
    kind: String,
    /// What happened.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What to do next.
    detail: String,
    /// The stable code.
    code: ProblemCode,
    /// `wrong_field` and `mrz_mismatch`: which field.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    field: Option<Box<str>>,
    /// `work_required`: what is to be solved.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Work>)]
    work: Option<Box<Work>>,
    #[serde(skip)]
    retry_after: Option<u32>,
    #[serde(skip)]
    nonce: Option<Box<str>>,
}

impl Problem {
    /// A problem with this code and the sentence that belongs to it.
    #[must_use]
    pub fn new(code: ProblemCode) -> Self {
        Self {
            kind: format!("urn:baypass:problem:{}", code.code()),
            title: code.title(),
            status: code.status().as_u16(),
            detail: code.next().to_owned(),
            code,
            field: None,
            work: None,
            retry_after: None,
            nonce: None,
        }
    }

    /// Which problem it is.
    #[must_use]
    pub const fn code(&self) -> ProblemCode {
        self.code
    }

    /// With a more exact sentence. It must say nothing of what was sent.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// A field that cannot be so.
    #[must_use]
    pub fn wrong_field(path: &str) -> Self {
        Self::new(ProblemCode::WrongField).with_field(path)
    }

    /// With the field that is meant; characters that no field of ours has are left out.
    #[must_use]
    pub fn with_field(mut self, path: &str) -> Self {
        let ours = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.[]".contains(*c);
        let field: String = path.chars().filter(ours).take(80).collect();
        if !field.is_empty() && field != "." {
            self.field = Some(field.into());
        }
        self
    }

    /// With a nonce for the next proof.
    #[must_use]
    pub fn with_nonce(mut self, nonce: String) -> Self {
        self.nonce = Some(nonce.into());
        self
    }

    /// With the work that is asked for.
    pub(super) fn with_work(self, demand: &WorkDemand) -> Self {
        let work = Work { salt: demand.salt.clone(), bits: demand.bits };
        Self { work: Some(Box::new(work)), ..self }.after(demand.wait_seconds)
    }

    /// To be tried again after so many seconds.
    #[must_use]
    pub const fn after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

impl From<ProblemCode> for Problem {
    fn from(code: ProblemCode) -> Self {
        Self::new(code)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (code, retry, nonce) = (self.code, self.retry_after, self.nonce.clone());
        let mut response = (code.status(), Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if code.status() == StatusCode::UNAUTHORIZED {
            // RFC 9449, 7.1, for wallets; RFC 6750 for officers. `no_pass` and `unauthorized` are answered to both.
            let wallets = if code == ProblemCode::UseDpopNonce {
                r#"DPoP error="use_dpop_nonce", algs="ES256""#
            } else if code == ProblemCode::InvalidDpopProof {
                r#"DPoP error="invalid_dpop_proof", algs="ES256""#
            } else {
                r#"DPoP algs="ES256", Bearer"#
            };
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(wallets));
        }
        if let Some(nonce) = nonce.and_then(|nonce| HeaderValue::from_str(&nonce).ok()) {
            headers.insert(super::dpop::DPOP_NONCE, nonce);
        }
        response.extensions_mut().insert(code);
        response
    }
}

// The number in the title of `batch_size` is that of the service.
const _: () = assert!(MAX_BATCH == 64);
