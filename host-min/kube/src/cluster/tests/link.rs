//! Ways to a server that are slow: whether the next answer is asked for compressed.

use super::tls::{Authority, serve, trusting};
use super::*;
use crate::cluster::Compression;

/// A server behind something on this machine that forwards what it says after a while, and at a rate, as a tunnel does.
fn behind(server: &Server, delay: Duration, bytes_per_second: usize) -> SocketAddr {
    const PIECE_BYTES: usize = 32 << 10;
    let (listener, server) = (TcpListener::bind("127.0.0.1:0").unwrap(), server.address);
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, mut server) = (client.unwrap(), TcpStream::connect(server).unwrap());
            let (mut requests, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut requests, &mut to));
            std::thread::spawn(move || {
                let mut piece = vec![0; PIECE_BYTES];
                while let Ok(len @ 1..) = server.read(&mut piece) {
                    let on_the_wire = Duration::from_secs_f64(len as f64 / bytes_per_second as f64);
                    std::thread::sleep(delay + on_the_wire);
                    if client.write_all(&piece[..len]).is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

/// Which of three requests ask for a compressed answer, of a server that never compresses.
fn asks(delay: Duration, bytes_per_second: usize, compression: Compression) -> Vec<bool> {
    let authority = Authority::new("ca");
    let server = serve(authority.sign(&["127.0.0.1"], false), None, |_| {
        let body = "x".repeat(1 << 20);
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    });
    let config = format!(
        "current-context: c\ncontexts: [{{name: c, context: {{cluster: c}}}}]\n\
         clusters: [{{name: c, cluster: {{server: 'https://{}'{}}}}}]",
        behind(&server, delay, bytes_per_second),
        trusting(&authority)
    );
    let cluster = with_kubeconfig(&config, Options { compression, ..Options::default() }).unwrap();
    for _ in 0..3 {
        assert_eq!(text(cluster.send(&call("/api"))).len(), 1 << 20);
    }
    server.requests().iter().map(|request| request.contains("\r\nAccept-Encoding: gzip\r\n")).collect()
}

#[test]
fn a_server_far_away_is_asked_to_compress_from_the_first_request() {
    let (far, fast) = (Duration::from_millis(25), usize::MAX);
    assert_eq!(asks(far, fast, Compression::Auto), [true; 3]);
    assert_eq!(asks(far, fast, Compression::None), [false; 3]);
}

#[test]
fn a_slow_link_is_noticed_by_its_first_answer() {
    let (near, slow) = (Duration::ZERO, 10_000_000);
    // A machine that is busy enough may be slow from the handshake on.
    assert_eq!(asks(near, slow, Compression::Auto)[1..], [true; 2]);
    assert_eq!(asks(near, slow, Compression::None), [false; 3]);
}
