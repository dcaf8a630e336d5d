//! Address: where a library's system is reached. The protocol has no security of its own: what is plain stays on this machine.
//!
//! Lives here: [`LibraryAddress`]. Not here: connections (`connection`).

use std::fmt;
use std::str::FromStr;

/// Where a library's system listens: `sip2://host:port` without TLS, on this machine's loopback alone, or `sip2s://host:port` with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LibraryAddress {
    host: String,
    port: u16,
    tls: bool,
}

/// Why an address is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LibraryAddressError {
    /// It has another form.
    #[error(
        "not an address of a library's system; write sip2s://host:port, or sip2://127.0.0.1:port for a tunnel on this machine"
    )]
    Form,
    /// Without TLS to another machine.
    #[error(
        "sip2:// to another machine goes in plain, with passwords and readers' numbers; use sip2s:// or a tunnel on this machine"
    )]
    PlainOffLoopback,
}

impl LibraryAddressError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Form => "library_address_form",
            Self::PlainOffLoopback => "library_address_plain",
        }
    }
}

impl LibraryAddress {
    /// The host, an IPv6 address without its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether the connection is under TLS.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        self.tls
    }
}

impl FromStr for LibraryAddress {
    type Err = LibraryAddressError;

    fn from_str(text: &str) -> Result<Self, LibraryAddressError> {
        let (rest, tls) = match (text.strip_prefix("sip2://"), text.strip_prefix("sip2s://")) {
            (Some(rest), _) => (rest, false),
            (None, Some(rest)) => (rest, true),
            (None, None) => return Err(LibraryAddressError::Form),
        };
        let (host, port) = rest.rsplit_once(':').ok_or(LibraryAddressError::Form)?;
        let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse().ok().filter(|port| digits && *port != 0).ok_or(LibraryAddressError::Form)?;
        let number = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let valid = match number {
            Some(number) => number.parse::<std::net::Ipv6Addr>().is_ok(),
            None => {
                !host.is_empty()
                    && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
            }
        };
        if !valid {
            return Err(LibraryAddressError::Form);
        }
        if !tls && !transport::is_loopback_host(host) {
            return Err(LibraryAddressError::PlainOffLoopback);
        }
        Ok(Self { host: number.unwrap_or(host).to_owned(), port, tls })
    }
}

impl fmt::Display for LibraryAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "sip2s" } else { "sip2" };
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{scheme}://{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_tls_is_of_this_machine_alone() {
        for good in [
            "sip2://127.0.0.1:6001",
            "sip2://localhost:6001",
            "sip2://[::1]:6001",
            "sip2s://sip.library.example:6002",
            "sip2s://192.0.2.7:6002",
            "sip2s://[2001:db8::7]:6002",
        ] {
            assert_eq!(good.parse::<LibraryAddress>().unwrap().to_string(), good);
        }
        for plain in [
            "sip2://sip.library.example:6001",
            "sip2://192.0.2.7:6001",
            "sip2://0.0.0.0:1",
            "sip2://[2001:db8::7]:1",
        ] {
            assert_eq!(
                plain.parse::<LibraryAddress>(),
                Err(LibraryAddressError::PlainOffLoopback),
                "{plain}"
            );
        }
        for wrong in [
            "",
            "sip.library.example:6001",
            "https://library.example:6001",
            "sip2s://library.example",
            "sip2s://:6001",
            "sip2s://library.example:0",
            "sip2s://library.example:+1",
            "sip2s://library.example:70000",
            "sip2s://user@library.example:1",
            "sip2s://library.example:1/",
            "sip2s://::1:6001",
            "sip2s://[library.example]:1",
        ] {
            assert_eq!(wrong.parse::<LibraryAddress>(), Err(LibraryAddressError::Form), "{wrong}");
        }
        let sentence = LibraryAddressError::PlainOffLoopback.to_string();
        assert!(sentence.contains("use sip2s:// or a tunnel on this machine"), "{sentence}");
    }
}
