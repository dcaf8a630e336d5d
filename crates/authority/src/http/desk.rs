//! Desk: officers sign in at this authority, register passkeys, and see accounts and acts (docs/officers.md).
//!
//! Lives here: the routes and their bodies. Not here: any check of a passkey or a role (`officers`), what officers do after
//! that (`officers` beside this file).

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use documents::Timestamp;
use officers::{
    AccountId, AccountName, Actor, Deed, Desk, NewAccount, Registration, Role, Signed, SignedAssertion,
    State as Standing,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::AppState;
use super::body::{Base64, JsonBody, Officer, base64};
use super::problem::{Problem, ProblemCode};

/// Asks the desk, which waits for its files.
pub(super) async fn at_desk<T: Send + 'static>(
    app: &Arc<AppState>,
    ask: impl FnOnce(&Desk, Timestamp) -> T + Send + 'static,
) -> Result<T, Problem> {
    let (desk, now) = (Arc::clone(&app.state.officers), (app.state.now)());
    tokio::task::spawn_blocking(move || ask(&desk, now)).await.map_err(|_| ProblemCode::Internal.into())
}

/// What a browser hands to its authenticator (WebAuthn Level 3, 5.4 and 5.5).
#[derive(Serialize, ToSchema)]
pub(super) struct ChallengeAnswer {
    /// 32 bytes in base64url; counts once, for two minutes.
    challenge: String,
    /// The relying party's id.
    rp_id: String,
    /// How long it counts, in milliseconds.
    timeout_ms: i64,
}

/// Gives a challenge to sign in with
#[utoipa::path(post, path = "/v1/officers/challenges", operation_id = "sign_in_challenge", tag = "officers",
    responses((status = 200, description = "A challenge.", body = ChallengeAnswer)))]
pub(super) async fn challenge(State(app): State<Arc<AppState>>) -> Result<Json<ChallengeAnswer>, Problem> {
    let given = at_desk(&app, Desk::sign_in_challenge).await?;
    let given = given.map_err(|error| Problem::from(&error))?;
    let desk = &app.state.officers;
    Ok(Json(ChallengeAnswer {
        challenge: base64(given.as_bytes()),
        rp_id: desk.party().id().to_owned(),
        timeout_ms: desk.limits().challenge_seconds * 1000,
    }))
}

/// A one-time code, or what an authenticator gave: one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub(super) enum SignInBody {
    /// A one-time code: 32 hexadecimal digits; blanks and dashes do not count.
    Code(String),
    /// The answer to `navigator.credentials.get`.
    Passkey(AssertionBody),
}

/// The answer to `navigator.credentials.get`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AssertionBody {
    /// `rawId`.
    id: Base64,
    /// `response.clientDataJSON`.
    client_data: Base64,
    /// `response.authenticatorData`.
    authenticator_data: Base64,
    /// `response.signature`.
    signature: Base64,
}

/// Who is signed in.
#[derive(Serialize, ToSchema)]
pub(super) struct SessionAnswer {
    /// The secret of the session, as it stands after `Bearer`; given once, when it begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    /// The account, as the record of acts names it.
    account: String,
    /// The name that colleagues read.
    name: String,
    /// Stable codes of the roles.
    roles: Vec<&'static str>,
    /// Whether it is a test account.
    test: bool,
    /// Whether a passkey must be registered before anything else.
    passkey_needed: bool,
    /// When the session ends if nothing is asked for.
    #[schema(format = DateTime)]
    until: String,
}

impl SessionAnswer {
    fn new(signed: &Signed, session: Option<String>) -> Self {
        Self {
            session,
            account: signed.account.to_string(),
            name: signed.name.expose().to_owned(),
            roles: signed.roles.iter().map(|role| role.word()).collect(),
            test: signed.test,
            passkey_needed: signed.passkey_needed,
            until: signed.until.to_string(),
        }
    }
}

/// Signs in with a passkey, or with a one-time code
///
/// A code counts once. Where cameras are not simulated it opens nothing but the registration of a passkey.
#[utoipa::path(post, path = "/v1/officers/sessions", operation_id = "sign_in", tag = "officers", request_body = SignInBody,
    responses((status = 201, description = "Signed in.", body = SessionAnswer)))]
pub(super) async fn sign_in(
    State(app): State<Arc<AppState>>,
    JsonBody(body): JsonBody<SignInBody>,
) -> Result<(StatusCode, Json<SessionAnswer>), Problem> {
    let opened = at_desk(&app, move |desk, now| match body {
        SignInBody::Code(code) => desk.redeem(&code, now),
        SignInBody::Passkey(answer) => {
            let AssertionBody { id, client_data, authenticator_data, signature } = answer;
            let given = SignedAssertion {
                id: id.0,
                client_data: client_data.0,
                authenticator_data: authenticator_data.0,
                signature: signature.0,
            };
            desk.sign_in(&given, now)
        }
    })
    .await??;
    Ok((StatusCode::CREATED, Json(SessionAnswer::new(&opened.signed, Some(opened.token.expose())))))
}

/// Tells who is signed in
#[utoipa::path(get, path = "/v1/officers/session", operation_id = "own_session", tag = "officers",
    security(("officer" = [])), responses((status = 200, description = "Who.", body = SessionAnswer)))]
pub(super) async fn own_session(
    State(app): State<Arc<AppState>>,
    officer: Officer,
) -> Result<Json<SessionAnswer>, Problem> {
    let signed = at_desk(&app, move |desk, now| desk.signed(&officer.token, now)).await??;
    Ok(Json(SessionAnswer::new(&signed, None)))
}

/// Signs out
#[utoipa::path(delete, path = "/v1/officers/session", operation_id = "sign_out", tag = "officers",
    security(("officer" = [])), responses((status = 204, description = "The session has ended.")))]
pub(super) async fn sign_out(
    State(app): State<Arc<AppState>>,
    officer: Officer,
) -> Result<StatusCode, Problem> {
    at_desk(&app, move |desk, now| desk.sign_out(&officer.token, now)).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// What a browser hands to its authenticator to make a passkey.
#[derive(Serialize, ToSchema)]
pub(super) struct NewPasskeyAnswer {
    #[serde(flatten)]
    challenge: ChallengeAnswer,
    /// The user handle: the account's id, in base64url.
    user_id: String,
    /// What the authenticator shows.
    user_name: String,
    /// Ids of the account's passkeys, in base64url: an authenticator that has one makes no second.
    exclude: Vec<String>,
}

/// Gives a challenge to register a passkey with
#[utoipa::path(post, path = "/v1/officers/passkeys/challenges", operation_id = "passkey_challenge", tag = "officers",
    security(("officer" = [])), responses((status = 200, description = "A challenge.", body = NewPasskeyAnswer)))]
pub(super) async fn passkey_challenge(
    State(app): State<Arc<AppState>>,
    officer: Officer,
) -> Result<Json<NewPasskeyAnswer>, Problem> {
    let given = at_desk(&app, move |desk, now| desk.registration_challenge(&officer.token, now)).await??;
    let desk = &app.state.officers;
    Ok(Json(NewPasskeyAnswer {
        challenge: ChallengeAnswer {
            challenge: base64(given.challenge.as_bytes()),
            rp_id: desk.party().id().to_owned(),
            timeout_ms: desk.limits().challenge_seconds * 1000,
        },
        user_id: base64(given.signed.account.as_bytes()),
        user_name: format!("{} ({})", given.signed.name.expose(), app.state.service.code()),
        exclude: given.known,
    }))
}

/// The answer to `navigator.credentials.create`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RegistrationBody {
    /// `response.clientDataJSON`.
    client_data: Base64,
    /// `response.attestationObject`.
    attestation: Base64,
}

/// Registers a passkey
#[utoipa::path(post, path = "/v1/officers/passkeys", operation_id = "add_passkey", tag = "officers",
    request_body = RegistrationBody, security(("officer" = [])),
    responses((status = 201, description = "Registered; the session goes on.", body = SessionAnswer)))]
pub(super) async fn add_passkey(
    State(app): State<Arc<AppState>>,
    officer: Officer,
    JsonBody(body): JsonBody<RegistrationBody>,
) -> Result<(StatusCode, Json<SessionAnswer>), Problem> {
    let given = Registration { client_data: body.client_data.0, attestation: body.attestation.0 };
    let signed = at_desk(&app, move |desk, now| desk.register(&officer.token, &given, now)).await??;
    Ok((StatusCode::CREATED, Json(SessionAnswer::new(&signed, None))))
}

/// The accounts of this authority.
#[derive(Serialize, ToSchema)]
pub(super) struct AccountsAnswer {
    accounts: Vec<AccountRow>,
}

/// One of them.
#[derive(Serialize, ToSchema)]
struct AccountRow {
    id: String,
    name: String,
    roles: Vec<&'static str>,
    /// `active` or `locked`.
    state: &'static str,
    test: bool,
    passkeys: usize,
    /// Whether a one-time code is out.
    code_open: bool,
}

/// Lists the accounts
#[utoipa::path(get, path = "/v1/officers/accounts", operation_id = "accounts", tag = "officers",
    security(("officer" = [])), responses((status = 200, description = "The oldest first.", body = AccountsAnswer)))]
pub(super) async fn accounts(
    State(app): State<Arc<AppState>>,
    officer: Officer,
) -> Result<Json<AccountsAnswer>, Problem> {
    officer.may(&app, Deed::ReadAccounts, "").await?;
    let (accounts, now) = at_desk(&app, |desk, now| (desk.accounts(), now)).await?;
    let accounts = accounts?;
    let row = |account: &officers::Account| AccountRow {
        id: account.id.to_string(),
        name: account.name.expose().to_owned(),
        roles: account.roles.iter().map(|role| role.word()).collect(),
        state: match account.state {
            Standing::Active => "active",
            Standing::Locked(_) => "locked",
        },
        test: account.test,
        passkeys: account.passkeys().len(),
        code_open: account.code_open(now),
    };
    Ok(Json(AccountsAnswer { accounts: accounts.iter().map(row).collect() }))
}

/// An account that is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAccountBody {
    /// 1 to 64 characters.
    name: String,
    /// `lane-officer`, `enrolment-officer`, `supervisor`, `auditor`, `operator`; at least one.
    #[schema(value_type = Vec<String>)]
    roles: BTreeSet<Role>,
}

/// An account, and the code with which its person signs in first.
#[derive(Serialize, ToSchema)]
pub(super) struct CodeAnswer {
    /// The account to which the code belongs.
    account: String,
    /// The one-time code: hand it to that person alone.
    code: String,
}

/// Adds an account
#[utoipa::path(post, path = "/v1/officers/accounts", operation_id = "add_account", tag = "officers",
    request_body = NewAccountBody, security(("officer" = [])),
    responses((status = 201, description = "Added, with its one-time code, which is shown once.", body = CodeAnswer)))]
pub(super) async fn add_account(
    State(app): State<Arc<AppState>>,
    officer: Officer,
    JsonBody(body): JsonBody<NewAccountBody>,
) -> Result<(StatusCode, Json<CodeAnswer>), Problem> {
    let acting = officer.may(&app, Deed::ChangeAccounts, "").await?;
    let name = AccountName::new(&body.name).map_err(|_| Problem::wrong_field("name"))?;
    let new = NewAccount { name, side: None, roles: body.roles, test: false };
    let actor = Actor::Account(acting.signed.account);
    let (id, code) = at_desk(&app, move |desk, now| desk.add(&actor, new, now)).await???;
    Ok((StatusCode::CREATED, Json(CodeAnswer { account: id.to_string(), code: code.expose() })))
}

fn account_id(text: &str) -> Result<AccountId, Problem> {
    text.parse().map_err(|_| ProblemCode::UnknownAccount.into())
}

/// Gives an account a new one-time code
#[utoipa::path(post, path = "/v1/officers/accounts/{id}/code", operation_id = "account_code", tag = "officers",
    params(("id" = String, Path, description = "The account.")), security(("officer" = [])),
    responses((status = 201, description = "The code, which is shown once.", body = CodeAnswer)))]
pub(super) async fn account_code(
    State(app): State<Arc<AppState>>,
    officer: Officer,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<CodeAnswer>), Problem> {
    let id = account_id(&id)?;
    let acting = officer.may(&app, Deed::ChangeAccounts, id.to_string()).await?;
    let actor = Actor::Account(acting.signed.account);
    let code = at_desk(&app, move |desk, now| desk.new_code(&actor, id, now)).await???;
    Ok((StatusCode::CREATED, Json(CodeAnswer { account: id.to_string(), code: code.expose() })))
}

/// Locks an account; its sessions end
#[utoipa::path(post, path = "/v1/officers/accounts/{id}/lock", operation_id = "account_lock", tag = "officers",
    params(("id" = String, Path, description = "The account.")), security(("officer" = [])),
    responses((status = 204, description = "Locked.")))]
pub(super) async fn account_lock(
    State(app): State<Arc<AppState>>,
    officer: Officer,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = account_id(&id)?;
    let acting = officer.may(&app, Deed::ChangeAccounts, id.to_string()).await?;
    let actor = Actor::Account(acting.signed.account);
    at_desk(&app, move |desk, now| desk.lock(&actor, id, now)).await???;
    Ok(StatusCode::NO_CONTENT)
}

/// The record of acts.
#[derive(Serialize, ToSchema)]
pub(super) struct ActsAnswer {
    /// `whole`, or what is wrong with the record.
    record: String,
    /// The newest thousand, the newest first; none where the record is not whole.
    acts: Vec<ActRow>,
}

/// One act.
#[derive(Serialize, ToSchema)]
struct ActRow {
    number: u64,
    #[schema(format = DateTime)]
    at: String,
    /// An account, `operator` or `nobody`.
    actor: String,
    act: String,
    object: String,
    result: String,
}

/// Acts that are shown at once.
const ACTS: usize = 1000;

/// Shows the record of acts
#[utoipa::path(get, path = "/v1/officers/acts", operation_id = "acts", tag = "officers", security(("officer" = [])),
    responses((status = 200, description = "The record, verified line by line.", body = ActsAnswer)))]
pub(super) async fn acts(
    State(app): State<Arc<AppState>>,
    officer: Officer,
) -> Result<Json<ActsAnswer>, Problem> {
    officer.may(&app, Deed::ReadActs, "").await?;
    let (record, acts) = match at_desk(&app, |desk, _| desk.record().verify()).await? {
        Ok(acts) => ("whole".to_owned(), acts),
        Err(fault) => {
            tracing::error!(%fault, "the record of acts is not whole");
            (fault.to_string(), Vec::new())
        }
    };
    let row = |act: officers::Act| ActRow {
        number: act.number,
        at: act.at.to_string(),
        actor: act.actor,
        act: act.act,
        object: act.object,
        result: act.result,
    };
    Ok(Json(ActsAnswer { record, acts: acts.into_iter().rev().take(ACTS).map(row).collect() }))
}
