//! Acts: what commands that write leave in the records of acts (docs/officers.md): one line, before it takes effect.
//!
//! Lives here: whose record, the words of acts that have no door at a running service, who the operator is. Not here: the
//! record itself (`officers`), acts at a service's doors (`authority`, `gate`).

use std::path::PathBuf;

use ::officers::{Actor, Operator, Record};
use authority::Service;
use clap::Args;
use documents::{AuthorityCode, DocumentNumber, Timestamp, VenueId};
use trust::Party;

use super::{Installation, make_folder, tls, venues};
use crate::failure::{Failure, of};

/// An installation was made.
pub const INIT: &str = "init";
/// What a registration that was cut short had written is taken back.
pub const UNDO_RESIDENT: &str = "undo_resident";
/// Templates are described anew.
pub const RENEW_TEMPLATES: &str = "renew_templates";
/// A gate's events go on from a later number.
pub const REJOIN_GATE: &str = "rejoin_gate";
/// A lane numbers its events anew.
pub const ADOPT_CHAIN: &str = "adopt_chain";
/// The first key of a role is made, which the version before had not.
pub const MAKE_KEY: &str = "make_key";
/// A signing key is made that follows another.
pub const ROTATE_KEY: &str = "rotate_key";
/// A signing key is named no more, and destroyed.
pub const RETIRE_KEY: &str = "retire_key";
/// A key of connections is made that follows another.
pub const RENEW_TLS: &str = "renew_tls";
/// A key of connections is named no more, and removed.
pub const RETIRE_TLS: &str = "retire_tls";
/// Certificates towards wallets of others are made anew.
pub const RENEW_ISSUER_ROOT: &str = "renew_issuer_root";
/// Another key signs credentials for wallets of others, or asks them.
pub const REPLACE_ISSUER_KEY: &str = "replace_issuer_key";
/// Another master key wraps what an authority's database holds.
pub const REPLACE_MASTER_KEY: &str = "replace_master_key";
/// A supervisor's key signs a draft of a list.
pub const SIGN_TRUST_LIST: &str = "sign_trust_list";
/// A trust list is published.
pub const PUBLISH_TRUST_LIST: &str = "publish_trust_list";
/// Keys are listed as compromised.
pub const LIST_COMPROMISED: &str = "list_compromised";
/// Listing an issuer of another system.
pub const ADD_ISSUER: &str = "add_issuer";
/// Taking one out.
pub const REMOVE_ISSUER: &str = "remove_issuer";
/// Listing a verifier of another system.
pub const ADD_VERIFIER: &str = "add_verifier";
/// Taking one out.
pub const REMOVE_VERIFIER: &str = "remove_verifier";
/// A root is announced.
pub const ANNOUNCE_ROOT: &str = "announce_root";
/// A list moves to the announced root.
pub const ROTATE_ROOT: &str = "rotate_root";
/// Another root is pinned.
pub const ADOPT_ROOT: &str = "adopt_root";
/// A text of an approval is signed.
pub const SIGN_APPROVAL: &str = "sign_approval";
/// A version of risk rules is signed.
pub const SIGN_RISK_RULES: &str = "sign_risk_rules";
/// An appeal is taken at a counter.
pub const ADD_APPEAL: &str = "add_appeal";
/// An appeal is answered.
pub const ANSWER_APPEAL: &str = "answer_appeal";
/// A suspension is put in force, or lifted.
pub const DECIDE_SUSPENSION: &str = "decide_suspension";

/// A desk's key signs a request for travellers.
pub const SIGN_REQUEST: &str = "sign_request";

/// Who gives a command, where it is not the user of the operating system.
#[derive(Debug, Clone, Args)]
pub struct ActorArgs {
    /// Who gives this command, for the record of acts where it writes; default: the user of the operating system.
    #[arg(long, value_name = "NAME", env = "BAYPASS_ACTOR")]
    pub actor: Option<Operator>,
}

/// Whose record an act stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Office {
    /// An authority's, or the gates' of a port.
    Party(Party),
    /// That of an authority's supervisors.
    Supervisors(AuthorityCode),
    /// That of a venue's desk.
    Venue(VenueId),
}

impl Office {
    /// The record of an authority.
    pub const fn authority(code: AuthorityCode) -> Self {
        Self::Party(Party::Authority(code))
    }

    /// The folder in which the record lies.
    pub fn folder(&self, of_whom: &Installation) -> PathBuf {
        match self {
            Self::Party(party) => of_whom.party(party),
            Self::Supervisors(code) => of_whom.supervisor(*code),
            Self::Venue(id) => of_whom.venue(id),
        }
    }
}

impl Installation {
    /// The same installation, where this operator gives the commands.
    pub fn acted_on_by(mut self, actor: Option<&Operator>) -> Self {
        self.actor = actor.cloned();
        self
    }

    /// Who gives the commands: who was named, else the user of the operating system.
    pub fn actor(&self) -> Result<Actor, Failure> {
        if let Some(named) = &self.actor {
            return Ok(Actor::Operator(named.clone()));
        }
        let user = whoami::username().unwrap_or_default();
        let fit: String = user.chars().map(|c| if c.is_whitespace() { '_' } else { c }).collect();
        // A container's user may have a number and no name.
        let name = Operator::new(&fit)
            .or_else(|| Operator::new(&format!("uid-{}", rustix::process::getuid().as_raw())));
        name.map(Actor::Operator).ok_or_else(|| Failure::new("say who gives this command with --actor NAME"))
    }

    /// Writes an act down, before it takes effect. `object` is a reference: a lane, an id, a keyed hash; never a person's
    /// name nor a document's number.
    pub fn put_on_record(
        &self,
        office: &Office,
        (act, object): (&str, &str),
        now: Timestamp,
    ) -> Result<(), Failure> {
        let folder = office.folder(self);
        make_folder(&folder)?;
        Record::of(&folder).write(&self.actor()?, (act, object, "allowed"), now).map_err(of)
    }

    /// The same of somebody's document, in the record of the authority that issued it.
    pub fn put_on_record_of(
        &self,
        service: &Service,
        (act, number): (&str, &DocumentNumber),
        now: Timestamp,
    ) -> Result<(), Failure> {
        let object = service.document_reference(number);
        self.put_on_record(&Office::authority(service.code()), (act, &object), now)
    }

    /// Writes an act down that concerns everybody who has a folder here.
    pub fn put_on_every_record(&self, act: (&str, &str), now: Timestamp) -> Result<(), Failure> {
        let supervisors = AuthorityCode::ALL.map(Office::Supervisors);
        let parties = tls::parties(self)?.into_iter().map(Office::Party);
        let desks = venues::here(self)?.into_iter().map(Office::Venue);
        let here = parties.chain(supervisors).chain(desks).filter(|office| office.folder(self).is_dir());
        here.into_iter().try_for_each(|office| self.put_on_record(&office, act, now))
    }
}
