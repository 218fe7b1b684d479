//! Round trips of frames, hostile frames, and deadlines.

use super::super::in_force::Mechanism;
use super::*;
use wagather_abi::{LogLevel, Verb};

fn calls() -> Vec<Call> {
    let empty = RestRequest::new(Verb::LIST, 7, Default::default());
    let request = RestRequest { resource: b"pods".to_vec(), query: vec![0xff; 300], ..empty };
    vec![
        Call::rest_start { request: Box::new(request) },
        Call::rest_status { handle: -1 },
        Call::rest_read { handle: 3, buffer: Room { bytes: 4096, ahead: 0 } },
        Call::rest_next { handle: 3, buffer: Room { bytes: u32::MAX, ahead: 7 } },
        Call::rest_next_as { handle: 3, shape: Unsent, arena: Room { bytes: 7, ahead: u32::MAX } },
        Call::rest_reject { handle: 7, at: 300, wanted: 18 },
        Call::rest_hides { handle: -7, field: b"spec.x".to_vec() },
        Call::rest_close { handle: i32::MIN },
        Call::archive_pipe { handle: 1, name: b"name".to_vec() },
        Call::archive_open { name: Vec::new() },
        Call::archive_write { handle: 2, bytes: vec![1, 2, 3] },
        Call::archive_write_as { handle: -2, shape: Unsent, from: vec![3, 2], before: 0 },
        Call::archive_close { handle: 2 },
        Call::log_as { level: LogLevel::ERROR.0, shape: Unsent, from: b"line".to_vec() },
        Call::log { level: LogLevel::WARN.0, text: b"text".to_vec() },
        Call::param { name: b"x".to_vec(), buffer: Room { bytes: 10, ahead: 0 } },
        Call::now {},
    ]
}

fn samples() -> Vec<Message> {
    let others = [
        Message::Taken(Taken { handle: -3, decoded: true, calls: 2, items: u32::MAX }),
        Message::Prepared,
        Message::Runs(Kind::default()),
        Message::Ready(InForce::NONE.with(Mechanism::Seccomp, true)),
        Message::End(End { ending: Ending::Returned(-403), text: "why".into(), memory_bytes: 3 << 16 }),
        Message::End(End { ending: Ending::Trapped, text: "ä".into(), memory_bytes: 0 }),
        Message::End(End { ending: Ending::Unusable, text: String::new(), memory_bytes: 0 }),
    ];
    calls().into_iter().map(Message::Call).chain(others).collect()
}

#[test]
fn frames_come_back_as_they_were() {
    for request in samples() {
        let frame = request.encode();
        assert_eq!(u32::from_le_bytes(frame[..4].try_into().expect("4")) as usize, frame.len() - 4);
        assert_eq!(Message::decode(&frame[4..]).as_ref(), Some(&request));
    }
}

#[test]
fn each_import_has_a_frame_but_those_that_stay_in_the_sandbox() {
    for row in wagather_abi::IMPORTS {
        // Zeros are numbers and texts of no bytes, as many as the import has.
        let zeros = |words: usize| Message::decode(&[vec![row.import as u8], vec![0; 4 * words]].concat());
        let calls: Vec<Message> = (0..20).filter_map(zeros).collect();
        // A text that the guest has is read in the sandbox, which asks nobody.
        let stays = row.params.iter().any(|(_, of_type)| *of_type == "TextPtr");
        assert_eq!(calls.len(), usize::from(!stays), "{}", row.name);
        for message in calls {
            let Message::Call(call) = message else { panic!("{message:?}") };
            assert_eq!(call.import(), row.import);
            let has_handle = row.params.first().is_some_and(|(name, _)| *name == "handle");
            assert_eq!(call.handle(), has_handle.then_some(0), "{}", row.name);
        }
    }
}

#[test]
fn damaged_frames_decode_to_nothing_or_to_something_else_but_never_panic() {
    for request in samples() {
        let frame = request.encode();
        for cut in 4..frame.len() {
            assert_eq!(Message::decode(&frame[4..cut]), None, "{request:?} cut at {cut}");
        }
        let mut longer = frame[4..].to_vec();
        longer.push(0);
        assert_eq!(Message::decode(&longer), None, "{request:?} with more");
        for at in 4..frame.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut damaged = frame[4..].to_vec();
                damaged[at - 4] ^= flip;
                let _ = Message::decode(&damaged);
            }
        }
    }
    assert_eq!(Message::decode(&[]), None);
    // A trap with a result, which no sandbox sends.
    assert_eq!(Message::decode(&[TAG_END, 1, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), None);
}

#[test]
fn bytes_in_drips_do_not_move_the_deadline() {
    let (a, b) = UnixStream::pair().expect("socketpair");
    let mut broker = Channel::new(a);
    let drips = std::thread::spawn(move || {
        let frame = Call::log { level: LogLevel::INFO.0, text: vec![b'a'; 1000] }.encode();
        // Ends when the other end hangs up.
        frame.iter().position(|byte| {
            std::thread::sleep(Duration::from_millis(5));
            (&b).write_all(&[*byte]).is_err()
        })
    });
    let begin = Instant::now();
    broker.set_deadline(begin + Duration::from_millis(100));
    let error = broker.receive_frame(&mut Vec::new()).expect_err("five seconds of drips");
    assert!(matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut), "{error}");
    let error = broker.send_answer(0, b"too late").expect_err("the deadline is over");
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
    drop(broker);
    assert!(drips.join().expect("no panic").is_some(), "the frame was never whole");
}

#[test]
fn to_wait_for_a_frame_to_begin_loses_nothing_of_it() {
    let (a, b) = UnixStream::pair().expect("socketpair");
    let mut broker = Channel::new(a);
    broker.set_deadline(Instant::now() + Duration::from_secs(9));
    assert!(!broker.begins_within(Duration::from_millis(1)));
    let frame = Call::log { level: LogLevel::INFO.0, text: b"x".to_vec() }.encode();
    for part in [&frame[..2], &frame[2..]] {
        (&b).write_all(part).expect("written");
        assert!(broker.begins_within(Duration::from_secs(9)));
    }
    let mut received = Vec::new();
    broker.receive_frame(&mut received).expect("a whole frame");
    assert_eq!(received, frame[4..]);
    drop(b);
    assert!(broker.begins_within(Duration::from_secs(9)), "the end is not waited for");
}

#[test]
fn a_call_soon_after_another_one_ends_at_the_deadline_too() {
    let (a, b) = UnixStream::pair().expect("socketpair");
    let (mut broker, mut sandbox) = (Channel::new(a), Channel::new(b));
    let (begin, time) = (Instant::now(), Duration::from_millis(200));
    broker.set_deadline(begin + time);
    let mut frame = Vec::new();
    while begin.elapsed() < time / 2 {
        sandbox.send(&Call::now {}.encode()).expect("send");
        broker.receive_frame(&mut frame).expect("receive");
        broker.send_answer(1, &[]).expect("send");
        sandbox.receive_answer(&mut []).expect("receive");
    }
    let error = broker.receive_frame(&mut frame).expect_err("nothing comes");
    assert!(matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock), "{error}");
    assert!(begin.elapsed() >= time, "not before the deadline: {:?}", begin.elapsed());
    assert!(begin.elapsed() < 40 * time, "{:?}", begin.elapsed());
    // A nearer deadline holds at once.
    broker.set_deadline(Instant::now() + Duration::from_millis(50));
    let begin = Instant::now();
    broker.receive_frame(&mut frame).expect_err("nothing comes");
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
}

#[test]
fn a_job_comes_as_it_was_sent() {
    let (a, b) = UnixStream::pair().expect("socketpair");
    let (mut broker, mut sandbox) = (Channel::new(a), Channel::new(b));
    for engine in [None, Some(Kind::default())] {
        let job = Job {
            module: vec![7; 1000].into(),
            memory_bytes: 5 << 32,
            time: Duration::new(u64::MAX, 999_999_999),
            engine,
        };
        broker.send_job(&job).expect("send");
        assert_eq!(sandbox.receive_job().expect("receive"), job);
    }
}

#[test]
fn answers_and_lengths() {
    let (a, b) = UnixStream::pair().expect("socketpair");
    let (mut broker, mut sandbox) = (Channel::new(a), Channel::new(b));
    broker.send_answer(-5, &[]).expect("send");
    broker.send_answer(3, b"abc").expect("send");
    let mut buffer = [0; 8];
    assert_eq!(sandbox.receive_answer(&mut buffer).expect("receive"), (-5, 0));
    assert_eq!(sandbox.receive_answer(&mut buffer).expect("receive"), (3, 3));
    assert_eq!(&buffer[..3], b"abc");
    sandbox.send(&u32::MAX.to_le_bytes()).expect("send");
    let mut frame = Vec::new();
    assert_eq!(broker.receive_frame(&mut frame).expect_err("too long").kind(), io::ErrorKind::InvalidData);
}
