//! Answers that come compressed: whole, broken, with our credentials in them, and when they are asked for.

use std::io::{ErrorKind, Write};

use flate2::write::GzEncoder;
use flate2::{Compression as Level, GzBuilder};

use super::*;
use crate::cluster::Compression;

fn zip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Level::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// Answers everything with this body, in chunks of some size, or of a length if that is zero.
fn server(body: Vec<u8>, chunk: usize) -> Server {
    let mut answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n".to_vec();
    if chunk == 0 {
        answer.extend(format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes());
        answer.extend(&body);
    } else {
        answer.extend(b"Transfer-Encoding: chunked\r\n\r\n");
        for piece in body.chunks(chunk) {
            answer.extend(format!("{:x}\r\n", piece.len()).into_bytes());
            answer.extend(piece);
            answer.extend(b"\r\n");
        }
        answer.extend(b"0\r\n\r\n");
    }
    Server::start(
        move |recorded, mut stream, _| {
            while recorded.request(&mut stream).is_some() && stream.write_all(&answer).is_ok() {}
        },
    )
}

fn gzip(url: &str) -> Cluster {
    let options =
        Options { server: Some(url.to_owned()), compression: Compression::Gzip, ..Options::default() };
    open_in(&options, &nowhere()).unwrap()
}

/// What a body of these bytes comes to: what was read, and the error at its end.
fn read(body: Vec<u8>) -> (Vec<u8>, Option<(ErrorKind, String)>) {
    let server = server(body, 0);
    let mut body = gzip(&server.url()).send(&call("/")).unwrap().body;
    let mut read = Vec::new();
    let error = body.read_to_end(&mut read).err();
    if let Some(error) = &error {
        assert_eq!(body.read(&mut [0; 8]).unwrap_err().to_string(), error.to_string(), "an error stays");
    }
    let error = error.map(|error| {
        let text = error.to_string();
        let (before, why) = text.split_once(": ").unwrap();
        assert!(before.starts_with("cannot read the response of 127.0.0.1:"), "{text}");
        (error.kind(), why.to_owned())
    });
    (read, error)
}

#[test]
fn a_compressed_answer_is_decoded_and_its_connection_kept() {
    let data: Vec<u8> = (0..100_000u32).flat_map(|n| (n / 7).to_le_bytes()).collect();
    for chunk in [0, 1, 1000, 20_000] {
        let server = server(zip(&data), chunk);
        let cluster = gzip(&server.url());
        for size in [1 << 10, 64 << 10, 8 << 20] {
            let mut body = cluster.send(&call("/")).unwrap().body;
            let (mut read, mut buffer) = (Vec::new(), vec![0; size]);
            loop {
                match body.read(&mut buffer).unwrap() {
                    0 => break,
                    len => read.extend_from_slice(&buffer[..len]),
                }
            }
            assert!(read == data, "chunks of {chunk} read by {size}");
            assert_eq!(body.read(&mut buffer).unwrap(), 0, "an end stays");
        }
        assert_eq!(server.connections(), 1);
        assert!(server.requests()[0].contains("\r\nAccept-Encoding: gzip\r\n"));
    }
}

#[test]
fn members_and_their_optional_fields() {
    let mut named =
        GzBuilder::new().filename("a").comment("b").extra(vec![1; 300]).write(Vec::new(), Level::best());
    named.write_all(b"one ").unwrap();
    let named = named.finish().unwrap();
    // The same header, with a checksum of its own behind it.
    let mut summed = named.clone();
    let header = 10 + 2 + 300 + 2 + 2;
    summed[3] |= 2;
    let mut crc = flate2::Crc::new();
    crc.update(&summed[..header]);
    summed.splice(header..header, (crc.sum() as u16).to_le_bytes());
    let whole = [named, summed.clone(), zip(b""), zip(b"three")].concat();
    assert_eq!(read(whole), (b"one one three".to_vec(), None));

    summed[header] ^= 1;
    assert_eq!(
        read(summed).1,
        Some((ErrorKind::InvalidData, "the checksum of its gzip header is wrong".into()))
    );
    let endless = [&[0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 0][..], &vec![b'a'; 100_000]].concat();
    assert_eq!(
        read(endless).1,
        Some((ErrorKind::InvalidData, "the header of its gzip data is too long".into()))
    );
    let reserved = [&[0x1f, 0x8b, 8, 0x20, 0, 0, 0, 0, 0, 0][..], &zip(b"x")[10..]].concat();
    assert_eq!(
        read(reserved).1,
        Some((ErrorKind::InvalidData, "the header of its gzip data is malformed".into()))
    );
}

#[test]
fn what_is_broken_is_an_error_and_never_an_early_end() {
    let data = b"{\"items\": []}".repeat(1000);
    let whole = zip(&data);
    for len in 0..whole.len() {
        let (_, error) = read(whole[..len].to_vec());
        // Nothing at all is a body of no bytes, which no encoding makes longer.
        let expected =
            (len > 0).then(|| (ErrorKind::UnexpectedEof, "its gzip data ends too early".to_owned()));
        assert_eq!(error, expected, "cut after {len} of {}", whole.len());
    }
    for (at, why) in [(8, "checksum"), (4, "length")] {
        let mut wrong = whole.clone();
        let at = wrong.len() - at;
        wrong[at] ^= 1;
        let (read, error) = read(wrong);
        assert_eq!(error, Some((ErrorKind::InvalidData, format!("the {why} of its gzip data is wrong"))));
        assert_eq!(read, data);
    }
    for garbage in [&b"x"[..], b"\0\0\0", b"\x1f\x8b\x09"] {
        let (read, error) = read([&whole, garbage].concat());
        assert_eq!(error, Some((ErrorKind::InvalidData, "data follows the end of its gzip data".into())));
        assert_eq!(read, data);
    }
    let not_gzip = (ErrorKind::InvalidData, "it is not gzip, though its Content-Encoding says so".to_owned());
    assert_eq!(read(data.clone()), (Vec::new(), Some(not_gzip)));
    // A block of a type that there is not.
    let mut corrupt = whole.clone();
    corrupt[10] |= 0b110;
    assert_eq!(read(corrupt).1, Some((ErrorKind::InvalidData, "its gzip data is corrupt".into())));
}

#[test]
fn a_connection_that_breaks_is_told_from_gzip_that_does() {
    let whole = zip(&b"some text, some text".repeat(10_000));
    let half = whole[..whole.len() / 2].to_vec();
    let server = Server::start(move |recorded, mut stream, _| {
        recorded.request(&mut stream);
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
            2 * half.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&half).unwrap();
    });
    let mut body = gzip(&server.url()).send(&call("/")).unwrap().body;
    let error = body.read_to_end(&mut Vec::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    assert!(error.to_string().ends_with("it closed the connection before the end of its answer"), "{error}");
    assert_eq!(body.read(&mut [0]).unwrap_err().to_string(), error.to_string());
}

#[test]
fn a_bomb_is_given_in_pieces_that_its_reader_can_count() {
    // A thousand times what is sent; the reader stops early, as a budget would.
    let bomb = zip(&vec![0; 16 << 20]);
    assert!(bomb.len() < 100 << 10, "{}", bomb.len());
    let server = server(bomb, 0);
    let mut body = gzip(&server.url()).send(&call("/")).unwrap().body;
    let (mut buffer, mut total) = (vec![1; 64 << 10], 0);
    while total < 1 << 20 {
        let len = body.read(&mut buffer).unwrap();
        assert!(len > 0 && buffer[..len].iter().all(|byte| *byte == 0));
        total += len;
    }
}

#[test]
fn members_of_nothing_end_at_the_deadline() {
    let nothing = zip(b"");
    let server = Server::start(move |recorded, mut stream, _| {
        recorded.request(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n").unwrap();
        while stream.write_all(&nothing.repeat(100)).is_ok() {}
    });
    let mut body = gzip(&server.url()).send(&within("/", Duration::from_millis(1500))).unwrap().body;
    assert_eq!(body.read(&mut [0; 100]).unwrap_err().kind(), ErrorKind::TimedOut);
}

#[test]
fn a_body_of_no_bytes_is_not_decoded() {
    for head in
        ["204 No Content\r\nContent-Encoding: gzip", "200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0"]
    {
        let server = Server::always(format!("HTTP/1.1 {head}\r\n\r\n").leak());
        assert_eq!(text(gzip(&server.url()).send(&call("/"))), "");
    }
}

#[test]
fn when_compressed_answers_are_asked_for() {
    let asks = |config: &str, compression| {
        let server = Server::always("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
        // A proxy, so that a name that is not this machine's can be asked.
        let config = format!(
            "current-context: c\ncontexts: [{{name: c, context: {{cluster: c}}}}]\n\
             clusters: [{{name: c, cluster: {{proxy-url: 'http://{}', {config}}}}}]",
            server.address
        );
        let options = Options { compression, ..Options::default() };
        assert_eq!(text(with_kubeconfig(&config, options).unwrap().send(&call("/"))), "{}");
        server.requests()[0].contains("\r\nAccept-Encoding: gzip\r\n")
    };
    let far = "server: 'http://api.example.test'";
    assert!(asks(far, Compression::Auto));
    assert!(asks(&format!("{far}, disable-compression: false"), Compression::Auto));
    assert!(!asks(&format!("{far}, disable-compression: true"), Compression::Auto));
    assert!(
        asks(&format!("{far}, disable-compression: true"), Compression::Gzip),
        "what is typed counts more"
    );
    assert!(!asks(far, Compression::None));
    // What speaks no TLS is a way to an API server, wherever it is.
    assert!(asks("server: 'http://127.0.0.1:8001'", Compression::Auto));
    let failure = with_kubeconfig(
        "current-context: c\ncontexts: [{name: c, context: {cluster: c}}]\nclusters: [{name: c, cluster: {disable-compression: 7}}]",
        Options::default(),
    );
    assert!(failure.unwrap_err().reason.contains("disable-compression"));
}

#[test]
fn words_of_the_option() {
    for word in Compression::WORDS {
        assert!(Compression::by_word(word).is_some(), "{word}");
    }
    assert_eq!(Compression::by_word("auto"), Some(Compression::default()));
    assert_eq!(Compression::by_word("zstd"), None);
}

#[test]
fn our_credentials_are_taken_out_of_what_it_decodes_to() {
    let secret = "correct-horse-battery";
    let told = format!("x {secret} y {secret}").repeat(5_000);
    let server = server(zip(told.as_bytes()), 1000);
    let config = format!(
        "current-context: c\ncontexts: [{{name: c, context: {{cluster: c}}}}]\nclusters: [{{name: c, cluster: \
         {{server: 'http://api.example.test', proxy-url: 'http://me:{secret}@{}'}}}}]",
        server.address
    );
    let read = text(with_kubeconfig(&config, Options::default()).unwrap().send(&call("/")));
    assert!(read == told.replace(secret, &"*".repeat(secret.len())));
}

#[test]
fn every_flipped_bit_means_what_it_means_to_another_decoder() {
    use crate::cluster::gzip::Gunzipped;
    let whole = [zip(b"one and one and one"), zip(b""), zip(&b"two".repeat(100))].concat();
    for bit in 0..8 * whole.len() {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let is_ours = Gunzipped::new(&*flipped, "x").read_to_end(&mut ours).is_ok();
        let is_theirs = flate2::read::MultiGzDecoder::new(&*flipped).read_to_end(&mut theirs).is_ok();
        assert_eq!(is_ours, is_theirs, "bit {bit}");
        assert!(!is_ours || ours == theirs, "bit {bit}");
    }
}
