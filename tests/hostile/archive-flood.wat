;; returns 0: an entry has a limit, which is refused without a byte of what is above it, and so have all of them
;; attacks: archive_open archive_write
;; says: archive-flood/a was never closed, so it is left out
(module
  (import "wagather_v1" "archive_open" (func $archive_open (param i32 i32) (result i32)))
  (import "wagather_v1" "archive_write" (func $archive_write (param i32 i32 i32) (result i32)))
  (@custom "wagather.manifest" "gatherer 1 archive-flood 0\n")
  (memory (export "memory") 17)
  (data (i32.const 0) "a")
  (func (export "gather") (result i32) (local $entry i32) (local $count i32) (local $got i32)
    (local.set $entry (call $archive_open (i32.const 0) (i32.const 1)))
    (block $full
      (loop $more
        (local.set $got (call $archive_write (local.get $entry) (i32.const 0) (i32.const 1048576)))
        (br_if $full (i32.ne (local.get $got) (i32.const 1048576)))
        (local.set $count (i32.add (local.get $count) (i32.const 1)))
        (br_if $more (i32.lt_u (local.get $count) (i32.const 1000)))))
    (if (i32.ne (local.get $got) (i32.const -6)) (then (return (i32.const 1))))
    ;; 64 MiB, and not a byte more.
    (if (i32.ne (local.get $count) (i32.const 64)) (then (return (i32.const 2))))
    (if (i32.ne (call $archive_write (local.get $entry) (i32.const 0) (i32.const 1)) (i32.const -6)) (then (return (i32.const 3))))
    (if (call $archive_write (local.get $entry) (i32.const 0) (i32.const 0)) (then (return (i32.const 4))))
    (i32.const 0)))
