//! Cookies: how a page proves that it is the lane's, or that an officer is signed in: tokens that no script can read, sent to
//! this gate's own pages alone.

use axum::http::{HeaderMap, HeaderValue, header};
use documents::AuthorityCode;
use officers::Token;

/// How long a kiosk stays paired, in seconds: browsers keep no cookie longer than 400 days (RFC 6265bis, 5.5).
const PAIRED_SECONDS: i64 = 400 * 86_400;

/// A cookie of these pages: its name, the paths that get it, how long it is kept.
pub(super) struct Cookie {
    name: String,
    path: String,
    seconds: Option<i64>,
    secure: bool,
}

impl Cookie {
    /// The pairing of a lane's kiosk; in a trial of every lane's.
    pub(super) fn kiosk(slug: &str, every_lane: bool, secure: bool) -> Self {
        let (name, path) = if every_lane {
            ("baypass_kiosk".to_owned(), "/v1/kiosk".to_owned())
        } else {
            (format!("baypass_kiosk_{slug}"), format!("/v1/kiosk/{slug}"))
        };
        Self { name, path, seconds: Some(PAIRED_SECONDS), secure }
    }

    /// The session of an officer of one side; it goes with the browser.
    pub(super) fn officer(side: AuthorityCode, secure: bool) -> Self {
        Self { name: format!("baypass_officer_{side}"), path: "/v1".to_owned(), seconds: None, secure }
    }

    /// The token that a request brings under this name.
    pub(super) fn of(&self, headers: &HeaderMap) -> Option<Token> {
        let all = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
        let mut pairs = all.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, _)| *name == self.name).and_then(|(_, value)| Token::parse(value))
    }

    /// Gives the browser a token, or takes it away.
    pub(super) fn set(&self, token: Option<&Token>) -> Option<HeaderValue> {
        let Self { name, path, seconds, secure } = self;
        let (value, age) = match token {
            Some(token) => (token.expose(), *seconds),
            None => (String::new(), Some(0)),
        };
        let age = age.map_or_else(String::new, |age| format!("; Max-Age={age}"));
        let secure = if *secure { "; Secure" } else { "" };
        format!("{name}={value}; Path={path}; HttpOnly; SameSite=Strict{age}{secure}").parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_to_its_own_pages_and_no_script_reads_it() {
        let token = Token::draw(credential::random).unwrap();
        let text = token.expose();
        let cookie = Cookie::officer(AuthorityCode::Chn, false);
        let set = cookie.set(Some(&token)).unwrap();
        assert_eq!(
            set.to_str().unwrap(),
            format!("baypass_officer_CHN={text}; Path=/v1; HttpOnly; SameSite=Strict")
        );
        let elsewhere = Cookie::kiosk("CHN-MAC-2", false, true).set(None).unwrap();
        assert_eq!(
            elsewhere.to_str().unwrap(),
            "baypass_kiosk_CHN-MAC-2=; Path=/v1/kiosk/CHN-MAC-2; HttpOnly; SameSite=Strict; Max-Age=0; Secure"
        );
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, format!("a=b; baypass_officer_CHN={text}").parse().unwrap());
        assert!(cookie.of(&headers).is_some_and(|found| found == token));
        assert!(Cookie::officer(AuthorityCode::Mac, false).of(&headers).is_none());
    }
}
