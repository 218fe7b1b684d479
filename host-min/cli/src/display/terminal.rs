//! Whether stderr is a terminal, its size, and whether it has colours. It is queried only when something is drawn.
#![allow(unsafe_code)] // the terminal's size, which std does not have

use super::live::Size;
use std::io::{self, IsTerminal, Write};

/// Whether it is a terminal with a movable cursor.
pub(super) fn has_cursor() -> bool {
    let is_known = std::env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb");
    io::stderr().is_terminal() && is_known
}

/// Whether to use colours (<https://no-color.org>).
pub(super) fn wants_colour() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Its current size.
pub(super) fn size() -> Size {
    let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the call writes a winsize (ioctl_tty(2)), and the pointer is to one that lives until it returns.
    let is_known = unsafe { libc::ioctl(libc::STDERR_FILENO, libc::TIOCGWINSZ, &raw mut size) } == 0;
    let or = |told_number: u16, usual: usize| match usize::from(told_number) {
        number if is_known && number > 0 => number,
        _ => usual,
    };
    Size { columns: or(size.ws_col, 80), lines: or(size.ws_row, 24) }
}

/// Writes in one piece. Ignores errors, such as a closed terminal.
pub(super) fn write(text: &str) {
    if !text.is_empty() {
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }
}
