//! Paper sheet: the page that a counter prints: codes, day and place, and what to do, in four languages and large type.
//!
//! Lives here: the page (SVG, A4). Not here: the codes (`paper`), their bytes (`credential::paper`).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use code::QrSymbol;
use documents::rules::Port;
use documents::{Direction, LocalDate, Side};
use serde::Deserialize;

use crate::failure::{Failure, of};

const WORDS: &str = include_str!("../data/paper-sheet.toml");
/// The lines that tell what to do, in their order.
const TOLD: [&str; 5] = ["show", "bring", "once", "lost", "card"];

/// A line in four languages.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(rename = "zh-Hans")]
    zh_hans: String,
    #[serde(rename = "zh-Hant")]
    zh_hant: String,
    en: String,
    pt: String,
}

impl Line {
    const fn each(&self) -> [&String; 4] {
        [&self.zh_hans, &self.zh_hant, &self.en, &self.pt]
    }
}

/// The words of the sheet.
struct Words(BTreeMap<String, Line>);

impl Words {
    fn read() -> Result<Self, Failure> {
        toml::from_str(WORDS).map(Self).map_err(of)
    }

    fn get(&self, key: &str) -> Result<&Line, Failure> {
        self.0.get(key).ok_or_else(|| Failure::new(format!("the sheet's words have no line {key}")))
    }
}

/// One code of a sheet, with the lane that it is for.
pub struct SheetCode<'s> {
    /// The side, where exit and entry are two lanes.
    pub side: Option<Side>,
    /// The symbol.
    pub symbol: &'s QrSymbol,
}

/// Draws the sheet.
///
/// # Errors
/// Words that are missing, or a port without the names of both sides.
pub fn draw(
    codes: &[SheetCode<'_>],
    port: &Port,
    direction: Direction,
    day: LocalDate,
) -> Result<String, Failure> {
    let words = Words::read()?;
    let mut page = Page::default();
    let title = words.get("title")?.each().map(String::as_str).join("  ·  ");
    page.text(18.0, 7.0, "bold", &title);
    page.text(31.0, 11.0, "bold", &day.to_string());
    let (from, to) = (words.get(direction.from().code())?, words.get(direction.to().code())?);
    let site = port
        .sides
        .get(&direction.from())
        .ok_or_else(|| Failure::new("the port has no name of its exit side; correct the data of ports"))?;
    let names = [&site.zh_hans, &site.zh_hant, &site.en, &site.pt];
    for (line, (name, (from, to))) in
        names.into_iter().zip(from.each().into_iter().zip(to.each())).enumerate()
    {
        let y = 41.0 + 7.5 * f64::from(u8::try_from(line).unwrap_or(0));
        page.text(y, 5.6, "bold", &format!("{name}: {from} → {to}"));
    }
    let width = if codes.len() > 1 { 90.0 } else { 104.0 };
    for (which, code) in codes.iter().enumerate() {
        let x =
            if codes.len() > 1 { 12.0 + 96.0 * f64::from(u8::try_from(which).unwrap_or(0)) } else { 53.0 };
        page.symbol(code.symbol, (x, 70.0), width);
        let key = code.side.map_or("one", Side::as_str);
        let label = words.get(key)?.each().map(String::as_str).join(" · ");
        page.label((x + width / 2.0, 70.0 + width + 5.5), &label);
    }
    let mut y = 189.0;
    let told = TOLD.into_iter().map(|key| words.get(key)).collect::<Result<Vec<_>, _>>()?;
    for language in 0..4 {
        for line in &told {
            if let Some(text) = line.each().get(language) {
                page.text(y, 4.6, "normal", text);
                y += 5.3;
            }
        }
        y += 1.0;
    }
    Ok(page.finish())
}

/// An A4 page in millimetres.
#[derive(Default)]
struct Page {
    body: String,
}

impl Page {
    fn text(&mut self, y: f64, size: f64, weight: &str, text: &str) {
        let text = escaped(text);
        // Writing to a String cannot fail.
        let _ = writeln!(
            self.body,
            "<text x=\"12\" y=\"{y:.1}\" font-size=\"{size}\" font-weight=\"{weight}\">{text}</text>"
        );
    }

    fn label(&mut self, (x, y): (f64, f64), text: &str) {
        let text = escaped(text);
        let _ = writeln!(
            self.body,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"4.6\" text-anchor=\"middle\">{text}</text>"
        );
    }

    fn symbol(&mut self, symbol: &QrSymbol, (x, y): (f64, f64), width: f64) {
        let own = symbol.to_svg();
        let placed = format!("<svg x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{width}\" ");
        self.body.push_str(&own.replacen("<svg ", &placed, 1));
    }

    fn finish(self) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"210mm\" height=\"297mm\" viewBox=\"0 0 210 297\" \
             font-family=\"'Noto Sans CJK SC','Noto Sans SC','PingFang SC','Microsoft YaHei',sans-serif\">\n\
             <rect width=\"210\" height=\"297\" fill=\"#fff\"/>\n{}</svg>\n",
            self.body
        )
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_sheet_fits_the_width_of_the_page_in_every_language() {
        let words = Words::read().unwrap();
        for key in TOLD {
            for text in words.get(key).unwrap().each() {
                let width: f64 = text.chars().map(|c| if c.is_ascii() { 0.56 } else { 1.0 } * 4.6).sum();
                assert!(width <= 186.0, "{key}: {text} takes {width:.0} mm");
            }
        }
    }

    #[test]
    fn a_sheet_names_its_day_its_place_and_every_lane_and_nobody() {
        let rules = documents::Rules::builtin().unwrap();
        let day: LocalDate = "2026-03-02".parse().unwrap();
        let port = rules.port(&"gongbei".parse().unwrap(), day).unwrap();
        let way = Direction::new(documents::AuthorityCode::Mac, documents::AuthorityCode::Chn).unwrap();
        let symbol = QrSymbol::draw("BP1:SPECIMEN").unwrap();
        let codes = [Some(Side::Exit), Some(Side::Entry)].map(|side| SheetCode { side, symbol: &symbol });
        let page = draw(&codes, port, way, day).unwrap();
        assert_eq!(page.matches("shape-rendering").count(), 2, "two codes");
        for needle in ["2026-03-02", "Macao → mainland", "澳门 → 内地", "出境", "entrada", "纸质通行码"]
        {
            assert!(page.contains(needle), "{needle}");
        }
    }
}
