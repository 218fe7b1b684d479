;; returns 0: pipes a list, asks for it once more and reads its items, says of each how the one before fits, and looks at no status
;; attacks: archive_pipe rest_next rest_reject
(module
  (import "wagather_v1" "rest_start" (func $rest_start (param i32) (result i32)))
  (import "wagather_v1" "rest_next" (func $rest_next (param i32 i32 i32) (result i32)))
  (import "wagather_v1" "rest_reject" (func $rest_reject (param i32 i32 i32) (result i32)))
  (import "wagather_v1" "rest_close" (func $rest_close (param i32) (result i32)))
  (import "wagather_v1" "archive_pipe" (func $archive_pipe (param i32 i32 i32) (result i32)))
  (import "wagather_v1" "param" (func $param (param i32 i32 i32 i32) (result i32)))
  (@custom "wagather.manifest" "gatherer 1 ignores-statuses 0\nresource list /v1/pods * *\nparam mode What is done\n")
  (memory (export "memory") 2)
  (data (i32.const 256) "v1" "pods" "mode")
  (data (i32.const 0) "\02\00\00\00" "\00\00\00\00" "\00\01\00\00" "\02\00\00\00" "\02\01\00\00" "\04\00\00\00")
  (global $failed (mut i32) (i32.const 0))
  (func $is (param $check i32) (param $got i32) (param $want i32)
    (if (i32.ne (local.get $got) (local.get $want))
      (then (if (i32.eqz (global.get $failed)) (then (global.set $failed (local.get $check)))))))
  (func (export "gather") (result i32) (local $list i32) (local $mode i32)
    ;; Parameter `mode`: how many letters it has says what is done; without it, everything.
    (local.set $mode (call $param (i32.const 262) (i32.const 4) (i32.const 0) (i32.const 0)))
    (if (i32.ne (local.get $mode) (i32.const 2)) (then
      (local.set $list (call $rest_start (i32.const 0)))
      ;; Nothing was given, so nothing can be rejected: neither of a request nor of what is none.
      (call $is (i32.const 10) (call $rest_reject (local.get $list) (i32.const 0) (i32.const 1)) (i32.const -5))
      (call $is (i32.const 11) (call $rest_reject (i32.const 0x7fffffff) (i32.const 0) (i32.const 1)) (i32.const -3))
      (drop (call $archive_pipe (local.get $list) (i32.const 0) (i32.const 0)))
      (call $is (i32.const 12) (call $rest_reject (local.get $list) (i32.const 0) (i32.const 1)) (i32.const -5))))
    (if (i32.eq (local.get $mode) (i32.const 1)) (then (return (global.get $failed))))
    (local.set $list (call $rest_start (i32.const 0)))
    (block $end (loop $next
      (br_if $end (i32.le_s (call $rest_next (local.get $list) (i32.const 4096) (i32.const 65536)) (i32.const 0)))
      (if (i32.eq (local.get $mode) (i32.const 2)) (then
        (call $is (i32.const 13) (call $rest_reject (local.get $list) (i32.const 0xffffffff) (i32.const 0xffffffff)) (i32.const 0))
        ;; Once is enough.
        (call $is (i32.const 14) (call $rest_reject (local.get $list) (i32.const 0) (i32.const 1)) (i32.const -5))))
      (br $next)))
    (drop (call $rest_close (local.get $list)))
    (call $is (i32.const 15) (call $rest_reject (local.get $list) (i32.const 0) (i32.const 1)) (i32.const -3))
    (global.get $failed)))
