//! Address: where another party or an authority is reached. In plain HTTP nothing goes further than this machine.
//!
//! Lives here: [`base_address`]. Not here: files with addresses (`baypass`).

use std::net::IpAddr;

use reqwest::Url;

/// Why an address is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is none of HTTP.
    #[error("{0:?} is no address of the form https://host:port; write one")]
    Form(String),
    /// Plain HTTP to another machine.
    #[error(
        "{0} is plain HTTP to another machine: anybody on the way could read and change what goes there; write https:// (docs/tls.md)"
    )]
    PlainOffLoopback(String),
}

/// Reads the base address of a service: `https://host:port`, or `http://` to this machine's own loopback alone. Without a
/// slash at its end.
///
/// # Errors
/// [`AddressError`]
pub fn base_address(text: &str) -> Result<String, AddressError> {
    let form = || AddressError::Form(text.chars().take(200).collect());
    let url = Url::parse(text).map_err(|_| form())?;
    let host = url.host_str().ok_or_else(form)?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !bare || !url.username().is_empty() || url.password().is_some() {
        return Err(form());
    }
    match url.scheme() {
        "https" => {}
        "http" if is_loopback_host(host) => {}
        "http" => return Err(AddressError::PlainOffLoopback(url.to_string())),
        _ => return Err(form()),
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// Whether a host of an address, or of a `Host` field without its port, is this machine's loopback by name or number.
#[must_use]
pub fn is_loopback_host(host: &str) -> bool {
    let number = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost") || number.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_goes_to_the_loopback_alone() {
        for good in [
            "https://chn.example:7201",
            "https://192.0.2.7",
            "http://127.0.0.1:7101/",
            "http://localhost:7101",
            "http://[::1]:7101",
            "http://127.9.9.9:1",
        ] {
            assert_eq!(base_address(good).as_deref(), Ok(good.trim_end_matches('/')));
        }
        for plain in [
            "http://chn.example:7201",
            "http://192.0.2.7:7101",
            "http://0.0.0.0:7101",
            "http://localhost.example",
            "http://127.0.0.1.example:80",
            "HTTP://10.0.0.1",
            "http://[::ffff:10.0.0.1]:1",
        ] {
            assert!(matches!(base_address(plain), Err(AddressError::PlainOffLoopback(_))), "{plain}");
        }
        for wrong in [
            "",
            "chn.example",
            "ftp://chn.example",
            "https://a:b@chn.example",
            "https://chn.example/v1",
            "https://chn.example?x",
            "http://127.0.0.1@chn.example/",
            "https://",
        ] {
            assert!(matches!(base_address(wrong), Err(AddressError::Form(_))), "{wrong}");
        }
    }
}
