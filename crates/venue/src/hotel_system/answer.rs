//! The answer: `OTA_HotelResNotifRS`, read without a DTD, without entities, within bounds.
//!
//! Lives here: [`Reply`] and its reader. Not here: what the desk does with it (`client`). Each way in which an answer is no answer
//! has its code.

use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;

use super::message::NAMESPACE;

/// Longest answer that is read, in bytes.
pub const LONGEST_ANSWER: usize = 256 * 1024;
/// Deepest nesting.
const DEEPEST: usize = 16;
/// Most errors that are kept of one answer.
const MOST_ERRORS: usize = 16;
/// Longest text of an error that is kept, in characters.
const LONGEST_TEXT: usize = 200;

/// One error that the hotel's system names.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct OtaError {
    /// Its type, a number of the list EWT.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its code, a number of the list ERR.
    pub code: String,
    /// Its sentence.
    pub text: String,
}

/// What the hotel's system says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It took the message.
    Success,
    /// It refused it; a clerk sees why.
    Errors(Vec<OtaError>),
}

/// Why bytes are no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// Longer than an answer may be, or nested too deeply.
    #[error("the hotel system's answer is too large or too deep")]
    Size,
    /// Bytes that are not UTF-8.
    #[error("the hotel system's answer is not UTF-8")]
    Encoding,
    /// A document type declaration.
    #[error("the hotel system's answer has a document type declaration, which is not read")]
    Dtd,
    /// A reference to an entity, or a character reference.
    #[error("the hotel system's answer refers to an entity, which is not resolved")]
    Entity,
    /// A control character, or one that XML does not have.
    #[error("the hotel system's answer has a control character")]
    Control,
    /// Not well-formed, or a processing instruction.
    #[error("the hotel system's answer is not well-formed XML")]
    Form,
    /// Another message.
    #[error("the hotel system answers with another message than OTA_HotelResNotifRS")]
    Root,
    /// An answer to another message.
    #[error("the hotel system answers another message than the one that was sent")]
    EchoToken,
    /// Neither `Success` nor `Errors`, or both.
    #[error("the hotel system's answer says neither Success nor Errors")]
    Undecided,
}

impl AnswerError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Size => "xml_size",
            Self::Encoding => "xml_encoding",
            Self::Dtd => "xml_dtd",
            Self::Entity => "xml_entity",
            Self::Control => "xml_control",
            Self::Form => "xml_form",
            Self::Root => "xml_root",
            Self::EchoToken => "xml_echo_token",
            Self::Undecided => "xml_undecided",
        }
    }
}

/// Reads the answer to the message with this `EchoToken`.
///
/// # Errors
/// [`AnswerError`] for the first fault.
pub fn read(bytes: &[u8], echo: &str) -> Result<Reply, AnswerError> {
    if bytes.len() > LONGEST_ANSWER {
        return Err(AnswerError::Size);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| AnswerError::Encoding)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let stray = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\r' | '\t')) || matches!(c, '\u{fffe}' | '\u{ffff}')
    };
    if text.chars().any(stray) {
        return Err(AnswerError::Control);
    }
    let mut reader = NsReader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut found = Found::default();
    let mut path: Vec<String> = Vec::new();
    loop {
        let (namespace, event) = reader.read_resolved_event().map_err(|_| AnswerError::Form)?;
        let ours = matches!(namespace, ResolveResult::Bound(Namespace(name)) if name == NAMESPACE);
        match event {
            Event::Start(element) => {
                found.element(&path, &element, ours, echo)?;
                path.push(local(&element));
                if path.len() > DEEPEST {
                    return Err(AnswerError::Size);
                }
            }
            Event::Empty(element) => found.element(&path, &element, ours, echo)?,
            Event::End(_) => drop(path.pop()),
            Event::Text(text) => {
                if path.is_empty() && !text.trim().is_empty() {
                    return Err(AnswerError::Form);
                }
                found.text(&path, &text);
            }
            Event::GeneralRef(_) => return Err(AnswerError::Entity),
            Event::DocType(_) => return Err(AnswerError::Dtd),
            Event::PI(_) => return Err(AnswerError::Form),
            Event::CData(_) if path.is_empty() => return Err(AnswerError::Form),
            Event::CData(_) | Event::Comment(_) | Event::Decl(_) => {}
            Event::Eof if path.is_empty() => return found.decided(),
            Event::Eof => return Err(AnswerError::Form),
        }
    }
}

fn local(element: &BytesStart<'_>) -> String {
    element.local_name().as_ref().to_owned()
}

#[derive(Default)]
struct Found {
    root: bool,
    success: bool,
    errors: Vec<OtaError>,
}

impl Found {
    fn element(
        &mut self,
        path: &[String],
        element: &BytesStart<'_>,
        ours: bool,
        echo: &str,
    ) -> Result<(), AnswerError> {
        let name = local(element);
        let mut values = Vec::new();
        for attribute in element.attributes() {
            let attribute = attribute.map_err(|_| AnswerError::Form)?;
            // Nothing is resolved, the five predefined entities neither: a value with a reference is refused.
            if attribute.value.contains('&') {
                return Err(AnswerError::Entity);
            }
            if attribute.value.contains('<') {
                return Err(AnswerError::Form);
            }
            values.push((attribute.key.as_ref().to_owned(), attribute.value.into_owned()));
        }
        let value = |key: &str| values.iter().find(|(own, _)| own == key).map(|(_, value)| value.as_str());
        match path {
            [] if self.root => Err(AnswerError::Form),
            [] if !ours || name != "OTA_HotelResNotifRS" => Err(AnswerError::Root),
            [] if value("EchoToken") != Some(echo) => Err(AnswerError::EchoToken),
            [] => {
                self.root = true;
                Ok(())
            }
            [_] if ours && name == "Success" => {
                self.success = true;
                Ok(())
            }
            [_, errors]
                if ours && errors == "Errors" && name == "Error" && self.errors.len() < MOST_ERRORS =>
            {
                let text = |key| value(key).unwrap_or_default().chars().take(LONGEST_TEXT).collect();
                self.errors.push(OtaError {
                    kind: text("Type"),
                    code: text("Code"),
                    text: text("ShortText"),
                });
                Ok(())
            }
            [..] => Ok(()),
        }
    }

    /// The text of an error, where it has no `ShortText`.
    fn text(&mut self, path: &[String], text: &str) {
        if let ([_, errors, error], Some(last)) = (path, self.errors.last_mut())
            && errors == "Errors"
            && error == "Error"
            && last.text.is_empty()
        {
            last.text = text.trim().chars().take(LONGEST_TEXT).collect();
        }
    }

    fn decided(self) -> Result<Reply, AnswerError> {
        match (self.root, self.success, self.errors.is_empty()) {
            (false, _, _) => Err(AnswerError::Form),
            (true, true, true) => Ok(Reply::Success),
            (true, false, false) => Ok(Reply::Errors(self.errors)),
            (true, true, false) | (true, false, true) => Err(AnswerError::Undecided),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(inside: &str) -> String {
        format!(
            r#"<?xml version="1.0"?><OTA_HotelResNotifRS xmlns="{NAMESPACE}" Version="5.000" EchoToken="e1">{inside}</OTA_HotelResNotifRS>"#
        )
    }

    #[test]
    fn an_answer_says_success_or_names_its_errors() {
        assert_eq!(read(answer("<Success/>").as_bytes(), "e1"), Ok(Reply::Success));
        let refused = answer(
            r#"<Errors><Error Type="3" Code="264" ShortText="no such room"/><Error Type="3">why</Error></Errors>"#,
        );
        let Ok(Reply::Errors(errors)) = read(refused.as_bytes(), "e1") else { panic!() };
        assert_eq!((errors[0].code.as_str(), errors[0].text.as_str()), ("264", "no such room"));
        assert_eq!(errors[1].text, "why");
        let prefixed = format!(
            r#"<o:OTA_HotelResNotifRS xmlns:o="{NAMESPACE}" EchoToken="e1"><o:Success/></o:OTA_HotelResNotifRS>"#
        );
        assert_eq!(read(prefixed.as_bytes(), "e1"), Ok(Reply::Success));
    }

    #[test]
    fn what_is_no_answer_has_its_own_code() {
        let good = answer("<Success/>");
        let laughs = format!(r#"<!DOCTYPE x [<!ENTITY a "ha">]>{good}"#);
        for (text, code) in [
            (laughs, "xml_dtd"),
            (format!("<!DOCTYPE x SYSTEM \"file:///etc/passwd\">{good}"), "xml_dtd"),
            (answer("<Errors><Error>&a;</Error></Errors>"), "xml_entity"),
            (answer("<Success/>&#10;"), "xml_entity"),
            (answer("<Errors><Error ShortText=\"&a;\"/></Errors>"), "xml_entity"),
            (answer("<Errors><Error ShortText=\"a\u{7}\"/></Errors>"), "xml_control"),
            (answer("<Success/>\u{0}"), "xml_control"),
            (answer("<Success/><Errors><Error/></Errors>"), "xml_undecided"),
            (answer(""), "xml_undecided"),
            (good.replace("e1", "e2"), "xml_echo_token"),
            (good.replace("HotelResNotifRS", "HotelAvailRS"), "xml_root"),
            (good.replace(NAMESPACE, "urn:other"), "xml_root"),
            (good.replace("</OTA", "</OTB"), "xml_form"),
            (good.replace("<?xml version=\"1.0\"?>", "<?php x?>"), "xml_form"),
            (format!("{good}{good}"), "xml_form"),
            (String::new(), "xml_form"),
            (answer(&"<a>".repeat(20)), "xml_size"),
            (answer(&" ".repeat(LONGEST_ANSWER)), "xml_size"),
        ] {
            let error = read(text.as_bytes(), "e1").unwrap_err();
            assert_eq!(error.code(), code, "row {}", text.get(..120).unwrap_or(&text));
        }
        assert_eq!(read(b"\xff\xfe", "e1").unwrap_err().code(), "xml_encoding");
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), at in 0_usize..120) {
            let mut whole = answer("<Errors><Error Type=\"3\" Code=\"1\"/></Errors>").into_bytes();
            drop(read(&bytes, "e1"));
            let at = at.min(whole.len());
            whole.splice(at..at, bytes);
            drop(read(&whole, "e1"));
        }
    }
}
