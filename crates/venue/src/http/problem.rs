//! Problem: what goes wrong, as problem details (RFC 9457).
//!
//! Lives here: [`Problem`], and the one place where each error of a desk becomes one. Not here: the sentences and codes (beside
//! their errors). A failure of the database is told without its cause, which goes to the operator's log of whoever serves.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use verifier::VerifierError;

use crate::building::BuildingError;
use crate::desk::{AskError, CheckInError, NotAllowed, OpenIdError, TakeError};
use crate::door::DoorError;
use crate::hotel::{EraseError, HotelError};
use crate::library::{AccountError, LibraryError};
use crate::library_system::AskError as SystemError;
use crate::passing::PassingError;
use crate::store::StoreError;

/// A problem. It repeats nothing of what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// `urn:baypass:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:baypass:problem:answered_already")]
    kind: String,
    /// What happened.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What to do next.
    detail: String,
    /// The stable code.
    code: String,
    /// Which field is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &str, detail: impl std::fmt::Display) -> Self {
        Self {
            kind: format!("urn:baypass:problem:{code}"),
            title: title(status),
            status: status.as_u16(),
            detail: detail.to_string(),
            code: code.to_owned(),
            field: None,
        }
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Something that was sent has not its form.
    pub(super) fn form(field: &str, want: impl std::fmt::Display) -> Self {
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "wrong_field", want);
        problem.field = Some(field.to_owned());
        problem
    }

    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "no such page; look at /openapi.json")
    }

    pub(super) fn method() -> Self {
        let detail = "not with this method; look at /openapi.json";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
    }

    pub(super) fn unauthorized() -> Self {
        let detail = "sign in with the counter's secret, which the desk's program shows when it starts";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
    }

    pub(super) fn self_service() -> Self {
        let detail = "this browser is left to travellers; sign in at the counter for what staff do";
        Self::new(StatusCode::FORBIDDEN, "self_service", detail)
    }

    pub(super) fn reader() -> Self {
        let detail = "the reader of cards failed on this one; type what stands on the card";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "card_picture_file", detail)
    }

    pub(super) fn no_random() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "no_random", "try again")
    }

    fn store(error: &StoreError) -> Self {
        let (status, code) = match error {
            StoreError::Database { .. } | StoreError::File(_) | StoreError::Ended => {
                (StatusCode::SERVICE_UNAVAILABLE, "store")
            }
            StoreError::Newer(_)
            | StoreError::Migration(_)
            | StoreError::MasterKey
            | StoreError::Row { .. }
            | StoreError::Seal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "store_damaged"),
        };
        let detail = "the desk's book cannot be reached; nothing was written. Try again, or take documents by hand; \
                      the operator looks at disk space and database";
        Self::new(status, code, detail)
    }
}

const fn title(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "Not signed in",
        403 => "Not allowed here",
        404 => "Not found",
        405 => "Method not allowed",
        409 => "It stands in the way of what was done before",
        413 => "Too large",
        415 => "Unsupported media type",
        422 => "Something that was sent is refused",
        503 => "The desk cannot work at the moment",
        _ => "The desk failed",
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::store(&error)
    }
}

impl From<NotAllowed> for Problem {
    fn from(error: NotAllowed) -> Self {
        Self::new(StatusCode::FORBIDDEN, error.code(), &error)
    }
}

impl From<AskError> for Problem {
    fn from(error: AskError) -> Self {
        match error {
            AskError::NotAllowed(refused) => refused.into(),
            AskError::Store(error) => error.into(),
            AskError::Request(_) | AskError::Time(_) | AskError::OtherDesk | AskError::NotASign => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, error.code(), &error)
            }
        }
    }
}

impl From<OpenIdError> for Problem {
    fn from(error: OpenIdError) -> Self {
        let status = match error {
            OpenIdError::NotAllowed(refused) => return refused.into(),
            OpenIdError::Store(error) => return error.into(),
            OpenIdError::NotSetUp | OpenIdError::Query(_) => StatusCode::CONFLICT,
            OpenIdError::Claims(_) => StatusCode::UNPROCESSABLE_ENTITY,
            OpenIdError::Verifier(ref error) => match error {
                VerifierError::Unknown => StatusCode::NOT_FOUND,
                VerifierError::NotSetUp | VerifierError::AnsweredAlready => StatusCode::CONFLICT,
                VerifierError::Posted(_)
                | VerifierError::Refused(_)
                | VerifierError::Declined
                | VerifierError::Status(_) => StatusCode::UNPROCESSABLE_ENTITY,
                VerifierError::Crypto(_) => StatusCode::INTERNAL_SERVER_ERROR,
            },
        };
        Self::new(status, error.code(), &error)
    }
}

impl From<TakeError> for Problem {
    fn from(error: TakeError) -> Self {
        let status = match error {
            TakeError::NotAllowed(refused) => return refused.into(),
            TakeError::Store(error) => return error.into(),
            TakeError::UnknownRequest => StatusCode::NOT_FOUND,
            TakeError::AnsweredAlready | TakeError::ShownBefore => StatusCode::CONFLICT,
            TakeError::Answer(_) | TakeError::Unreadable { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            TakeError::Receipt(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.code(), &error)
    }
}

impl From<CheckInError> for Problem {
    fn from(error: CheckInError) -> Self {
        match error {
            CheckInError::Store(error) => error.into(),
            CheckInError::NoHotel | CheckInError::Party(_) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, error.code(), &error)
            }
        }
    }
}

impl From<HotelError> for Problem {
    fn from(error: HotelError) -> Self {
        let status = match error {
            HotelError::Store(error) => return error.into(),
            HotelError::Unknown => StatusCode::NOT_FOUND,
            HotelError::Changed | HotelError::NoSystem => StatusCode::CONFLICT,
            HotelError::Stay(_) => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let field = match &error {
            HotelError::Stay(refused) => refused.field().map(|field| field.code().to_owned()),
            HotelError::Unknown | HotelError::Changed | HotelError::NoSystem | HotelError::Store(_) => None,
        };
        Self { field, ..Self::new(status, error.code(), &error) }
    }
}

impl From<EraseError> for Problem {
    fn from(error: EraseError) -> Self {
        let status = match error {
            EraseError::Store(error) => return error.into(),
            EraseError::Unknown => StatusCode::NOT_FOUND,
            EraseError::InHouse | EraseError::ReportOpen | EraseError::KeptByLaw { .. } => {
                StatusCode::CONFLICT
            }
        };
        Self::new(status, error.code(), &error)
    }
}

impl From<BuildingError> for Problem {
    fn from(error: BuildingError) -> Self {
        let status = match error {
            BuildingError::Store(error) => return error.into(),
            BuildingError::Unknown => StatusCode::NOT_FOUND,
            BuildingError::Changed | BuildingError::Inside | BuildingError::Answer(_) => StatusCode::CONFLICT,
            BuildingError::Visit(_) => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self::new(status, error.code(), &error)
    }
}

impl From<LibraryError> for Problem {
    fn from(error: LibraryError) -> Self {
        let status = match &error {
            LibraryError::Store(_) | LibraryError::Account(AccountError::Store(_)) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            LibraryError::NoReader | LibraryError::NoIntent => StatusCode::NOT_FOUND,
            LibraryError::OtherContent | LibraryError::Answer(_) | LibraryError::StillOpen => {
                StatusCode::CONFLICT
            }
            LibraryError::Card
            | LibraryError::UnknownAccount
            | LibraryError::Account(AccountError::Refused) => StatusCode::FORBIDDEN,
            LibraryError::Account(
                AccountError::Unreachable | AccountError::Answer(_) | AccountError::PoolEmpty,
            ) => StatusCode::SERVICE_UNAVAILABLE,
            LibraryError::System(SystemError::Request(_)) => StatusCode::UNPROCESSABLE_ENTITY,
            LibraryError::System(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        match error {
            LibraryError::Store(error) | LibraryError::Account(AccountError::Store(error)) => error.into(),
            error @ (LibraryError::NoReader
            | LibraryError::NoIntent
            | LibraryError::OtherContent
            | LibraryError::Answer(_)
            | LibraryError::Account(_)
            | LibraryError::UnknownAccount
            | LibraryError::Card
            | LibraryError::StillOpen
            | LibraryError::System(_)) => Self::new(status, error.code(), &error),
        }
    }
}

impl From<PassingError> for Problem {
    fn from(error: PassingError) -> Self {
        match error {
            PassingError::Building(error) => error.into(),
            PassingError::NoSuchDoor(error) => Self::form("door", error),
            PassingError::Door(error) => {
                let status = match &error {
                    DoorError::Command(_) | DoorError::Busy => StatusCode::CONFLICT,
                    DoorError::Unreachable(_)
                    | DoorError::Silent
                    | DoorError::Answer(_)
                    | DoorError::StuckOpen
                    | DoorError::Stopped => StatusCode::SERVICE_UNAVAILABLE,
                };
                Self::new(status, error.code(), &error)
            }
        }
    }
}
