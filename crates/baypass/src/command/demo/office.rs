//! Office: the demo plays officers with test accounts, which say that they are some.
//!
//! Lives here: making them, signing them in, and what opens a lane's pages. Not here: what officers do in the tour.

use ::officers::{AccountId, AccountName, Actor, Desk, NewAccount, Role};
use documents::{AuthorityCode, Timestamp};
use gate::Clock as _;
use serde_json::Value;

use super::bay::{Answered, Bay};
use super::port;
use crate::failure::{Failure, of};
use crate::officers::{desk, pairings};
use crate::serve::TrialClock;

/// The account that the demo plays officers with: a test account of every role, which says so.
pub fn test_account(
    (desk, actor): (&Desk, &Actor),
    side: Option<AuthorityCode>,
    now: Timestamp,
) -> Result<AccountId, Failure> {
    let name = AccountName::new("Test account of the demo").map_err(of)?;
    let accounts = desk.accounts().map_err(of)?;
    if let Some(known) = accounts.iter().find(|account| account.name == name && account.side == side) {
        return Ok(known.id);
    }
    let account = NewAccount { name, side, roles: Role::ALL.into(), test: true };
    let (id, _) = desk.add(actor, account, now).map_err(of)?.map_err(of)?;
    Ok(id)
}

impl Bay {
    /// The pages of one lane, each with what opens it: the kiosk's address pairs once; an officer's needs a test account's
    /// one-time code, at the gate and, for reasons, at their authority.
    pub fn pages(&self, port_name: &str, lane: &str) -> Result<Vec<(String, String)>, Failure> {
        let (folder, now) =
            (self.installation.gate(&port(port_name)?), TrialClock::of(&self.installation).now());
        let text = std::fs::read_to_string(folder.join(crate::kiosk::ADDRESSES)).map_err(of)?;
        let mut pages = Vec::new();
        for line in text.lines() {
            match line.split_whitespace().collect::<Vec<_>>().as_slice() {
                ["kiosk", named, address] if *named == lane => {
                    let pairings = pairings(&self.installation, &folder)?;
                    let code = pairings.issue(lane, &self.installation.actor()?, now).map_err(of)?;
                    pages.push(("kiosk".to_owned(), format!("{address}#{}", code.expose())));
                }
                ["officer", named, code, address] if *named == lane => {
                    let side: AuthorityCode = code.parse().map_err(of)?;
                    let gate = desk(&self.installation, &folder)?;
                    let actor = self.installation.actor()?;
                    let account = test_account((&gate, &actor), Some(side), now)?;
                    let here = gate.new_code(&actor, account, now).map_err(of)?.map_err(of)?;
                    let there = self.officer_code(side)?;
                    let codes = format!("test account, code {}; reasons: code {there}", here.expose());
                    pages.push((format!("officer {code}"), format!("{address}  {codes}")));
                }
                _ => {}
            }
        }
        Ok(pages)
    }

    /// A one-time code of an authority's test account.
    fn officer_code(&self, code: AuthorityCode) -> Result<String, Failure> {
        let account =
            self.officers.get(&code).copied().ok_or_else(|| Failure::new("there is no test account"))?;
        let desk = desk(&self.installation, &self.installation.authority(code))?;
        let (actor, now) = (self.installation.actor()?, TrialClock::of(&self.installation).now());
        Ok(desk.new_code(&actor, account, now).map_err(of)?.map_err(of)?.expose())
    }

    /// Signs the test account of an authority in; gives the secret of the session. The demo moves its clock over more than
    /// a shift, so each call signs in anew.
    async fn officer_session(&self, code: AuthorityCode) -> Result<String, Failure> {
        let body = serde_json::json!({"code": self.officer_code(code)?});
        let url = format!("{}/v1/officers/sessions", self.authority(code)?);
        let answer = self.sent(self.client.post(url).json(&body)).await?;
        let session = answer.body.get("session").and_then(Value::as_str).map(str::to_owned);
        session.ok_or_else(|| {
            Failure::new(format!("the test account of {code} cannot sign in ({})", answer.code()))
        })
    }

    /// `GET` as an officer of that authority.
    pub async fn officer(&self, code: AuthorityCode, path: &str) -> Result<Answered, Failure> {
        let secret = self.officer_session(code).await?;
        self.sent(self.client.get(format!("{}{path}", self.authority(code)?)).bearer_auth(secret)).await
    }

    /// `POST` as an officer of that authority.
    pub async fn officer_post(
        &self,
        code: AuthorityCode,
        path: &str,
        body: &Value,
    ) -> Result<Answered, Failure> {
        let secret = self.officer_session(code).await?;
        self.sent(self.client.post(format!("{}{path}", self.authority(code)?)).bearer_auth(secret).json(body))
            .await
    }
}
