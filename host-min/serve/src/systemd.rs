//! Tells systemd how the service is (`Type=notify` and `Type=notify-reload`, sd_notify(3)), if systemd started it. Nothing happens otherwise.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// Where states are sent to.
pub struct Systemd {
    socket: Option<(UnixDatagram, SocketAddr)>,
    watchdog: Option<Duration>,
}

/// What systemd is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State<'a> {
    /// It takes runs. The text is shown by `systemctl status`.
    Ready(&'a str),
    /// It reads its configuration.
    Reloading,
    /// It is ending.
    Stopping,
    /// It is alive.
    Watchdog,
}

impl Systemd {
    /// As the environment says.
    pub fn from_environment() -> Systemd {
        let var = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        // The watchdog may be for another process of the unit.
        let is_ours = var("WATCHDOG_PID").is_none_or(|pid| pid == std::process::id().to_string());
        let micros = var("WATCHDOG_USEC").filter(|_| is_ours).and_then(|micros| micros.parse().ok());
        Systemd::new(var("NOTIFY_SOCKET").as_deref(), micros.map(Duration::from_micros))
    }

    /// Sends to this socket: a path, or `@` and an abstract name.
    fn new(name: Option<&str>, watchdog: Option<Duration>) -> Systemd {
        let address = name.and_then(|name| match name.strip_prefix('@') {
            Some(name) => SocketAddr::from_abstract_name(name).ok(),
            None => SocketAddr::from_pathname(name).ok(),
        });
        let socket = address.and_then(|address| Some((UnixDatagram::unbound().ok()?, address)));
        let watchdog = watchdog.filter(|time| socket.is_some() && !time.is_zero());
        Systemd { socket, watchdog }
    }

    /// How often to tell that it is alive: twice within the time of the watchdog.
    pub fn beat(&self) -> Option<Duration> {
        self.watchdog.map(|time| time / 2)
    }

    /// Tells a state. Nobody is told if systemd is gone.
    pub fn tell(&self, state: State<'_>) {
        let Some((socket, address)) = &self.socket else { return };
        let text = match state {
            State::Ready(status) => format!("READY=1\nSTATUS={}\n", wagather_printable::line(status)),
            // With the time, because a reload that began before systemd asked for one is not the one that it waits for.
            State::Reloading => {
                let micros = wagather_base::time::monotonic_micros();
                format!("RELOADING=1\nMONOTONIC_USEC={micros}\n")
            }
            State::Stopping => "STOPPING=1\n".to_owned(),
            State::Watchdog => "WATCHDOG=1\n".to_owned(),
        };
        let _ = socket.send_to_addr(text.as_bytes(), address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_arrive_at_a_path_and_at_an_abstract_name() {
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join("notify");
        let at_path = UnixDatagram::bind(&path).expect("a socket");
        let name = format!("wagather-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).expect("a name");
        let abstracted = UnixDatagram::bind_addr(&address).expect("a socket");
        for (receiver, name) in [(at_path, path.display().to_string()), (abstracted, format!("@{name}"))] {
            let systemd = Systemd::new(Some(&name), Some(Duration::from_secs(10)));
            assert_eq!(systemd.beat(), Some(Duration::from_secs(5)));
            for (state, text) in [
                (State::Ready("serves a\nb"), "READY=1\nSTATUS=serves a\\nb\n"),
                (State::Stopping, "STOPPING=1\n"),
                (State::Watchdog, "WATCHDOG=1\n"),
            ] {
                systemd.tell(state);
                let mut buffer = [0; 100];
                let len = receiver.recv(&mut buffer).expect("a message");
                assert_eq!(std::str::from_utf8(&buffer[..len]), Ok(text));
            }
            let before = wagather_base::time::monotonic_micros();
            systemd.tell(State::Reloading);
            let mut buffer = [0; 100];
            let len = receiver.recv(&mut buffer).expect("a message");
            let text = std::str::from_utf8(&buffer[..len]).expect("text");
            let micros =
                text.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").and_then(|rest| rest.strip_suffix('\n'));
            let micros: u64 = micros.expect(text).parse().expect(text);
            assert!((before..=wagather_base::time::monotonic_micros()).contains(&micros), "{text}");
        }
    }

    #[test]
    fn without_systemd_nothing_happens() {
        let systemd = Systemd::new(None, Some(Duration::from_secs(1)));
        assert_eq!(systemd.beat(), None);
        systemd.tell(State::Stopping);
        Systemd::new(Some("/nowhere/at/all"), None).tell(State::Stopping);
    }
}
