//! Role: what a key of a trust list may be used for.
//!
//! Lives here: [`Role`]. Not here: the key (`list`), and where one of a gate or desk counts (`binding`).

/// What a key may be used for. Every role has keys of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Signs border tokens.
    Token,
    /// Receives weekly part keys (HPKE).
    Part,
    /// Signs hand-overs of weekly keys.
    Handover,
    /// Signs verdicts.
    Verdict,
    /// Signs notices to a token's issuer.
    Notice,
    /// A gate's key: signs its requests and its events.
    Gate,
    /// Signs status lists.
    Status,
    /// Signs approvals.
    Approval,
    /// Stands in the certificate with which a party is at one end of a connection (TLS).
    Tls,
    /// Signs venue credentials.
    Venue,
    /// A desk's key: signs its requests and receipts.
    Desk,
    /// A counter's key: signs paper passes.
    Counter,
    /// The key of a certificate above an issuer of another system, whose identity credentials count at an enrolment.
    ForeignIssuer,
    /// The key of a certificate above a verifier of another system, which may ask wallets for listed types of credentials.
    ForeignVerifier,
}

impl Role {
    /// All roles, in order of their numbers.
    pub const ALL: [Self; 14] = [
        Self::Token,
        Self::Part,
        Self::Handover,
        Self::Verdict,
        Self::Notice,
        Self::Gate,
        Self::Status,
        Self::Approval,
        Self::Tls,
        Self::Venue,
        Self::Desk,
        Self::Counter,
        Self::ForeignIssuer,
        Self::ForeignVerifier,
    ];

    /// The word in files and messages to people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Part => "part",
            Self::Handover => "handover",
            Self::Verdict => "verdict",
            Self::Notice => "notice",
            Self::Gate => "gate",
            Self::Status => "status",
            Self::Approval => "approval",
            Self::Tls => "tls",
            Self::Venue => "venue",
            Self::Desk => "desk",
            Self::Counter => "counter",
            Self::ForeignIssuer => "foreign-issuer",
            Self::ForeignVerifier => "foreign-verifier",
        }
    }
}
