//! Sentence: what the traveller is shown.

use documents::LaneKind;

/// What the traveller is shown. One sentence serves every reason that an authority may have.
///
/// `SeeOfficer` stands for every refusal by an authority, and says nothing of its cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sentence {
    /// Nobody stands at the lane; the next traveller may show a code.
    Welcome,
    /// The gate's own check failed, and the traveller can mend it: the key of the gate's sentence.
    CheckFailed(&'static str),
    /// Asking; please wait.
    PleaseWait,
    /// Please do what the screen says.
    FurtherCheck,
    /// Please go through.
    GoThrough,
    /// Please wait for an officer: for every kind of no.
    SeeOfficer,
    /// Please try again in a moment.
    TryAgain,
    /// This lane is not for you, that one is.
    OtherLane(LaneKind),
}

impl Sentence {
    /// The key of its text.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Welcome => "welcome",
            Self::CheckFailed(key) => key,
            Self::PleaseWait => "please_wait",
            Self::FurtherCheck => "further_check",
            Self::GoThrough => "go_through",
            Self::SeeOfficer => "see_officer",
            Self::TryAgain => "try_again",
            Self::OtherLane(LaneKind::Code) => "other_lane_code",
            Self::OtherLane(LaneKind::FaceOnly) => "other_lane_face_only",
            Self::OtherLane(LaneKind::Manual) => "other_lane_manual",
            Self::OtherLane(LaneKind::Document) => "other_lane_document",
        }
    }

    /// All sentences that a clearance has of its own; those of a gate's check are the gate's.
    pub const ALL: [Self; 10] = [
        Self::Welcome,
        Self::PleaseWait,
        Self::FurtherCheck,
        Self::GoThrough,
        Self::SeeOfficer,
        Self::TryAgain,
        Self::OtherLane(LaneKind::Code),
        Self::OtherLane(LaneKind::FaceOnly),
        Self::OtherLane(LaneKind::Manual),
        Self::OtherLane(LaneKind::Document),
    ];
}
