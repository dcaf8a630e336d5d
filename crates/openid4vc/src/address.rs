//! Addresses that others send: where a browser or an answer goes.
//!
//! Lives here: [`host`], [`is_safe`]. Not here: whose an address is.

/// Longest address that is read, in bytes.
const MAX_LEN: usize = 2048;

/// The host of an address; `None` where a user stands before it, or a backslash, which browsers take for a slash: a reader could take
/// what stands before these for the host (RFC 3986, 7.6).
pub(crate) fn host(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains(['@', '\\']) {
        return None;
    }
    let bracketed = authority.starts_with('[');
    let end = if bracketed { authority.find(']').map(|at| at + 1) } else { authority.find(':') };
    authority.get(..end.unwrap_or(authority.len())).filter(|host| !host.is_empty())
}

/// Whether an address is short, printable and without a fragment.
pub(crate) fn is_sound(uri: &str) -> bool {
    uri.len() <= MAX_LEN && uri.bytes().all(|byte| byte.is_ascii_graphic()) && !uri.contains('#')
}

/// Whether an answer may travel to this address: over TLS, or within this machine.
pub(crate) fn is_safe(uri: &str) -> bool {
    let loopback = host(uri).is_some_and(|host| ["localhost", "127.0.0.1", "[::1]"].contains(&host));
    let tls = uri.starts_with("https://") && host(uri).is_some();
    is_sound(uri) && (tls || (uri.starts_with("http://") && loopback))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_travels_over_tls_or_within_this_machine_to_the_host_that_is_shown() {
        for good in [
            "https://wallet.example/cb",
            "https://wallet.example:8443/cb?a=b@c",
            "http://localhost:5000/cb",
            "http://127.0.0.1/",
            "http://[::1]:5000/",
        ] {
            assert!(is_safe(good), "{good}");
        }
        for bad in [
            "https://",
            "https:///cb",
            "https://wallet.example@evil.example/cb",
            "https://evil.example\\.wallet.example/cb",
            "http://localhost:1@evil.example/cb",
            "http://localhost\\@evil.example/cb",
            "http://localhost.evil.example/cb",
            "http://wallet.example/cb",
            "https://wallet.example/cb#part",
            "https://wallet.example/c b",
            "ftp://wallet.example/cb",
        ] {
            assert!(!is_safe(bad), "{bad}");
        }
    }
}
