//! Programs in C and C++, with the shared library and with the static one.

use super::{call, embedding, gathers, recording};
use std::path::{Path, PathBuf};
use std::process::Command;
use tests::{place, programs, workspace};

/// What the static library needs besides the C library.
const BESIDES: &[&str] = &["-lgcc_s", "-lutil", "-lrt", "-lpthread", "-lm", "-ldl"];

/// Compiles a program to a folder, every warning an error.
fn compiled(compiler: &[&str], source: &str, folder: &Path, with: &[&str]) -> PathBuf {
    let program = folder.join("program");
    let mut command = Command::new(compiler[0]);
    command.args(&compiler[1..]).args(["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-O1", "-g", "-pthread"]);
    command.arg("-I").arg(programs::capi()).arg("-L").arg(programs::capi());
    command.arg(embedding(source)).arg("-o").arg(&program).args(with);
    let output = command.output().unwrap_or_else(|error| panic!("{}: {error}", compiler[0]));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    program
}

#[test]
fn a_program_in_c_gathers() {
    let place = place();
    let program = compiled(&["cc", "-std=c11"], "c/gather.c", place.path(), &["-lwagather"]);
    gathers(&[&program], &["complete: yes", "\"name\": \"cluster-operators\""]);
}

#[test]
fn the_static_library_is_as_good() {
    let place = place();
    let with = [&["-l:libwagather.a"], BESIDES].concat();
    let program = compiled(&["cc", "-std=c11"], "c/gather.c", place.path(), &with);
    let done = Command::new(&program)
        .arg(programs::host_min())
        .args([programs::guest("cluster-operators"), recording(), place.path().join("gathered")])
        .output()
        .expect("the program");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(String::from_utf8_lossy(&done.stdout).starts_with("complete: yes\n"));
}

#[test]
fn the_header_is_for_cpp_too() {
    let place = place();
    let source = place.path().join("version.cpp");
    let text = "#include <wagather.h>\nint main() { return wagather_version()[0] == '0' ? 0 : 1; }\n";
    std::fs::write(&source, text).expect("a source");
    let source = source.to_str().expect("UTF-8");
    let program = compiled(&["c++", "-std=c++11"], source, place.path(), &["-lwagather"]);
    let done = Command::new(program).env("LD_LIBRARY_PATH", programs::capi()).status().expect("the program");
    assert!(done.success());
}

/// Threads with small stacks, sandboxes that end at once, and wrong use; with sanitizers that find leaks and undefined behaviour.
#[test]
fn threads_signals_and_wrong_use() {
    for sanitizers in [&[][..], &["-fsanitize=leak,undefined", "-fno-sanitize-recover=all"]] {
        let place = place();
        let with = [sanitizers, &["-lwagather"]].concat();
        let program = compiled(&["cc", "-std=gnu11"], "c/threads.c", place.path(), &with);
        let folder = place.path().join("gathered");
        std::fs::create_dir(&folder).expect("a folder");
        let recording = recording();
        let done = call(
            &[&program],
            &programs::host_min(),
            "cluster-operators",
            recording.to_str().expect("UTF-8"),
            &folder,
        );
        let said = String::from_utf8_lossy(&done.stderr);
        assert_eq!(
            (done.status.code(), &*done.stdout),
            (Some(0), &b"well\n"[..]),
            "{:?}: {said}",
            done.status
        );
        assert_eq!(tests::host::left_in(&folder).len(), 8, "an archive of each thread");
    }
}

/// The shared library has the functions of the header and nothing else, and none of its texts is a path of this machine.
#[test]
fn the_library_shows_the_functions_of_the_header() {
    let library = programs::capi().join("libwagather.so");
    let listed = Command::new("nm").args(["-D", "--defined-only"]).arg(&library).output().expect("nm");
    let listed = String::from_utf8(listed.stdout).expect("text");
    let mut shown: Vec<&str> = listed.lines().filter_map(|line| line.split(' ').next_back()).collect();
    shown.sort_unstable();
    let header = workspace::read("host-min/capi/include/wagather.h");
    let code = header.lines().filter(|line| !line.trim_start().starts_with('*'));
    let mut declared: Vec<&str> = code
        .filter_map(|line| line.split_once('(')?.0.split([' ', '*']).next_back())
        .filter(|name| name.starts_with("wagather_"))
        .collect();
    declared.sort_unstable();
    assert_eq!(shown, declared, "the library (left) and the header (right)");
    let bytes = std::fs::read(&library).expect("a library");
    for path in [workspace::root().to_str().expect("UTF-8"), ".cargo/registry"] {
        let is_there = bytes.windows(path.len()).any(|part| part == path.as_bytes());
        assert!(!is_there, "the library has the path {path}");
    }
    assert!(bytes.len() < 4_500_000, "the library has {} bytes", bytes.len());
}
