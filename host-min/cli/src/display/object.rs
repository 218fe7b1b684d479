//! A JSON object on one line, built member by member.

use serde_json::to_string;

/// A JSON string. It is printable, because control characters are escaped.
fn json_of(text: &str) -> String {
    wagather_printable::json(&to_string(text).unwrap_or_default()).into_owned()
}

/// An object whose members keep their order.
pub(super) struct Object(String);

impl Object {
    pub(super) fn new() -> Object {
        Object("{".to_owned())
    }

    /// Adds a member whose value is JSON.
    pub(super) fn value(&mut self, name: &str, json: &str) {
        let comma = if self.0.len() > 1 { "," } else { "" };
        self.0 += &format!("{comma}\"{name}\":{json}");
    }

    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.value(name, &json_of(text));
    }

    /// Adds a list of strings, unless it is empty.
    pub(super) fn texts_if_any(&mut self, name: &str, texts: &[String]) {
        if !texts.is_empty() {
            let texts: Vec<String> = texts.iter().map(|text| json_of(text)).collect();
            self.value(name, &format!("[{}]", texts.join(",")));
        }
    }

    pub(super) fn text_if_any(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.text(name, text);
        }
    }

    pub(super) fn number(&mut self, name: &str, number: u64) {
        self.value(name, &number.to_string());
    }

    pub(super) fn number_if_any(&mut self, name: &str, number: u64) {
        if number > 0 {
            self.number(name, number);
        }
    }

    /// A time in milliseconds, to the microsecond.
    pub(super) fn millis(&mut self, name: &str, millis: f64) {
        self.value(name, &format!("{millis:.3}"));
    }

    pub(super) fn end(self) -> String {
        self.0 + "}"
    }
}
