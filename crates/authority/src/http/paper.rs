//! Paper: the counter's doors for paper passes (`docs/paper.md`).
//!
//! Lives here: what an officer asks in, what they get. Not here: what is issued (`issuance::paper`), the sheet (`baypass`).

use std::sync::Arc;

use ::officers::Deed;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use credential::{Audience, PublicKey};
use documents::{AuthorityCode, Direction, LocalDate, PortId, Side};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::AppState;
use super::body::{Base64, JsonBody, Officer, Text, base64};
use super::officers::{ByDocument, reference_of};
use super::problem::Problem;
use super::wallet::{Device, DocumentRef};
use crate::issuance::IssueError;
use crate::issuance::batch::DeviceProof;
use crate::issuance::paper::PaperOrder;

/// What a counter asks every authority of a crossing alike.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Visit {
    /// A document of the resident that this authority issued.
    document: DocumentRef,
    /// The key that the counter drew, with its proof for this authority.
    device: Device,
    /// 32 random bytes of this visit: the proof covers their hash in place of that of a wallet's secret.
    visit: Base64,
    /// The local day on which the pass counts: today or one of the two days after it.
    #[schema(value_type = String, format = Date)]
    day: Text<LocalDate>,
}

/// A visit, read.
struct Order {
    number: documents::DocumentNumber,
    device: DeviceProof,
    visit: [u8; 32],
    day: LocalDate,
}

impl Visit {
    fn order(self) -> Result<Order, Problem> {
        let wrong = Problem::wrong_field;
        Ok(Order {
            number: self.document.number()?,
            device: DeviceProof {
                key: PublicKey::from_bytes(&self.device.key.0).map_err(IssueError::from)?,
                proof: self.device.proof.0,
            },
            visit: self.visit.0.try_into().map_err(|_| wrong("visit"))?,
            day: self.day.0,
        })
    }
}

impl Order {
    const fn asked(&self) -> PaperOrder<'_> {
        PaperOrder { number: &self.number, device: &self.device, visit: &self.visit, day: self.day }
    }
}

/// A paper pass that a counter wants.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PaperWanted {
    #[schema(inline)]
    visit: Visit,
    #[schema(value_type = String, example = "hengqin")]
    port: Text<PortId>,
    #[schema(value_type = String, example = "MAC")]
    from: Text<AuthorityCode>,
    #[schema(value_type = String, example = "CHN")]
    to: Text<AuthorityCode>,
    /// `exit` or `entry`, where these have lanes of their own.
    #[schema(value_type = Option<String>)]
    side: Option<Text<Side>>,
    /// The part of another authority that makes its own for this crossing.
    other: Option<Base64>,
}

/// A paper pass in its pieces.
#[derive(Serialize, ToSchema)]
pub(super) struct PaperAnswer {
    /// The signed token.
    token: String,
    /// The counter's signature.
    proof: String,
    /// The parts, the exit's first.
    parts: Vec<String>,
    /// When it ends.
    #[schema(format = DateTime)]
    expires: String,
}

/// Issues a paper pass
///
/// For a resident of this authority whom the officer sees with their card. It counts once, at one port, in one direction, on one day.
#[utoipa::path(post, path = "/v1/residents/papers", tag = "officers", request_body = PaperWanted,
    security(("officer" = [])), responses((status = 201, description = "Issued.", body = PaperAnswer)))]
pub(super) async fn issue_paper(
    State(app): State<Arc<AppState>>,
    officer: Officer,
    JsonBody(wanted): JsonBody<PaperWanted>,
) -> Result<(StatusCode, Json<PaperAnswer>), Problem> {
    let order = wanted.visit.order()?;
    let direction = Direction::new(wanted.from.0, wanted.to.0).ok_or_else(|| Problem::wrong_field("to"))?;
    let audience = Audience::new(wanted.port.0, direction, wanted.side.map(|side| side.0));
    let acting = officer.may(&app, Deed::IssuePaper, reference_of(&app, &order.number)).await?;
    let other = wanted.other.as_ref().map(|part| part.0.as_slice());
    let issued = app.state.service.issue_paper(order.asked(), &audience, other, (app.state.now)()).await;
    let code = acting.told(issued).await?;
    let answer = PaperAnswer {
        token: base64(&code.token),
        proof: base64(&code.proof),
        parts: code.parts.iter().map(|part| base64(part)).collect(),
        expires: code.expires.to_string(),
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// A part for another authority's paper pass.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PaperPartWanted {
    #[schema(inline)]
    visit: Visit,
    /// The home authority of the resident.
    #[schema(value_type = String, example = "MAC")]
    issuer: Text<AuthorityCode>,
}

/// The part.
#[derive(Serialize, ToSchema)]
pub(super) struct PaperPartAnswer {
    part: String,
}

/// Makes this authority's own part for a paper pass of another issuer
#[utoipa::path(post, path = "/v1/residents/papers/parts", tag = "officers", request_body = PaperPartWanted,
    security(("officer" = [])), responses((status = 201, description = "Made.", body = PaperPartAnswer)))]
pub(super) async fn paper_part(
    State(app): State<Arc<AppState>>,
    officer: Officer,
    JsonBody(wanted): JsonBody<PaperPartWanted>,
) -> Result<(StatusCode, Json<PaperPartAnswer>), Problem> {
    let order = wanted.visit.order()?;
    let acting = officer.may(&app, Deed::IssuePaper, reference_of(&app, &order.number)).await?;
    let made = app.state.service.paper_part(order.asked(), wanted.issuer.0, (app.state.now)()).await;
    let part = acting.told(made).await?;
    Ok((StatusCode::CREATED, Json(PaperPartAnswer { part: base64(&part) })))
}

/// How many ended.
#[derive(Serialize, ToSchema)]
pub(super) struct PapersEnded {
    ended: u64,
}

/// Ends every paper pass of a resident
///
/// A sheet was lost, or is not needed. A wallet of theirs goes on.
#[utoipa::path(post, path = "/v1/residents/papers/end", tag = "officers", request_body = ByDocument,
    security(("officer" = [])), responses((status = 200, description = "Ended.", body = PapersEnded)))]
pub(super) async fn end_papers(
    State(app): State<Arc<AppState>>,
    officer: Officer,
    JsonBody(whose): JsonBody<ByDocument>,
) -> Result<Json<PapersEnded>, Problem> {
    let number = whose.document.number()?;
    let acting = officer.may(&app, Deed::EndPapers, reference_of(&app, &number)).await?;
    let ended = acting.told(app.state.service.end_papers(&number).await).await?;
    Ok(Json(PapersEnded { ended }))
}
