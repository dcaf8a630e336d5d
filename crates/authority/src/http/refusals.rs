//! Refusals: which problem the error of each operation is, told to whoever asked or logged for the operator.
//!
//! Lives here: one exhaustive mapping for each error. Not here: the problems themselves (`problem`).

use credential::cose::CoseError;
use credential::message::MessageError;
use credential::part::PartError;
use credential::{CryptoError, TokenError};
use documents::CarerOver;
use face::QualityFault;
use officers::{ChangeError, FileError, PermitError, SignInError};
use trust::TrustError;

use super::problem::{Problem, ProblemCode};
use crate::applications::CaptureError;
use crate::carers::CarerError;
use crate::enrolment::{EnrolError, HandOverError, PendingError, SessionError};
use crate::events::notice::NoticeError;
use crate::events::passage::EventError;
use crate::events::settle::SettleError;
use crate::faces::FaceCheckError;
use crate::holder::HolderError;
use crate::identity::IdentityError;
use crate::inference::PoolError;
use crate::issuance::IssueError;
use crate::registry::RegistryError;
use crate::risk_control::AppealError;
use crate::seeing::SeeHolderError;
use crate::service::SenderError;
use crate::status_lists::ListError;
use crate::store::StoreError;
use crate::verdict::VerdictError;
use crate::weekly_keys::WeeklyKeyError;

/// The code with the error's own sentence.
fn told(code: ProblemCode, error: &dyn std::error::Error) -> Problem {
    Problem::new(code).with_detail(error.to_string())
}

/// The code alone; what happened goes into the log.
fn logged(code: ProblemCode, error: &dyn std::error::Error) -> Problem {
    tracing::error!(%error, "the service failed");
    Problem::new(code)
}

impl From<&StoreError> for Problem {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::Database { action, source } => {
                // The driver's own words may repeat a value: the log names the action and the kind alone.
                let kind = database_fault(source);
                tracing::error!(action, kind, "the database failed");
                Self::new(ProblemCode::DatabaseFailed).after(5)
            }
            StoreError::Row { .. } => {
                tracing::error!(%error, "a row is damaged");
                told(ProblemCode::RowDamaged, error)
            }
            StoreError::Seal(_) => logged(ProblemCode::CryptoFailed, error),
            StoreError::Server { .. }
            | StoreError::Address(_)
            | StoreError::File(_)
            | StoreError::Newer(_)
            | StoreError::Behind { .. }
            | StoreError::Migration(_)
            | StoreError::Import { .. }
            | StoreError::MasterKey
            | StoreError::InUse
            | StoreError::Ended => logged(ProblemCode::DatabaseFailed, error).after(5),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::from(&error)
    }
}

impl From<FileError> for Problem {
    fn from(error: FileError) -> Self {
        logged(ProblemCode::AccountsUnusable, &error).after(5)
    }
}

impl From<PermitError> for Problem {
    fn from(error: PermitError) -> Self {
        match error {
            PermitError::SignedOut => told(ProblemCode::Unauthorized, &error),
            PermitError::PasskeyNeeded => told(ProblemCode::PasskeyNeeded, &error),
            PermitError::RoleMissing | PermitError::OtherSide => told(ProblemCode::RoleMissing, &error),
            PermitError::File(error) => error.into(),
        }
    }
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        let code = match error {
            ChangeError::Name | ChangeError::NoRole => ProblemCode::WrongField,
            ChangeError::NameTaken | ChangeError::TooMany => ProblemCode::AccountRefused,
            ChangeError::Unknown => ProblemCode::UnknownAccount,
            ChangeError::LastSupervisor => ProblemCode::LastSupervisor,
            ChangeError::PasskeyTaken => ProblemCode::PasskeyTaken,
            ChangeError::Locked => ProblemCode::AccountLocked,
        };
        told(code, &error)
    }
}

impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Code => told(ProblemCode::CodeRefused, &error),
            SignInError::UnknownPasskey | SignInError::Passkey(_) => {
                told(ProblemCode::PasskeyRefused, &error)
            }
            SignInError::Challenge => told(ProblemCode::ChallengeExpired, &error),
            SignInError::Locked => told(ProblemCode::AccountLocked, &error),
            SignInError::Counter => told(ProblemCode::PasskeyCopied, &error),
            SignInError::Change(_) => told(ProblemCode::PasskeyTaken, &error),
            SignInError::Permit(error) => error.into(),
            SignInError::File(error) => error.into(),
            SignInError::Random(error) => Self::from(&error),
        }
    }
}

impl From<PoolError> for Problem {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Busy => told(ProblemCode::Busy, &error).after(1),
            PoolError::Interrupted => logged(ProblemCode::Internal, &error),
        }
    }
}

impl From<SeeHolderError> for Problem {
    fn from(error: SeeHolderError) -> Self {
        match &error {
            SeeHolderError::NobodyThere => told(ProblemCode::NobodyAtLane, &error),
            SeeHolderError::NotApproved => told(ProblemCode::PortraitNotApproved, &error),
            SeeHolderError::Store(error) => error.into(),
            SeeHolderError::Face(error) => error.into(),
        }
    }
}

impl From<&FaceCheckError> for Problem {
    fn from(error: &FaceCheckError) -> Self {
        match error {
            FaceCheckError::Picture(_) => told(ProblemCode::PictureUnreadable, error),
            FaceCheckError::Face(face::FaceError::Inference(_)) | FaceCheckError::Models(_) => {
                logged(ProblemCode::FaceModelsFailed, error)
            }
            FaceCheckError::Face(_) => told(ProblemCode::FaceUnusable, error),
            FaceCheckError::Template => logged(ProblemCode::TemplateUnknown, error),
            FaceCheckError::Pool(error) => (*error).into(),
        }
    }
}

impl From<&CryptoError> for Problem {
    fn from(error: &CryptoError) -> Self {
        match error {
            CryptoError::PublicKey => told(ProblemCode::DeviceKeyInvalid, error),
            CryptoError::PrivateKey
            | CryptoError::Signature
            | CryptoError::Open
            | CryptoError::Seal
            | CryptoError::Random
            | CryptoError::Signer(_) => logged(ProblemCode::CryptoFailed, error),
        }
    }
}

impl From<&TokenError> for Problem {
    fn from(error: &TokenError) -> Self {
        if matches!(error, TokenError::DeviceKey) {
            return told(ProblemCode::DeviceKeyInvalid, error);
        }
        logged(ProblemCode::TokenFailed, error)
    }
}

impl From<&PartError> for Problem {
    fn from(error: &PartError) -> Self {
        if matches!(error, PartError::Open) {
            return told(ProblemCode::SealedUnreadable, error);
        }
        logged(ProblemCode::PartFailed, error)
    }
}

impl From<&MessageError> for Problem {
    fn from(error: &MessageError) -> Self {
        let unsigned = matches!(error, MessageError::Cose(CoseError::Signature | CoseError::Crypto(_)));
        let code = if unsigned { ProblemCode::SignatureInvalid } else { ProblemCode::MessageMalformed };
        told(code, error)
    }
}

impl From<&TrustError> for Problem {
    fn from(error: &TrustError) -> Self {
        match error {
            TrustError::Message(error) => error.into(),
            TrustError::Form(_) => told(ProblemCode::MessageMalformed, error),
            TrustError::Key(_)
            | TrustError::Authority { .. }
            | TrustError::Rollback { .. }
            | TrustError::Signatures { .. }
            | TrustError::RootNotAnnounced { .. }
            | TrustError::RootTooWeak { .. }
            | TrustError::OtherRoot { .. }
            | TrustError::Future
            | TrustError::NoList(_)
            | TrustError::UnknownKey { .. }
            | TrustError::WrongRole { .. }
            | TrustError::NotYet { .. }
            | TrustError::Expired { .. }
            | TrustError::Compromised { .. } => told(ProblemCode::KeyNotTrusted, error),
        }
    }
}

impl From<&SenderError> for Problem {
    fn from(error: &SenderError) -> Self {
        match error {
            SenderError::Message(error) => error.into(),
            SenderError::Malformed(_) => told(ProblemCode::MessageMalformed, error),
            SenderError::Trust(error) => error.into(),
            SenderError::NotForUs => told(ProblemCode::NotForUs, error),
            SenderError::Envelope => told(ProblemCode::EnvelopeMismatch, error),
            SenderError::OutsideBinding { .. } => told(ProblemCode::GateOutsideBinding, error),
        }
    }
}

impl From<&WeeklyKeyError> for Problem {
    fn from(error: &WeeklyKeyError) -> Self {
        match error {
            WeeklyKeyError::Store(error) => error.into(),
            WeeklyKeyError::Missing { .. } => told(ProblemCode::WeeklyKeyMissing, error).after(60),
            WeeklyKeyError::Sender(error) => error.into(),
            WeeklyKeyError::Part(error) => error.into(),
            WeeklyKeyError::Crypto(error) => error.into(),
        }
    }
}

impl From<WeeklyKeyError> for Problem {
    fn from(error: WeeklyKeyError) -> Self {
        Self::from(&error)
    }
}

impl From<RegistryError> for Problem {
    fn from(error: RegistryError) -> Self {
        match &error {
            RegistryError::Store(error) => error.into(),
            // What a reader of JSON says repeats what it read: only the place is told then.
            RegistryError::Record(fault) => {
                let repeats = fault.what.contains(['`', '"', '\'']);
                let problem = Self::new(ProblemCode::RecordInvalid).with_field(&fault.path);
                if repeats { problem } else { problem.with_detail(fault.what.clone()) }
            }
            RegistryError::Face(error) => error.into(),
            RegistryError::NumberTaken(_) => told(ProblemCode::NumberTaken, &error),
            RegistryError::NothingIssued(_) => told(ProblemCode::NothingIssued, &error),
            RegistryError::OtherKind(_) | RegistryError::BornLater => {
                told(ProblemCode::RecordInvalid, &error)
            }
            RegistryError::Unknown => told(ProblemCode::UnknownPerson, &error),
            RegistryError::Crypto(error) => error.into(),
        }
    }
}

impl From<EnrolError> for Problem {
    fn from(error: EnrolError) -> Self {
        match &error {
            EnrolError::Store(error) => error.into(),
            EnrolError::Capture(error) => error.into(),
            EnrolError::Unknown => told(ProblemCode::UnknownPerson, &error),
            EnrolError::Work(demand) => Self::new(ProblemCode::WorkRequired).with_work(demand),
            EnrolError::Answer(_) => told(ProblemCode::WorkInvalid, &error),
            EnrolError::CarerNeeded => told(ProblemCode::CarerNeeded, &error),
            EnrolError::CarerAway => told(ProblemCode::CarerAway, &error),
            EnrolError::NothingHeld => told(ProblemCode::NothingHeld, &error),
            EnrolError::Invitation(_) => told(ProblemCode::InvitationInvalid, &error),
            EnrolError::LiveOnly => told(ProblemCode::FramesRefused, &error),
            EnrolError::NotUnderWay => told(ProblemCode::EnrolmentNotUnderWay, &error),
            EnrolError::Busy => told(ProblemCode::EnrolmentBusy, &error),
            EnrolError::Mrz(_) => told(ProblemCode::MrzUnreadable, &error),
            EnrolError::MrzMismatch(field) => {
                told(ProblemCode::MrzMismatch, &error).with_field(&field.to_string().replace(' ', "_"))
            }
            EnrolError::ActiveRules => logged(ProblemCode::Internal, &error),
            EnrolError::Crypto(error) => error.into(),
        }
    }
}

impl From<IdentityError> for Problem {
    fn from(error: IdentityError) -> Self {
        match &error {
            IdentityError::NotTaken => told(ProblemCode::IdentityNotTaken, &error),
            IdentityError::Unknown => told(ProblemCode::IdentityRequestUnknown, &error),
            // What another wallet's answer lacks is told to that wallet (`identity`): the one that enrols waits.
            IdentityError::Waits | IdentityError::Fault(_) => told(ProblemCode::IdentityWaits, &error),
            IdentityError::Number { .. } => told(ProblemCode::IdentityNumber, &error),
            IdentityError::Verifier(_) | IdentityError::Query(_) => logged(ProblemCode::Internal, &error),
            IdentityError::Crypto(error) => error.into(),
        }
    }
}

impl From<&CaptureError> for Problem {
    fn from(error: &CaptureError) -> Self {
        match error {
            CaptureError::Face(error) => error.into(),
            CaptureError::Size | CaptureError::Late => told(ProblemCode::FramesRefused, error),
            CaptureError::Covered(QualityFault::Mask) => Problem::new(ProblemCode::FaceMasked),
            CaptureError::Covered(QualityFault::Sunglasses) => Problem::new(ProblemCode::FaceShaded),
            CaptureError::Covered(_) => Problem::new(ProblemCode::FaceCovered),
            CaptureError::Active(_) | CaptureError::NotLive => told(ProblemCode::LivenessFailed, error),
        }
    }
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        match &error {
            SessionError::Store(error) => error.into(),
            SessionError::NoPass => told(ProblemCode::NoPass, &error),
            SessionError::OtherDevice => told(ProblemCode::InvalidDpopProof, &error),
            SessionError::CarerOver(over) => told(carer_over(*over), &error),
            SessionError::Waits { .. } => told(ProblemCode::EnrolmentWaits, &error),
        }
    }
}

impl From<PendingError> for Problem {
    fn from(error: PendingError) -> Self {
        match error {
            PendingError::Store(error) => (&error).into(),
            PendingError::Registry(error) => error.into(),
            PendingError::NoPass => Self::new(ProblemCode::NoPass),
            PendingError::NothingWaits => Self::new(ProblemCode::NothingPending),
        }
    }
}

impl From<HandOverError> for Problem {
    fn from(error: HandOverError) -> Self {
        match &error {
            HandOverError::Store(error) => error.into(),
            HandOverError::NoPass => told(ProblemCode::NoPass, &error),
            HandOverError::Suspended => told(ProblemCode::PassSuspended, &error),
            HandOverError::CarerAway => told(ProblemCode::CarerAway, &error),
            HandOverError::Parcel => told(ProblemCode::WrongField, &error).with_field("parcel"),
            HandOverError::Unknown => told(ProblemCode::HandOverUnknown, &error),
            HandOverError::Crypto(error) => error.into(),
        }
    }
}

impl From<HolderError> for Problem {
    fn from(error: HolderError) -> Self {
        match &error {
            HolderError::Store(error) => error.into(),
            HolderError::NoPass => told(ProblemCode::NoPass, &error),
        }
    }
}

/// Why a pass ended that was on a carer's phone.
const fn carer_over(over: CarerOver) -> ProblemCode {
    match over {
        CarerOver::OfAge => ProblemCode::CarerOfAge,
        CarerOver::DateOver => ProblemCode::CarerDateOver,
        CarerOver::ByWard | CarerOver::ByCarer => ProblemCode::CarerWithdrawn,
        CarerOver::AtCounter => ProblemCode::CarerEnded,
    }
}

impl From<CarerError> for Problem {
    fn from(error: CarerError) -> Self {
        match error {
            CarerError::Store(error) => error.into(),
            CarerError::Registry(error) => error.into(),
            CarerError::Refused(_) | CarerError::NoRule => told(ProblemCode::CarerRefused, &error),
            CarerError::NoPass => told(ProblemCode::NoPass, &error),
            CarerError::Unknown => told(ProblemCode::UnknownCarer, &error),
            CarerError::Crypto(error) => Self::from(&error),
        }
    }
}

impl From<AppealError> for Problem {
    fn from(error: AppealError) -> Self {
        match error {
            AppealError::Store(error) => error.into(),
            AppealError::Verdict(error) => error.into(),
            AppealError::Registry(error) => error.into(),
            AppealError::UnknownReference => told(ProblemCode::UnknownReference, &error),
            AppealError::Words => told(ProblemCode::WrongField, &error).with_field("words"),
            AppealError::Language => told(ProblemCode::WrongField, &error).with_field("language"),
            AppealError::NoOpenAppeal | AppealError::NoSuspension => told(ProblemCode::NothingWaits, &error),
        }
    }
}

impl From<IssueError> for Problem {
    fn from(error: IssueError) -> Self {
        match &error {
            IssueError::Store(error) => error.into(),
            IssueError::NoPass => told(ProblemCode::NoPass, &error),
            IssueError::Unregistered => told(ProblemCode::UnknownPerson, &error),
            IssueError::PaperDay | IssueError::PaperPlace | IssueError::PaperPart => {
                told(ProblemCode::PaperRefused, &error)
            }
            IssueError::Paper(_) => logged(ProblemCode::CryptoFailed, &error),
            IssueError::Suspended => told(ProblemCode::PassSuspended, &error),
            IssueError::CarerOver(over) => told(carer_over(*over), &error),
            IssueError::CarerAway => told(ProblemCode::CarerAway, &error),
            IssueError::Batch => told(ProblemCode::BatchSize, &error),
            IssueError::Possession => told(ProblemCode::PossessionInvalid, &error),
            IssueError::Malformed(_) => told(ProblemCode::MessageMalformed, &error),
            IssueError::Quota => told(ProblemCode::TooManyKeys, &error).after(3600),
            IssueError::NoStatusPlace => {
                tracing::error!("no place is free in the status lists; wallets are told to come again later");
                told(ProblemCode::StatusPlacesTaken, &error).after(3600)
            }
            IssueError::KeyTaken => told(ProblemCode::DeviceKeyTaken, &error),
            IssueError::NothingIssued(_) => told(ProblemCode::NothingIssued, &error),
            IssueError::NoPermit(_) => told(ProblemCode::NoPermit, &error),
            IssueError::NotApproved(_) => told(ProblemCode::NotApproved, &error),
            IssueError::NothingToVouch(_) => told(ProblemCode::NothingIssued, &error),
            IssueError::Claim(_) => logged(ProblemCode::RowDamaged, &error),
            IssueError::Credential(_) | IssueError::SdJwt(_) | IssueError::Mdoc(_) => {
                logged(ProblemCode::CryptoFailed, &error)
            }
            IssueError::WeeklyKey(error) => error.into(),
            IssueError::Face(error) => error.into(),
            IssueError::Part(error) => error.into(),
            IssueError::Token(error) => error.into(),
            IssueError::Crypto(error) => error.into(),
        }
    }
}

impl From<VerdictError> for Problem {
    fn from(error: VerdictError) -> Self {
        match &error {
            VerdictError::Store(error) => error.into(),
            VerdictError::Sender(error) => error.into(),
            VerdictError::Face(error) => error.into(),
            VerdictError::WeeklyKey(error) => error.into(),
            VerdictError::Token(error) => error.into(),
            // Its issuer lists a key to seal to that is none.
            VerdictError::Page(_) => Self::from(&CryptoError::Seal),
            VerdictError::Crypto(error) => error.into(),
        }
    }
}

impl From<EventError> for Problem {
    fn from(error: EventError) -> Self {
        match &error {
            EventError::Store(error) => error.into(),
            EventError::Sender(error) => error.into(),
            EventError::Crypto(error) => error.into(),
        }
    }
}

impl From<SettleError> for Problem {
    fn from(error: SettleError) -> Self {
        match error {
            SettleError::Store(error) => (&error).into(),
            SettleError::Event(error) => error.into(),
            SettleError::Unknown => Self::new(ProblemCode::NothingWaits),
            SettleError::Counted => Self::new(ProblemCode::AlreadyCounted),
            SettleError::NoReservation => Self::new(ProblemCode::NoReservation),
        }
    }
}

impl From<NoticeError> for Problem {
    fn from(error: NoticeError) -> Self {
        match &error {
            NoticeError::Store(error) => error.into(),
            NoticeError::Sender(error) => error.into(),
        }
    }
}

impl From<ListError> for Problem {
    fn from(error: ListError) -> Self {
        match &error {
            ListError::Store(error) => error.into(),
            ListError::Status(error) => logged(ProblemCode::StatusFailed, error),
            ListError::OfOthers(error) => logged(ProblemCode::StatusFailed, error),
            ListError::Trust(error) => error.into(),
        }
    }
}

/// What kind of fault a database's driver reports, without its words.
fn database_fault(error: &sqlx::Error) -> &'static str {
    if let Some(told) = error.as_database_error() {
        return match told.code().as_deref() {
            Some("13" | "53100") => "disk full",
            Some("5" | "6" | "261" | "517") => "held by another program",
            Some("40001" | "40P01") => "two transactions in each other's way",
            Some(code) if code.starts_with("57P") => "the server ended the connection",
            _ => "refused",
        };
    }
    if matches!(error, sqlx::Error::PoolTimedOut) {
        "no connection free"
    } else if matches!(error, sqlx::Error::Io(_)) {
        "connection broken"
    } else {
        "other"
    }
}
