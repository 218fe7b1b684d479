//! What is found, what is left, and that neither pieces nor repetition make a difference.

use super::*;

fn kinds(typed: &str) -> Kinds {
    let mut kinds = Kinds::default();
    kinds.add(typed).expect(typed);
    kinds
}

fn all() -> Obfuscator {
    Obfuscator::new(&kinds("ip,mac,domain=example.com,domain=lab.Example.com"))
}

fn once(text: &str) -> String {
    let mut text = text.to_owned();
    all().text(&mut text);
    text
}

#[test]
fn what_is_found() {
    for (text, expected) in [
        ("10.0.0.1", "<4>"),
        ("\"10.0.0.1\",\"10.0.0.1\"", "\"<4>\",\"<4>\""),
        ("https://10.0.0.1:6443/a", "https://<4>:6443/a"),
        ("10.0.0.0/16", "<4>/16"),
        ("from 10.0.0.1, to 10.0.0.1.", "from <4>, to <4>."),
        ("host10.0.0.1", "host<4>"),
        ("10.0.0.1.json", "<4>.json"),
        ("010.000.000.001", "<4>"),
        ("image:4.12.3.1", "image:<4>"),
        ("ip=10.0.0.1;", "ip=<4>;"),
        ("a\\n10.0.0.1\\t", "a\\n<4>\\t"),
        ("a\\u000910.0.0.1\\u003c", "a\\u0009<4>\\u003c"),
        ("ip-10-0-128-5.ec2.internal", "ip-<4>.ec2.internal"),
        ("ip-10-0-128-5ec2internal-debug-x7k", "ip-<4>ec2internal-debug-x7k"),
        ("10-0-0-1.shop.pod.cluster.local", "<4>.shop.pod.cluster.local"),
        ("ec2-54-1-2-3.compute", "ec2-<4>.compute"),
        ("fe80::1", "<6>"),
        ("2001:DB8::1", "<6>"),
        ("2001:db8:0:0:0:0:0:1", "<6>"),
        ("[2001:db8::1]:6443", "[<6>]:6443"),
        ("fe80::1%eth0", "<6>%eth0"),
        ("2001:db8::/32", "<6>/32"),
        ("::ffff:10.0.0.1", "<6>"),
        ("addr:2001:db8::1", "addr:<6>"),
        ("dial 2001:db8::1: refused", "dial <6>: refused"),
        ("2001:db8::1.", "<6>."),
        ("2001:db8:1:2:3:4:5:6:port", "<6>:port"),
        ("a\\bfe80::1", "a\\b<6>"),
        ("a\\u000afe80::1", "a\\u000a<6>"),
        ("aa:bb:cc:dd:ee:ff", "<m>"),
        ("AA-BB-CC-DD-EE-0F", "<m>"),
        ("mac:aa:bb:cc:dd:ee:ff:", "mac:<m>:"),
        ("host-aa-bb-cc-dd-ee-ff", "host-<m>"),
        ("00:11:22:33:44:55:66:77", "<m>"),
        ("aa:bb:cc:dd:ee:ff/10.0.0.1", "<m>/<4>"),
        ("example.com", "<d>"),
        ("https://api.EXAMPLE.com:6443", "https://api.<d>:6443"),
        ("*.apps.example.com", "*.apps.<d>"),
        ("node.example.com.json", "node.<d>.json"),
        ("node.lab.example.com", "node.<d>"),
        ("ip-10-0-0-1.example.com", "ip-<4>.<d>"),
        ("example.com/role: worker", "<d>/role: worker"),
        ("a\\nexample.com", "a\\n<d>"),
        ("user@example.com", "user@<d>"),
    ] {
        let seen = once(text)
            .replace("x-ipv4-0000000001-x", "<4>")
            .replace("x-ipv6-0000000001-x", "<6>")
            .replace("x-mac-0000000001-x", "<m>")
            .replace("x-domain-0000000001-x", "<d>");
        assert_eq!(seen, expected, "{text}");
    }
}

#[test]
fn what_is_left() {
    for text in [
        "127.0.0.1 127.0.0.53 0.0.0.0 255.255.255.255 255.255.0.0 ::1 :: [::]:80",
        "v1.2.3.4 (V4.12.3.1)",
        "1.3.6.1.4.1.311 1.2.3 1.2.3.4.5 300.1.1.1 10.0.0.256 1234.1.1.1",
        "12:34:56 2026-11-28T03:50:02Z 2026-11-28T03:50:02.123+02:00 03:50",
        "2026-11-28-03-50-02 20261128-10-11-12-13 2026-11-28-10",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD",
        "std::bad_alloc foo::ba namespace::e a::b::gh",
        "550e8400-e29b-41d4-a716-446655440000",
        "x-ipv4-0000000007-x x-mac-0000000001-x x-domain-0000000003-x x-ipv6-0000000009-x",
        "{\"a\":1,\"b\":{\"c\":[1,2.5]},\"d\":\"e:f\"}",
        "myexample.com example.community example.org .com",
        "pod-7d9f8b6c5-4x2kq 01-02-03-04 10-11-12",
        "aa:bb:cc:dd:ee aa-bb-cc-dd-ee-fff aaa-bb-cc-dd-ee-ff",
    ] {
        assert_eq!(once(text), text);
    }
}

#[test]
fn only_what_was_asked_for() {
    let text = "10.0.0.1 fe80::1 aa:bb:cc:dd:ee:ff a.example.com";
    for (typed, expected) in [
        ("ip", "x-ipv4-0000000001-x x-ipv6-0000000001-x aa:bb:cc:dd:ee:ff a.example.com"),
        ("mac", "10.0.0.1 fe80::1 x-mac-0000000001-x a.example.com"),
        ("domain=example.com", "10.0.0.1 fe80::1 aa:bb:cc:dd:ee:ff a.x-domain-0000000001-x"),
    ] {
        let mut replaced = text.to_owned();
        Obfuscator::new(&kinds(typed)).text(&mut replaced);
        assert_eq!(replaced, expected);
    }
}

#[test]
fn one_original_has_one_placeholder_and_goes_back_as_it_was() {
    let obfuscator = all();
    let mut text =
        "10.0.0.7 ip-10-0-0-8 10.0.0.8 AA:BB:CC:DD:EE:FF bmh-aa-bb-cc-dd-ee-ff Example.com".to_owned();
    obfuscator.text(&mut text);
    assert_eq!(
        text,
        "x-ipv4-0000000001-x ip-x-ipv4-0000000002-x x-ipv4-0000000002-x x-mac-0000000001-x bmh-x-mac-0000000001-x x-domain-0000000001-x"
    );
    for (sent, is_name, original) in [
        ("ip-x-ipv4-0000000002-x", true, "ip-10-0-0-8"),
        ("x-ipv4-0000000002-x", true, "10.0.0.8"),
        ("status.podIP=x-ipv4-0000000001-x", false, "status.podIP=10.0.0.7"),
        ("bmh-x-mac-0000000001-x", true, "bmh-aa-bb-cc-dd-ee-ff"),
        ("x-mac-0000000001-x", false, "AA:BB:CC:DD:EE:FF"),
        ("x-mac-0000000001-x", true, "aa-bb-cc-dd-ee-ff"),
        (
            "x-ipv4-0000000003-x x-ipv4-1-x x-none-0000000001-x x-",
            false,
            "x-ipv4-0000000003-x x-ipv4-1-x x-none-0000000001-x x-",
        ),
    ] {
        let mut bytes = sent.as_bytes().to_vec();
        obfuscator.restore(&mut bytes, is_name);
        assert_eq!(String::from_utf8_lossy(&bytes), original);
    }
    assert_eq!(obfuscator.counts(), Counts { ipv4: Some(2), ipv6: Some(0), mac: Some(1), domain: Some(1) });
    let map: serde_json::Value = serde_json::from_slice(&obfuscator.to_json()).expect("JSON");
    assert_eq!(map["wagatherObfuscation"], 1);
    assert_eq!(map["originals"][1]["placeholder"], "x-ipv4-0000000002-x");
    assert_eq!(map["originals"][1]["original"], "10-0-0-8");
    assert_eq!(map["originals"][1]["alsoWritten"][0], "10.0.0.8");
}

/// All of it in a stream, in pieces of so many bytes.
fn streamed(text: &[u8], piece_bytes: usize) -> Vec<u8> {
    let (obfuscator, mut pieces, mut whole) = (all(), Pieces::default(), Vec::new());
    let mut rest = text;
    loop {
        let (piece, after) = rest.split_at(piece_bytes.min(rest.len()));
        rest = after;
        let mut piece = piece.to_vec();
        pieces.pass(&obfuscator, &mut piece, rest.is_empty());
        whole.extend_from_slice(&piece);
        if rest.is_empty() {
            return whole;
        }
    }
}

#[test]
fn pieces_make_no_difference() {
    let text = "GET https://10.0.0.1:6443/a from fe80::1%eth0 (aa:bb:cc:dd:ee:ff), node.lab.example.com, ip-10-0-0-1.example.com\\n10.0.0.2 v1.2.3.4 1.2.3.4.5";
    let expected = once(text);
    assert!(!expected.contains("10.0.0.1") && expected.contains("v1.2.3.4 1.2.3.4.5"), "{expected}");
    for split in 0..=text.len() {
        let (obfuscator, mut pieces) = (all(), Pieces::default());
        let (mut first, mut second) = (text.as_bytes()[..split].to_vec(), text.as_bytes()[split..].to_vec());
        pieces.pass(&obfuscator, &mut first, false);
        pieces.pass(&obfuscator, &mut second, true);
        first.append(&mut second);
        assert_eq!(String::from_utf8_lossy(&first), expected, "split at {split}");
    }
    assert_eq!(streamed(text.as_bytes(), 1), expected.as_bytes());
}

#[test]
fn words_without_an_end_are_cut_outside_of_what_is_found() {
    // Wherever the cut is, an address is around it.
    for shift in 0..24 {
        let mut text = "a".repeat(shift);
        while text.len() < 40_000 {
            text.push_str("-10.0.0.1-aa:bb:cc:dd:ee:ff.example.com_");
        }
        let whole = streamed(text.as_bytes(), 1 << 20);
        let shown = String::from_utf8_lossy(&whole);
        assert!(!["10.0.0.1", "cc:dd", "example"].iter().any(|left| shown.contains(left)), "{shift}");
        assert_eq!(streamed(text.as_bytes(), 777), whole);
    }
}

#[test]
fn what_is_replaced_stays() {
    let tokens =
        ["10.0.0.1", "1-2-3-4", "aa:bb:cc:dd:ee:ff", "fe80::1", "example.com", "aa-bb-cc-dd-ee-ff", "5", "a"];
    for first in tokens {
        for between in ["-", ".", ":", "_", "", " ", "\\n", "::"] {
            for second in tokens {
                for third in tokens {
                    let obfuscator = all();
                    let mut text = format!("{first}{between}{second}{between}{third}");
                    let original = text.clone();
                    obfuscator.text(&mut text);
                    let before = text.clone();
                    obfuscator.text(&mut text);
                    assert_eq!(text, before, "{original}");
                }
            }
        }
    }
}

#[test]
fn more_originals_than_fit_are_seen_and_hidden() {
    let obfuscator = all();
    for high in 0..=u8::MAX {
        let mut text = String::new();
        for low in 0..4096u32 {
            let address = std::net::Ipv4Addr::from_bits(0x0a00_0000 | u32::from(high) << 12 | low);
            text.push_str(&format!("{address} "));
        }
        obfuscator.text(&mut text);
        assert!(!text.contains("10."), "{high}");
    }
    assert!(obfuscator.is_full());
    assert!(
        obfuscator.counts().ipv4.is_some_and(|count| count <= wagather_base::limits::MAX_OBFUSCATED as u64)
    );
}

#[test]
fn what_is_typed() {
    assert_eq!(kinds("all"), Kinds { ips: true, macs: true, server_domain: true, ..Kinds::default() });
    assert_eq!(kinds("domain=A.example,mac").domains, ["a.example"]);
    for wrong in [
        "",
        "ips",
        "ip,",
        "domain=",
        "domain=com",
        "domain=a..b",
        "domain=10.0.0.1",
        "domain=-a.b",
        "domain=*.a.b",
    ] {
        assert!(Kinds::default().add(wrong).is_err(), "{wrong}");
    }
    for (url, domain) in [
        ("https://api.prod.example.com:6443", Some("prod.example.com")),
        ("https://api-int.prod.example.com", Some("prod.example.com")),
        ("https://K8s.example.com/x", Some("K8s.example.com")),
        ("https://api.com:6443", Some("api.com")),
        ("https://10.0.0.1:6443", None),
        ("https://[fe80::1]:6443", None),
        ("https://localhost:6443", None),
        ("recording", None),
    ] {
        assert_eq!(domain_of(url), domain, "{url}");
    }
}

#[test]
fn what_is_replaced_in_any_text_stays_and_what_is_planted_is_gone() {
    const PARTS: [&str; 24] = [
        "1",
        "10",
        "255",
        "a",
        "f",
        "g",
        "aa",
        "00",
        ".",
        ".",
        "-",
        "-",
        ":",
        ":",
        "::",
        "_",
        "\\",
        "n",
        "u000a",
        " ",
        "x",
        "10.0.0.1",
        "aa:bb:cc:dd:ee:ff",
        "example.com",
    ];
    let mut state = 1_u64;
    let mut pick = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        PARTS[(state >> 33) as usize % PARTS.len()]
    };
    for _ in 0..20_000 {
        let text: String = (0..16).map(|_| pick()).collect();
        let obfuscator = all();
        let mut once = format!("{text} 10.211.97.13 {text}");
        obfuscator.text(&mut once);
        assert!(!once.contains("10.211.97.13"), "{text}");
        let mut twice = once.clone();
        obfuscator.text(&mut twice);
        assert_eq!(twice, once, "{text}");
    }
}
