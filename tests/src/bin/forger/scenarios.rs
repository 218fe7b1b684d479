//! What a compromised sandbox does with its channel, by name.
//!
//! A scenario that checks the broker's answers succeeds only if all of them are as expected; otherwise its last
//! message names the wrong answer.

use super::Forger;
use std::time::Duration;
use tests::forged::{rest, start, with_text};
use wagather_abi::{LogLevel, Status, Verb};
use wagather_sandbox::channel::{Call, End, Ending, Message, RestRequest, Room, Unsent};

/// What is done before the guest is given up.
type Scenario = fn(&mut Forger);

pub(crate) const ALL: &[(&str, Scenario)] = &[
    ("garbage", garbage),
    ("drips", drips),
    ("half-a-length", |forger| part_of_a_frame(forger, 3)),
    ("half-a-frame", |forger| part_of_a_frame(forger, 50)),
    ("says-nothing", |forger| forger.stay()),
    ("hangs-up", |forger| {
        forger
            .send(&Call::param { name: vec![b'a'; 100], buffer: Room { bytes: 0, ahead: 0 } }.encode()[..50])
    }),
    ("aborts", |_| std::process::abort()),
    ("calls-for-ever", |forger| for_ever(forger, &Call::now {})),
    ("refusals-for-ever", |forger| for_ever(forger, &start(rest(Verb::LIST, "v1", "nodes")))),
    ("logs-for-ever", |forger| {
        for_ever(forger, &Call::log { level: LogLevel::ERROR.0, text: vec![b'\x1b'; 8 << 10] })
    }),
    ("bad-names-for-ever", |forger| {
        for_ever(forger, &Call::archive_open { name: "\u{1}".repeat(1 << 20).into() })
    }),
    ("deaf", deaf),
    ("reads-slowly", reads_slowly),
    ("fills-the-disk", fills_the_disk),
    ("wild-memory", |forger| last_words(forger, Ending::Returned(0), "", u64::from(u32::MAX) << 16)),
    ("long-last-words", |forger| last_words(forger, Ending::Trapped, &"long ".repeat(200_000), 0)),
    ("coloured-last-words", |forger| last_words(forger, Ending::Trapped, COLOURED, 0)),
    ("unusable-last-words", |forger| last_words(forger, Ending::Unusable, COLOURED, 0)),
    ("ends-and-stays", ends_and_stays),
    ("ends-twice", ends_twice),
    ("goes-on-after-its-end", goes_on_after_its_end),
    ("handles", handles),
    ("coloured-lines", coloured_lines),
    ("undeclared", undeclared),
    ("long-texts", long_texts),
    ("no-text", no_text),
    ("extremes", extremes),
];

/// Clears a screen, sets its title, goes back over a line and pretends to be the host, from right to left at last.
const COLOURED: &str =
    "\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m\rerror: all is well\ncomplete\u{0}\u{202e}lla\u{2066}";

fn well(forger: &mut Forger) {
    forger.end(Ending::Returned(0), "")
}

fn garbage(forger: &mut Forger) {
    // A linear congruential generator: any noise will do, as long as it is the same each time.
    let mut state = 7_u64;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    });
    let noise: Vec<u8> = noise.take(1 << 16).collect();
    forger.send(&noise);
    forger.stay();
}

fn part_of_a_frame(forger: &mut Forger, bytes: usize) {
    forger
        .send(&Call::param { name: vec![b'a'; 100], buffer: Room { bytes: 0, ahead: 0 } }.encode()[..bytes]);
    forger.stay();
}

/// A good frame, so slowly that it takes a minute, and never so slowly that it looks like silence.
fn drips(forger: &mut Forger) {
    let line = Call::log { level: LogLevel::INFO.0, text: vec![b'a'; 3000] };
    for byte in line.encode() {
        forger.send(&[byte]);
        std::thread::sleep(Duration::from_millis(20));
    }
    well(forger);
}

fn for_ever(forger: &mut Forger, call: &Call) {
    let frame = call.encode();
    loop {
        forger.send(&frame);
        let mut bytes = [0; 64];
        if forger.channel.receive_answer(&mut bytes).is_err() {
            std::process::exit(0);
        }
    }
}

/// Asks and asks, and takes none of the answers.
fn deaf(forger: &mut Forger) {
    let frames = Call::now {}.encode().repeat(1000);
    loop {
        forger.send(&frames);
    }
}

/// Takes an answer of some megabytes piece by piece: each of them is progress, and the whole takes a minute.
fn reads_slowly(forger: &mut Forger) {
    let handle = forger.call(&start(rest(Verb::LIST, "v1", "pods")));
    forger.send(
        &Call::rest_next { handle: handle as i32, buffer: Room { bytes: u32::MAX, ahead: 0 } }.encode(),
    );
    let mut piece = vec![0; 32 << 10];
    for _ in 0..200 {
        std::thread::sleep(Duration::from_millis(300));
        if std::io::Read::read(&mut forger.socket, &mut piece).is_ok_and(|len| len == 0) {
            std::process::exit(0);
        }
    }
    well(forger);
}

/// Opens entries and fills them, and closes none: what all of them hold is what an archive may have.
fn fills_the_disk(forger: &mut Forger) {
    let piece = vec![b'x'; 1 << 20];
    let mut taken = 0_u64;
    for number in 0..20 {
        let handle = forger.call(&Call::archive_open { name: format!("entry-{number}").into() });
        let write = Call::archive_write { handle: handle as i32, bytes: piece.clone() };
        loop {
            let value = forger.call(&write);
            if value == i64::from(Status::TOO_LARGE.0) {
                break;
            } else if value == i64::from(Status::OUT_OF_BUDGET.0) {
                return well(forger);
            }
            taken += value as u64;
        }
    }
    forger.end(Ending::Trapped, &format!("{taken} bytes were taken"));
}

fn last_words(forger: &mut Forger, ending: Ending, text: &str, memory_bytes: u64) {
    forger.send(&Message::End(End { ending, text: text.into(), memory_bytes }).encode());
}

fn ends_and_stays(forger: &mut Forger) {
    last_words(forger, Ending::Returned(0), "", 1 << 16);
    forger.stay();
}

fn ends_twice(forger: &mut Forger) {
    last_words(forger, Ending::Trapped, "the first word", 1 << 16);
    last_words(forger, Ending::Returned(0), "the last word", 1 << 16);
}

fn goes_on_after_its_end(forger: &mut Forger) {
    let handle = forger.call(&Call::archive_open { name: b"afterwards".to_vec() });
    forger.expect("a write", &Call::archive_write { handle: handle as i32, bytes: b"x".to_vec() }, 1);
    let mut frames =
        Message::End(End { ending: Ending::Returned(0), text: String::new(), memory_bytes: 0 }).encode();
    for call in [
        Call::archive_close { handle: handle as i32 },
        Call::log { level: LogLevel::ERROR.0, text: b"said afterwards".to_vec() },
        start(rest(Verb::LIST, "v1", "pods")),
    ] {
        frames.extend(call.encode());
    }
    // In one piece, so that all of it is there when the end is read.
    forger.send(&frames);
    forger.stay();
}

/// Every number that another gatherer of the run may hold by now, and this one does not.
fn handles(forger: &mut Forger) {
    let numbers = (0..1024).chain([i32::MAX, i32::MIN, -1]);
    for handle in numbers {
        for request in [
            Call::rest_status { handle },
            Call::rest_read { handle, buffer: Room { bytes: 64, ahead: 0 } },
            Call::rest_next { handle, buffer: Room { bytes: 64, ahead: 64 } },
            Call::rest_next_as { handle, shape: Unsent, arena: Room { bytes: 64, ahead: 64 } },
            Call::rest_close { handle },
            Call::archive_pipe { handle, name: b"stolen".to_vec() },
            Call::archive_write { handle, bytes: b"x".to_vec() },
            Call::archive_write_as { handle, shape: Unsent, from: b"x".to_vec(), before: 0 },
            Call::archive_close { handle },
        ] {
            forger.expect(&format!("{request:?}"), &request, i64::from(Status::BAD_HANDLE.0));
        }
    }
    well(forger);
}

fn coloured_lines(forger: &mut Forger) {
    for level in [i32::MIN, -1, 0, 1, 2, 3, 4, i32::MAX] {
        let line = Call::log { level, text: COLOURED.into() };
        forger.expect("a line", &line, 0);
    }
    forger.expect("bytes", &Call::log { level: LogLevel::ERROR.0, text: vec![0xff; 64] }, 0);
    forger.expect("a name", &Call::archive_open { name: COLOURED.into() }, i64::from(Status::BAD_NAME.0));
    well(forger);
}

/// What the module's manifest does not declare; the engine's side of the channel would have sent it all.
fn undeclared(forger: &mut Forger) {
    let denied = i64::from(Status::DENIED.0);
    let get = |resource, name: &str| RestRequest {
        namespace: b"shop".to_vec(),
        name: name.into(),
        ..rest(Verb::GET, "v1", resource)
    };
    for request in [
        rest(Verb::LIST, "v1", "nodes"),
        rest(Verb::LIST, "v1", "secrets"),
        get("secrets", "token"),
        get("pods", "pod-1"),
        rest(Verb::LIST, "v2", "pods"),
        RestRequest { group: b"apps".to_vec(), ..rest(Verb::LIST, "v1", "pods") },
        rest(Verb::RAW, "", "/version"),
        rest(Verb::RAW, "", "/api/v1/secrets"),
    ] {
        let request = start(request);
        forger.expect(&format!("{request:?}"), &request, denied);
    }
    well(forger);
}

/// Texts as long as a frame can bring them, where a name is due.
fn long_texts(forger: &mut Forger) {
    let long = vec![b'a'; 1 << 20];
    for index in 0..10 {
        let request = start(with_text(&rest(Verb::LIST, "v1", "pods"), index, &long));
        forger.expect(&format!("text {index}"), &request, i64::from(Status::BAD_REQUEST.0));
    }
    let segments = "a/".repeat(1 << 19);
    let path = start(rest(Verb::RAW, "", &format!("/{segments}")));
    forger.expect("a path", &path, i64::from(Status::BAD_REQUEST.0));
    for _ in 0..200 {
        let bad_name = i64::from(Status::BAD_NAME.0);
        forger.expect("archive_open", &Call::archive_open { name: long.clone() }, bad_name);
        forger.expect(
            "archive_pipe",
            &Call::archive_pipe { handle: 0, name: long.clone() },
            i64::from(Status::BAD_HANDLE.0),
        );
    }
    forger.expect(
        "param",
        &Call::param { name: long.clone(), buffer: Room { bytes: u32::MAX, ahead: 0 } },
        i64::from(Status::DENIED.0),
    );
    forger.expect("log", &Call::log { level: LogLevel::ERROR.0, text: long.clone() }, 0);
    forger.expect(
        "archive_write",
        &Call::archive_write { handle: 0, bytes: long },
        i64::from(Status::BAD_HANDLE.0),
    );
    well(forger);
}

fn no_text(forger: &mut Forger) {
    let not_text = i64::from(Status::NOT_TEXT.0);
    for bytes in [&b"\xff"[..], b"a\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"a\x80"] {
        for index in 0..10 {
            forger.expect(
                &format!("text {index}"),
                &start(with_text(&rest(Verb::LIST, "v1", "pods"), index, bytes)),
                not_text,
            );
        }
        forger.expect("archive_open", &Call::archive_open { name: bytes.to_vec() }, not_text);
        forger.expect("archive_pipe", &Call::archive_pipe { handle: 0, name: bytes.to_vec() }, not_text);
        forger.expect(
            "param",
            &Call::param { name: bytes.to_vec(), buffer: Room { bytes: 64, ahead: 0 } },
            not_text,
        );
        forger.expect("log", &Call::log { level: LogLevel::INFO.0, text: bytes.to_vec() }, 0);
    }
    well(forger);
}

/// Each field of each frame at its ends. What they get is the other tests' business; here all of them get an answer.
fn extremes(forger: &mut Forger) {
    const WORDS: [i32; 7] = [0, 1, -1, 63, 65, i32::MAX, i32::MIN];
    let texts = [Vec::new(), vec![0], vec![b'/'; 65_536], "\u{202e}".repeat(1000).into_bytes()];
    for word in WORDS {
        for other in WORDS.map(i32::cast_unsigned) {
            forger.call(&Call::rest_read { handle: word, buffer: Room { bytes: other, ahead: 0 } });
            for third in WORDS.map(i32::cast_unsigned) {
                forger.call(&Call::rest_next { handle: word, buffer: Room { bytes: other, ahead: third } });
                forger.call(&Call::rest_next_as {
                    handle: word,
                    shape: Unsent,
                    arena: Room { bytes: other, ahead: third },
                });
            }
        }
        for request in [
            Call::rest_status { handle: word },
            Call::rest_close { handle: word },
            Call::archive_close { handle: word },
        ] {
            forger.call(&request);
        }
        for text in &texts {
            forger.call(&Call::archive_pipe { handle: word, name: text.clone() });
            forger.call(&Call::archive_write { handle: word, bytes: text.clone() });
            forger.call(&Call::archive_write_as {
                handle: word,
                shape: Unsent,
                from: text.clone(),
                before: 0,
            });
            forger.call(&Call::log { level: word, text: text.clone() });
            forger.call(&Call::param {
                name: text.clone(),
                buffer: Room { bytes: word.cast_unsigned(), ahead: 0 },
            });
        }
    }
    for text in &texts {
        let handle = forger.call(&Call::archive_open { name: text.clone() });
        if handle >= 0 {
            forger.end(Ending::Trapped, &format!("an entry was opened as {text:?}"));
        }
        for verb in [0, 1, 2, 3, 4, 127, 128, 254, 255] {
            for index in 0..10 {
                let empty = RestRequest { limit: u32::MAX, ..rest(Verb(verb), "", "") };
                let call = start(with_text(&empty, index, text));
                let handle = forger.call(&call);
                if handle >= 0 {
                    forger.end(Ending::Trapped, &format!("the host sent {call:?}"));
                }
            }
        }
    }
    well(forger);
}
