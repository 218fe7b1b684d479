//! Tests the page of `report --html` in a real browser: what it shows, its keys, its size and its time, and archives of attackers.

mod archives;
#[allow(dead_code, reason = "the pictures of size-report need more of it")]
#[path = "../../../../size-report/tests/picture/chromium.rs"]
mod chromium;
mod page;
