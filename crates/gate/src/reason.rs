//! Reasons: every way in which a gate itself says no, each with a stable code.
//!
//! Lives here: [`GateReason`], who finds it, what to do next, which attack it answers. Not here: the sentences
//! (`data/texts.toml`), and the reasons of an authority, which the gate never learns.

use std::fmt;

/// At which step of a crossing something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Finder {
    /// Reading the code from a picture.
    Reader,
    /// The check of the code.
    Check,
    /// The camera and the face.
    Face,
    /// Asking the authorities.
    Verdicts,
    /// The gate's own records, lists and clock.
    Gate,
    /// The door, or what it said.
    Door,
}

impl Finder {
    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reader => "gate/reader",
            Self::Check => "gate/check",
            Self::Face => "gate/face",
            Self::Verdicts => "gate/verdicts",
            Self::Gate => "gate",
            Self::Door => "gate/door",
        }
    }
}

/// What traveller or officer can do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Remedy {
    /// Hold the code to the reader again.
    ShowAgain,
    /// Let the wallet show the code of this moment.
    ShowFreshCode,
    /// Unlock the wallet again, and show the code that says so.
    UnlockAgain,
    /// Open Bay Pass and choose this port and direction.
    ChooseThisPort,
    /// Show the other code of the sheet, or go where it counts.
    ShowOtherPaper,
    /// A counter prints a new paper pass.
    PrintPaper,
    /// Fetch new tokens in the wallet.
    FetchTokens,
    /// Set the phone's clock.
    SetClock,
    /// Lay the card down again, or type it as it stands there.
    LayAgain,
    /// Lay down the card that the lane asks for.
    LayOtherCard,
    /// Look into the camera.
    LookAtCamera,
    /// One person at a time.
    OneAtATime,
    /// Wait and try again.
    TryAgain,
    /// An officer helps.
    CallOfficer,
    /// The operator mends the gate.
    MendGate,
}

impl Remedy {
    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ShowAgain => "show_again",
            Self::ShowFreshCode => "show_fresh_code",
            Self::UnlockAgain => "unlock_again",
            Self::ChooseThisPort => "choose_this_port",
            Self::ShowOtherPaper => "show_other_paper",
            Self::PrintPaper => "print_paper",
            Self::FetchTokens => "fetch_tokens",
            Self::SetClock => "set_clock",
            Self::LayAgain => "lay_again",
            Self::LayOtherCard => "lay_other_card",
            Self::LookAtCamera => "look_at_camera",
            Self::OneAtATime => "one_at_a_time",
            Self::TryAgain => "try_again",
            Self::CallOfficer => "call_officer",
            Self::MendGate => "mend_gate",
        }
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $finder:ident, $remedy:ident, $sentence:literal, $attack:expr;)+) => {
        /// Why a gate lets nobody through. A code is public and never used again for something else.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum GateReason { $($(#[$doc])* $variant,)+ }

        impl GateReason {
            /// Every reason, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// Who finds it.
            #[must_use]
            pub const fn finder(self) -> Finder {
                match self { $(Self::$variant => Finder::$finder,)+ }
            }

            /// What can be done next.
            #[must_use]
            pub const fn remedy(self) -> Remedy {
                match self { $(Self::$variant => Remedy::$remedy,)+ }
            }

            /// The key of the sentence that the traveller sees.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)+ }
            }

            /// The line of DESIGN 6 that it answers; `None` for a plain fault.
            #[must_use]
            pub const fn attack(self) -> Option<&'static str> {
                match self { $(Self::$variant => $attack,)+ }
            }
        }
    };
}

reasons! {
    /// No code in the picture.
    CodeUnreadable = "code_unreadable", Reader, ShowAgain, "code_unreadable", None;
    /// The picture is no picture, or too large to be looked at.
    PictureUnreadable = "picture_unreadable", Reader, ShowAgain, "code_unreadable", Some("oversized or malformed input");
    /// Pictures from elsewhere than the gate's own camera.
    CameraNotOwn = "camera_not_own", Reader, MendGate, "see_officer", Some("a printed or replayed face");
    /// The camera gives nothing.
    CameraSilent = "camera_silent", Reader, MendGate, "see_officer", None;
    /// A code of another system.
    CodeOtherSystem = "code_other_system", Reader, ChooseThisPort, "code_other_system", Some("malformed input");
    /// No code that this gate knows.
    CodeUnknown = "code_unknown", Reader, ChooseThisPort, "code_other_system", Some("malformed input");
    /// Longer than a code can be.
    CodeTooLong = "code_too_long", Check, ShowAgain, "code_damaged", Some("oversized input");
    /// It ends too early.
    CodeCut = "code_cut", Check, ShowAgain, "code_damaged", Some("malformed input");
    /// Characters that no code has.
    CodeDamaged = "code_damaged", Check, ShowAgain, "code_damaged", Some("changed bytes anywhere");
    /// Not the one form that a code has.
    CodeMalformed = "code_malformed", Check, ShowAgain, "code_damaged", Some("malformed, deeply nested or non-deterministic input");
    /// The token is malformed.
    TokenMalformed = "token_malformed", Check, ShowFreshCode, "code_damaged", Some("changed bytes anywhere");
    /// The holder proof is malformed.
    ProofMalformed = "proof_malformed", Check, ShowFreshCode, "code_damaged", Some("changed bytes anywhere");
    /// A short code, and nothing was handed in ahead for it.
    NotHandedIn = "not_handed_in", Check, ShowFreshCode, "show_fresh_code", None;
    /// The trust list names no such key of this issuer.
    IssuerUnknown = "issuer_unknown", Check, CallOfficer, "see_officer", Some("forged or unknown issuer");
    /// The key that is named has another role.
    WrongKeyRole = "wrong_key_role", Check, CallOfficer, "see_officer", Some("wrong key role");
    /// The issuer's key is not used yet, or no longer.
    IssuerKeyNotValid = "issuer_key_not_valid", Check, FetchTokens, "fetch_tokens", Some("forged or unknown issuer");
    /// The issuer's key was given up as compromised.
    IssuerKeyCompromised = "issuer_key_compromised", Check, FetchTokens, "fetch_tokens", Some("forged or unknown issuer");
    /// The trust list is older than it may be.
    TrustListTooOld = "trust_list_too_old", Gate, MendGate, "see_officer", Some("a rolled-back trust list");
    /// An older trust list than the one in use was handed in.
    TrustListRolledBack = "trust_list_rolled_back", Gate, MendGate, "see_officer", Some("a rolled-back trust list");
    /// An older status list than the one in use was handed in.
    StatusListRolledBack = "status_list_rolled_back", Gate, MendGate, "see_officer", Some("a rolled-back status list");
    /// An older approval than the one in use was handed in.
    ApprovalRolledBack = "approval_rolled_back", Gate, MendGate, "see_officer", Some("a rolled-back approval");
    /// The token's end has come.
    TokenExpired = "token_expired", Check, FetchTokens, "fetch_tokens", Some("expired token");
    /// The token claims to live longer than a token may.
    TokenTooLong = "token_too_long", Check, CallOfficer, "see_officer", Some("not-yet-valid token");
    /// The proof was made too long ago.
    ProofStale = "proof_stale", Check, ShowFreshCode, "show_fresh_code", Some("screenshot after the window");
    /// The proof was made in the future.
    ProofFromFuture = "proof_from_future", Check, SetClock, "set_clock", Some("a wrong clock");
    /// The code has not the parts that this lane asks for.
    WrongParts = "wrong_parts", Check, ChooseThisPort, "choose_this_port", Some("a code for another port or direction");
    /// A part is not the one that its token names.
    PartMismatch = "part_mismatch", Check, CallOfficer, "see_officer", Some("a part moved between tokens");
    /// The same showing was read at another lane.
    ReplayedElsewhere = "replayed_elsewhere", Check, ShowFreshCode, "show_fresh_code", Some("the same code at another lane");
    /// Somebody passed here with this token, and an authority has not heard of it yet.
    TokenSpentHere = "token_spent_here", Check, FetchTokens, "fetch_tokens", Some("the same code at the same lane");
    /// The token was revoked.
    TokenRevoked = "token_revoked", Check, CallOfficer, "see_officer", Some("revoked token");
    /// The token is suspended.
    TokenSuspended = "token_suspended", Check, CallOfficer, "see_officer", Some("revoked token");
    /// No status list says anything about the token.
    StatusUnknown = "status_unknown", Check, CallOfficer, "see_officer", Some("revoked token");
    /// The status list is older than it may be.
    StatusTooOld = "status_too_old", Gate, MendGate, "see_officer", Some("a rolled-back status list");
    /// No approval covers this scenario here today.
    NotApproved = "not_approved", Check, CallOfficer, "see_officer", Some("a scenario, place or date not approved");
    /// The issuer's signature does not fit.
    TokenSignature = "token_signature", Check, CallOfficer, "see_officer", Some("forged issuer; changed bytes anywhere");
    /// The device key's signature does not fit this lane, this token and these parts.
    ProofSignature = "proof_signature", Check, ShowFreshCode, "show_fresh_code", Some("a device key whose holder gave no proof; changed bytes anywhere");
    /// A sound code, for another port, direction or side.
    CodeForElsewhere = "code_for_elsewhere", Check, ChooseThisPort, "choose_this_port", Some("a code for another port or direction");
    /// A sound paper pass, for another port.
    PaperOtherPort = "paper_other_port", Check, ShowOtherPaper, "paper_other_port", Some("a code for another port or direction");
    /// A sound paper pass, for the other direction.
    PaperOtherDirection = "paper_other_direction", Check, ShowOtherPaper, "paper_other_direction", Some("a code for another port or direction");
    /// A sound paper pass, for the other lane of the two that are crossed here.
    PaperOtherSide = "paper_other_side", Check, ShowOtherPaper, "paper_other_side", Some("a code for another port or direction");
    /// A paper pass of another day.
    PaperNotToday = "paper_not_today", Check, PrintPaper, "paper_not_today", Some("expired or not-yet-valid token");
    /// A paper pass that was read at another lane a moment ago.
    PaperAtOtherLane = "paper_at_other_lane", Check, TryAgain, "try_again", Some("the same code at another lane");
    /// Somebody passed here with this paper pass, and an authority has not heard of it yet.
    PaperUsed = "paper_used", Check, PrintPaper, "paper_used", Some("the same code at the same lane");
    /// The trust list names no such counter's key of this issuer.
    CounterUnknown = "counter_unknown", Check, CallOfficer, "see_officer", Some("forged or unknown issuer; wrong key role");
    /// The counter's key is not used yet, or no longer.
    CounterKeyNotValid = "counter_key_not_valid", Check, PrintPaper, "see_officer", Some("forged or unknown issuer");
    /// The counter's key was given up as compromised.
    CounterKeyCompromised = "counter_key_compromised", Check, PrintPaper, "see_officer", Some("forged or unknown issuer");
    /// The counter's signature does not fit this lane, this token and these parts.
    PaperSignature = "paper_signature", Check, CallOfficer, "see_officer", Some("changed bytes anywhere");
    /// The token of a paper pass with a holder proof.
    PaperWithHolderProof = "paper_with_holder_proof", Check, CallOfficer, "see_officer", Some("a device key whose holder gave no proof");
    /// A phone's token with the proof of a paper pass.
    PhoneWithPaperProof = "phone_with_paper_proof", Check, CallOfficer, "see_officer", Some("a device key whose holder gave no proof");
    /// The gate's clock is not to be relied on.
    ClockUnsure = "clock_unsure", Gate, MendGate, "see_officer", Some("a wrong clock");
    /// No card could be read: no zone in the picture, or one whose check digits do not fit.
    PageUnreadable = "page_unreadable", Reader, LayAgain, "page_unreadable", Some("malformed input");
    /// No authority of this lane reads this kind of document.
    DocumentNotRead = "document_not_read", Reader, LayOtherCard, "document_not_read", None;
    /// One authority of this lane has no document to read.
    DocumentMissing = "document_missing", Reader, LayOtherCard, "document_missing", None;
    /// The documents are of two people: two birth dates, or two homes.
    PagesDisagree = "pages_disagree", Reader, LayOtherCard, "pages_disagree", Some("another person's document");
    /// The trust list names no key of an authority to which a page could be sealed.
    PageKey = "page_key", Gate, MendGate, "see_officer", Some("wrong key role");
    /// Nobody before the camera.
    FaceNone = "face_none", Face, LookAtCamera, "look_at_camera", None;
    /// More than one person before the camera.
    FaceSeveral = "face_several", Face, OneAtATime, "one_at_a_time", None;
    /// Too small, too dark, turned away.
    FacePoor = "face_poor", Face, LookAtCamera, "look_at_camera", None;
    /// The camera's picture is no picture, or too large to be looked at.
    FacePictureUnreadable = "face_picture_unreadable", Face, LookAtCamera, "look_at_camera", Some("oversized or malformed input");
    /// It does not look like a living face.
    FaceNotLive = "face_not_live", Face, CallOfficer, "see_officer", Some("a printed or replayed face");
    /// The session ended before a picture was taken: the traveller left, the screen was lost, or an officer said no.
    SessionEnded = "session_ended", Face, ShowAgain, "try_again", None;
    /// The face models cannot be used.
    FaceModels = "face_models", Face, MendGate, "see_officer", None;
    /// An authority cannot be reached, or was too slow.
    AuthoritySilent = "authority_silent", Verdicts, CallOfficer, "see_officer", None;
    /// An authority's answer is no verdict.
    VerdictMalformed = "verdict_malformed", Verdicts, CallOfficer, "see_officer", Some("changed bytes anywhere");
    /// The verdict is signed with no key that the trust list names for it.
    VerdictKey = "verdict_key", Verdicts, CallOfficer, "see_officer", Some("wrong key role");
    /// The verdict's signature does not fit.
    VerdictSignature = "verdict_signature", Verdicts, CallOfficer, "see_officer", Some("changed bytes anywhere");
    /// The verdict is another authority's.
    VerdictAuthority = "verdict_authority", Verdicts, CallOfficer, "see_officer", Some("a verdict for another request");
    /// The verdict answers another request.
    VerdictOtherRequest = "verdict_other_request", Verdicts, CallOfficer, "see_officer", Some("a verdict for another request");
    /// The verdict's time is over, or longer than it may be.
    VerdictExpired = "verdict_expired", Verdicts, TryAgain, "try_again", Some("a verdict for another request");
    /// The measures that an authority asked for were not carried out.
    MeasuresNotTaken = "measures_not_taken", Verdicts, CallOfficer, "see_officer", None;
    /// A second code does not say that its wallet was unlocked again, or not since the traveller was asked to.
    NotUnlocked = "not_unlocked", Verdicts, UnlockAgain, "unlock_again", Some("a phone shown by somebody else");
    /// A second code is of another token than the first.
    OtherToken = "other_token", Verdicts, ShowFreshCode, "unlock_same_pass", Some("a phone shown by somebody else");
    /// The gate cannot write its records.
    RecordFailed = "record_failed", Gate, MendGate, "see_officer", None;
    /// The door did not say what happened.
    DoorSilent = "door_silent", Door, CallOfficer, "see_officer", None;
}

impl fmt::Display for GateReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl serde::Serialize for GateReason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_distinct_and_in_one_form() {
        let codes: BTreeSet<&str> = GateReason::ALL.iter().map(|r| r.code()).collect();
        assert_eq!(codes.len(), GateReason::ALL.len());
        for code in codes {
            assert!(code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{code}");
        }
    }

    #[test]
    fn what_hints_at_a_list_or_a_forgery_is_shown_with_the_neutral_sentence() {
        use GateReason::{
            IssuerUnknown, NotApproved, PartMismatch, StatusUnknown, TokenRevoked, TokenSignature,
            TokenSuspended,
        };
        for reason in [
            TokenRevoked,
            TokenSuspended,
            StatusUnknown,
            TokenSignature,
            IssuerUnknown,
            PartMismatch,
            NotApproved,
        ] {
            assert_eq!(reason.sentence(), clearance::Sentence::SeeOfficer.key(), "{reason}");
        }
    }
}
