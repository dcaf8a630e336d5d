//! Invitation: a one-time code that an officer hands to a resident: something that the holder has.
//!
//! Lives here: [`Service::invite`]. Not here: the code's form (`applications`), what it is used for (`enrolment`). The
//! store keeps a keyed hash of it; the code itself is shown once, at the counter.

use documents::{DocumentNumber, Timestamp, redact_debug};

use crate::applications::{EnrolmentSettings, InvitationCode};
use crate::registry::RegistryError;
use crate::service::{Service, draw};
use crate::store::enrolment;

/// A code that was made, for the officer's counter alone.
#[derive(Clone)]
pub struct Invitation {
    /// The code; it stands nowhere else.
    pub code: InvitationCode,
    /// From when on it does not count.
    pub expires: Timestamp,
    /// How many were made for this person so far, this one included.
    pub made: i64,
}
redact_debug!(Invitation);

impl Service {
    /// Makes a one-time invitation for the resident with this number; an earlier one that was not used counts no more.
    /// `replaces`: an officer saw the holder and their document: a pass in force ends when this code is used, without the
    /// wait that a second enrolment has otherwise.
    ///
    /// # Errors
    /// [`RegistryError::Unknown`], or the database's.
    pub async fn invite(
        &self,
        number: &DocumentNumber,
        replaces: bool,
        now: Timestamp,
    ) -> Result<Invitation, RegistryError> {
        let EnrolmentSettings { rules, .. } = &self.enrolments.settings;
        let (code, expires) =
            (InvitationCode::new(self.me, draw()?), now.plus_seconds(rules.invitation_days * 86_400));
        let tag = self.store.vault().invitation_tag(code.as_bytes());
        let mut tx = self.store.begin().await?;
        let key = self.person_with(&mut tx, number).await?;
        if crate::store::person::is_lost(&mut tx, key, self.store.vault().number_tag(number)).await? {
            return Err(RegistryError::Unknown);
        }
        let invitation = enrolment::NewInvitation { tag, expires, replaces };
        let made = enrolment::set_invitation(&mut tx, key, &invitation, now).await?;
        tx.commit().await?;
        tracing::info!(made, replaces, "an invitation was made");
        Ok(Invitation { code, expires, made })
    }
}
