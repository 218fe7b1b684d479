//! Text in columns, as kubectl prints it: a header in capital letters, no rules, at least two spaces between columns. Numbers are
//! aligned to the right. A table that is too wide is cut, never wrapped.

/// A column.
#[derive(Clone, Copy)]
pub(super) struct Column {
    pub(super) header: &'static str,
    pub(super) is_number: bool,
    /// The minimum width, so that a table that is redrawn does not jump.
    pub(super) least: usize,
}

/// The colour of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colour {
    Red,
    Yellow,
}

/// A cell.
#[derive(Clone, Default)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) colour: Option<Colour>,
}

/// The space for a table.
#[derive(Clone, Copy)]
pub(super) struct Room {
    /// The maximum width of a line, in columns of the terminal.
    pub(super) width: usize,
    /// Whether it has colours.
    pub(super) has_colour: bool,
}

/// Between two columns.
const GAP: usize = 2;

pub(super) const fn text(header: &'static str) -> Column {
    Column { header, is_number: false, least: 0 }
}

pub(super) const fn number(header: &'static str) -> Column {
    Column { header, is_number: true, least: 0 }
}

impl Column {
    pub(super) const fn at_least(self, least: usize) -> Column {
        Column { least, ..self }
    }
}

/// Escapes foreign text, so that it stays within its cell.
impl From<String> for Cell {
    fn from(text: String) -> Cell {
        Cell { text: wagather_printable::line(&text).into_owned(), colour: None }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        text.to_owned().into()
    }
}

/// The most columns of a terminal that a text takes. A character beyond ASCII can take two.
pub(super) fn width_of(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

/// A text in at most this many columns of a terminal. If it was cut, it ends in a mark.
pub(super) fn cut(text: &str, width: usize) -> String {
    if width_of(text) <= width {
        return text.to_owned();
    }
    let mut cut = String::new();
    for c in text.chars() {
        cut.push(c);
        // The mark can take two columns as well.
        if width_of(&cut) + 2 > width {
            cut.pop();
            break;
        }
    }
    if width >= 2 {
        cut.push('…');
    }
    cut
}

/// Removes a column.
pub(super) fn leave_out(header: &str, columns: &mut Vec<Column>, rows: &mut [Vec<Cell>]) {
    if let Some(index) = columns.iter().position(|column| column.header == header) {
        columns.remove(index);
        rows.iter_mut().for_each(|row| drop(row.remove(index)));
    }
}

/// The width of each column.
pub(super) fn widths(columns: &[Column], rows: &[Vec<Cell>]) -> Vec<usize> {
    let cells = |index: usize| rows.iter().filter_map(move |row| row.get(index));
    let widest = |(index, column): (usize, &Column)| {
        cells(index)
            .map(|cell| width_of(&cell.text))
            .fold(column.least.max(width_of(column.header)), usize::max)
    };
    columns.iter().enumerate().map(widest).collect()
}

/// The total width of columns with these widths.
pub(super) fn sum(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)
}

/// The lines of a table, its header first.
pub(super) fn lines(columns: &[Column], rows: &[Vec<Cell>], room: Room) -> Vec<String> {
    let widths = widths(columns, rows);
    let header: Vec<Cell> = columns.iter().map(|column| column.header.into()).collect();
    std::iter::once(&header).chain(rows).map(|row| line(columns, &widths, row, room)).collect()
}

fn line(columns: &[Column], widths: &[usize], row: &[Cell], room: Room) -> String {
    let (mut line, mut begin) = (String::new(), 0);
    let mut pending = 0;
    for ((column, &width), cell) in columns.iter().zip(widths).zip(row) {
        let room_left = room.width.saturating_sub(begin).min(width);
        // A part of a number would be another number.
        let shown =
            if column.is_number && room_left < width { String::new() } else { cut(&cell.text, room_left) };
        let rest = width.saturating_sub(width_of(&shown));
        let (before, after) = if column.is_number { (rest, 0) } else { (0, rest) };
        pending += before;
        if !shown.is_empty() {
            line.extend(std::iter::repeat_n(' ', pending));
            paint(&mut line, &shown, cell.colour.filter(|_| room.has_colour));
            pending = 0;
        }
        pending += after + GAP;
        begin += width + GAP;
    }
    line
}

fn paint(line: &mut String, text: &str, colour: Option<Colour>) {
    let code = match colour {
        None => return line.push_str(text),
        Some(Colour::Red) => "31",
        Some(Colour::Yellow) => "33",
    };
    line.push_str(&format!("\x1b[{code}m{text}\x1b[0m"));
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 3] = [text("NAME"), number("ITEMS"), text("NOW")];

    fn rows() -> Vec<Vec<Cell>> {
        let red = Cell { text: "broken".into(), colour: Some(Colour::Red) };
        vec![
            vec!["pods".into(), "5,000".into(), "list v1/pods".into()],
            vec![red, "1".into(), Cell::default()],
        ]
    }

    #[test]
    fn columns_line_up_and_lines_end_where_their_text_does() {
        let room = Room { width: 80, has_colour: false };
        assert_eq!(
            lines(&COLUMNS, &rows(), room),
            ["NAME    ITEMS  NOW", "pods    5,000  list v1/pods", "broken      1"]
        );
    }

    #[test]
    fn what_does_not_fit_is_cut() {
        for (width, expected) in [
            (27, ["NAME    ITEMS  NOW", "pods    5,000  list v1/pods", "broken      1"]),
            (24, ["NAME    ITEMS  NOW", "pods    5,000  list v1…", "broken      1"]),
            (17, ["NAME    ITEMS  …", "pods    5,000  …", "broken      1"]),
            (9, ["NAME", "pods", "broken"]),
            (5, ["NAME", "pods", "bro…"]),
        ] {
            let lines = lines(&COLUMNS, &rows(), Room { width, has_colour: false });
            assert_eq!(lines, expected, "{width}");
            assert!(lines.iter().all(|line| width_of(line) <= width), "{width}");
        }
    }

    #[test]
    fn colours_take_no_room() {
        let lines = lines(&COLUMNS, &rows(), Room { width: 80, has_colour: true });
        assert_eq!(lines[2], "\x1b[31mbroken\x1b[0m      1");
    }

    #[test]
    fn a_cell_stays_within_its_line() {
        let evil = vec![vec!["a\u{1b}[2J\n\u{202e}b".into(), "1".into(), Cell::default()]];
        let room = Room { width: 80, has_colour: true };
        assert_eq!(lines(&COLUMNS, &evil, room)[1], "a\\u{1b}[2J\\n\\u{202e}b      1");
    }

    #[test]
    fn a_character_that_may_be_wide_is_counted_as_wide() {
        assert_eq!(cut("日本語", 6), "日本語");
        assert_eq!(cut("日本語", 5), "日…");
        assert_eq!(cut("abc", 2), "…");
        assert_eq!(cut("abc", 1), "");
        assert_eq!((cut("abc", 3), cut("", 0)), ("abc".into(), String::new()));
    }
}
