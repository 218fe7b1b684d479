;; returns 0: raw paths that are not plain, or mean another path than they seem to, are refused
;; attacks: rest_start
;; sends: nothing
(module
  (import "wagather_v1" "rest_start" (func $rest_start (param i32) (result i32)))
  (@custom "wagather.manifest" "gatherer 1 raw-path-tricks 0\npath /version\npath /metrics\npath /api/v1/secrets\n")
  (memory (export "memory") 1)
  (data (i32.const 0) "\03\00\00\00")
  ;; Tricks, each behind its length; a length of 0 ends the list.
  (data (i32.const 1024)
    "\01/" "\07version" "\09/version/" "\09//version" "\0a/./version" "\0b/../version" "\0b/version/.." "\0a/version/."
    "\12/version/../api/v1" "\0b/version%2f" "\0d/version%252f" "\0c/version%00x" "\0b/version?a=" "\09/version#" "\09/version;"
    "\09/version " "\09/version\00" "\09/version\0a" "\19/version\0d\0aX-Injected: yes"
    "\1e/version HTTP/1.1\0d\0aHost: x\0d\0a\0d\0a" "\0b/\ef\bc\8fversion" "\0b\\version\\.." "\10http://x/version"
    "\0b//x/version" "\09/versi\c3\b6n" "\00")
  (global $failed (mut i32) (i32.const 0))
  (func $is (param $check i32) (param $got i32) (param $want i32)
    (if (i32.ne (local.get $got) (local.get $want))
      (then (if (i32.eqz (global.get $failed)) (then (global.set $failed (local.get $check)))))))
  (func $path (param $ptr i32) (param $len i32)
    (i32.store offset=16 (i32.const 0) (local.get $ptr))
    (i32.store offset=20 (i32.const 0) (local.get $len)))
  (data (i32.const 2048) "/metrics" "/api/v1/secrets" "/version/a")
  (func (export "gather") (result i32) (local $at i32) (local $len i32)
    (local.set $at (i32.const 1024))
    (block $end
      (loop $next
        (local.set $len (i32.load8_u (local.get $at)))
        (br_if $end (i32.eqz (local.get $len)))
        (call $path (i32.add (local.get $at) (i32.const 1)) (local.get $len))
        (call $is (local.get $at) (call $rest_start (i32.const 0)) (i32.const -4))
        (local.set $at (i32.add (local.get $at) (i32.add (local.get $len) (i32.const 1))))
        (br $next)))
    ;; Well-formed and declared, and granted to nobody.
    (call $path (i32.const 2048) (i32.const 8))
    (call $is (i32.const 1) (call $rest_start (i32.const 0)) (i32.const -1))
    (call $path (i32.const 2056) (i32.const 15))
    (call $is (i32.const 2) (call $rest_start (i32.const 0)) (i32.const -1))
    ;; Below one that is declared.
    (call $path (i32.const 2071) (i32.const 10))
    (call $is (i32.const 3) (call $rest_start (i32.const 0)) (i32.const -1))
    (global.get $failed)))
