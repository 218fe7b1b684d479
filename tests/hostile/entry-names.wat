;; returns 0: names that lead out of the gatherer's folder, or are taken, make no file
;; attacks: archive_open archive_close archive_pipe
(module
  (import "wagather_v1" "rest_start" (func $rest_start (param i32) (result i32)))
  (import "wagather_v1" "archive_pipe" (func $archive_pipe (param i32 i32 i32) (result i32)))
  (import "wagather_v1" "archive_open" (func $archive_open (param i32 i32) (result i32)))
  (import "wagather_v1" "archive_close" (func $archive_close (param i32) (result i32)))
  (@custom "wagather.manifest" "gatherer 1 entry-names 0\npath /version\n")
  (memory (export "memory") 1)
  (data (i32.const 0) "\03\00\00\00" "\00\00\00\00" "\00\00\00\00" "\00\00\00\00" "\00\01\00\00" "\08\00\00\00")
  (data (i32.const 256) "/version" "a" "a/b" "a\ff")
  (data (i32.const 1024)
    "\01." "\02.." "\03../" "\0d../etc/passwd" "\0b/etc/passwd" "\04a/.." "\07a/../.." "\04a//b" "\02a/" "\01/" "\03a b" "\03a\\b"
    "\03a\00b" "\03a\0ab" "\04a\c3\a4b" "\04a%2f" "\03C:\\" "\03..." "\01~" "\03$(x" "\03a*b" "\05<a>|b" "\00")
  (global $failed (mut i32) (i32.const 0))
  (func $is (param $check i32) (param $got i32) (param $want i32)
    (if (i32.ne (local.get $got) (local.get $want))
      (then (if (i32.eqz (global.get $failed)) (then (global.set $failed (local.get $check)))))))
  (func (export "gather") (result i32) (local $at i32) (local $len i32) (local $one i32) (local $two i32)
    (local.set $at (i32.const 1024))
    (block $end
      (loop $next
        (local.set $len (i32.load8_u (local.get $at)))
        (br_if $end (i32.eqz (local.get $len)))
        (call $is (local.get $at)
          (call $archive_open (i32.add (local.get $at) (i32.const 1)) (local.get $len)) (i32.const -12))
        (call $is (local.get $at)
          (call $archive_pipe (call $rest_start (i32.const 0)) (i32.add (local.get $at) (i32.const 1)) (local.get $len)) (i32.const -12))
        (local.set $at (i32.add (local.get $at) (i32.add (local.get $len) (i32.const 1))))
        (br $next)))
    (call $is (i32.const 1) (call $archive_open (i32.const 0) (i32.const 0)) (i32.const -12))
    (call $is (i32.const 2) (call $archive_open (i32.const 268) (i32.const 2)) (i32.const -16))
    ;; Twice the same name, one after the other and side by side.
    (local.set $one (call $archive_open (i32.const 264) (i32.const 1)))
    (local.set $two (call $archive_open (i32.const 264) (i32.const 1)))
    (call $is (i32.const 3) (call $archive_close (local.get $two)) (i32.const 0))
    (call $is (i32.const 4) (call $archive_close (local.get $one)) (i32.const -11))
    ;; A file is no folder.
    (local.set $one (call $archive_open (i32.const 265) (i32.const 3)))
    (call $is (i32.const 5) (call $archive_close (local.get $one)) (i32.const -11))
    (global.get $failed)))
