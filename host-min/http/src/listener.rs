//! Sockets that a server accepts connections on.

use crate::{Access, Address, Error};
use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// Who may connect to a Unix socket: its owner.
const SOCKET_MODE: u32 = 0o600;

/// A socket that a server accepts connections on, and who may use it. The kernel accepts connections from now on; they wait for the server.
#[derive(Debug)]
pub struct Listener {
    pub(crate) socket: Socket,
    pub(crate) access: Access,
    address: Address,
    /// The file of a Unix socket that this program made, and its inode.
    file: Option<(PathBuf, u64)>,
}

#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    /// Listens on an address. A Unix socket belongs to this user alone; it replaces one that no server answers on.
    pub fn bind(address: &Address, access: Access) -> Result<Listener, Error> {
        access.fits(address)?;
        let failed = |source| Error::Listen { address: address.to_string(), source };
        match address {
            Address::Tcp(wanted) => {
                let socket = tcp(*wanted).map_err(failed)?;
                let address = Address::Tcp(socket.local_addr().map_err(failed)?);
                Ok(Listener { socket: Socket::Tcp(socket), access, address, file: None })
            }
            Address::Unix(path) => {
                let (socket, inode) = unix(path)?;
                let file = Some((path.clone(), inode));
                Ok(Listener { socket: Socket::Unix(socket), access, address: address.clone(), file })
            }
        }
    }

    /// A socket that somebody else opened and listens on, such as the service manager. What it is decides who may use it, as for [`bind`]. A
    /// Unix socket has permissions instead of a token, so one that every user may write to is refused, and so is one without a path.
    ///
    /// [`bind`]: Listener::bind
    pub fn inherited(
        socket: OwnedFd,
        access: impl FnOnce(&Address) -> Result<Access, Error>,
    ) -> Result<Listener, Error> {
        let tcp = TcpListener::from(socket);
        let (socket, address) = match tcp.local_addr() {
            Ok(address) => (Socket::Tcp(tcp), Address::Tcp(address)),
            Err(_) => {
                let unix = UnixListener::from(OwnedFd::from(tcp));
                let path = unix.local_addr().map_err(Error::System)?.as_pathname().map(Path::to_owned);
                let is_for_all = path.as_deref().is_none_or(is_for_all);
                let address = Address::Unix(path.unwrap_or_else(|| "(without a path)".into()));
                if is_for_all {
                    return Err(Error::Anybody { address: address.to_string() });
                }
                (Socket::Unix(unix), address)
            }
        };
        let access = access(&address)?;
        access.fits(&address)?;
        Ok(Listener { socket, access, address, file: None })
    }

    /// Where it listens, with the port that it got.
    pub fn address(&self) -> &Address {
        &self.address
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Another server may have taken the place meanwhile.
        if let Some((path, inode)) = &self.file
            && fs::symlink_metadata(path).is_ok_and(|of| of.ino() == *inode)
        {
            // It is of no use without this listener, and the next one replaces it.
            drop(fs::remove_file(path));
        }
    }
}

/// Whether every user may connect to the socket of this path. One that is gone lets nobody connect.
fn is_for_all(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|of| of.mode() & 0o002 != 0)
}

fn tcp(wanted: SocketAddr) -> io::Result<TcpListener> {
    match TcpListener::bind(wanted) {
        // A machine without IPv6 has every interface under another name.
        Err(_) if wanted.is_ipv6() && wanted.ip().is_unspecified() => {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, wanted.port()))
        }
        other => other,
    }
}

/// Made under another name, so that nobody finds it before its permissions are right, and so that it replaces an old one in one step.
fn unix(path: &Path) -> Result<(UnixListener, u64), Error> {
    let failed = |source| Error::Listen { address: Address::Unix(path.to_owned()).to_string(), source };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
        Ok(file) if !file.file_type().is_socket() => {
            return Err(failed(io::Error::new(
                ErrorKind::AlreadyExists,
                "there is a file that is no socket",
            )));
        }
        Ok(_) if UnixStream::connect(path).is_ok() => return Err(Error::Taken { path: path.to_owned() }),
        Ok(_) => {}
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let hidden = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let made = || -> io::Result<(UnixListener, u64)> {
        let socket = UnixListener::bind(&hidden)?;
        fs::set_permissions(&hidden, Permissions::from_mode(SOCKET_MODE))?;
        let inode = fs::symlink_metadata(&hidden)?.ino();
        fs::rename(&hidden, path)?;
        Ok((socket, inode))
    };
    made().map_err(|error| {
        // Whatever is left of it.
        drop(fs::remove_file(&hidden));
        failed(error)
    })
}
