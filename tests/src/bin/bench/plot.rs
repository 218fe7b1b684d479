//! The part `plot`: draws the last rounds of `cluster` as bars in a plain SVG.
//!
//! The text follows the reader's theme and there is no background, so it is readable in dark and light mode. It needs
//! no script and no font.

use crate::cluster::{LOOKS, TIMES, name_of};
use crate::contender::WORK;
use crate::document::{Section, save};
use crate::figures::median;
use crate::{Result, figures};

const DRAWING: &str = "cluster.svg";

const WIDTH: u32 = 960;
/// Where bars begin; names are to the left.
const LEFT: u32 = 250;
/// The longest bar; its figure is to the right.
const LONGEST: u32 = 560;
const BAR: u32 = 18;
const STEP: u32 = 26;
const HEADING: u32 = 44;
/// The end of a bar that is cut, half of it a gap.
const CUT: u32 = 24;

const STYLE: &str = "\
<style>
text { font: 14px sans-serif; fill: #1f2328 }
.heading { font-weight: bold }
.host { fill: #2f7d4f } .other { fill: #8a94a0 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .host { fill: #46a870 } .other { fill: #7d8794 } }
</style>
";

/// A heading, and a bar for each reader.
struct Panel {
    heading: String,
    bars: Vec<Bar>,
}

struct Bar {
    reader: String,
    value: f64,
    said: String,
}

/// Draws.
pub(crate) fn section() -> Result<Section> {
    let section = |text, files| Section { name: "plot", title: "Drawing", text, files };
    let read = |name: &str| std::fs::read_to_string(format!("{WORK}/{name}"));
    let (Ok(times), Ok(looks)) = (read(TIMES), read(LOOKS)) else {
        let text = format!("Not drawn: {WORK}/{TIMES} is not there; 'bench cluster' makes it.\n");
        return Ok(section(text, Vec::new()));
    };
    let panels = panels(&rows(&times, TIMES)?, &rows(&looks, LOOKS)?)?;
    let file = save(DRAWING, &drawing(&panels))?;
    let text = format!("![Wall time and peak memory of each reader, by the number of pods]({WORK}/{file})\n");
    Ok(section(text, vec![file]))
}

/// The cells of a CSV file of ours, which has no quotes, without its head.
fn rows<'a>(text: &'a str, name: &str) -> Result<Vec<Vec<&'a str>>> {
    let columns = text.lines().next().unwrap_or_default().split(',').count();
    let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split(',').collect()).collect();
    match rows.iter().all(|row| row.len() == columns) && !rows.is_empty() {
        true => Ok(rows),
        false => Err(format!("{WORK}/{name} is not as 'bench cluster' writes it")),
    }
}

fn number(cell: &str) -> Result<f64> {
    cell.parse().map_err(|_| format!("'{cell}' of {WORK}/{TIMES} or {WORK}/{LOOKS} is no number"))
}

/// Two for each number of pods, readers in the order of the files.
fn panels(times: &[Vec<&str>], looks: &[Vec<&str>]) -> Result<Vec<Panel>> {
    let mut sizes: Vec<&str> = looks.iter().map(|row| row[0]).collect();
    sizes.dedup();
    let mut panels = Vec::new();
    for size in sizes {
        let (mut walls, mut peaks) = (Vec::new(), Vec::new());
        for look in looks.iter().filter(|row| row[0] == size) {
            let rounds = times.iter().filter(|row| row[0] == size && row[2] == look[1]);
            let rounds: Vec<f64> = rounds.map(|row| number(row[3])).collect::<Result<_>>()?;
            let (wall, peak) = (median(rounds.into_iter()) / 1e6, number(look[2])? / 1024.0);
            let reader = name_of(look[1]).replace('`', "");
            walls.push(Bar { reader: reader.clone(), value: wall, said: format!("{wall:.2} s") });
            peaks.push(Bar { reader, value: peak, said: format!("{peak:.1} MiB") });
        }
        let pods = figures::grouped(number(size)? as u64);
        panels.push(Panel { heading: format!("{pods} pods: wall time, median"), bars: walls });
        panels.push(Panel { heading: format!("{pods} pods: peak RSS of all processes"), bars: peaks });
    }
    Ok(panels)
}

fn drawing(panels: &[Panel]) -> String {
    let mut body = String::new();
    let mut top = 0;
    for panel in panels {
        body += &text(8, top + 28, "heading", "start", &panel.heading);
        top += HEADING;
        let most = longest(panel);
        for bar in &panel.bars {
            let width = (bar.value / most * f64::from(LONGEST)).clamp(1.0, f64::from(LONGEST)).round() as u32;
            let class = if bar.reader.starts_with("host-min") { "host" } else { "other" };
            body += &text(LEFT - 8, top + 14, "name", "end", &bar.reader);
            let pieces: &[(u32, u32)] = &[(0, width)];
            let broken = [(0, LONGEST - CUT), (LONGEST - CUT / 2, LONGEST)];
            for &(from, to) in if bar.value > most { &broken } else { pieces } {
                body += &format!(
                    "<rect class=\"{class}\" x=\"{}\" y=\"{top}\" width=\"{}\" height=\"{BAR}\"/>\n",
                    LEFT + from,
                    to - from
                );
            }
            body += &text(LEFT + width + 8, top + 14, "figure", "start", &bar.said);
            top += STEP;
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {top}\" width=\"{WIDTH}\" height=\"{top}\" role=\"img\">\n\
         <title>All pods of a cluster, read by the host and by others</title>\n{STYLE}{body}</svg>\n"
    )
}

/// The value of the longest bar. One that is several times as long as all others is cut, and its figure says how long it is.
fn longest(panel: &Panel) -> f64 {
    let mut values: Vec<f64> = panel.bars.iter().map(|bar| bar.value).collect();
    values.sort_by(|one, other| other.total_cmp(one));
    match *values {
        [longest, next, ..] if longest > 3.0 * next => 1.1 * next,
        [longest, ..] => longest,
        [] => 1.0,
    }
}

fn text(x: u32, y: u32, class: &str, anchor: &str, what: &str) -> String {
    let what = what.replace('&', "&amp;").replace('<', "&lt;");
    format!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{what}</text>\n")
}
