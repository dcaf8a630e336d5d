//! Text: what is refused of a condition before any parser sees it: length, characters, brackets, nesting.
//!
//! Lives here: [`check`]. Not here: the grammar (the engine's), names and types (`types`). A parser of others may use memory and
//! stack without bound on broken input; what passes here is short, balanced and shallow.

use super::{MAX_CONDITION, MAX_NESTING, TextFault};
use crate::fault::FaultKind;

/// Refuses a text that no parser should see.
pub fn check(text: &str) -> Result<(), TextFault> {
    let fault = |line, kind| TextFault { line, kind };
    if text.len() > MAX_CONDITION {
        return Err(fault(0, FaultKind::TooLong { what: "a condition", most: MAX_CONDITION }));
    }
    let syntax = |line, what: &str| fault(line, FaultKind::Syntax { what: what.to_owned() });
    if text.trim().is_empty() {
        return Err(syntax(0, "the condition is empty"));
    }
    let mut open: Vec<(char, usize)> = Vec::new();
    let (mut line, mut quote, mut before) = (0, None, ' ');
    for c in text.chars() {
        if c == '\n' {
            line += 1;
        }
        if !(c.is_ascii_graphic() || c == ' ' || c == '\n') {
            return Err(syntax(line, "write plain ASCII, without tabs or other control characters"));
        }
        match quote {
            Some(_) if c == '\n' => return Err(syntax(line - 1, "a quoted word ends on its line")),
            Some(mark) if c == mark => quote = None,
            // Escapes and raw strings have no use among the words of choices.
            Some(_) if c == '\\' => return Err(syntax(line, "a quoted word has no backslash")),
            Some(_) => {}
            None => unquoted(c, before, line, &mut open, &mut quote)?,
        }
        before = c;
    }
    if quote.is_some() {
        return Err(syntax(line, "a quoted word does not end"));
    }
    if let Some((mark, line)) = open.pop() {
        return Err(syntax(line, &format!("`{mark}` is not closed")));
    }
    Ok(())
}

fn unquoted(
    c: char,
    before: char,
    line: usize,
    open: &mut Vec<(char, usize)>,
    quote: &mut Option<char>,
) -> Result<(), TextFault> {
    let fault = |kind| Err(TextFault { line, kind });
    let not_allowed = |name: &str| fault(FaultKind::UnknownFunction { name: name.to_owned() });
    match c {
        '\'' | '"' if before.is_ascii_alphanumeric() || before == c => fault(FaultKind::Syntax {
            what: "write a quoted word with one quote at each end and no letter before it".to_owned(),
        }),
        '\'' | '"' => {
            *quote = Some(c);
            Ok(())
        }
        '(' | '[' => {
            open.push((c, line));
            if open.len() > MAX_NESTING { fault(FaultKind::TooDeep { most: MAX_NESTING }) } else { Ok(()) }
        }
        ')' | ']' => {
            let fits = open.pop().is_some_and(|(mark, _)| (mark == '(') == (c == ')'));
            if fits { Ok(()) } else { fault(FaultKind::Syntax { what: format!("`{c}` closes nothing") }) }
        }
        '{' | '}' => not_allowed("{}"),
        '?' => not_allowed("?:"),
        '/' if before == '/' => {
            fault(FaultKind::Syntax { what: "a condition has no comments; use `says`".to_owned() })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_no_parser_should_see_is_refused() {
        let deep = format!("{}a{}", "(".repeat(33), ")".repeat(33));
        let long = "a".repeat(MAX_CONDITION + 1);
        for (text, code, line) in [
            ("", "risk_syntax", 0),
            (" \n ", "risk_syntax", 0),
            (long.as_str(), "risk_too_long", 0),
            (deep.as_str(), "risk_too_deep", 0),
            ("a &&\n(b", "risk_syntax", 1),
            ("a)", "risk_syntax", 0),
            ("(a]", "risk_syntax", 0),
            ("a == 'x", "risk_syntax", 0),
            ("a == 'x\n'", "risk_syntax", 0),
            ("a == r'x'", "risk_syntax", 0),
            ("a == '''x'''", "risk_syntax", 0),
            ("a == '\\u0041'", "risk_syntax", 0),
            ("a\tb", "risk_syntax", 0),
            ("\n\na == 'é'", "risk_syntax", 2),
            ("a ? b : c", "risk_unknown_function", 0),
            ("{'a': b}", "risk_unknown_function", 0),
            ("a // no", "risk_syntax", 0),
        ] {
            let fault = check(text).unwrap_err();
            assert_eq!((fault.kind.code(), fault.line), (code, line), "{text}: {fault:?}");
        }
        let deepest = format!("{}a{}", "(".repeat(32), ")".repeat(32));
        for text in ["a && b", "a == 'x' && b in ['(', \")\"]", deepest.as_str()] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }
}
