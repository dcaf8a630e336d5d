//! Reason: why this authority did not simply admit, as stable codes.

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)+) => {
        /// Why this authority did not simply admit, beside the reasons of the documents ([`documents::ReasonCode`]).
        /// Public API; a code is never reused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum AuthorityReason { $($(#[$doc])* $name,)+ }
        impl AuthorityReason {
            /// Every reason, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];
            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str { match self { $(Self::$name => $code),+ } }
        }
    };
}

reasons! {
    /// The gate's request is for another authority, port side, or hash than what came with it.
    RequestMismatch = "request_mismatch";
    /// No approval covers this place and time.
    NotApproved = "not_approved";
    /// The token is malformed.
    TokenMalformed = "token_malformed";
    /// No trusted key of that issuer signed it.
    UnknownIssuer = "unknown_issuer";
    /// The signature on the token is not valid.
    TokenForged = "token_forged";
    /// The token's time is over, or ends too far ahead.
    TokenExpired = "token_expired";
    /// The token was revoked.
    TokenRevoked = "token_revoked";
    /// The token was used for a passage.
    TokenSpent = "token_spent";
    /// The holder proof is not the device key's for this lane.
    ProofInvalid = "proof_invalid";
    /// The holder proof is too old, or from the future.
    ProofStale = "proof_stale";
    /// No trusted counter's key of the issuer made the paper pass.
    CounterUnknown = "counter_unknown";
    /// The paper pass is of another day.
    PaperNotToday = "paper_not_today";
    /// A paper pass is looked at beside the document.
    PaperDocument = "paper_document";
    /// A paper pass at a lane that compares a face alone.
    PaperLane = "paper_lane";
    /// The part is not the one whose hash the issuer signed.
    PartMismatch = "part_mismatch";
    /// The part does not open.
    PartUnreadable = "part_unreadable";
    /// The part opens, and this authority never made it: somebody has a key of theirs.
    PartForged = "part_forged";
    /// The part holds a document that its maker does not issue.
    PartForeign = "part_foreign";
    /// The page does not open, or is no page.
    PageUnreadable = "page_unreadable";
    /// The page is of a kind of document that this authority does not read.
    PageForeign = "page_foreign";
    /// The documents were laid down too long ago.
    PageStale = "page_stale";
    /// The page says another birth date than the registry.
    PageMismatch = "page_mismatch";
    /// The document was replaced by a newer one.
    DocumentReplaced = "document_replaced";
    /// The document is another issuer's, or its holder's photograph was never registered: there is no portrait to compare with.
    NoPortrait = "no_portrait";
    /// The endorsement stands on the card alone: an officer reads it.
    EndorsementNotRead = "endorsement_not_read";
    /// The face probe cannot be read.
    ProbeUnreadable = "probe_unreadable";
    /// The face template is of a kind that is not accepted here.
    TemplateUnknown = "template_unknown";
    /// The face is another person's.
    FaceMismatch = "face_mismatch";
    /// The face is too close to call.
    FaceUnsure = "face_unsure";
    /// The face is near enough for most, and not at this age, where faces tell less.
    FaceAge = "face_age";
    /// Below this age no face admits by itself: a guardian or an officer stands by.
    FaceMinor = "face_minor";
    /// Somebody is registered who looks alike (a twin, a sibling): no face tells them apart.
    FaceLookAlike = "face_look_alike";
    /// No face was taken: bandage, veil, age, refusal. The officer compares it with the document.
    FaceAbsent = "face_absent";
    /// The document is not in this authority's registry.
    NotRegistered = "not_registered";
    /// The holder's pass was ended.
    PassEnded = "pass_ended";
    /// The pass was on a carer's phone, and their relation is over.
    CarerEnded = "carer_ended";
    /// The holder's pass is suspended.
    PassSuspended = "pass_suspended";
    /// Risk control asks for one more measure; its record says why (docs/risk.md).
    RiskCheck = "risk_check";
    /// An earlier passage of this person is not resolved.
    Unresolved = "unresolved_passage";
    /// The lists are older than they should be.
    StaleLists = "stale_lists";
    /// Another lane holds this person or token.
    Busy = "busy";
    /// The clearance has ended already.
    ClearanceOver = "clearance_over";
}
