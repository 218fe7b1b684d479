;; returns 0: names that would lead a path elsewhere are refused, and no byte of them is sent
;; attacks: rest_start
;; sends: nothing
(module
  (import "wagather_v1" "rest_start" (func $rest_start (param i32) (result i32)))
  (@custom "wagather.manifest" "gatherer 1 path-tricks 0\nresource get,list /v1/pods * *\npath /version\n")
  (memory (export "memory") 1)
  (data (i32.const 256) "pods" "v1" "pod-1" "shop")
  (data (i32.const 0) "\01\00\00\00" "\00\00\00\00" "\04\01\00\00" "\02\00\00\00" "\00\01\00\00" "\04\00\00\00")
  ;; Tricks, each behind its length; a length of 0 ends the list.
  (data (i32.const 1024)
    "\01." "\02.." "\03../" "\07../../x" "\03a/b" "\02a/" "\02/a" "\06%2e%2e" "\05a%2fb" "\03a?b" "\03a#b" "\03a\\b"
    "\03a b" "\03a\0ab" "\03a\0db" "\03a\00b" "\04a\c3\a4b" "\00")
  (data (i32.const 2048) "a\ffb")
  (global $failed (mut i32) (i32.const 0))
  (func $is (param $check i32) (param $got i32) (param $want i32)
    (if (i32.ne (local.get $got) (local.get $want))
      (then (if (i32.eqz (global.get $failed)) (then (global.set $failed (local.get $check)))))))
  (func $place (param $index i32) (param $ptr i32) (param $len i32)
    (i32.store offset=8 (i32.shl (local.get $index) (i32.const 3)) (local.get $ptr))
    (i32.store offset=12 (i32.shl (local.get $index) (i32.const 3)) (local.get $len)))
  (func $good
    (call $place (i32.const 0) (i32.const 260) (i32.const 2))
    (call $place (i32.const 1) (i32.const 256) (i32.const 4))
    (call $place (i32.const 2) (i32.const 0) (i32.const 0))
    (call $place (i32.const 3) (i32.const 267) (i32.const 4))
    (call $place (i32.const 4) (i32.const 262) (i32.const 5))
    (call $place (i32.const 5) (i32.const 0) (i32.const 0)))
  ;; Every trick as the text of that number.
  (func $tricks (param $index i32) (local $at i32) (local $len i32)
    (local.set $at (i32.const 1024))
    (block $end
      (loop $next
        (local.set $len (i32.load8_u (local.get $at)))
        (br_if $end (i32.eqz (local.get $len)))
        (call $good)
        (call $place (local.get $index) (i32.add (local.get $at) (i32.const 1)) (local.get $len))
        (call $is (i32.add (i32.mul (local.get $index) (i32.const 1000)) (local.get $at)) (call $rest_start (i32.const 0)) (i32.const -4))
        (local.set $at (i32.add (local.get $at) (i32.add (local.get $len) (i32.const 1))))
        (br $next))))
  (func (export "gather") (result i32) (local $index i32)
    (loop $texts
      (call $tricks (local.get $index))
      (call $good)
      (call $place (local.get $index) (i32.const 2048) (i32.const 3))
      (call $is (i32.add (i32.const 9000) (local.get $index)) (call $rest_start (i32.const 0)) (i32.const -16))
      (local.set $index (i32.add (local.get $index) (i32.const 1)))
      (br_if $texts (i32.lt_u (local.get $index) (i32.const 6))))
    ;; As a raw path.
    (call $good)
    (i32.store8 (i32.const 0) (i32.const 3))
    (call $place (i32.const 0) (i32.const 0) (i32.const 0))
    (call $place (i32.const 3) (i32.const 0) (i32.const 0))
    (call $place (i32.const 4) (i32.const 0) (i32.const 0))
    (call $is (i32.const 9100) (call $rest_start (i32.const 0)) (i32.const -4))
    ;; Reserved bytes and verbs that do not exist.
    (call $good)
    (i32.store8 (i32.const 0) (i32.const 0))
    (call $is (i32.const 9101) (call $rest_start (i32.const 0)) (i32.const -4))
    (i32.store8 (i32.const 0) (i32.const 255))
    (call $is (i32.const 9102) (call $rest_start (i32.const 0)) (i32.const -4))
    (i32.store8 (i32.const 0) (i32.const 1))
    (i32.store8 (i32.const 2) (i32.const 1))
    (call $is (i32.const 9103) (call $rest_start (i32.const 0)) (i32.const -13))
    (global.get $failed)))
