//! Other wallet: a wallet of another system with an identity of an issuer that is not ours, as JSON lines, for the tests of the pages.
//!
//! `other_wallet NUMBER NAME BIRTH ANCHORS` writes `{"type", "certificate", "number"}` of its issuer and what that issued; the issuer is to be
//! listed by the supervisors' command. Then it reads a line for each step: `{"link"}`, which a page shows, gives `{"request_uri"}`; with the
//! signed request that lies there, `{"link", "object"}`, it gives where the answer goes and the form, `{"response_uri", "form"}`. What it
//! refuses is `{"refused"}` with the reason. ANCHORS is a file of certificates (PEM) of who may ask.

use std::io::{self, BufRead as _, Write as _};

use credential::x5c::CertificateAnchors;
use documents::Timestamp;
use gate::{Clock as _, SystemClock};
use openid4vc::presentation::RequestLink;
use serde::Deserialize;
use serde_json::{Value, json};

#[path = "../src/command/demo/other.rs"]
mod other;

use other::{OtherSystem, OtherWallet};

type Failure = Box<dyn std::error::Error>;

#[derive(Deserialize)]
struct Asked {
    link: String,
    object: Option<String>,
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [number, name, birth, anchors] = arguments.as_slice() else {
        return Err("other_wallet NUMBER NAME BIRTH ANCHORS".into());
    };
    let anchors = CertificateAnchors::from_pem(&std::fs::read_to_string(anchors)?)?;
    let now = SystemClock.now();
    let system = OtherSystem::new(now)?;
    let wallet = system.issue(number, name, birth.parse()?, now)?;
    let mut out = io::stdout().lock();
    let certificate = &system.root.0;
    let said = json!({"type": format!("sd-jwt:{}", other::VCT), "certificate": certificate, "number": wallet.number});
    writeln!(out, "{said}")?;
    for line in io::stdin().lock().lines() {
        let asked: Asked = serde_json::from_str(&line?)?;
        let said = answer(&wallet, &asked, &anchors, SystemClock.now());
        let said = said.unwrap_or_else(|fault| json!({"refused": fault.to_string()}));
        writeln!(out, "{said}")?;
        out.flush()?;
    }
    Ok(())
}

fn answer(
    wallet: &OtherWallet,
    asked: &Asked,
    anchors: &CertificateAnchors,
    now: Timestamp,
) -> Result<Value, Failure> {
    let link = RequestLink::read(&asked.link)?;
    let Some(object) = &asked.object else {
        return Ok(json!({"request_uri": link.request_uri}));
    };
    let (response_uri, form) = wallet.answer(object, &link, anchors, now)?;
    Ok(json!({"response_uri": response_uri, "form": form}))
}
