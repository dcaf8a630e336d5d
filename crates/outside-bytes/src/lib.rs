//! Outside bytes: every reader of untrusted bytes, each as a plain function with the promises that it must keep for any
//! input. The fuzzer (`fuzz/`) and the replay of the committed seeds (`tests/replay.rs`) call the same functions.
//!
//! Lives here: [`ALL`] and its functions. A function returns whether the input was accepted, and panics if a promise is
//! broken: accepted input has one form, keeps its stated limits, and can be signed, sent and read again.
//! Only tests use this crate.

#![expect(clippy::unwrap_used, reason = "a test's crate: a broken promise ends the run")]

mod attestations;
mod cards;
mod chips;
mod codes;
mod desks;
mod enrolment;
mod faces;
mod keys;
mod lists;
mod messages;
mod openid;
mod pages;
mod papers;
mod passkeys;
mod risks;
mod venues;
mod zones;

pub use attestations::attestation;
pub use cards::{document_envelope, document_notice, page};
pub use chips::{
    CHIP_NONCE, chip_face, chip_handed_in, chip_master_list, chip_portrait, chip_revocations, chip_sod,
};
pub use codes::{
    base45_cbor, code_text, gate_check, let_decoders_fail, paper_proof, part, part_pair, picture, proof,
    token,
};
pub use desks::{ECHO, FRAME, hotel_answer, modbus_answer, rooming_list, sip2_line};
pub use enrolment::{dpop, work_salt};
pub use faces::face_probe;
pub use keys::{
    AUTHORITY_KID, LANE, SUBJECT, TOKEN_KID, authority_key, device_key, now, part_key, part_words, root,
};
pub use lists::{approval, approval_bundle, status_list, tls_key, trust_list};
pub use messages::{
    Asked, chain, envelope, event, gate_answer, handover, notice, receipt, receiver_key, request,
    signed_message, verdict,
};
pub use openid::{
    ISSUER, LIST, ORIGIN, openid_issuer, openid_mdoc, openid_open_request, openid_page, openid_page_request,
    openid_proximity, openid_query, openid_request, openid_response, openid_sd_jwt, openid_status,
    proximity_keys,
};
pub use pages::gate_http;
pub use papers::{case_file, document_number, endorsement, mrz, words};
pub use passkeys::webauthn;
pub use risks::{risk_reason, risk_rules, risk_state, risk_version};
pub use venues::{desk_request, sd_cwt, venue_answer, venue_code, venue_receipt, venue_request};
pub use zones::zone_frame;

/// A reader and its name, which is also the name of its fuzz target and of its folder of seeds.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Name of the reader, in snake case.
    pub name: &'static str,
    /// The reader: returns whether the bytes were accepted.
    pub read: fn(&[u8]) -> bool,
}

macro_rules! targets {
    ($($name:ident),+ $(,)?) => {
        /// All of them. A new one is a function, its name here, a file in `fuzz/fuzz_targets` and seeds.
        pub const ALL: &[Target] = &[$(Target { name: stringify!($name), read: $name }),+];
    };
}
targets!(
    approval,
    approval_bundle,
    attestation,
    base45_cbor,
    case_file,
    chip_face,
    chip_handed_in,
    chip_master_list,
    chip_portrait,
    chip_revocations,
    chip_sod,
    code_text,
    document_envelope,
    document_notice,
    document_number,
    dpop,
    endorsement,
    envelope,
    chain,
    event,
    receipt,
    face_probe,
    gate_answer,
    gate_check,
    gate_http,
    handover,
    hotel_answer,
    modbus_answer,
    mrz,
    notice,
    openid_issuer,
    openid_mdoc,
    openid_page,
    openid_proximity,
    openid_query,
    openid_request,
    openid_response,
    openid_sd_jwt,
    openid_status,
    page,
    paper_proof,
    part,
    picture,
    proof,
    request,
    risk_reason,
    risk_rules,
    risk_state,
    risk_version,
    rooming_list,
    sd_cwt,
    sip2_line,
    signed_message,
    status_list,
    tls_key,
    token,
    trust_list,
    venue_answer,
    venue_code,
    venue_receipt,
    venue_request,
    verdict,
    webauthn,
    words,
    work_salt,
    zone_frame,
);
