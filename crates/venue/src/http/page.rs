//! Page: the policy under which a browser runs what this desk serves.
//!
//! Lives here: the policy alone; answers of an API are no pages, and say so.

/// No inline script or style, nothing of another origin, and no page around this one.
pub(super) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
