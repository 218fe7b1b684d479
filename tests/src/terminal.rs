//! A call of the command line in a pseudo terminal (pty(7)): its output, and keys pressed in the meantime.
#![allow(unsafe_code)] // openpty, its size, and the session that a terminal controls

use crate::host::{Done, Host};
use crate::screen::Screen;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What no call needs to show something, on a busy machine either.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// A terminal with a call on it.
pub struct Terminal {
    // Taken when it is waited for.
    call: Option<crate::host::Call>,
    reader: JoinHandle<()>,
    screen: Arc<Mutex<Written>>,
    keyboard: File,
}

/// What was written, and the terminal's size.
struct Written {
    bytes: Vec<u8>,
    columns: u16,
    lines: u16,
}

impl Host {
    /// Calls on a terminal of that size, as its standard input and error. The standard output is captured.
    pub fn on_terminal(mut self, columns: u16, lines: u16) -> Terminal {
        let (ours, theirs) = open(columns, lines).unwrap_or_else(|error| panic!("no terminal: {error}"));
        let clone = || Stdio::from(theirs.try_clone().expect("a descriptor"));
        self.command.stdin(clone()).stderr(clone());
        // SAFETY: between fork and exec there are two system calls, which take plain numbers and touch no memory.
        unsafe {
            self.command.pre_exec(|| {
                // A terminal's keys are for the session that it controls.
                let is_own = libc::setsid() >= 0 && libc::ioctl(libc::STDERR_FILENO, libc::TIOCSCTTY, 0) == 0;
                if is_own { Ok(()) } else { Err(io::Error::last_os_error()) }
            });
        }
        let call = self.call();
        drop(theirs);
        let screen = Arc::new(Mutex::new(Written { bytes: Vec::new(), columns, lines }));
        let (written, mut display) = (screen.clone(), File::from(ours.try_clone().expect("a descriptor")));
        // Ends with an error when the last one who has the other end is gone.
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(len @ 1..) = display.read(&mut buffer) {
                written.lock().expect("no panic").bytes.extend_from_slice(&buffer[..len]);
            }
        });
        Terminal { call: Some(call), reader, screen, keyboard: ours.into() }
    }
}

/// A terminal's two ends: ours, and the program's.
fn open(columns: u16, lines: u16) -> io::Result<(OwnedFd, OwnedFd)> {
    let (mut ours, mut theirs) = (-1, -1);
    let size = winsize(columns, lines);
    let (no_name, no_settings) = (std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: the pointers are to two numbers and a size that live until the call returns; null is for what is not wanted.
    if unsafe { libc::openpty(&mut ours, &mut theirs, no_name, no_settings, (&raw const size).cast_mut()) }
        != 0
    {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: both were just opened and are owned by nobody else.
    let ends = unsafe { (OwnedFd::from_raw_fd(ours), OwnedFd::from_raw_fd(theirs)) };
    for end in [&ends.0, &ends.1] {
        // SAFETY: sets a flag of a descriptor that is open.
        unsafe { libc::fcntl(end.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) };
    }
    Ok(ends)
}

const fn winsize(columns: u16, lines: u16) -> libc::winsize {
    libc::winsize { ws_row: lines, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

impl Terminal {
    /// Waits until the screen is as it is wanted.
    pub fn wait_until(&self, what: &str, is_it: impl Fn(&str) -> bool) -> Screen {
        let begin = Instant::now();
        loop {
            let screen = self.screen();
            if is_it(&screen.text()) {
                return screen;
            }
            assert!(begin.elapsed() < TIME_LIMIT, "no {what} was shown, but:\n{}", screen.text());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What it shows.
    pub fn screen(&self) -> Screen {
        let written = self.screen.lock().expect("no panic");
        Screen::of(&written.bytes, written.columns.into(), written.lines.into())
    }

    /// What was written to it until now.
    pub fn written(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().expect("no panic").bytes).into_owned()
    }

    /// Presses keys.
    pub fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("a terminal");
    }

    /// Gives it another size. What is on it already is forgotten: terminals differ in what they make of that.
    pub fn resize(&self, columns: u16, lines: u16) {
        let size = winsize(columns, lines);
        let mut written = self.screen.lock().expect("no panic");
        // SAFETY: reads a size that lives until the call returns.
        let set = unsafe { libc::ioctl(self.keyboard.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) };
        assert_eq!(set, 0, "{}", io::Error::last_os_error());
        *written = Written { bytes: Vec::new(), columns, lines };
    }

    /// Waits for the end.
    pub fn wait(&mut self) -> Done {
        let done = self.call.take().expect("a call that was not waited for").wait();
        // What was written last may still be on its way to the reader, which ends when nobody can write any more.
        let begin = Instant::now();
        while !self.reader.is_finished() && begin.elapsed() < TIME_LIMIT {
            std::thread::sleep(Duration::from_millis(5));
        }
        done
    }
}
