;; returns 0: open entries and requests are bounded, and closing one makes room for another
;; attacks: rest_start archive_open
(module
  (import "wagather_v1" "rest_start" (func $rest_start (param i32) (result i32)))
  (import "wagather_v1" "archive_open" (func $archive_open (param i32 i32) (result i32)))
  (import "wagather_v1" "archive_close" (func $archive_close (param i32) (result i32)))
  (@custom "wagather.manifest" "gatherer 1 handle-flood 0\npath /version\n")
  (memory (export "memory") 1)
  (data (i32.const 0) "\03\00\00\00" "\00\00\00\00" "\00\00\00\00" "\00\00\00\00" "\00\01\00\00" "\08\00\00\00")
  (data (i32.const 256) "/version" "a")
  (func (export "gather") (result i32) (local $count i32) (local $got i32) (local $last i32)
    (block $full
      (loop $more
        (local.set $got (call $archive_open (i32.const 264) (i32.const 1)))
        (br_if $full (i32.lt_s (local.get $got) (i32.const 0)))
        (local.set $last (local.get $got))
        (local.set $count (i32.add (local.get $count) (i32.const 1)))
        (br_if $more (i32.lt_u (local.get $count) (i32.const 100000)))))
    (if (i32.ne (local.get $count) (i32.const 64)) (then (return (i32.const 1))))
    (if (i32.ne (local.get $got) (i32.const -7)) (then (return (i32.const 2))))
    (if (i32.ne (call $rest_start (i32.const 0)) (i32.const -7)) (then (return (i32.const 3))))
    (if (call $archive_close (local.get $last)) (then (return (i32.const 4))))
    (if (i32.lt_s (call $rest_start (i32.const 0)) (i32.const 0)) (then (return (i32.const 5))))
    (i32.const 0)))
