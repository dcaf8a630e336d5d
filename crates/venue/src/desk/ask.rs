//! Ask: the signed requests of a desk, fresh ones and those of a sign.
//!
//! Lives here: [`Desk::request`], [`Desk::standing`], [`Desk::adopt`]. Not here: a request's form (`credential::venue`). None is
//! signed that the desk's approval does not cover at that moment, and each is remembered until no answer to it can come.

use credential::VerifyingKey;
use credential::venue::{
    ANSWER_BEHIND_SECONDS, Exchange, RequestError, RequestTimeError, UnverifiedRequest, VenueRequest,
};
use documents::Timestamp;

use super::{AnswerId, Desk, DeskKey, Lists, NotAllowed};
use crate::store::StoreError;
use crate::store::answer::forget_ended;

/// Most days of a sign.
pub const SIGN_DAYS: u16 = 400;

/// A signed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What is asked.
    pub request: VenueRequest,
    /// The signed bytes: behind `BR1:` in a code, or as they are.
    pub bytes: Vec<u8>,
}

impl Asked {
    /// The id under which an answer to it is found.
    #[must_use]
    pub fn id(&self) -> AnswerId {
        AnswerId::from_bytes(self.request.id().cnonce())
    }
}

/// Why a desk makes or adopts no request.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// It may not ask that.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// Its setup makes no request, or the bytes are no request that this desk has signed.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The request of a sign is over, or of the future.
    #[error(transparent)]
    Time(#[from] RequestTimeError),
    /// The request is of another desk, or asks something else than this desk does.
    #[error("the request is not this desk's, or asks something else than this desk does; print a new sign")]
    OtherDesk,
    /// The request is for one answer, not for a sign.
    #[error("the request is for one answer; print a sign with a standing request")]
    NotASign,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AskError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAllowed(refused) => refused.code(),
            Self::Request(error) => error.code(),
            Self::Time(error) => error.code(),
            Self::OtherDesk => "request_other_desk",
            Self::NotASign => "request_not_standing",
            Self::Store(_) => "store",
        }
    }
}

impl Desk {
    /// A request for one answer. `reply` is the desk's HTTPS address for answers; without one the answer is shown to its camera.
    ///
    /// # Errors
    /// [`AskError::NotAllowed`], [`AskError::Request`], [`AskError::Store`].
    pub async fn request(
        &self,
        nonce: [u8; 16],
        reply: Option<&str>,
        lists: &dyn Lists,
        now: Timestamp,
    ) -> Result<Asked, AskError> {
        let keys = self.keys();
        self.allowed_by(keys.used(), lists, now)?;
        let asked = sign(self.setup().for_one(nonce, reply, now), keys.used())?;
        let mut tx = self.store().begin().await?;
        forget_ended(&mut tx, now).await?;
        let until = keep_until(&asked.request);
        self.store().insert_request(&mut tx, &asked.request, &keys.used().kid, until).await?;
        tx.commit().await?;
        Ok(asked)
    }

    /// The request of a sign for so many days (1 to [`SIGN_DAYS`]), from the midnight before `now`: the same all day long, by the
    /// same key while that one counts.
    ///
    /// # Errors
    /// [`AskError::NotAllowed`], [`AskError::Request`], [`AskError::Store`].
    pub async fn standing(
        &self,
        days: u16,
        reply: Option<&str>,
        lists: &dyn Lists,
        now: Timestamp,
    ) -> Result<Asked, AskError> {
        self.allowed(lists, now)?;
        let request = self.setup().for_a_sign(days, reply, now);
        let known = self.kid_of(&request).await?;
        let earlier = known.as_deref().and_then(|kid| self.key_of_request(Some(kid), lists, now).ok());
        let key = earlier.unwrap_or_else(|| self.keys().used().clone());
        let asked = sign(request, &key)?;
        self.remember(&asked.request, &key.kid, known.as_deref()).await?;
        Ok(asked)
    }

    /// Remembers the request of a sign that this desk has signed, by a key that counts still: after a new database the printed signs
    /// go on.
    ///
    /// # Errors
    /// [`AskError`].
    pub async fn adopt(&self, bytes: &[u8], lists: &dyn Lists, now: Timestamp) -> Result<AnswerId, AskError> {
        self.allowed(lists, now)?;
        let request = UnverifiedRequest::parse(bytes)?;
        let key = self.key_of_request(Some(request.kid()), lists, now)?;
        let own = VerifyingKey::new(*key.key.public()).map_err(|_| AskError::OtherDesk)?;
        let request = request.verify(&own)?;
        if request.exchange != Exchange::Standing {
            return Err(AskError::NotASign);
        }
        let times = (request.made, request.ends);
        if request != self.setup().asking(Exchange::Standing, request.reply.as_deref(), times) {
            return Err(AskError::OtherDesk);
        }
        request.check_time(now)?;
        let known = self.kid_of(&request).await?;
        self.remember(&request, &key.kid, known.as_deref()).await?;
        Ok(AnswerId::from_bytes(request.id().cnonce()))
    }

    /// The id of the key by which a request is known; `None` where it is not, or from before keys were written down.
    async fn kid_of(&self, request: &VenueRequest) -> Result<Option<Vec<u8>>, StoreError> {
        let mut tx = self.store().read().await?;
        let known = self.store().find_request(&mut tx, request.id().cnonce()).await?;
        tx.roll_back().await?;
        Ok(known.and_then(|row| row.kid))
    }

    /// Writes the request of a sign where it is `known` by another key or by none: wallets that ask for it day and night cost no
    /// write.
    async fn remember(
        &self,
        request: &VenueRequest,
        kid: &[u8],
        known: Option<&[u8]>,
    ) -> Result<(), StoreError> {
        if known == Some(kid) {
            return Ok(());
        }
        let mut tx = self.store().begin().await?;
        self.store().insert_request(&mut tx, request, kid, keep_until(request)).await?;
        tx.commit().await
    }
}

fn sign(request: VenueRequest, key: &DeskKey) -> Result<Asked, RequestError> {
    let bytes = request.sign(&key.kid, &key.key)?;
    Ok(Asked { request, bytes })
}

/// After this no answer counts that was made within the life of the request.
fn keep_until(request: &VenueRequest) -> Timestamp {
    request.ends.plus_seconds(ANSWER_BEHIND_SECONDS + 1)
}
