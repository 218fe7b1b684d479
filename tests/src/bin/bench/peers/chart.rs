//! Draws results as plain SVG: dots on a logarithmic scale, and lines between them.
//!
//! The text follows the reader's theme and there is no background, so it is readable in dark and light mode. It needs
//! no script and no font. Our own program has its own colour; dots are also filled or hollow, so colours are not
//! needed to distinguish them.

/// A contender's place on the scale: the start and the end.
pub(super) struct Dots {
    pub(super) name: String,
    /// Filled, and hollow.
    pub(super) values: [f64; 2],
    pub(super) is_ours: bool,
}

/// A heading, and dots under it.
pub(super) struct Panel {
    pub(super) heading: String,
    pub(super) rows: Vec<Dots>,
}

/// One contender with modules of several sizes.
pub(super) struct Line {
    pub(super) name: String,
    /// Where on the lower scale, and where on the left one.
    pub(super) points: Vec<(f64, f64)>,
    pub(super) is_ours: bool,
}

const WIDTH: f64 = 960.0;
/// Where scales begin; names are to the left.
const LEFT: f64 = 250.0;
const RIGHT: f64 = 920.0;
const STEP: f64 = 22.0;
const HEADING: f64 = 58.0;

const STYLE: &str = "\
<style>
text { font: 13px sans-serif; fill: #1f2328 } .heading { font-weight: bold; font-size: 14px } .scale { fill: #59636e; font-size: 12px }
.grid { stroke: #d1d9e0 } .span { stroke: #8a94a0; stroke-width: 2 } .line { fill: none; stroke: #8a94a0; stroke-width: 1.5 }
.full { fill: #59636e } .hollow { fill: #ffffff; stroke: #59636e; stroke-width: 2 }
.ours.span, .ours.line { stroke: #2f7d4f } .ours.line { stroke-width: 3 } .ours.full { fill: #2f7d4f } .ours.hollow { stroke: #2f7d4f }
text.ours { fill: #2f7d4f; font-weight: bold }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .scale { fill: #9198a1 } .grid { stroke: #3d444d } .span, .line { stroke: #7d8794 }
.full { fill: #9198a1 } .hollow { fill: #0d1117; stroke: #9198a1 }
.ours.span, .ours.line { stroke: #46a870 } .ours.full { fill: #46a870 } .ours.hollow { stroke: #46a870 } text.ours { fill: #46a870 }
}
</style>
";

/// The numbers at which a scale of powers from `least` to `most` has lines: 1, 2, 5 of each ten, or each ten alone if that is many. What is a
/// little beyond a line needs no other one.
fn marks(least: f64, most: f64) -> Vec<f64> {
    let tens = least.log10().floor() as i32..=most.log10().ceil() as i32;
    let steps: &[f64] = if most / least > 3e3 { &[1.0] } else { &[1.0, 2.0, 5.0] };
    let all = tens.flat_map(|ten| steps.iter().map(move |step| step * 10f64.powi(ten)));
    let all: Vec<f64> = all.collect();
    let first = all.iter().rposition(|&mark| mark <= least * 1.1).unwrap_or(0);
    let last = all.iter().position(|&mark| mark >= most * 0.9).unwrap_or(all.len().saturating_sub(1));
    all[first..=last.max(first)].to_vec()
}

/// Where a value is between two pixels, on a scale of powers between two marks.
fn place(value: f64, marks: &[f64], from: f64, to: f64) -> f64 {
    let (Some(&least), Some(&most)) = (marks.first(), marks.last()) else { return from };
    if most <= least {
        return from;
    }
    from + (value / least).ln() / (most / least).ln() * (to - from)
}

fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let values = values.filter(|value| value.is_finite() && *value > 0.0);
    let (least, most) =
        values.fold((f64::MAX, 0.0), |(least, most), value| (value.min(least), value.max(most)));
    if most == 0.0 { (1.0, 1.0) } else { (least, most) }
}

/// Panels below each other, all on one scale: each contender's filled and hollow dot. `said` is what the scale says.
pub(super) fn dots(title: &str, said: &str, panels: &[Panel]) -> String {
    let values = panels.iter().flat_map(|panel| &panel.rows).flat_map(|row| row.values);
    let (least, most) = range(values);
    let marks = marks(least, most);
    let mut body = String::new();
    let mut top = 0.0;
    for panel in panels {
        let first = top + HEADING;
        let bottom = first + STEP * panel.rows.len() as f64;
        body += &text(8.0, top + 30.0, "heading", "start", &panel.heading);
        for &mark in &marks {
            let x = place(mark, &marks, LEFT, RIGHT);
            body += &line(x, first - 8.0, x, bottom - 6.0, "grid");
            body += &text(x, first - 14.0, "scale", "middle", &number(mark));
        }
        for (index, row) in panel.rows.iter().enumerate() {
            let y = first + STEP * index as f64 + 4.0;
            let ours = if row.is_ours { "ours " } else { "" };
            body += &text(LEFT - 14.0, y + 4.0, &format!("{ours}name"), "end", &row.name);
            let [full, hollow] = row.values.map(|value| place(value, &marks, LEFT, RIGHT));
            body += &line(full, y, hollow, y, &format!("{ours}span"));
            body += &dot(hollow, y, &format!("{ours}hollow"));
            body += &dot(full, y, &format!("{ours}full"));
        }
        top = bottom + 6.0;
    }
    body += &text(LEFT, top + 16.0, "scale", "start", said);
    document(title, top + 28.0, &body)
}

/// Lines over modules of several sizes, both scales of powers. Names are at the lines' ends. `said` is what the scales say.
pub(super) fn lines(title: &str, said: &str, lines: &[Line]) -> String {
    const LEFT: f64 = 66.0;
    const RIGHT: f64 = 780.0;
    const TOP: f64 = 40.0;
    const BOTTOM: f64 = 500.0;
    let points = || lines.iter().flat_map(|line| &line.points);
    let [across, up] = [range(points().map(|point| point.0)), range(points().map(|point| point.1))];
    let (across, up) = (marks(across.0, across.1), marks(up.0, up.1));
    let mut body = String::new();
    body += &text(8.0, 20.0, "scale", "start", said);
    for &mark in &up {
        let y = place(mark, &up, BOTTOM, TOP);
        body += &line(LEFT, y, RIGHT, y, "grid");
        body += &text(LEFT - 8.0, y + 4.0, "scale", "end", &millis(mark));
    }
    for &mark in &across {
        let x = place(mark, &across, LEFT, RIGHT);
        body += &line(x, TOP, x, BOTTOM, "grid");
        body += &text(x, BOTTOM + 20.0, "scale", "middle", &bytes(mark));
    }
    let mut ends = Vec::new();
    // What is ours lies above the others.
    let ordered = lines.iter().filter(|line| !line.is_ours).chain(lines.iter().filter(|line| line.is_ours));
    for line in ordered {
        let places =
            line.points.iter().map(|&(x, y)| (place(x, &across, LEFT, RIGHT), place(y, &up, BOTTOM, TOP)));
        let places: Vec<(f64, f64)> = places.collect();
        let path: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let ours = if line.is_ours { "ours " } else { "" };
        body += &format!("<polyline class=\"{ours}line\" points=\"{}\"/>\n", path.join(" "));
        for &(x, y) in &places {
            body += &dot(x, y, &format!("{ours}full"));
        }
        ends.extend(places.last().map(|&(x, y)| (x, y, format!("{ours}name"), &line.name)));
    }
    // Names that would lie upon each other are moved down, then up where they would leave the drawing.
    ends.sort_by(|one, other| one.1.total_cmp(&other.1));
    let mut places: Vec<f64> = ends.iter().map(|end| end.1).collect();
    for index in 1..places.len() {
        places[index] = places[index].max(places[index - 1] + 17.0);
    }
    let mut below = BOTTOM + 8.0;
    for place in places.iter_mut().rev() {
        *place = place.min(below);
        below = *place - 17.0;
    }
    for ((x, y, class, name), place) in ends.iter().zip(places) {
        body += &line(x + 6.0, *y, x + 22.0, place, "grid");
        body += &text(x + 26.0, place + 4.0, class, "start", name);
    }
    document(title, BOTTOM + 34.0, &body)
}

fn document(title: &str, height: f64, body: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\">\n\
         <title>{}</title>\n{STYLE}{body}</svg>\n",
        escaped(title)
    )
}

fn number(value: f64) -> String {
    // Without the noise behind the last digit.
    format!("{}", (value * 1e6).round() / 1e6)
}

fn millis(value: f64) -> String {
    if value < 1e3 { format!("{} ms", number(value)) } else { format!("{} s", number(value / 1e3)) }
}

fn bytes(value: f64) -> String {
    match value {
        1e6.. => format!("{} MB", number(value / 1e6)),
        1e3.. => format!("{} KB", number(value / 1e3)),
        _ => format!("{} B", number(value)),
    }
}

fn line(from_x: f64, from_y: f64, to_x: f64, to_y: f64, class: &str) -> String {
    format!(
        "<line class=\"{class}\" x1=\"{from_x:.1}\" y1=\"{from_y:.1}\" x2=\"{to_x:.1}\" y2=\"{to_y:.1}\"/>\n"
    )
}

fn dot(x: f64, y: f64, class: &str) -> String {
    format!("<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.5\"/>\n")
}

fn text(x: f64, y: f64, class: &str, anchor: &str, what: &str) -> String {
    format!(
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>\n",
        escaped(what)
    )
}

fn escaped(what: &str) -> String {
    what.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number_of(attribute: &str, element: &str) -> f64 {
        let (_, rest) = element.split_once(&format!("{attribute}=\"")).expect("the attribute");
        rest.split('"').next().and_then(|number| number.parse().ok()).expect("a number")
    }

    #[test]
    fn scales_begin_and_end_at_a_mark() {
        assert_eq!(marks(1.0, 9.0), [1.0, 2.0, 5.0, 10.0]);
        assert_eq!(marks(0.6, 40.0), [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0]);
        assert_eq!(marks(1e3, 1e7).len(), 5);
    }

    #[test]
    fn dots_are_where_their_values_are() {
        let row = |name: &str, values, is_ours| Dots { name: name.into(), values, is_ours };
        let rows = vec![row("floor & all", [1.0, 1.0], false), row("host-min", [10.0, 100.0], true)];
        let drawing = dots("a <title>", "times", &[Panel { heading: "a".into(), rows }]);
        let circles: Vec<&str> = drawing.lines().filter(|line| line.starts_with("<circle")).collect();
        assert_eq!(circles.len(), 4);
        let [floor, ours] = [circles[1], circles[3]];
        assert!(floor.contains("\"full\"") && ours.contains("\"ours full\""), "{circles:?}");
        assert_eq!(number_of("cx", floor), LEFT);
        assert_eq!(number_of("cx", ours), (LEFT + RIGHT) / 2.0, "10 is halfway from 1 to 100");
        assert_eq!(number_of("cx", circles[2]), RIGHT);
        assert!(drawing.contains("floor &amp; all") && drawing.contains("a &lt;title>"), "{drawing}");
        assert!(drawing.starts_with("<svg ") && drawing.ends_with("</svg>\n"));
    }

    #[test]
    fn names_of_lines_do_not_lie_upon_each_other() {
        let line = |name: &str, last| Line {
            name: name.into(),
            points: vec![(1e3, 1.0), (1e6, last)],
            is_ours: name == "host-min",
        };
        let drawing =
            lines("growth", "ms", &[line("one", 10.0), line("host-min", 10.1), line("other", 10.2)]);
        let names = drawing.lines().filter(|line| line.starts_with("<text") && line.contains("name\""));
        let mut places: Vec<f64> = names.map(|name| number_of(" y", name)).collect();
        places.sort_by(f64::total_cmp);
        assert_eq!(places.len(), 3);
        assert!(places.windows(2).all(|two| two[1] - two[0] > 16.0), "{places:?}");
        assert_eq!(drawing.matches("<polyline").count(), 3);
        assert!(drawing.contains("1 KB") && drawing.contains("1 MB"), "{drawing}");
    }
}
