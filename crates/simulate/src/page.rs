//! Page: the report as one HTML file that reads well on paper: tables, and curves drawn as SVG. Nothing is loaded from anywhere.
//!
//! Lives here: [`page`]. Not here: figures (`report`).

use std::fmt::Write as _;

use crate::report::Report;

/// The page of a report.
#[must_use]
pub fn page(report: &Report) -> String {
    let mut out = String::new();
    let _ = write!(out, "<p>{}", report.run.seed);
    out
}
