//! Passes a descriptor along with bytes over a socket (`SCM_RIGHTS`), which std does not have.
#![allow(unsafe_code)] // sendmsg, recvmsg, and their buffers

use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::ptr;

/// Room for the control message of one descriptor, aligned as its header is.
#[repr(C)]
union Control {
    header: libc::cmsghdr,
    bytes: [u8; 64],
}

const FD_BYTES: u32 = size_of::<RawFd>() as u32;

/// Sends bytes, and a descriptor with the first of them.
pub(super) fn send(socket: &mut UnixStream, bytes: &[u8], fd: Option<BorrowedFd<'_>>) -> io::Result<()> {
    let Some(fd) = fd else { return socket.write_all(bytes) };
    let mut control = Control { bytes: [0; 64] };
    let mut piece = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let message = message(&mut control, &mut piece);
    // SAFETY: the message points to a zeroed control buffer, aligned for its header and larger than a header with one descriptor. The
    // first header is therefore within it, and so is its data.
    unsafe {
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        (*header).cmsg_level = libc::SOL_SOCKET;
        (*header).cmsg_type = libc::SCM_RIGHTS;
        (*header).cmsg_len = libc::CMSG_LEN(FD_BYTES) as _;
        libc::CMSG_DATA(header).cast::<RawFd>().write_unaligned(fd.as_raw_fd());
    }
    // SAFETY: reads the message and what it points to, which live until the call returns. Nothing is written to the bytes.
    let sent = unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const message, libc::MSG_NOSIGNAL) };
    let sent = usize::try_from(sent).map_err(|_| io::Error::last_os_error())?;
    socket.write_all(bytes.get(sent..).unwrap_or_default())
}

/// Receives this many bytes, and the descriptor that came with the first of them, if one did.
pub(super) fn receive(socket: &mut UnixStream, bytes: &mut [u8]) -> io::Result<Option<OwnedFd>> {
    let mut control = Control { bytes: [0; 64] };
    let mut piece = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: bytes.len() };
    let mut message = message(&mut control, &mut piece);
    let received = loop {
        // SAFETY: writes to the bytes and to the control buffer, which live until the call returns, within their lengths.
        let received = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut message, libc::MSG_CMSG_CLOEXEC) };
        match usize::try_from(received) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(received) => break received,
            Err(_) if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Err(io::Error::last_os_error()),
        }
    };
    // SAFETY: the kernel filled in the control buffer and its length, so the first header is within it, or null. A message of this type and
    // length has one descriptor, which is new and nobody else's.
    let fd = unsafe {
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        let is_one = !header.is_null()
            && (*header).cmsg_level == libc::SOL_SOCKET
            && (*header).cmsg_type == libc::SCM_RIGHTS
            && (*header).cmsg_len as u64 == u64::from(libc::CMSG_LEN(FD_BYTES));
        is_one.then(|| OwnedFd::from_raw_fd(libc::CMSG_DATA(header).cast::<RawFd>().read_unaligned()))
    };
    socket.read_exact(bytes.get_mut(received..).unwrap_or_default())?;
    Ok(fd)
}

/// A message of one piece, with room for one descriptor.
fn message(control: &mut Control, piece: &mut libc::iovec) -> libc::msghdr {
    // SAFETY: all zeroes is a valid message: it holds numbers and may-be-null pointers.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = ptr::from_mut(piece);
    message.msg_iovlen = 1;
    message.msg_control = ptr::from_mut(control).cast();
    // SAFETY: only computes a number.
    message.msg_controllen = unsafe { libc::CMSG_SPACE(FD_BYTES) } as _;
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn a_descriptor_comes_with_its_bytes() {
        let (mut ours, mut theirs) = UnixStream::pair().expect("a pair");
        let (mut reader, writer) = io::pipe().expect("a pipe");
        send(&mut ours, b"abcd", Some(writer.as_fd())).expect("room");
        send(&mut ours, b"ef", None).expect("room");
        drop((writer, ours));
        let mut bytes = [0; 4];
        let passed = receive(&mut theirs, &mut bytes).expect("bytes").expect("a descriptor");
        assert_eq!(&bytes, b"abcd");
        io::PipeWriter::from(passed).write_all(b"through").expect("a reader");
        let mut text = String::new();
        reader.read_to_string(&mut text).expect("the end");
        assert_eq!(text, "through");
        let mut bytes = [0; 2];
        assert!(receive(&mut theirs, &mut bytes).expect("bytes").is_none());
        assert_eq!(&bytes, b"ef");
        let end = receive(&mut theirs, &mut bytes).expect_err("the end");
        assert_eq!(end.kind(), io::ErrorKind::UnexpectedEof);
    }
}
