//! The appearance of each kind of node in pictures: light and dark colours, and a title.
//!
//! The colours are plain hexadecimal, because programs that open pictures may not support newer notations.

use crate::analyses::tree::NodeKind;

/// The appearance of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// The kind.
    pub kind: NodeKind,
    /// The class of its rectangles, and its name in JSON.
    pub class: &'static str,
    /// Its title.
    pub title: &'static str,
    /// Its colour on a light page.
    pub light: &'static str,
    /// Its colour on a dark page.
    pub dark: &'static str,
}

/// The colour of labels on a light page, readable on every [`Look::light`].
pub const LIGHT_TEXT: &str = "#14181f";
/// The colour of labels on a dark page, readable on every [`Look::dark`].
pub const DARK_TEXT: &str = "#f1f4f9";

/// All kinds, each at the index of its number.
pub const LOOKS: [Look; 12] = [
    look(NodeKind::Module, "module", "whole file", "#eef0f4", "#1c2129"),
    look(NodeKind::Section, "section", "section", "#dde3ec", "#2a3342"),
    look(NodeKind::Header, "header", "header", "#c3ccd9", "#44516a"),
    look(NodeKind::Import, "import", "import", "#f4c1d3", "#74304c"),
    look(NodeKind::Export, "export", "export", "#f7cda6", "#74420f"),
    look(NodeKind::Function, "function", "function", "#a9cdf7", "#1d4f8c"),
    look(NodeKind::Data, "data", "data", "#f3dd8f", "#665207"),
    look(NodeKind::Crate, "crate", "crate, package or namespace", "#dcd8f6", "#322d59"),
    look(NodeKind::Namespace, "namespace", "module in a crate", "#ebe8fb", "#403a6e"),
    look(NodeKind::Generic, "generic", "generic function, all instantiations", "#bfe6cb", "#1c5535"),
    look(NodeKind::Group, "group", "group", "#cdeae6", "#1d4a47"),
    look(NodeKind::Contents, "contents", "contents of a section", "#d6d3cd", "#4a4640"),
];

const fn look(
    kind: NodeKind,
    class: &'static str,
    title: &'static str,
    light: &'static str,
    dark: &'static str,
) -> Look {
    Look { kind, class, title, light, dark }
}

impl Look {
    /// The appearance of a kind.
    pub const fn of(kind: NodeKind) -> Look {
        LOOKS[kind as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2.2, "relative luminance".
    fn luminance(colour: &str) -> f64 {
        let channel = |at: usize| {
            let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn each_kind_has_its_look_and_is_called_as_in_json() {
        for (number, look) in LOOKS.iter().enumerate() {
            assert_eq!(look.kind as usize, number);
            assert_eq!(serde_json::to_value(look.kind).unwrap(), look.class);
        }
    }

    #[test]
    fn labels_can_be_read_on_every_colour() {
        assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 0.01);
        for look in LOOKS {
            let (light, dark) = (contrast(look.light, LIGHT_TEXT), contrast(look.dark, DARK_TEXT));
            assert!(light >= 4.5 && dark >= 4.5, "{}: {light:.1} and {dark:.1}", look.class);
        }
    }
}
