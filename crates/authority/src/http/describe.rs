//! Describe: which problems each operation can answer with, written into its description.
//!
//! Lives here: one row for each operation. Not here: what a problem says (`problem`). A test holds the rows to the routes.

use serde_json::{Value, json};

use super::problem::ProblemCode;

/// Which problems an operation can answer with, beside those that any can; `None` for an operation that is not here.
fn problems_of(operation: &str) -> Option<Vec<ProblemCode>> {
    use ProblemCode::*;
    const JSON: &[ProblemCode] =
        &[UnsupportedMediaType, BodyTooLarge, BodyInterrupted, BodyTooSlow, MalformedJson, WrongField];
    const CBOR: &[ProblemCode] = &[
        UnsupportedMediaType,
        BodyTooLarge,
        BodyInterrupted,
        BodyTooSlow,
        MessageMalformed,
        SignatureInvalid,
        KeyNotTrusted,
        NotForUs,
    ];
    const OFFICER: &[ProblemCode] =
        &[Unauthorized, RoleMissing, PasskeyNeeded, AccountsUnusable, CryptoFailed, Internal];
    const SIGN_IN: &[ProblemCode] =
        &[PasskeyRefused, ChallengeExpired, AccountLocked, AccountsUnusable, CryptoFailed, Internal];
    const DEVICE: &[ProblemCode] = &[InvalidDpopProof, UseDpopNonce, TooManyRequests];
    const HOLDER: &[ProblemCode] = &[
        Unauthorized,
        NoPass,
        EnrolmentWaits,
        CarerOfAge,
        CarerDateOver,
        CarerWithdrawn,
        CarerEnded,
        InvalidDpopProof,
        UseDpopNonce,
        TooManyRequests,
    ];
    const STORE: &[ProblemCode] = &[DatabaseFailed, RowDamaged];
    const BATCH: &[ProblemCode] = &[
        BatchSize,
        DeviceKeyInvalid,
        PossessionInvalid,
        DeviceKeyTaken,
        TooManyKeys,
        NothingIssued,
        NoPermit,
        WeeklyKeyMissing,
        TemplateUnknown,
        PartFailed,
        TokenFailed,
        CryptoFailed,
    ];
    const PICTURE: &[ProblemCode] = &[PictureUnreadable, FaceUnusable, Busy, FaceModelsFailed, Internal];
    const CLAIM: &[ProblemCode] = &[
        NumberInvalid,
        NothingHeld,
        InvitationInvalid,
        WorkRequired,
        WorkInvalid,
        MrzUnreadable,
        MrzMismatch,
        CryptoFailed,
        Internal,
    ];
    const FRAMES: &[ProblemCode] = &[
        EnrolmentNotUnderWay,
        EnrolmentBusy,
        FramesRefused,
        LivenessFailed,
        FaceMasked,
        FaceShaded,
        FaceCovered,
        UnknownPerson,
        CarerNeeded,
        CarerAway,
        TemplateUnknown,
        CryptoFailed,
    ];
    let lists: &[&[ProblemCode]] = match operation {
        "ask_identity" => &[DEVICE, &[IdentityNotTaken, CryptoFailed, Internal]],
        "identity_state" => &[DEVICE, &[IdentityNotTaken, IdentityRequestUnknown]],
        "enrol" => &[
            JSON,
            DEVICE,
            STORE,
            CLAIM,
            &[IdentityNotTaken, IdentityRequestUnknown, IdentityWaits, IdentityNumber],
        ],
        "frames" => &[JSON, DEVICE, PICTURE, STORE, FRAMES],
        "offer_hand_over" => &[JSON, HOLDER, STORE, &[PassSuspended]],
        "withdraw_hand_over" => &[HOLDER],
        "take_hand_over" => {
            &[JSON, DEVICE, STORE, &[HandOverUnknown, NoPass, PassSuspended, CarerAway, CryptoFailed]]
        }
        "answer_second_enrolment" => &[JSON, HOLDER, STORE, &[NothingPending]],
        "invite" => &[OFFICER, JSON, STORE, &[NumberInvalid, UnknownPerson, CryptoFailed]],
        "offer" => &[OFFICER, JSON, STORE, &[NotFound, NumberInvalid, UnknownPerson, CryptoFailed]],
        "second_enrolments" => &[OFFICER, STORE],
        "decide_second_enrolment" => &[OFFICER, JSON, STORE, &[NumberInvalid, UnknownPerson, NothingPending]],
        "tokens" => &[JSON, HOLDER, BATCH, STORE, &[StatusPlacesTaken, PassSuspended, CarerAway]],
        "parts" => &[JSON, HOLDER, BATCH, STORE, &[PassSuspended, CarerAway]],
        "venue_credentials" => {
            &[JSON, HOLDER, BATCH, STORE, &[StatusPlacesTaken, NotApproved, PassSuspended, CarerAway]]
        }
        "own_carers" => &[HOLDER, STORE],
        "withdraw_carer" => &[HOLDER, STORE, &[UnknownCarer]],
        "add_carer" => &[OFFICER, JSON, STORE, &[NumberInvalid, UnknownPerson, CarerRefused, CryptoFailed]],
        "list_carers" => &[OFFICER, JSON, STORE, &[NumberInvalid, UnknownPerson]],
        "end_carer" => &[OFFICER, JSON, STORE, &[NumberInvalid, UnknownPerson, UnknownCarer]],
        "own_pass" | "end_pass" | "passages" | "mark_look_alike" => &[HOLDER, STORE],
        "attestation_nonce" => &[HOLDER],
        "may_cross" => &[JSON, HOLDER, STORE],
        "status_list" => &[&[NotFound, StatusFailed, CryptoFailed], STORE],
        "verdicts" => &[
            CBOR,
            STORE,
            &[
                NotTheSender,
                GateOutsideBinding,
                EnvelopeMismatch,
                Busy,
                FaceModelsFailed,
                CryptoFailed,
                Internal,
            ],
        ],
        "events" | "chains" => &[CBOR, STORE, &[NotTheSender, CryptoFailed]],
        "handovers" => &[CBOR, STORE, &[NotTheSender, SealedUnreadable, PartFailed]],
        "notices" => &[CBOR, STORE, &[NotTheSender]],
        "add_resident" => &[OFFICER, JSON, PICTURE, STORE, &[RecordInvalid, NothingIssued, NumberTaken]],
        "verdict" => &[OFFICER, &[UnknownReference], STORE],
        "holder_at_lane" => &[
            OFFICER,
            PICTURE,
            STORE,
            &[UnknownReference, WrongField, NobodyAtLane, PortraitNotApproved, TemplateUnknown],
        ],
        "ledger" => &[OFFICER, &[WrongField], STORE],
        "unresolved" | "conflicts" => &[OFFICER, STORE],
        "settlements" => {
            &[OFFICER, JSON, STORE, &[NothingWaits, AlreadyCounted, NoReservation, CryptoFailed]]
        }
        "replace" => {
            &[OFFICER, JSON, STORE, &[NumberInvalid, UnknownPerson, NumberTaken, NothingIssued, CryptoFailed]]
        }
        "issue_paper" | "paper_part" => &[
            OFFICER,
            JSON,
            BATCH,
            STORE,
            &[NumberInvalid, UnknownPerson, PaperRefused, PassSuspended, StatusPlacesTaken, MessageMalformed],
        ],
        "officer_end_pass" | "lose" | "erase" | "look_alike" | "end_papers" => {
            &[OFFICER, JSON, STORE, &[NumberInvalid, UnknownPerson]]
        }
        "appeal" => &[JSON, STORE, &[UnknownReference]],
        "appeal_state" => &[STORE, &[UnknownReference]],
        "open_appeals" | "asked_suspensions" => &[OFFICER, STORE],
        "answer_appeal" | "decide_suspension" => {
            &[OFFICER, JSON, STORE, &[UnknownReference, NothingWaits, CryptoFailed, Internal]]
        }
        "watch" => &[OFFICER, JSON, STORE, &[NumberInvalid]],
        "sign_in_challenge" => &[&[CryptoFailed, Internal]],
        "sign_in" => &[JSON, SIGN_IN, &[CodeRefused, PasskeyCopied, Unauthorized]],
        "own_session" | "sign_out" | "accounts" | "acts" => &[OFFICER],
        "passkey_challenge" => &[OFFICER],
        "add_passkey" => &[OFFICER, JSON, SIGN_IN, &[PasskeyTaken]],
        "add_account" => &[OFFICER, JSON, &[AccountRefused]],
        "account_code" => &[OFFICER, &[UnknownAccount, AccountLocked]],
        "account_lock" => &[OFFICER, &[UnknownAccount, LastSupervisor]],
        // Their refusals have codes of the standards' own (RFC 6749, RFC 9449, OpenID4VCI 1.0).
        "par" | "token" | "credential" | "deferred_credential" | "notification" => &[&[NotFound]],
        "identity_request" | "identity_request_by_post" | "identity_response" | "identity_done" => &[],
        "credential_issuer" => &[&[NotFound, CryptoFailed]],
        "authorization_server"
        | "nonce"
        | "openid_status_lists"
        | "root_certificate"
        | "revoked_certificates"
        | "openid_file" => &[&[NotFound]],
        "openid_status_list" => &[&[NotFound, StatusFailed, CryptoFailed], STORE],
        "openid_authorize" => &[&[NotFound], STORE],
        "openid_sign_in" => &[JSON, STORE, CLAIM, &[NotFound, UnknownRequest]],
        "openid_sign_in_frames" => &[JSON, PICTURE, STORE, FRAMES, &[NotFound, UnknownRequest]],
        "openid_sign_in_refusal" => &[JSON, STORE, &[NotFound, UnknownRequest]],
        "trust_lists" | "approvals" | "health" | "details" | "metrics" | "openapi" | "docs" => &[],
        _ => return None,
    };
    Some(lists.concat())
}

/// The description, with every problem that each operation can answer with.
pub(super) fn with_problems(api: &Value) -> Value {
    let mut api = api.clone();
    let schema =
        json!({ "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } });
    let Some(paths) = api.get_mut("paths").and_then(Value::as_object_mut) else { return api };
    for operation in paths.values_mut().filter_map(Value::as_object_mut).flat_map(|item| item.values_mut()) {
        let name = operation.get("operationId").and_then(Value::as_str).unwrap_or_default().to_owned();
        let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { continue };
        let mut codes = problems_of(&name).unwrap_or_default();
        codes.sort_by_key(|code| (code.status().as_u16(), *code));
        codes.dedup();
        for group in codes.chunk_by(|a, b| a.status() == b.status()) {
            let Some(first) = group.first() else { continue };
            let words: Vec<&str> = group.iter().map(|code| code.code()).collect();
            let sentences: Vec<String> =
                group.iter().map(|c| format!("`{}`: {}; {}.", c.code(), c.title(), c.next())).collect();
            responses.insert(
                first.status().as_u16().to_string(),
                json!({ "description": sentences.join("\n"), "content": schema, "x-problem-codes": words }),
            );
        }
    }
    api
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_a_row_of_problems() {
        let api = super::super::openapi();
        let paths = api["paths"].as_object().unwrap();
        let operations: Vec<_> = paths.values().flat_map(|item| item.as_object().unwrap().values()).collect();
        assert!(operations.len() > 20, "the description lists the operations where this test looks");
        for operation in operations {
            let name = operation["operationId"].as_str().unwrap();
            assert!(problems_of(name).is_some(), "{name} has no row in problems_of");
        }
        assert!(problems_of("no_operation").is_none());
    }
}
